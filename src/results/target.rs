//! Where the results go, and how a file is put in place at once.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Follower, ResultsError, Tally, write};
use crate::ledger::Ledger;
use crate::manifest::{Manifest, Survey};

/// Where the results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `-`: once, at the end.
    Stdout,
    /// Something that is there and is no regular file, such as `/dev/null`: once, at the end, without a rename.
    Device(PathBuf),
    /// Followed during the run, replaced by rename at its end.
    File(PathBuf),
}

impl Target {
    /// A link is followed, so that the rename replaces what it points to and not the link.
    pub(crate) fn new(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            return Self::Stdout;
        }
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.metadata() {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Device(path),
            _ => Self::File(path),
        }
    }

    /// Begins the file that can be followed, where there is one. An unwritable place shows here, before anything is sent.
    pub(crate) fn follow(&self, manifest: &Manifest) -> Result<Option<Follower>, ResultsError> {
        match self {
            Self::File(path) => Follower::create(path, manifest).map(Some),
            Self::Stdout | Self::Device(_) => Ok(None),
        }
    }

    /// Writes the whole of the results. A reader that closes the pipe early does not make it fail.
    pub(crate) fn finish(&self, manifest: &Manifest, survey: &Survey, ledger: &Ledger) -> Result<Tally, ResultsError> {
        match self {
            Self::File(path) => Self::replace(path, |file| write(manifest, survey, ledger, file)),
            Self::Stdout => write(manifest, survey, ledger, Patient(io::stdout().lock())),
            Self::Device(path) => {
                let file = File::options().write(true).open(path).map_err(ResultsError::Write)?;
                write(manifest, survey, ledger, Patient(file))
            }
        }
    }

    /// Writes a file of mode 0600 beside `path`, makes it durable, and renames it: no reader sees half of it.
    pub(crate) fn replace<T>(
        path: &Path,
        fill: impl FnOnce(&mut File) -> Result<T, ResultsError>,
    ) -> Result<T, ResultsError> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(ResultsError::Write)?;
        let filled = fill(file.as_file_mut())?;
        file.as_file().sync_all().map_err(ResultsError::Write)?;
        file.persist(path).map_err(|error| ResultsError::Write(error.error))?;
        Ok(filled)
    }
}

/// Goes on when the reader has gone: the counts are still needed.
pub(super) struct Patient<W>(pub(super) W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}
