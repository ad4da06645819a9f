//! The results while the run goes on: rows in the order in which they finish, whole lines only.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;

use super::{ResultsError, Target, line};
use crate::domain::outcome::Outcome;
use crate::manifest::Manifest;

/// An open results file to which finished rows are appended.
#[derive(Debug)]
pub(crate) struct Follower {
    writer: csv::Writer<BufWriter<File>>,
}

impl Follower {
    /// Puts a new file with nothing but the header in place of the old one, whole as it was until then.
    pub(crate) fn create(path: &Path, manifest: &Manifest) -> Result<Self, ResultsError> {
        Target::replace(path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            line::write_header(&mut writer, manifest)?;
            writer.flush().map_err(ResultsError::Write)
        })?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(ResultsError::Write)?;
        Ok(Self {
            writer: csv::Writer::from_writer(BufWriter::new(file)),
        })
    }

    /// Adds a row; it is visible after [`Follower::flush`].
    pub(crate) fn append<'a>(
        &mut self,
        own: impl Iterator<Item = &'a str>,
        number: u32,
        outcome: &Outcome,
    ) -> Result<(), ResultsError> {
        line::write(&mut self.writer, own, number, outcome)
    }

    pub(crate) fn flush(&mut self) -> Result<(), ResultsError> {
        self.writer.flush().map_err(ResultsError::Write)
    }
}
