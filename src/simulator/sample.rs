//! A partner, a photo and a sound request body for the tests of the simulator; no part of the program.

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::{partner_id::PartnerId, signature::Signer};

/// A PNG of one pixel.
const PHOTO: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub(super) const PARTNER: &str = "085";
pub(super) const KEY: &str = "test-key";

pub(super) fn signer() -> Signer {
    Signer::new(
        PartnerId::parse(PARTNER).expect("the sample is an id"),
        SecretString::from(KEY),
    )
}

pub(super) fn photo_text() -> &'static str {
    PHOTO
}

pub(super) fn photo() -> Vec<u8> {
    BASE64_STANDARD.decode(PHOTO).expect("the sample is base64")
}

pub(super) fn body(user_id: &str) -> Value {
    let timestamp = "2023-02-13T15:07:42.214Z";
    json!({
        "partner_id": PARTNER,
        "timestamp": timestamp,
        "signature": signer().sign(timestamp),
        "user_id": user_id,
        "user_created_at": "2021-08-12",
        "photo": PHOTO,
    })
}
