//! A file that is there whole or not at all: written beside its place, made durable, put in place by rename.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where a file is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Something that is there and is no regular file, such as `/dev/null`: written to without a rename.
    Device(PathBuf),
    /// A regular file, there already or still to be made.
    File(PathBuf),
}

impl Place {
    /// A link is followed, so that the rename replaces what it points to and not the link.
    pub(crate) fn of(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.metadata() {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Device(path),
            _ => Self::File(path),
        }
    }

    /// Writes the whole file, of mode 0600: no reader sees half of it, and after an error the earlier one is untouched.
    pub(crate) fn write<T, E: From<io::Error>>(&self, fill: impl FnOnce(&mut File) -> Result<T, E>) -> Result<T, E> {
        match self {
            Self::Device(path) => fill(&mut File::options().write(true).open(path)?),
            Self::File(path) => replace(path, fill),
        }
    }
}

/// The folder that holds `path`, or would hold it.
pub(crate) fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn replace<T, E: From<io::Error>>(path: &Path, fill: impl FnOnce(&mut File) -> Result<T, E>) -> Result<T, E> {
    let mut file = NamedTempFile::new_in(folder(path))?;
    let filled = fill(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(filled)
}
