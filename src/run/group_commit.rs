//! What is to be recorded, gathered so that many rows share one wait for the disk.
//!
//! It decides when a batch goes to the recorder; what stands in it is the affair of others. No clock: instants come in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use csv::StringRecord;

use crate::domain::outcome::Outcome;
use crate::ledger::Entry;

/// Longest time for which a batch waits for more entries to share its commit.
pub(super) const GROUP_WAIT: Duration = Duration::from_millis(10);
/// Entries from which a batch does not wait: those of some 80 rows.
const GROUP: usize = 256;
/// Weight of the newest commit in the usual latency of the disk.
const WEIGHT: f64 = 0.2;

/// What is recorded together: durable first, then visible in the results.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) lines: Vec<ResultsLine>,
    /// Whether the disk is slow.
    pub(super) slow_disk: bool,
}

/// A line of the results that are followed during the run.
#[derive(Debug)]
pub(super) struct ResultsLine {
    pub(super) number: u32,
    pub(super) cells: StringRecord,
    pub(super) outcome: Arc<Outcome>,
}

/// The batch that grows, and the one that the recorder has.
#[derive(Debug, Default)]
pub(super) struct GroupCommit {
    batch: Batch,
    /// When the batch is committed at the latest, if it waits for more.
    due: Option<Instant>,
    /// Since when the recorder has a batch.
    since: Option<Instant>,
    /// Usual seconds of a commit; none before the first.
    latency: Option<f64>,
}

impl GroupCommit {
    pub(super) fn push(&mut self, entry: Entry) {
        self.batch.entries.push(entry);
    }

    pub(super) fn push_line(&mut self, line: ResultsLine) {
        self.batch.lines.push(line);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.entries.is_empty() && self.batch.lines.is_empty()
    }

    /// Whether the recorder has a batch.
    pub(super) fn is_committing(&self) -> bool {
        self.since.is_some()
    }

    /// When the batch goes to the recorder at the latest.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether to commit now, where there is something to commit. `may_wait`: enough rows are ready to be sent, so that
    /// the batch may grow for a moment.
    pub(super) fn is_due(&mut self, may_wait: bool, now: Instant) -> bool {
        let due = *self.due.get_or_insert(now + GROUP_WAIT);
        !may_wait || now >= due || self.batch.entries.len() >= GROUP
    }

    /// There is nothing to commit, and so nothing to wait for.
    pub(super) fn stop_waiting(&mut self) {
        self.due = None;
    }

    /// Hands the batch over to the recorder.
    pub(super) fn begin(&mut self, now: Instant) -> Batch {
        (self.due, self.since) = (None, Some(now));
        Batch {
            slow_disk: self.is_disk_slow(),
            ..std::mem::take(&mut self.batch)
        }
    }

    /// The recorder is done with its batch, well or not.
    pub(super) fn end(&mut self, now: Instant) {
        let Some(since) = self.since.take() else { return };
        let took = now.saturating_duration_since(since).as_secs_f64();
        let usual = self.latency.unwrap_or(took);
        self.latency = Some(usual + (took - usual) * WEIGHT);
    }

    /// Nothing more can be recorded.
    pub(super) fn give_up(&mut self) {
        (self.batch, self.due) = (Batch::default(), None);
    }

    /// How long the disk usually takes for a batch; nothing before the first.
    pub(super) fn latency(&self) -> Duration {
        Duration::from_secs_f64(self.latency.unwrap_or(0.0))
    }

    /// Whether a commit takes longer than a batch waits to grow.
    pub(super) fn is_disk_slow(&self) -> bool {
        self.latency() > GROUP_WAIT
    }
}
