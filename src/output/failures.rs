//! The failures: rows that are not settled, for the people who correct them, and who open them in a spreadsheet.
//!
//! The file is begun with its first row, and put in place when the results are. Where there is no such row, one that an
//! earlier run has left is removed. What goes wrong with it takes nothing from the results.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use csv::Writer;

use super::{FinishedRow, PIECE_BYTES, claim, form};
use crate::domain::{
    columns::{FAILURE_COLUMNS, Form, names_beside},
    explanation::sentence,
    outcome::{Outcome, Status},
    spreadsheet::escape,
    text::one_line,
};
use crate::manifest::{CsvForm, Manifest};
use crate::sys::atomic::{Draft, Place};
use crate::sys::signals::{GivenUp, Interruptible, Signals};

/// Longest detail of an explanation, in characters; a path may be longer.
const MAX_DETAIL_CHARS: usize = 1_000;

/// Why the failures could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FailuresError {
    #[error(transparent)]
    Write(io::Error),
    #[error("the failures were not written, an earlier file stays as it was")]
    GivenUp(#[source] GivenUp),
    #[error("it is not an earlier failures file; name another one with --failures, or replace this one with --force")]
    NotFailures,
}

impl From<io::Error> for FailuresError {
    fn from(error: io::Error) -> Self {
        GivenUp::behind(&error).map_or(Self::Write(error), Self::GivenUp)
    }
}

/// Whether a row belongs into the failures of a run. One that was not tried has nothing to be corrected: the same command
/// takes it up, and after a stop there may be millions.
fn is_failure(outcome: &Outcome) -> bool {
    let untried = outcome.status == Status::Pending && outcome.reason.is_none();
    !outcome.status.is_settled() && !untried
}

/// A CSV file that a spreadsheet opens without changing a cell of the manifest.
pub(super) struct Sheet<W: Write>(Writer<BufWriter<W>>);

impl<W: Write> Sheet<W> {
    /// Begins it with its header.
    pub(super) fn begin(out: W, manifest: &Manifest) -> io::Result<Self> {
        // Without the mark Excel takes UTF-8 for another encoding.
        let form = CsvForm {
            bom: true,
            crlf: true,
            ..manifest.csv_form()
        };
        let mut writer = form::begin(form, BufWriter::with_capacity(PIECE_BYTES, out))?;
        let own = manifest.own_columns().iter().map(|name| escape(name));
        let ours = names_beside(manifest.own_columns(), &FAILURE_COLUMNS);
        own.chain(ours.into_iter().map(Into::into))
            .try_for_each(|name| writer.write_field(&*name))?;
        writer.write_record(None::<&[u8]>)?;
        Ok(Self(writer))
    }

    pub(super) fn add(&mut self, manifest: &Manifest, row: &FinishedRow<'_>) -> io::Result<()> {
        let FinishedRow {
            number,
            record,
            outcome,
            detail,
        } = row;
        let detail = detail.as_deref().or(outcome.facts.result_text.as_deref());
        let detail = detail.map(|detail| one_line(detail, MAX_DETAIL_CHARS));
        let ours = [
            number.to_string(),
            record.line().to_string(),
            outcome.status.word().to_owned(),
            outcome.reason.map_or("", |reason| reason.word()).to_owned(),
            sentence(outcome.status, outcome.reason, detail.as_deref()),
        ];
        let own = manifest.own_cells(record).map(escape);
        own.chain(ours.into_iter().map(Into::into))
            .try_for_each(|cell| self.0.write_field(&*cell))?;
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Where the failures of a run go.
#[derive(Debug)]
pub(crate) struct FailuresPlace(Place);

impl FailuresPlace {
    /// Nothing but earlier failures may stand there, unless `force` lets it go. It may be in a folder that is not there
    /// only until this is asked.
    pub(crate) fn check(path: &Path, force: bool) -> Result<Self, FailuresError> {
        let place = Place::of(path);
        place.check()?;
        match &place {
            Place::File(path)
                if !force && !claim::is_replaceable(path, |header| claim::is_of(Form::Failures, header))? =>
            {
                Err(FailuresError::NotFailures)
            }
            Place::File(_) | Place::Device(_) => Ok(Self(place)),
        }
    }

    /// Failures that nothing has been written of.
    pub(crate) fn failures<'a>(&'a self, signals: &'a Signals) -> Failures<'a> {
        Failures {
            place: &self.0,
            signals,
            begun: None,
            fault: None,
        }
    }
}

/// The failures of a run, while its results are written.
pub(crate) struct Failures<'a> {
    place: &'a Place,
    signals: &'a Signals,
    begun: Option<(Draft, Sheet<Interruptible<File>>)>,
    fault: Option<FailuresError>,
}

impl Failures<'_> {
    /// Takes a row up if it belongs here.
    pub(super) fn add(&mut self, manifest: &Manifest, row: &FinishedRow<'_>) {
        if self.fault.is_none() && is_failure(&row.outcome) {
            self.fault = self.write(manifest, row).err().map(FailuresError::from);
        }
    }

    fn write(&mut self, manifest: &Manifest, row: &FinishedRow<'_>) -> io::Result<()> {
        let (_, sheet) = match &mut self.begun {
            Some(begun) => begun,
            none => {
                let draft = self.place.begin(self.signals)?;
                let sheet = Sheet::begin(draft.writer()?, manifest)?;
                none.insert((draft, sheet))
            }
        };
        sheet.add(manifest, row)
    }

    /// Puts the file in its place, or takes an earlier one away where there are no failures. Whether there are any.
    pub(crate) fn finish(self) -> Result<bool, FailuresError> {
        match (self.fault, self.begun) {
            (Some(fault), _) => Err(fault),
            (None, Some((draft, sheet))) => {
                sheet.end()?;
                draft.put_in_place()?;
                Ok(true)
            }
            (None, None) => remove_earlier(self.place).map(|()| false),
        }
    }
}

/// Removes what an earlier run has left. What is no failures file stays, whoever has put it there.
fn remove_earlier(place: &Place) -> Result<(), FailuresError> {
    match place {
        Place::File(path) if claim::is_failures_file(path)? => Ok(std::fs::remove_file(path)?),
        Place::File(_) | Place::Device(_) => Ok(()),
    }
}
