//! Photos that the API would refuse or take the wrong way, made good: turned upright, scaled, converted to JPEG.
//!
//! It takes bytes and gives bytes, and touches no file. A photo that is good as it lies is not touched. The same bytes,
//! settings and version give the same result on every machine: all decoders and the encoder are plain integer code, and
//! what the resizer does with vectors is exact.

#[cfg(not(feature = "fix-photos"))]
mod absent;
#[cfg(feature = "fix-photos")]
mod fixer;
#[cfg(feature = "fix-photos")]
mod guard;
#[cfg(feature = "fix-photos")]
mod head;
#[cfg(feature = "fix-photos")]
mod jpeg;
#[cfg(feature = "fix-photos")]
mod others;
#[cfg(feature = "fix-photos")]
mod picture;
#[cfg(feature = "fix-photos")]
mod samples;
#[cfg(feature = "fix-photos")]
mod scans;
#[cfg(feature = "fix-photos")]
#[cfg(test)]
mod tests;
#[cfg(feature = "fix-photos")]
mod tiff;
#[cfg(feature = "fix-photos")]
mod turns;

use crate::domain::{fixes::Fixes, outcome::Reason};

#[cfg(not(feature = "fix-photos"))]
pub(crate) use absent::Fixer;
#[cfg(feature = "fix-photos")]
pub(crate) use fixer::Fixer;

/// Largest source that is read to be fixed: the originals of cameras with 100 million pixels have 40 to 60 MB, and an
/// uncompressed picture of 16 million has 48.
pub(super) const MAX_SOURCE_BYTES: u64 = 64_000_000;

/// How photos are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FixSettings {
    /// Longest side of a photo, in pixels; a longer one is scaled.
    pub(crate) max_side: u16,
}

/// A photo that is another one now.
pub(super) struct Fixed {
    pub(super) bytes: Vec<u8>,
    pub(super) fixes: Fixes,
}

/// Why a photo cannot be fixed: a fragment for people each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "fix-photos"), expect(dead_code, reason = "nothing is fixed then"))]
pub(super) enum FixError {
    Malformed(String),
    Truncated(String),
    TooLarge(String),
}

impl FixError {
    /// Its word in the results, and its text.
    pub(super) fn explain(self) -> (Reason, String) {
        match self {
            Self::Malformed(detail) => (Reason::PhotoMalformed, detail),
            Self::Truncated(detail) => (Reason::PhotoTruncated, detail),
            Self::TooLarge(detail) => (Reason::PhotoTooLarge, detail),
        }
    }
}
