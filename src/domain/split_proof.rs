//! The proof that `split` leaves beside its part manifests: which file is which part of which manifest.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::shard::{SHARD_HASH, Shard};

/// The form of the proof that this version knows.
const SCHEMA: u32 = 1;

/// What `split` has made of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SplitProof {
    pub(crate) manifest_sha256: [u8; 32],
    parts: BTreeMap<Shard, [u8; 32]>,
}

/// Why a file is no proof that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitProofError {
    #[error("it is no proof of `image-enroll split`")]
    Form,
    #[error("it was written by a newer version of image-enroll (schema {0}); use that version")]
    Newer(u32),
    #[error("it places users by {0:?}, and this version by {SHARD_HASH:?}; use the version that has written it")]
    OtherHash(String),
    #[error("it does not name every part exactly once; split the manifest again")]
    Incomplete,
}

/// As it stands in the file; what else stands there is for people.
#[derive(Deserialize)]
struct Written {
    schema: u32,
    manifest_sha256: String,
    hash: String,
    parts: Vec<WrittenPart>,
}

#[derive(Deserialize)]
struct WrittenPart {
    shard: String,
    sha256: String,
}

impl SplitProof {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, SplitProofError> {
        let written: Written = serde_json::from_slice(text).map_err(|_| SplitProofError::Form)?;
        if written.schema > SCHEMA {
            return Err(SplitProofError::Newer(written.schema));
        }
        if written.hash != SHARD_HASH {
            return Err(SplitProofError::OtherHash(written.hash));
        }
        let mut parts = BTreeMap::new();
        for part in &written.parts {
            let shard: Shard = part.shard.parse().map_err(|_| SplitProofError::Form)?;
            parts.insert(shard, sha256(&part.sha256)?);
        }
        let proof = Self {
            manifest_sha256: sha256(&written.manifest_sha256)?,
            parts,
        };
        match written.parts.len() == proof.parts.len() && proof.is_complete() {
            true => Ok(proof),
            false => Err(SplitProofError::Incomplete),
        }
    }

    /// How many parts there are.
    pub(crate) fn count(&self) -> u32 {
        self.parts.keys().next().map_or(0, |shard| shard.count())
    }

    /// The hash of the file of this part.
    pub(crate) fn part(&self, shard: Shard) -> Option<[u8; 32]> {
        self.parts.get(&shard).copied()
    }

    fn is_complete(&self) -> bool {
        self.count() > 0 && self.parts.keys().copied().eq(Shard::all(self.count()))
    }
}

fn sha256(text: &str) -> Result<[u8; 32], SplitProofError> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(SplitProofError::Form);
    }
    let mut bytes = [0; 32];
    for (byte, place) in bytes.iter_mut().zip((0..).step_by(2)) {
        let pair = text.get(place..place + 2).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).map_err(|_| SplitProofError::Form)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(schema: u32, hash: &str, parts: &[&str]) -> String {
        let digits = "0a".repeat(32);
        let parts: Vec<String> = parts
            .iter()
            .map(|shard| format!(r#"{{"shard":"{shard}","file":"m","sha256":"{digits}","rows":1}}"#))
            .collect();
        format!(
            r#"{{"schema":{schema},"version":"1","manifest":"m.csv","manifest_sha256":"{digits}","rows":2,"hash":"{hash}","parts":[{}]}}"#,
            parts.join(",")
        )
    }

    #[test]
    fn a_proof_names_every_part_once() {
        let proof = SplitProof::parse(text(1, SHARD_HASH, &["2/2", "1/2"]).as_bytes()).unwrap();
        assert_eq!((proof.count(), proof.manifest_sha256), (2, [10; 32]));
        assert_eq!(proof.part(Shard::new(1, 2).unwrap()), Some([10; 32]));
        assert_eq!(proof.part(Shard::new(1, 3).unwrap()), None);
    }

    #[test]
    fn what_is_no_such_proof_is_refused() {
        for (text, wanted) in [
            (String::new(), SplitProofError::Form),
            ("{}".to_owned(), SplitProofError::Form),
            (text(2, SHARD_HASH, &["1/1"]), SplitProofError::Newer(2)),
            (text(1, "md5", &["1/1"]), SplitProofError::OtherHash("md5".into())),
            (text(1, SHARD_HASH, &[]), SplitProofError::Incomplete),
            (text(1, SHARD_HASH, &["1/2"]), SplitProofError::Incomplete),
            (text(1, SHARD_HASH, &["1/2", "1/2", "2/2"]), SplitProofError::Incomplete),
            (text(1, SHARD_HASH, &["1/2", "2/3"]), SplitProofError::Incomplete),
            (text(1, SHARD_HASH, &["0/2"]), SplitProofError::Form),
            (
                text(1, SHARD_HASH, &["1/1"]).replace("0a0a", "0x0a"),
                SplitProofError::Form,
            ),
        ] {
            assert_eq!(SplitProof::parse(text.as_bytes()), Err(wanted), "{text}");
        }
    }
}
