//! How the text of a manifest is packed and encoded: what its first bytes say, and else what the operator says.

use std::fs::File;

use encoding_rs::{Encoding, UTF_8};

use super::text::{Bytes, TextError};
use super::{Foreign, Format, ManifestError, foreign};
use crate::sys::read_at::read_at;

/// How the bytes of a file become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) gzip: bool,
    /// None for UTF-8.
    pub(super) encoding: Option<&'static Encoding>,
    /// Whether the text begins with a byte order mark.
    pub(super) bom: bool,
}

impl Encoded {
    /// Whether what is written of it as UTF-8 needs a byte order mark, so that nobody takes it for what this is.
    pub(super) fn is_marked(self) -> bool {
        self.bom || self.encoding.is_some()
    }
}

/// The beginning of a file.
pub(super) struct Head {
    pub(super) encoded: Encoded,
    /// Its first bytes, unpacked.
    bytes: Vec<u8>,
}

/// Bytes that are looked at.
const HEAD_BYTES: usize = 4096;
const GZIP: &[u8] = b"\x1f\x8b";

impl Head {
    /// Looks at a file. A byte order mark is always right, whatever `given` says.
    pub(super) fn read(file: &File, given: Option<&'static Encoding>) -> Result<Self, ManifestError> {
        let mut bytes = vec![0; HEAD_BYTES];
        let count = read_at(file, &mut bytes, 0).map_err(ManifestError::Read)?;
        bytes.truncate(count);
        let gzip = bytes.starts_with(GZIP);
        if gzip {
            bytes = unpacked_head(file).map_err(|error| ManifestError::of_text(error, 1))?;
        }
        let marked = Encoding::for_bom(&bytes);
        if let (None, None, Some(encoding)) = (marked, given, utf16_without_mark(&bytes)) {
            return Err(ManifestError::Utf16WithoutMark { encoding });
        }
        let encoding = marked.map(|(encoding, _)| encoding).or(given);
        let encoded = Encoded {
            gzip,
            encoding: encoding.filter(|encoding| *encoding != UTF_8),
            bom: marked.is_some(),
        };
        Ok(Self { encoded, bytes })
    }

    /// A file that is no manifest is called what it is, whatever was not found in it.
    pub(super) fn explain(&self, error: ManifestError, format: Format) -> ManifestError {
        match (foreign::kind(&self.bytes), format) {
            (None, _) | (Some(Foreign::JsonObjects), Format::JsonLines) => error,
            (Some(_), _) if matches!(error, ManifestError::Read(_)) => error,
            (Some(kind), _) => ManifestError::Foreign(kind),
        }
    }
}

/// The parts of a gzip may be as small as they like, and are unpacked one by one.
fn unpacked_head(file: &File) -> Result<Vec<u8>, TextError> {
    let (mut unpacked, mut head) = (Bytes::new(file, true), Vec::new());
    while head.len() < HEAD_BYTES && unpacked.append(&mut head)? > 0 {}
    head.truncate(HEAD_BYTES);
    Ok(head)
}

/// The name of an encoding in which every other byte of Latin text is zero.
fn utf16_without_mark(head: &[u8]) -> Option<&'static str> {
    let pairs = head.chunks_exact(2).take(32);
    let all = |place: usize, zero: bool| pairs.clone().all(|pair| (pair.get(place) == Some(&0)) == zero);
    match pairs.len() >= 4 {
        true if all(0, false) && all(1, true) => Some("utf-16le"),
        true if all(0, true) && all(1, false) => Some("utf-16be"),
        _ => None,
    }
}

impl ManifestError {
    /// Why there is no more text behind `line`.
    pub(super) fn of_text(error: TextError, line: u64) -> Self {
        match error {
            TextError::Read(error) => Self::Read(error),
            TextError::GzipCutOff => Self::GzipCutOff { line },
            TextError::GzipDamaged(source) => Self::GzipDamaged { line, source },
            TextError::Undecodable {
                encoding,
                offset,
                bytes,
            } => Self::Undecodable {
                line,
                encoding,
                offset,
                bytes,
            },
        }
    }
}
