//! The results while the run goes on: rows in the order in which they finish, whole lines only.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{ResultsError, cells, form};
use crate::domain::outcome::{Outcome, ResultColumns};
use crate::manifest::Manifest;
use crate::sys::atomic::Place;

/// An open results file to which finished rows are appended.
#[derive(Debug)]
pub(crate) struct Follower {
    writer: csv::Writer<WholeLines>,
    columns: ResultColumns,
}

impl Follower {
    /// Puts a new file with nothing but the header in place of the old one, whole as it was until then.
    pub(crate) fn create(
        place: &Place,
        path: &Path,
        manifest: &Manifest,
        columns: ResultColumns,
    ) -> Result<Self, ResultsError> {
        place.write(|file| {
            let mut writer = form::begin(manifest.csv_form(), file)?;
            cells::write_header(&mut writer, manifest, columns)?;
            writer.flush().map_err(ResultsError::Write)
        })?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(ResultsError::Write)?;
        let lines = WholeLines {
            file,
            lines: Vec::new(),
        };
        Ok(Self {
            writer: form::go_on(manifest.csv_form(), lines),
            columns,
        })
    }

    /// Adds a row; it is visible after [`Follower::flush`].
    pub(crate) fn append<'a>(
        &mut self,
        own: impl Iterator<Item = &'a str>,
        number: u32,
        outcome: &Outcome,
    ) -> Result<(), ResultsError> {
        cells::write(&mut self.writer, own, number, outcome, self.columns)
    }

    pub(crate) fn flush(&mut self) -> Result<(), ResultsError> {
        self.writer.flush().map_err(ResultsError::Write)
    }
}

/// Keeps what it is given until it is flushed, then writes it at once: a buffer that spills when it is full
/// would show half a line to those who follow.
#[derive(Debug)]
struct WholeLines {
    file: File,
    lines: Vec<u8>,
}

impl Write for WholeLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.lines);
        self.lines.clear();
        written
    }
}
