//! Structural soundness of a photo, judged by its bytes alone.
//!
//! Pure: it must not touch a file, a clock or the network, must not look at a file's name, and
//! must not judge a photo's size, which the caller knows before the bytes are read. It does not
//! decode pixels either: a photo is sound when its structure holds from the first byte to the
//! marker or chunk that ends the picture. Bytes after that end are ignored.

pub(crate) mod base64;
mod cursor;
mod file_name;
mod jpeg;
mod object_url;
mod object_version;
mod pieces;
mod place;
mod png;
mod roots;
mod template;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use strum::VariantArray;

pub(crate) use file_name::file_name;
#[cfg(feature = "object-stores")]
pub(crate) use object_url::Scheme;
pub(crate) use object_url::{ObjectUrl, ObjectUrlError, StoreName, is_url};
pub(crate) use object_version::{ObjectVersion, SentObject};
pub(crate) use pieces::{PIECE_BYTES, Pieces};
pub(crate) use place::{NamePattern, PhotoPlace};
pub(crate) use roots::{PhotoRoots, RootsError};
pub(crate) use template::{CellFault, Filled, FilledName, PhotoTemplate, TemplateColumn, TemplateError};

use super::outcome::Reason;
use cursor::Cursor;

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
/// Runs in linear time, whatever the bytes are, and copies none of a picture.
pub(crate) fn inspect(bytes: &[u8]) -> Result<PhotoFormat, PhotoDefect> {
    judge(Cursor::new(bytes, &[]))
}

/// The same of a photo in pieces. What lies in two of them is copied: a JPEG's segment, of 64 KiB at most.
pub(crate) fn inspect_pieces(pieces: &[Bytes]) -> Result<PhotoFormat, PhotoDefect> {
    judge(Cursor::new(&[], pieces))
}

fn judge(mut cursor: Cursor<'_>) -> Result<PhotoFormat, PhotoDefect> {
    if cursor.strip(&jpeg::START_OF_IMAGE) {
        return jpeg::check(cursor).map(|()| PhotoFormat::Jpeg);
    }
    if cursor.strip(&png::SIGNATURE) {
        return png::check(cursor).map(|()| PhotoFormat::Png);
    }
    Err(defect_of_unrecognized(&cursor.peek(png::SIGNATURE.len())))
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
