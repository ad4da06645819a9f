//! The run as a state machine: events go in, actions come out, and nothing here waits, reads or writes.
//!
//! A row passes through it once per attempt:
//! fresh or due -> prepare (photo read) -> intent recorded -> ready -> in flight -> answered.
//! No request is launched before the batch with its intent has been committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;

use super::gate::Gate;
use super::queue::Queue;
use super::row::{Batch, Feed, Flight, Line, PendingRow, Prepared, Request};
use super::stats::Stats;
use super::{RunEvent, RunSettings};
use crate::domain::{
    outcome::{Outcome, PhotoDigest, Reason, Status},
    stop::Stop,
};
use crate::ledger::{AttemptId, AttemptStatus, Entry};
use crate::photo::{Photo, PhotoError};

/// Longest wait for requests in flight after a signal (contract, section 9), or when their answers cannot be
/// recorded any more; any other end waits as long as their timeout does.
const DRAIN: Duration = Duration::from_secs(25);

/// A moment on both clocks: for waiting, and for the record (milliseconds since the Unix epoch).
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) unix_ms: i64,
}

/// What the driver has to do.
#[derive(Debug)]
pub(super) enum Action {
    /// Look for further rows.
    Feed,
    /// Read and judge the photos of these rows.
    Prepare(Vec<PendingRow>),
    /// Make this batch durable, then append its lines to the results.
    Commit(Batch),
    Launch(Request),
    /// Give up every request in flight.
    Abort,
}

/// The state of a run.
pub(super) struct Dispatcher {
    pub(super) settings: RunSettings,
    pub(super) gate: Gate,
    pub(super) rng: StdRng,
    pub(super) queue: Queue,
    pub(super) stats: Stats,
    pub(super) flights: HashMap<AttemptId, Flight>,
    /// When as many as allowed were in flight last.
    pub(super) full_at: Option<Instant>,
    pub(super) stop: Option<Stop>,
    /// What there is to tell, for the reporter.
    pub(super) events: Vec<RunEvent>,
    pub(super) batch: Batch,
    pub(super) preparing: usize,
    /// Their intents stand in `batch`.
    pub(super) awaiting: Vec<Prepared>,
    /// Their intents are being committed.
    pub(super) committing: Option<Vec<Prepared>>,
    /// Their intents are durable.
    pub(super) ready: VecDeque<Prepared>,
    /// When the first of them may start, if the gate named a time.
    pub(super) launch_at: Option<Instant>,
    /// When the batch is committed at the latest, if it waits for more.
    pub(super) batch_due: Option<Instant>,
    drain_until: Option<Instant>,
    abort: bool,
    /// Whether the first signal has come.
    signalled: bool,
    /// Whether a commit has failed.
    storage_failed: bool,
    pub(super) next_id: AttemptId,
    /// Rows sent in this run, for `--limit`.
    pub(super) admitted: u64,
    pub(super) recent_photo_bytes: u64,
}

impl Dispatcher {
    pub(super) fn new(settings: RunSettings, next_id: AttemptId, rng: StdRng) -> Self {
        let gate = Gate::new(
            settings.concurrency,
            settings.interval,
            settings.max_outage,
            settings.started,
        );
        Self {
            settings,
            gate,
            rng,
            queue: Queue::default(),
            stats: Stats::new(),
            flights: HashMap::new(),
            full_at: None,
            stop: None,
            events: Vec::new(),
            batch: Batch::default(),
            preparing: 0,
            awaiting: Vec::new(),
            committing: None,
            ready: VecDeque::new(),
            launch_at: None,
            batch_due: None,
            drain_until: None,
            abort: false,
            signalled: false,
            storage_failed: false,
            next_id,
            admitted: 0,
            recent_photo_bytes: 0,
        }
    }

    /// All that can be done at this moment.
    pub(super) fn poll(&mut self, now: Moment) -> Vec<Action> {
        self.check_deadlines(now.instant);
        let mut actions = Vec::new();
        if std::mem::take(&mut self.abort) {
            actions.push(Action::Abort);
        }
        if self.stop.is_some() {
            self.withdraw(now);
        } else {
            while let Some(launch) = self.launch(now.instant) {
                actions.push(Action::Launch(launch));
            }
            while let Some(rows) = self.admit_batch(now) {
                actions.push(Action::Prepare(rows));
            }
            if self.queue.wants_feed() {
                actions.push(Action::Feed);
            }
        }
        actions.extend(self.commit(now.instant));
        actions
    }

    /// Whether the run is over: nothing under way, nothing to record, and nothing left or allowed to do.
    pub(super) fn is_over(&self) -> bool {
        let recorded = self.pipeline() == 0 && self.committing.is_none() && self.batch.is_empty();
        // Once the run is to end, nobody waits for a photo that may come from a file system that hangs.
        recorded && (self.stop.is_some() || (self.preparing == 0 && self.queue.is_empty()))
    }

    /// When to poll again if nothing happens before.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        if self.stop.is_some() {
            let recording = self.flights.is_empty() && self.committing.is_some();
            return self.drain_until.filter(|_| !recording);
        }
        let window = self.settings.stop_after.map(|after| self.settings.started + after);
        let due = self.queue.next_due().filter(|_| self.wants_batch());
        [self.launch_at, self.batch_due, window, due, self.gate.patience_ends()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends the run, unless it is ending for a stronger reason already. A second signal ends it at once.
    pub(super) fn end(&mut self, stop: Stop, now: Instant) {
        let is_signal = stop.is_signal();
        if is_signal && std::mem::replace(&mut self.signalled, true) {
            self.abort_flights(now);
        }
        if self.stop.is_none_or(|other| stop > other) {
            self.stop = Some(stop);
            self.events.push(RunEvent::Stopping(stop));
        }
        if is_signal || stop == Stop::Storage {
            self.drain_until.get_or_insert(now + DRAIN);
        }
    }

    pub(super) fn fed(&mut self, feed: Feed) {
        self.stats.fed(&feed);
        self.queue.fed(feed);
    }

    /// A photo was read, or could not be.
    pub(super) fn prepared(&mut self, pending: PendingRow, photo: Result<Photo, PhotoError>, now: Moment) {
        self.preparing -= 1;
        if self.stop.is_some() {
            return;
        }
        match photo {
            Ok(photo)
                if pending
                    .refused_photo
                    .is_some_and(|refused| refused.sha256 == photo.mark.sha256) =>
            {
                self.readmit(&pending);
                self.stats.unchanged += 1;
            }
            Ok(photo) => self.intend(pending, photo, now),
            Err(PhotoError::Invalid { reason, detail }) => {
                self.readmit(&pending);
                self.events.push(RunEvent::InvalidPhoto {
                    row: pending.row.number,
                    reason,
                    detail,
                });
                self.finish_invalid(pending, reason, now);
            }
            Err(PhotoError::Machine(_)) => {
                self.gate.lower(self.flights.len() + self.preparing, now.instant);
                self.retry_later(pending, now);
            }
        }
    }

    /// A batch is durable, or the storage is lost.
    pub(super) fn committed(&mut self, done: bool, now: Instant) {
        self.ready.extend(self.committing.take().unwrap_or_default());
        if done {
            return;
        }
        // Without a durable record nothing more is sent. What is known has one more chance to be recorded: it
        // may be the results that were lost and not the ledger.
        self.end(Stop::Storage, now);
        if std::mem::replace(&mut self.storage_failed, true) {
            self.batch = Batch::default();
            self.awaiting.clear();
            self.ready.clear();
        }
    }

    /// Rows that are in flight, and those that wait for another attempt.
    pub(super) fn under_way(&self) -> (usize, usize) {
        (self.flights.len(), self.queue.waiting())
    }

    /// Records the state of a user, for the ledger and, where it is final, for the results.
    pub(super) fn record(&mut self, pending: PendingRow, outcome: Outcome, is_final: bool) -> Option<PendingRow> {
        let outcome = Arc::new(outcome);
        let (user_id, created_at) = (pending.row.user_id.clone(), pending.row.created_at.clone());
        self.batch.entries.push(Entry::Outcome {
            user_id,
            created_at,
            outcome: Arc::clone(&outcome),
        });
        if !is_final {
            return Some(pending);
        }
        self.stats.finished(&outcome);
        self.events.push(RunEvent::Finished {
            row: pending.row.number,
            outcome: Arc::clone(&outcome),
        });
        self.batch.lines.push(Line {
            number: pending.row.number,
            cells: pending.cells,
            outcome,
        });
        None
    }

    fn check_deadlines(&mut self, now: Instant) {
        let window = self.settings.stop_after.map(|after| self.settings.started + after);
        if self.stop.is_none() && window.is_some_and(|end| now >= end) && !self.is_over() {
            self.end(Stop::WindowOver, now);
        }
        if self.stop.is_none() && self.gate.is_hopeless(now) {
            self.end(Stop::Outage, now);
        }
        if self.stop.is_some() && self.drain_until.is_some_and(|end| now >= end) && !self.flights.is_empty() {
            self.abort_flights(now);
        }
    }

    /// Intents of requests that will not be sent are taken back, so that they leave no doubt.
    fn withdraw(&mut self, now: Moment) {
        for prepared in std::mem::take(&mut self.ready) {
            let (id, at) = (prepared.id, now.unix_ms);
            let reason = Some(Reason::RunStopped);
            self.batch.entries.push(Entry::Close {
                id,
                class: AttemptStatus::NotSent,
                reason,
                http_status: None,
                at,
            });
        }
    }

    fn abort_flights(&mut self, now: Instant) {
        self.abort = true;
        self.drain_until = Some(now);
    }

    /// The requests that were given up may have been processed.
    pub(super) fn aborted(&mut self, now: Moment) {
        for (id, mut flight) in std::mem::take(&mut self.flights) {
            flight.pending.doubt(flight.photo);
            let (reason, at) = (Some(Reason::Interrupted), now.unix_ms);
            self.batch.entries.push(Entry::Close {
                id,
                class: AttemptStatus::InDoubt,
                reason,
                http_status: None,
                at,
            });
            let outcome = self.open_outcome(&flight.pending, Reason::Interrupted, Some(flight.photo), now);
            self.record(flight.pending, outcome, false);
        }
    }

    /// What is known of a row that is not done: it is in doubt, or it is still to be sent.
    pub(super) fn open_outcome(
        &self,
        pending: &PendingRow,
        reason: Reason,
        photo: Option<PhotoDigest>,
        now: Moment,
    ) -> Outcome {
        let status = if pending.is_in_doubt() {
            Status::InDoubt
        } else {
            Status::Pending
        };
        Outcome {
            attempts: pending.past.attempts,
            photo,
            finished_at: Some(now.unix_ms),
            run_id: self.settings.run_id.clone(),
            ..Outcome::untried(status, Some(reason))
        }
    }
}
