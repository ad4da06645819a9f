//! The run as a state machine: events go in, actions come out, and nothing here waits, reads or writes.
//!
//! A row passes through it once per attempt:
//! fresh or due -> prepare (photo read) -> intent recorded -> ready -> in flight -> answered.
//! No request is launched before the batch with its intent has been committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;

use super::gate::{Admission, Gate};
use super::job::{Batch, Feed, Flight, Job, Launch, Line, Prepared};
use super::queue::Queue;
use super::stats::Stats;
use super::{Note, RunSettings};
use crate::domain::{
    outcome::{Outcome, PhotoMark, Reason, Status},
    stop::Stop,
};
use crate::ledger::{AttemptId, Class, Entry};
use crate::photo_file::{Photo, PhotoError};

/// Longest wait for requests in flight after a signal (contract, section 9), or when their answers cannot be
/// recorded any more; any other end waits as long as their timeout does.
const DRAIN: Duration = Duration::from_secs(25);
/// Photo bytes that may be held for rows whose turn is next, so that no request waits for disk or ledger.
const LOOKAHEAD_BYTES: u64 = 8 * 1000 * 1000;
const LOOKAHEAD_ROWS: u64 = 192;
/// Rows that have to be ready before a commit may wait: more than are sent while the disk is waited for.
const SUPPLY: usize = 64;
/// Entries from which a batch is committed in any case: those of some 170 rows, which are milliseconds of work.
const GROUP: usize = 512;

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
    /// Read and judge this row's photo.
    Prepare(Job),
    /// Make this batch durable, then append its lines to the results.
    Commit(Batch),
    Launch(Launch),
    /// Give up every request in flight.
    Abort,
}

/// The state of a run.
pub(super) struct Core {
    pub(super) settings: RunSettings,
    pub(super) gate: Gate,
    pub(super) rng: StdRng,
    pub(super) queue: Queue,
    pub(super) stats: Stats,
    pub(super) flights: HashMap<AttemptId, Flight>,
    pub(super) stop: Option<Stop>,
    /// What there is to tell, for the reporter.
    pub(super) notes: Vec<Note>,
    pub(super) batch: Batch,
    preparing: usize,
    /// Their intents stand in `batch`.
    awaiting: Vec<Prepared>,
    /// Their intents are being committed.
    committing: Option<Vec<Prepared>>,
    /// Their intents are durable.
    ready: VecDeque<Prepared>,
    /// When the first of them may start, if the gate named a time.
    launch_at: Option<Instant>,
    drain_until: Option<Instant>,
    abort: bool,
    /// Whether the first signal has come.
    signalled: bool,
    /// Whether a commit has failed.
    storage_failed: bool,
    next_id: AttemptId,
    /// Rows sent in this run, for `--limit`.
    admitted: u64,
    recent_photo_bytes: u64,
}

impl Core {
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
            stop: None,
            notes: Vec::new(),
            batch: Batch::default(),
            preparing: 0,
            awaiting: Vec::new(),
            committing: None,
            ready: VecDeque::new(),
            launch_at: None,
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
            while let Some(job) = self.admit(now) {
                actions.push(Action::Prepare(job));
            }
            if self.queue.wants_feed() {
                actions.push(Action::Feed);
            }
        }
        actions.extend(self.commit());
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
        let due = self.queue.next_due().filter(|_| self.has_room());
        [self.launch_at, window, due, self.gate.patience_ends()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends the run, unless it is ending for a stronger reason already. A second signal ends it at once.
    pub(super) fn end(&mut self, stop: Stop, now: Instant) {
        let is_signal = matches!(stop, Stop::Interrupted | Stop::Terminated);
        if is_signal && std::mem::replace(&mut self.signalled, true) {
            self.abort_flights(now);
        }
        if self.stop.is_none_or(|other| stop > other) {
            self.stop = Some(stop);
            self.notes.push(Note::Stopping(stop));
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
    pub(super) fn prepared(&mut self, job: Job, photo: Result<Photo, PhotoError>, now: Moment) {
        self.preparing -= 1;
        if self.stop.is_some() {
            return;
        }
        match photo {
            Ok(photo)
                if job
                    .refused_photo
                    .is_some_and(|refused| refused.sha256 == photo.mark.sha256) =>
            {
                self.readmit(&job);
                self.stats.unchanged += 1;
            }
            Ok(photo) => self.intend(job, photo, now),
            Err(PhotoError::Invalid { reason, detail }) => {
                self.readmit(&job);
                self.notes.push(Note::InvalidPhoto {
                    row: job.row.number,
                    reason,
                    detail,
                });
                self.finish_invalid(job, reason, now);
            }
            Err(PhotoError::Machine(_)) => {
                self.gate.lower(self.flights.len() + self.preparing, now.instant);
                self.retry_later(job, now);
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
    pub(super) fn record(&mut self, job: Job, outcome: Outcome, is_final: bool) -> Option<Job> {
        let outcome = Arc::new(outcome);
        let (user_id, created_at) = (job.row.user_id.clone(), job.row.created_at.clone());
        self.batch.entries.push(Entry::Outcome {
            user_id,
            created_at,
            outcome: Arc::clone(&outcome),
        });
        if !is_final {
            return Some(job);
        }
        self.stats.finished(&outcome);
        self.notes.push(Note::Finished {
            row: job.row.number,
            outcome: Arc::clone(&outcome),
        });
        self.batch.lines.push(Line {
            number: job.row.number,
            cells: job.cells,
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

    fn launch(&mut self, now: Instant) -> Option<Launch> {
        self.launch_at = None;
        if self.ready.is_empty() {
            return None;
        }
        match self.gate.admit(self.flights.len(), now) {
            Admission::Now => {}
            Admission::At(later) => {
                self.launch_at = Some(later);
                return None;
            }
            Admission::AfterAnAnswer => return None,
        }
        let Prepared { id, job, photo } = self.ready.pop_front()?;
        let launch = Launch {
            id,
            user_id: job.row.user_id.clone(),
            created_at: job.row.created_at.clone(),
            photo: photo.bytes,
        };
        self.stats.launched(photo.mark.bytes, job.past.attempts > 1);
        let full = self.flights.len() + 1 >= self.gate.limit();
        self.flights.insert(
            id,
            Flight {
                job,
                photo: photo.mark,
                full,
            },
        );
        Some(launch)
    }

    /// The next row to prepare, as far as there is room for it.
    fn admit(&mut self, now: Moment) -> Option<Job> {
        if !self.has_room() {
            return None;
        }
        self.close_at_limit();
        if self.pipeline() == 0 && self.preparing == 0 {
            self.queue.begin_last_round();
        }
        let job = self.queue.take_due(now.instant).or_else(|| self.admit_fresh(now))?;
        self.preparing += 1;
        Some(job)
    }

    /// As long as a photo is being read, its row may still turn out not to be sent and leave its place.
    fn close_at_limit(&mut self) {
        if self.is_at_limit() && self.preparing == 0 && self.queue.has_fresh() {
            self.queue.close();
            self.stats.left_by_limit = true;
        }
    }

    fn is_at_limit(&self) -> bool {
        self.settings.limit.is_some_and(|limit| self.admitted >= limit)
    }

    fn admit_fresh(&mut self, now: Moment) -> Option<Job> {
        if self.is_at_limit() {
            return None;
        }
        let mut job = self.queue.take_fresh()?;
        job.sent = true;
        self.admitted += 1;
        match self.quiet_until(&job, now) {
            Some(due) => {
                self.queue.park(job, due);
                self.admit_fresh(now)
            }
            None => Some(job),
        }
    }

    /// A row that an earlier run left in doubt keeps its quiet time.
    fn quiet_until(&self, job: &Job, now: Moment) -> Option<Instant> {
        let since = now
            .unix_ms
            .saturating_sub(job.past.last_doubt_at?)
            .try_into()
            .unwrap_or(0);
        let rest = self.settings.in_doubt_wait.checked_sub(Duration::from_millis(since))?;
        (rest > Duration::ZERO).then(|| now.instant + rest)
    }

    /// A row that turned out not to be sent leaves its place under `--limit` to another.
    fn readmit(&mut self, job: &Job) {
        if job.sent && job.failures == 0 {
            self.admitted = self.admitted.saturating_sub(1);
        }
    }

    fn intend(&mut self, mut job: Job, photo: Photo, now: Moment) {
        let id = self.next_id;
        self.next_id += 1;
        job.past.attempts += 1;
        // From here on the earlier refusal is not the last word on this user.
        job.refused_photo = None;
        if photo.is_large() && job.failures == 0 {
            self.notes.push(Note::LargePhoto {
                row: job.row.number,
                bytes: photo.mark.bytes,
            });
        }
        self.recent_photo_bytes = (self.recent_photo_bytes * 7 + photo.mark.bytes) / 8;
        let (user_id, number) = (job.row.user_id.clone(), job.past.attempts);
        self.batch.entries.push(Entry::Intent {
            id,
            user_id,
            number,
            photo: photo.mark,
            at: now.unix_ms,
        });
        self.awaiting.push(Prepared { id, job, photo });
    }

    /// Intents of requests that will not be sent are taken back, so that they leave no doubt.
    fn withdraw(&mut self, now: Moment) {
        for prepared in std::mem::take(&mut self.ready) {
            let (id, at) = (prepared.id, now.unix_ms);
            let reason = Some(Reason::RunStopped);
            self.batch.entries.push(Entry::Close {
                id,
                class: Class::NotSent,
                reason,
                http_status: None,
                at,
            });
        }
    }

    fn commit(&mut self) -> Option<Action> {
        if self.committing.is_some() || self.batch.is_empty() || self.can_wait() {
            return None;
        }
        self.committing = Some(std::mem::take(&mut self.awaiting));
        Some(Action::Commit(std::mem::take(&mut self.batch)))
    }

    /// Group commit: while enough rows are ready and an answer will come that asks again, the batch may grow, so
    /// that many rows share one wait for the disk.
    fn can_wait(&self) -> bool {
        let supplied = !self.flights.is_empty() && self.ready.len() >= self.gate.limit().max(SUPPLY);
        supplied && self.stop.is_none() && self.batch.entries.len() < GROUP
    }

    fn abort_flights(&mut self, now: Instant) {
        self.abort = true;
        self.drain_until = Some(now);
    }

    /// Rows between the photo's reading and the answer.
    fn pipeline(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, Vec::len);
        self.awaiting.len() + committing + self.ready.len() + self.flights.len()
    }

    fn has_room(&self) -> bool {
        let rows = LOOKAHEAD_BYTES / self.recent_photo_bytes.max(1);
        let most = if self.gate.is_open() { LOOKAHEAD_ROWS } else { 2 };
        self.preparing + self.pipeline() < self.gate.limit() + rows.clamp(2, most) as usize
    }

    /// The requests that were given up may have been processed.
    pub(super) fn aborted(&mut self, now: Moment) {
        for (id, mut flight) in std::mem::take(&mut self.flights) {
            flight.job.doubt(flight.photo);
            let (reason, at) = (Some(Reason::Interrupted), now.unix_ms);
            self.batch.entries.push(Entry::Close {
                id,
                class: Class::InDoubt,
                reason,
                http_status: None,
                at,
            });
            let outcome = self.open_outcome(&flight.job, Reason::Interrupted, Some(flight.photo), now);
            self.record(flight.job, outcome, false);
        }
    }

    /// What is known of a row that is not done: it is in doubt, or it is still to be sent.
    pub(super) fn open_outcome(&self, job: &Job, reason: Reason, photo: Option<PhotoMark>, now: Moment) -> Outcome {
        let status = if job.is_in_doubt() {
            Status::InDoubt
        } else {
            Status::Pending
        };
        Outcome {
            attempts: job.past.attempts,
            photo,
            finished_at: Some(now.unix_ms),
            run_id: self.settings.run_id.clone(),
            ..Outcome::untried(status, Some(reason))
        }
    }
}
