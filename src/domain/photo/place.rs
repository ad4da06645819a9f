//! Where the photo of a row lies, as the manifest says it.

use std::fmt;
use std::path::PathBuf;

/// Where the photo of a row lies. Rows of one user with the same place are the same enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PhotoPlace {
    /// A file of this machine.
    File(PathBuf),
}

/// For people: quoted, since a path may hold control characters.
impl fmt::Display for PhotoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{path:?}"),
        }
    }
}
