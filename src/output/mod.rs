//! What files a run leaves: the results CSV, the failures, the summary, the report for people, and how it stands: status
//! and metrics.
//!
//! The results are a view of the ledger in the order of the manifest. [`Follower`] appends rows as they finish, so that
//! the file can be followed; [`write()`] makes the whole of it, which is put in place by rename. It claims nothing that
//! the ledger does not hold.

mod cells;
mod claim;
mod extracted;
mod failures;
mod findings;
mod fixed_copies;
mod follow;
mod form;
mod merged;
mod metrics;
mod page;
mod partial;
mod parts;
mod publish;
mod staging;
mod status;
mod summary;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod unstarted;

use std::io::{self, BufWriter, Write};

use crate::domain::outcome::{Outcome, ResultColumns, Status};
use crate::ledger::{Histories, Ledger, LedgerError};
use crate::manifest::{ManifestError, Record, Records, RowFault, Survey, Surveyed};
use crate::sys::signals::GivenUp;

use failures::Sheet;

pub(crate) use claim::Claim;
pub(crate) use extracted::{ExtractError, NewManifest, PhotoFolder};
pub(crate) use failures::{Failures, FailuresError, FailuresPlace};
pub(crate) use findings::{FindingTally, Findings, FindingsError, write_findings};
pub(crate) use fixed_copies::{FixedCopies, FixedCopyError};
pub(crate) use follow::Follower;
pub(crate) use merged::{MergedFacts, merged_summary};
#[cfg(test)]
pub(crate) use metrics::METRICS;
pub(crate) use metrics::MetricsFile;
pub(crate) use page::{LISTED_RUNS, MergedPage, PageFacts, write_merged_page, write_page, write_unstarted_page};
pub(crate) use partial::tally_of_run;
pub(crate) use parts::{PartFile, PartProof, SplitProof};
pub(crate) use publish::{Places, PublishError, Publisher};
pub(crate) use staging::{Destination, Staging, StagingError};
pub(crate) use status::{End, Identity, RunStatus, State, StatusPlace};
pub(crate) use summary::{RunFacts, build_summary, write_summary};
pub(crate) use tally::{Group, Tally};
pub(crate) use target::Target;
pub(crate) use unstarted::Unstarted;

/// Rows that are shown of each kind of finding.
const EXAMPLES: usize = 5;

/// Bytes of the results that are written at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Why the results could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultsError {
    #[error("cannot write the results")]
    Write(#[source] io::Error),
    #[error("the results were not written, an earlier file stays as it was; write them with `image-enroll results`")]
    GivenUp(#[source] GivenUp),
    #[error("cannot read the ledger")]
    Ledger(#[from] LedgerError),
    #[error("cannot read the manifest again")]
    Manifest(#[from] ManifestError),
    #[error("it is not an earlier results CSV; name another file with -o, or replace this one with --force")]
    NotResults,
    #[error("it is not an earlier failures file; name another file with -o, or replace this one with --force")]
    NotFailures,
    #[error("it is a directory; name a file in it")]
    Directory,
    #[error("it is in use by another command; wait for its end, or name another file with -o")]
    InUse,
}

impl From<io::Error> for ResultsError {
    fn from(error: io::Error) -> Self {
        GivenUp::behind(&error).map_or(Self::Write(error), Self::GivenUp)
    }
}

impl From<csv::Error> for ResultsError {
    fn from(error: csv::Error) -> Self {
        // As an I/O error it would be wrapped, and its kind hidden.
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            kind => Self::Write(io::Error::other(format!("{kind:?}"))),
        }
    }
}

/// A row of the manifest with what has become of it.
struct FinishedRow<'a> {
    number: u32,
    record: &'a Record,
    outcome: Outcome,
    /// For people: the value that is wrong and the remedy, where the manifest alone makes the row wrong.
    detail: Option<String>,
}

/// Writes the header and every row of the manifest, and counts them.
pub(crate) fn write(
    surveyed: &Surveyed,
    ledger: &Ledger,
    columns: ResultColumns,
    out: impl Write,
) -> Result<Tally, ResultsError> {
    write_with(surveyed, ledger, columns, out, None)
}

/// The same, and the failures by the way.
pub(crate) fn write_with(
    surveyed: &Surveyed,
    ledger: &Ledger,
    columns: ResultColumns,
    out: impl Write,
    mut failures: Option<&mut Failures<'_>>,
) -> Result<Tally, ResultsError> {
    let manifest = &surveyed.manifest;
    let mut writer = form::begin(manifest.csv_form(), BufWriter::with_capacity(PIECE_BYTES, out))?;
    cells::write_header(&mut writer, manifest, columns)?;
    let tally = each_row(surveyed, ledger, |row| {
        if let Some(failures) = &mut failures {
            failures.add(manifest, row);
        }
        let own = manifest.own_cells(row.record);
        cells::write(&mut writer, own, row.number, &row.outcome, columns)
    })?;
    writer.flush()?;
    Ok(tally)
}

/// Writes the rows that have one of these statuses, in the form of the failures. How many there are.
pub(crate) fn write_selected(
    surveyed: &Surveyed,
    ledger: &Ledger,
    statuses: &[Status],
    out: impl Write,
) -> Result<u32, ResultsError> {
    let manifest = &surveyed.manifest;
    let mut sheet = Sheet::begin(out, manifest)?;
    let mut rows = 0;
    each_row(surveyed, ledger, |row| {
        if !statuses.contains(&row.outcome.status) {
            return Ok(());
        }
        rows += 1;
        Ok(sheet.add(manifest, row)?)
    })?;
    sheet.end()?;
    Ok(rows)
}

/// Hands over every row of the manifest, or of its part, in the manifest's order, and counts them.
fn each_row(
    surveyed: &Surveyed,
    ledger: &Ledger,
    mut hand_over: impl FnMut(&FinishedRow<'_>) -> Result<(), ResultsError>,
) -> Result<Tally, ResultsError> {
    let Surveyed { manifest, survey, .. } = surveyed;
    let mut tally = Tally::default();
    let mut histories = ledger.histories()?;
    let mut records = manifest.records()?;
    while let Some((number, record)) = records.next()? {
        if survey.is_elsewhere(number) {
            continue;
        }
        let row = finished(surveyed, &mut histories, number, record)?;
        hand_over(&row)?;
        tally.add(number, || (record.line(), manifest.shown_user(record)), &row.outcome);
    }
    check_unchanged(records, survey, &tally)?;
    Ok(tally)
}

/// Conservation: every row of the manifest, or of its part, has been counted once.
fn check_unchanged(records: Records<'_>, survey: &Survey, tally: &Tally) -> Result<(), ResultsError> {
    if records.sha256() != survey.sha256 || tally.rows() != survey.rows() {
        return Err(ManifestError::Changed.into());
    }
    Ok(())
}

fn finished<'a>(
    surveyed: &Surveyed,
    histories: &mut Histories<'_>,
    number: u32,
    record: &'a Record,
) -> Result<FinishedRow<'a>, ResultsError> {
    let Surveyed { manifest, survey, .. } = surveyed;
    let (outcome, detail) = match survey.fault(manifest, number, record) {
        Some(RowFault { reason, detail }) => (Outcome::untried(Status::Invalid, Some(reason)), Some(detail)),
        None => {
            // It was right by itself in the survey; that it still is what it was shows in the hash.
            (histories.of(manifest.raw_user(record))?.view(), None)
        }
    };
    Ok(FinishedRow {
        number,
        record,
        outcome,
        detail,
    })
}
