//! The signature of the API, computed here on its own and not by the crate under test.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The partner of every run that names no other; its zero has to arrive.
pub(crate) const PARTNER: &str = "085";
/// The key of every run that names no other.
pub(crate) const KEY: &str = "6b1f-sandbox-key-of-the-tests";
/// A second key, to see which one is taken.
pub(crate) const OTHER_KEY: &str = "90cd-another-key-of-the-tests";

/// base64(HMAC-SHA256(key, timestamp + partner id + "sid_request")).
pub(crate) fn sign(key: &str, partner_id: &str, timestamp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{timestamp}{partner_id}sid_request").as_bytes());
    super::base64(&mac.finalize().into_bytes())
}

/// Which of the two keys made this signature.
pub(crate) fn signing_key(partner_id: &str, timestamp: &str, signature: &str) -> Option<&'static str> {
    [KEY, OTHER_KEY]
        .into_iter()
        .find(|key| sign(key, partner_id, timestamp) == signature)
}
