//! How a manifest is read: what the command line says of it.

use std::path::PathBuf;

use crate::domain::{created_at::DateReader, photo::PhotoTemplate};

/// How a manifest is read; the same in every pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct ManifestOptions {
    /// The base of relative photo paths.
    pub(crate) photo_root: PathBuf,
    /// Makes the photo's path from cells, and then no column is asked for it.
    pub(crate) photo_template: Option<PhotoTemplate>,
    /// How dates are read.
    pub(crate) dates: DateReader,
    /// Whether rows that are well-formed and look wrong are `invalid`, and a manifest without rows is none.
    pub(crate) strict: bool,
}

#[cfg(any(test, fuzzing))]
impl ManifestOptions {
    /// The defaults, with photos below `folder`.
    pub(crate) fn in_folder(folder: &str) -> Self {
        Self {
            photo_root: folder.into(),
            ..Self::default()
        }
    }
}
