//! The signature of requests and answers: base64(HMAC-SHA256(api key, timestamp + partner id + `sid_request`)).
//!
//! Holds the API key, and is the only place that reads it. No clock: the timestamp comes in.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use sha2::{Digest, Sha256};

use super::partner_id::PartnerId;

/// What ends the signed message (endpoint.md, Signature).
const SUFFIX: &[u8] = b"sid_request";

/// Bytes that SHA-256 takes at a time (FIPS 180-4).
const BLOCK_BYTES: usize = 64;

/// Signs for one partner. Its `Debug` names the partner and never the key.
#[derive(Clone)]
pub(crate) struct Signer {
    partner_id: PartnerId,
    api_key: SecretString,
}

impl Signer {
    pub(crate) fn new(partner_id: PartnerId, api_key: SecretString) -> Self {
        Self { partner_id, api_key }
    }

    pub(crate) fn partner_id(&self) -> &PartnerId {
        &self.partner_id
    }

    /// The signature of a request whose `timestamp` field holds this very text.
    pub(crate) fn sign(&self, timestamp: &str) -> String {
        BASE64_STANDARD.encode(self.mac(timestamp).finalize().into_bytes())
    }

    /// Compares in constant time. A signature that is not base64 is wrong like any other.
    pub(crate) fn verify(&self, timestamp: &str, signature: &str) -> bool {
        BASE64_STANDARD
            .decode(signature)
            .is_ok_and(|bytes| self.mac(timestamp).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, timestamp: &str) -> Hmac<Sha256> {
        let key = block_of(self.api_key.expose_secret().as_bytes());
        Hmac::<Sha256>::new(&(*key).into())
            .chain_update(timestamp)
            .chain_update(self.partner_id.as_str())
            .chain_update(SUFFIX)
    }
}

/// The key as HMAC takes it (RFC 2104): a whole block, filled up with zeros; one that is longer is hashed first. With a
/// block the library has no error to give, and so no key can be replaced by another one.
fn block_of(key: &[u8]) -> Zeroizing<[u8; BLOCK_BYTES]> {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    match block.get_mut(..key.len()) {
        Some(place) => place.copy_from_slice(key),
        None => {
            let hash = Sha256::digest(key);
            block[..hash.len()].copy_from_slice(&hash);
        }
    }
    block
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("partner_id", &self.partner_id.as_str())
            .field("api_key", &"redacted")
            .finish()
    }
}

/// The API's form of an instant: UTC, `YYYY-MM-DDTHH:MM:SS.mmmZ`.
pub(crate) fn timestamp(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(partner: &str, key: &str) -> Signer {
        Signer::new(PartnerId::parse(partner).unwrap(), SecretString::from(key))
    }

    #[test]
    fn gives_the_known_answers_of_the_api() {
        let cases = [
            (
                "apiKey",
                "2023-02-13T15:07:42.214Z",
                "XxThLHZy2ij1WINkqNEPgzVs9RvUDHWlebDYzprqS74=",
            ),
            (
                "apikey",
                "2023-03-09T21:35:00.279Z",
                "+S/hVtmFwynoroXQQbjOQ3/l+a5zshNldrQh/iBdxRQ=",
            ),
        ];
        for (key, timestamp, signature) in cases {
            assert_eq!(signer("partner", key).sign(timestamp), signature);
            assert!(signer("partner", key).verify(timestamp, signature));
        }
    }

    #[test]
    fn a_key_of_any_length_is_taken_as_it_is() {
        for length in 0..200 {
            let key: String = ('!'..='~').cycle().take(length).collect();
            let known = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
            let known = known.chain_update("now").chain_update("085").chain_update(SUFFIX);
            let wanted = BASE64_STANDARD.encode(known.finalize().into_bytes());
            assert_eq!(signer("085", &key).sign("now"), wanted, "{length}");
        }
    }

    #[test]
    fn refuses_every_signature_but_its_own() {
        let signer = signer("085", "key");
        let good = signer.sign("2023-02-13T15:07:42.214Z");
        assert!(!signer.verify("2023-02-13T15:07:42.215Z", &good));
        assert!(!self::signer("85", "key").verify("2023-02-13T15:07:42.214Z", &good));
        for wrong in ["", "=", "not base64!", &good[1..], &good.replace('=', "")] {
            assert!(!signer.verify("2023-02-13T15:07:42.214Z", wrong), "{wrong}");
        }
    }

    #[test]
    fn its_debug_form_hides_the_key() {
        let text = format!("{:?}", signer("085", "s3cr3t"));
        assert!(text.contains("085") && !text.contains("s3cr3t"), "{text}");
    }

    #[test]
    fn a_timestamp_is_utc_with_milliseconds() {
        let instant = DateTime::from_timestamp_millis(1_676_300_862_214).unwrap_or_default();
        assert_eq!(timestamp(instant), "2023-02-13T15:07:42.214Z");
        let whole = DateTime::from_timestamp_millis(1_676_300_862_000).unwrap_or_default();
        assert_eq!(timestamp(whole), "2023-02-13T15:07:42.000Z");
    }
}
