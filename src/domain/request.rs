//! The signed body of one enrollment, cut into chunks that are made as they are sent.
//!
//! The base64 text of a photo never stands in memory as a whole: each chunk encodes its share of
//! the photo straight into the buffer that goes to the connection, and that share of the photo is let go.

use std::hint::black_box;
use std::sync::LazyLock;

use base64::{EncodeSliceError, Engine, engine};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    created_at::CreatedAt,
    photo::Pieces,
    signature::{Signer, timestamp},
    user_id::UserId,
};

/// Photo bytes that are fetched at a time: a multiple of 3 that first-level caches hold (measured: 50 kB in 8.2 us instead of
/// 19.0, as good as any from 12 to 48 KiB).
const WARM_BYTES: usize = 24 * 1024;
const CACHE_LINE_BYTES: usize = 64;

/// Set aside for the fields before the photo, which take some 250 bytes where the user's id is a UUID.
const HEAD_BYTES: usize = 512;
const PHOTO_FIELD: &str = "\"photo\":\"";
const END: &[u8] = b"\"}";

/// Photos are encoded with the processor's vector instructions, where the crate knows them: 5 MB take 0.4 ms instead of
/// the 1.2 ms of its plain engine, which is a good part of what a request costs.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
static PHOTO_ENGINE: LazyLock<engine::Simd> = LazyLock::new(|| engine::Simd::standard(engine::general_purpose::PAD));
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
static PHOTO_ENGINE: LazyLock<engine::GeneralPurpose> = LazyLock::new(|| engine::general_purpose::STANDARD);

/// A request body that is made chunk by chunk and knows its exact length in bytes.
pub(crate) struct Payload {
    head: Vec<u8>,
    photo: Pieces,
    left: u64,
}

impl Payload {
    /// Signs with the partner's key at `now`, which is the moment of sending.
    pub(crate) fn sign(
        signer: &Signer,
        now: DateTime<Utc>,
        user_id: &UserId,
        created_at: &CreatedAt,
        photo: Pieces,
    ) -> Self {
        let timestamp = timestamp(now);
        let signature = signer.sign(&timestamp);
        let head = head([
            ("partner_id", signer.partner_id().as_str()),
            ("timestamp", &timestamp),
            ("signature", &signature),
            ("user_id", user_id.as_str()),
            ("user_created_at", created_at.as_str()),
        ]);
        let left = (head.len() + text_length(photo.bytes()) + END.len()) as u64;
        Self { head, photo, left }
    }

    /// Bytes that are still to be handed over; before the first chunk, the `Content-Length`.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Length of the next chunk in bytes; 0 at the end.
    pub(crate) fn next_length(&self) -> usize {
        let (share, end) = self.share();
        self.head.len() + text_length(share) + end.len()
    }

    /// Makes the next chunk at the beginning of `out`, which has to hold `next_length` bytes.
    pub(crate) fn take_chunk(&mut self, out: &mut [u8]) -> Result<(), EncodeSliceError> {
        let length = self.next_length();
        let (_, end) = self.share();
        let (head, rest) = out[..length].split_at_mut(self.head.len());
        let (text, tail) = rest.split_at_mut(rest.len() - end.len());
        head.copy_from_slice(&std::mem::take(&mut self.head));
        encode(&self.photo.take_share(), text)?;
        tail.copy_from_slice(end);
        self.left -= length as u64;
        Ok(())
    }

    /// Photo bytes of the next chunk, and what stands behind them.
    fn share(&self) -> (usize, &'static [u8]) {
        let is_last = self.photo.is_last_share() && self.left > 0;
        (self.photo.next_share(), if is_last { END } else { &[] })
    }
}

/// Encodes a photo's bytes, which have left the processor's cache since they were read: its intent was recorded meanwhile.
fn encode(photo: &[u8], text: &mut [u8]) -> Result<(), EncodeSliceError> {
    let texts = text.chunks_mut(text_length(WARM_BYTES));
    for (bytes, text) in photo.chunks(WARM_BYTES).zip(texts) {
        warm(bytes);
        PHOTO_ENGINE.encode_slice(bytes, text)?;
    }
    Ok(())
}

/// Fetches bytes into the cache: one of each line, so that many lines are on their way at a time. The encoder asks for one
/// after another, and takes twice as long over bytes that are away.
fn warm(bytes: &[u8]) {
    let lines = bytes.iter().step_by(CACHE_LINE_BYTES);
    black_box(lines.fold(0, |all, byte| all ^ byte));
}

/// An object's opening with these fields, up to where the photo's text begins. A string has a form in JSON whatever it
/// holds, so that nothing here can fail.
fn head(fields: [(&str, &str); 5]) -> Vec<u8> {
    let mut head = String::with_capacity(HEAD_BYTES);
    head.push('{');
    for (name, text) in fields {
        head.extend(["\"", name, "\":", &Value::from(text).to_string(), ","]);
    }
    head.push_str(PHOTO_FIELD);
    head.into_bytes()
}

/// Length of the base64 text of so many bytes, with its padding.
fn text_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use super::super::partner_id::PartnerId;
    use super::*;
    use crate::domain::photo::PIECE_BYTES;
    use base64::prelude::BASE64_STANDARD;
    use bytes::Bytes;
    use secrecy::SecretString;
    use serde_json::Value;

    fn payload(photo: &[u8]) -> Payload {
        payload_of(Bytes::copy_from_slice(photo).into())
    }

    fn payload_of(photo: Pieces) -> Payload {
        let signer = Signer::new(PartnerId::parse("085").unwrap(), SecretString::from("apiKey"));
        let now = DateTime::from_timestamp_millis(1_676_300_862_214).unwrap();
        let user = UserId::parse("a\"b\\é").unwrap();
        let date = CreatedAt::parse("2021-08-12", now).unwrap();
        Payload::sign(&signer, now, &user, &date, photo)
    }

    fn chunks(mut payload: Payload) -> Vec<u8> {
        let mut body = Vec::new();
        while payload.left() > 0 {
            let mut chunk = vec![b'?'; payload.next_length()];
            payload.take_chunk(&mut chunk).unwrap();
            body.extend(chunk);
        }
        assert_eq!(payload.next_length(), 0);
        body
    }

    #[test]
    fn holds_exactly_the_six_fields_as_strings() {
        let body = chunks(payload(b"photo"));
        let value: Value = serde_json::from_slice(&body).unwrap();
        let signer = Signer::new(PartnerId::parse("085").unwrap(), SecretString::from("apiKey"));
        assert_eq!(
            value,
            serde_json::json!({
                "partner_id": "085",
                "timestamp": "2023-02-13T15:07:42.214Z",
                "signature": signer.sign("2023-02-13T15:07:42.214Z"),
                "user_id": "a\"b\\é",
                "user_created_at": "2021-08-12",
                "photo": "cGhvdG8=",
            })
        );
    }

    #[test]
    fn is_as_long_as_it_says_at_every_size_around_a_chunk() {
        let edge = PIECE_BYTES;
        for size in [
            0,
            1,
            2,
            3,
            4,
            edge - 1,
            edge,
            edge + 1,
            edge + 2,
            edge + 3,
            2 * edge,
            5 * edge + 7,
        ] {
            let photo: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let pieces: Vec<Bytes> = photo.chunks(edge).map(Bytes::copy_from_slice).collect();
            for pieces in [Bytes::copy_from_slice(&photo).into(), pieces.into()] {
                let payload = payload_of(pieces);
                let length = payload.left();
                let body = chunks(payload);
                assert_eq!(body.len() as u64, length, "{size}");
                let value: Value = serde_json::from_slice(&body).unwrap();
                let text = value["photo"].as_str().unwrap();
                assert_eq!(BASE64_STANDARD.decode(text).unwrap(), photo, "{size}");
            }
        }
    }

    #[test]
    fn says_what_is_left_after_every_chunk() {
        let mut payload = payload(&vec![7; 3 * PIECE_BYTES]);
        let mut left = payload.left();
        while left > 0 {
            let mut chunk = vec![0; payload.next_length() + 7];
            left -= payload.next_length() as u64;
            payload.take_chunk(&mut chunk).unwrap();
            assert!(chunk.ends_with(&[0; 7]));
            assert_eq!(payload.left(), left);
        }
    }
}
