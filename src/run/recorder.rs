//! The recorder: one thread that owns the ledger, the feed's pass over the manifest and the results that are
//! followed. It does what it is told, one command after another, and reports each completion; it decides nothing.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::RunError;
use super::group_commit::{Batch, ResultsLine};
use super::row::{Feed, PendingRow};
use crate::domain::{
    outcome::{Outcome, Status},
    resume::Plan,
};
use crate::ledger::{Ledger, Receipt};
use crate::manifest::{Manifest, ManifestError, Record, Records, Role, Row, Stamp, Survey, Surveyed};
use crate::output::Follower;

/// Most records that one feed looks at, so that a commit never waits long behind it.
const FEED_RECORDS: u32 = 1_024;
/// Most records that one feed passes by, which takes about as long.
const FEED_SKIPPED: u32 = 32 * FEED_RECORDS;
/// Rows to send after which a feed is full.
const FEED_ROWS: usize = 256;

/// What the recorder can be told.
pub(super) enum Command {
    Feed,
    Commit(Batch),
}

/// What the recorder has done.
pub(super) enum Completion {
    Fed(Result<Feed, RunError>),
    Committed(Result<Receipt, RunError>),
}

/// All that the recorder owns.
pub(super) struct Recorder<'a> {
    manifest: &'a Manifest,
    survey: &'a Survey,
    /// The manifest's size and time when its bytes were last known to be those of the survey.
    stamp: Stamp,
    records: Option<Records<'a>>,
    /// Whether the settled rows have been told of.
    told_settled: bool,
    ledger: &'a mut Ledger,
    follower: &'a mut Option<Follower>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        surveyed: &'a Surveyed,
        ledger: &'a mut Ledger,
        follower: &'a mut Option<Follower>,
    ) -> Result<Self, RunError> {
        let Surveyed { manifest, survey, .. } = surveyed;
        let records = Some(manifest.records()?);
        Ok(Self {
            manifest,
            survey,
            stamp: manifest.stamp(),
            records,
            told_settled: false,
            ledger,
            follower,
        })
    }

    /// Works until the other end hangs up.
    pub(super) fn work(mut self, commands: &Receiver<Command>, mut complete: impl FnMut(Completion)) {
        for command in commands {
            complete(match command {
                Command::Feed => Completion::Fed(self.feed()),
                Command::Commit(batch) => Completion::Committed(self.commit(&batch)),
            });
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<Receipt, RunError> {
        self.ledger.set_disk(batch.slow_disk);
        let receipt = self.ledger.commit(&batch.entries)?;
        self.append(&batch.lines)?;
        Ok(receipt)
    }

    fn append(&mut self, lines: &[ResultsLine]) -> Result<(), RunError> {
        let Some(follower) = self.follower.as_mut().filter(|_| !lines.is_empty()) else {
            return Ok(());
        };
        let append = |line: &ResultsLine| follower.append(line.cells.iter(), line.number, &line.outcome);
        let result = lines.iter().try_for_each(append).and_then(|()| follower.flush());
        if result.is_err() {
            // The run ends, and what is still to be recorded must not fail for the results again.
            *self.follower = None;
        }
        Ok(result?)
    }

    fn feed(&mut self) -> Result<Feed, RunError> {
        let (mut feed, mut lines) = (Feed::default(), Vec::new());
        if !std::mem::replace(&mut self.told_settled, true) {
            feed.skipped.settled = *self.survey.settled();
        }
        let read = self.read_rows(&mut feed, &mut lines);
        // Asked when the rows have been read and before any of them goes on; a file that was changed may be malformed, too.
        if !self.manifest.is_unchanged(&mut self.stamp, &self.survey.sha256)? {
            return Err(ManifestError::Changed.into());
        }
        read?;
        self.append(&lines)?;
        Ok(feed)
    }

    fn read_rows(&mut self, feed: &mut Feed, lines: &mut Vec<ResultsLine>) -> Result<(), RunError> {
        let mut skips = FEED_SKIPPED;
        for _ in 0..FEED_RECORDS {
            skips -= self.skip(skips, feed)?;
            if skips == 0 {
                break;
            }
            self.step(feed, lines)?;
            if feed.ended || feed.rows.len() >= FEED_ROWS {
                break;
            }
        }
        Ok(())
    }

    /// Passes by records that need not be read, at most so many; says how many.
    fn skip(&mut self, most: u32, feed: &mut Feed) -> Result<u32, RunError> {
        let Some(records) = &mut self.records else {
            return Ok(0);
        };
        let mut skipped = 0;
        while skipped < most {
            let next = records.number() + 1;
            match self.survey.role(next) {
                Some(Role::First) if self.survey.is_settled(next) => {}
                Some(Role::Repeat) => feed.skipped.repeated += 1,
                Some(Role::Elsewhere) => {}
                _ => break,
            }
            if !records.skip()? {
                return Err(ManifestError::Changed.into());
            }
            skipped += 1;
        }
        Ok(skipped)
    }

    /// Looks at one record more.
    fn step(&mut self, feed: &mut Feed, lines: &mut Vec<ResultsLine>) -> Result<(), RunError> {
        let next = self.records.as_mut().map_or(Ok(None), Records::next)?;
        let Some((number, record)) = next else {
            return self.end_of_manifest(feed);
        };
        match self.survey.role(number).ok_or(ManifestError::Changed)? {
            Role::Elsewhere => {}
            Role::Repeat => feed.skipped.repeated += 1,
            Role::First => {
                let row = self.manifest.row(number, record).map_err(|_| ManifestError::Changed)?;
                plan_row(self.ledger, self.manifest, row, record, feed)?;
            }
            Role::Invalid | Role::Conflict | Role::Similar => {
                feed.skipped.invalid += 1;
                let fault = self.survey.fault(self.manifest, number, record);
                let reason = fault.map(|fault| fault.reason);
                let outcome = Outcome::untried(Status::Invalid, reason).into();
                lines.push(ResultsLine {
                    number,
                    cells: self.manifest.own_cells(record).collect(),
                    outcome,
                });
            }
        }
        Ok(())
    }

    /// The second pass has to have seen what the first one saw.
    fn end_of_manifest(&mut self, feed: &mut Feed) -> Result<(), RunError> {
        feed.ended = true;
        match self.records.take().map(Records::sha256) {
            Some(sha256) if sha256 == self.survey.sha256 => Ok(()),
            _ => Err(ManifestError::Changed.into()),
        }
    }
}

/// What is to be done about a row, by what the ledger knows of its user.
fn plan_row(ledger: &Ledger, manifest: &Manifest, row: Row, record: &Record, feed: &mut Feed) -> Result<(), RunError> {
    let (past, refused) = match ledger.history(&row.user_id)?.plan(&row.created_at) {
        Plan::Skip(status) => {
            feed.skipped.settled.add(status, 1);
            return Ok(());
        }
        Plan::Send(past) => (past, None),
        Plan::SendIfPhotoDiffers(past, refused) => (past, Some(refused)),
    };
    let cells = manifest.own_cells(record).collect();
    feed.rows.push(PendingRow::new(row, cells, past, refused));
    Ok(())
}

/// The two ends of the way to the recorder.
pub(super) fn commands() -> (Sender<Command>, Receiver<Command>) {
    channel()
}
