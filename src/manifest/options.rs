//! How a manifest is read: what the command line says of it.

use encoding_rs::Encoding;

use super::Delimiter;
use crate::domain::{
    created_at::DateReader,
    photo::{PhotoRoots, PhotoTemplate},
};

/// How a manifest is read; the same in every pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct ManifestOptions {
    /// Below what photos are read.
    pub(crate) photo_roots: PhotoRoots,
    /// Makes the photo's path from cells, and then no column is asked for it.
    pub(crate) photo_template: Option<PhotoTemplate>,
    /// How dates are read.
    pub(crate) dates: DateReader,
    /// Whether rows that are well-formed and look wrong are `invalid`, and a manifest without rows is none.
    pub(crate) strict: bool,
    pub(crate) format: Format,
    /// What stands between the fields; none: the one under which the header holds the columns.
    pub(crate) delimiter: Option<Delimiter>,
    /// What the text is encoded in where no byte order mark says it; none is UTF-8.
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) headers: Headers,
}

/// What the records are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// The names that the operator gives for those of columns; none: the column's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers {
    pub(crate) user_id: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) photo: Option<String>,
}

#[cfg(any(test, fuzzing))]
impl ManifestOptions {
    /// The defaults, with photos below `folder`.
    pub(crate) fn in_folder(folder: &str) -> Self {
        Self {
            photo_roots: PhotoRoots::folder(folder.into()),
            ..Self::default()
        }
    }
}
