//! Structural soundness of a photo, judged by its bytes alone.
//!
//! Pure: it must not touch a file, a clock or the network, must not look at a file's name, and
//! must not judge a photo's size, which the caller knows before the bytes are read. It does not
//! decode pixels either: a photo is sound when its structure holds from the first byte to the
//! marker or chunk that ends the picture. Bytes after that end are ignored.

pub(crate) mod base64;
mod file_name;
mod jpeg;
mod object_url;
mod object_version;
mod place;
mod png;
mod roots;
mod template;
#[cfg(test)]
mod tests;

use strum::VariantArray;

pub(crate) use file_name::file_name;
#[cfg(feature = "object-stores")]
pub(crate) use object_url::Scheme;
pub(crate) use object_url::{ObjectUrl, ObjectUrlError, StoreName, is_url};
pub(crate) use object_version::{ObjectVersion, SentObject};
pub(crate) use place::{NamePattern, PhotoPlace};
pub(crate) use roots::{PhotoRoots, RootsError};
pub(crate) use template::{CellFault, Filled, FilledName, PhotoTemplate, TemplateColumn, TemplateError};

use super::outcome::Reason;

/// Largest photo the API takes, as the bulk-enroll API's readme states it.
pub(crate) const MAX_PHOTO_BYTES: u64 = 5_000_000;

/// Size above which a photo deserves a warning: base64 grows it by a third, and a gateway with a
/// body limit of 6 MB would refuse the request.
pub(crate) const LARGE_PHOTO_BYTES: u64 = 4_500_000;

/// The picture formats the API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub(crate) enum PhotoFormat {
    Jpeg,
    Png,
}

/// Why a photo is not sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PhotoDefect {
    #[error("empty")]
    Empty,
    #[error("neither JPEG nor PNG")]
    NotJpegOrPng,
    #[error("truncated: it stops before the end of the picture")]
    Truncated,
    /// Holds what is wrong, as a lowercase fragment for people.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

impl PhotoDefect {
    /// The word for it in the results.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Empty => Reason::PhotoEmpty,
            Self::NotJpegOrPng => Reason::PhotoNotJpegOrPng,
            Self::Truncated => Reason::PhotoTruncated,
            Self::Malformed(_) => Reason::PhotoMalformed,
        }
    }
}

/// Tells the format of a sound photo, or the first defect met on the way to its end.
///
/// Runs in linear time and allocates nothing, whatever the bytes are.
pub(crate) fn inspect(bytes: &[u8]) -> Result<PhotoFormat, PhotoDefect> {
    if let Some(segments) = bytes.strip_prefix(&jpeg::START_OF_IMAGE) {
        return jpeg::check(segments).map(|()| PhotoFormat::Jpeg);
    }
    if let Some(chunks) = bytes.strip_prefix(&png::SIGNATURE) {
        return png::check(chunks).map(|()| PhotoFormat::Png);
    }
    Err(defect_of_unrecognized(bytes))
}

/// A cut inside the leading magic is a truncation, since nothing in it speaks against a photo.
fn defect_of_unrecognized(bytes: &[u8]) -> PhotoDefect {
    if bytes.is_empty() {
        PhotoDefect::Empty
    } else if jpeg::START_OF_IMAGE.starts_with(bytes) || png::SIGNATURE.starts_with(bytes) {
        PhotoDefect::Truncated
    } else {
        PhotoDefect::NotJpegOrPng
    }
}

/// Reads forward through a photo; running out of bytes is always [`PhotoDefect::Truncated`].
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PhotoDefect> {
        let split = self.rest.split_at_checked(count);
        let (taken, rest) = split.ok_or(PhotoDefect::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PhotoDefect> {
        let split = self.rest.split_first_chunk();
        let (taken, rest) = split.ok_or(PhotoDefect::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
}
