//! Where the results go.

use std::io::{self, Write};
use std::path::Path;

use super::{Follower, ResultsError};
use crate::domain::outcome::ResultColumns;
use crate::manifest::Manifest;
use crate::sys::atomic::Place;
use crate::sys::signals::{Interruptible, Signals};

/// Where the results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `-`: once, at the end.
    Stdout,
    /// A regular file is followed during the run and replaced by rename at its end; anything else is written once.
    Place(Place),
}

impl Target {
    pub(crate) fn new(path: &Path) -> Self {
        match path.as_os_str() == "-" {
            true => Self::Stdout,
            false => Self::Place(Place::of(path)),
        }
    }

    /// Begins the file that can be followed, where there is one. An unwritable place shows here, before anything is sent.
    pub(crate) fn follow(&self, manifest: &Manifest, columns: ResultColumns) -> Result<Option<Follower>, ResultsError> {
        match self {
            Self::Place(place @ Place::File(path)) => Follower::create(place, path, manifest, columns).map(Some),
            Self::Stdout | Self::Place(Place::Device(_)) => Ok(None),
        }
    }

    /// Writes whatever `fill` writes, in large pieces, whole or not at all; a signal gives it up. A reader that closes the
    /// pipe early does not make it fail.
    pub(crate) fn fill<T>(
        &self,
        signals: &Signals,
        fill: impl FnOnce(&mut dyn Write) -> Result<T, ResultsError>,
    ) -> Result<T, ResultsError> {
        match self {
            Self::Stdout => fill(&mut IgnoreBrokenPipe(Interruptible::new(io::stdout(), signals))),
            Self::Place(place) => place.write_unless_given_up(signals, |file| fill(&mut IgnoreBrokenPipe(file))),
        }
    }
}

/// Goes on when the reader has gone: the counts are still needed.
pub(super) struct IgnoreBrokenPipe<W>(pub(super) W);

impl<W: Write> Write for IgnoreBrokenPipe<W> {
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
