//! The dispatcher of a run, a sans-IO state machine: events go in, actions come out, and nothing here waits, reads or
//! writes.
//!
//! It is put together from owners of their own state: the [`Queue`] of rows that wait, the [`Pipeline`] of rows under
//! way, the [`Gate`] that says whether a request may start, the [`GroupCommit`] of what is to be recorded, and the
//! [`Shutdown`]. Which row goes where stands in `admission`, what an answer does in `answers`, and what becomes of an attempt
//! that settled nothing in `failures`.

use std::time::Instant;

use rand::rngs::StdRng;

use super::gate::{Gate, Waiting};
use super::group_commit::{Batch, GroupCommit};
use super::pipeline::Pipeline;
use super::queue::Queue;
use super::row::{Answer, Feed, PendingRow, Request};
use super::shared_photos::SharedPhotos;
use super::shutdown::Shutdown;
use super::stores::StoreStates;
use super::{Moment, RunEvent, RunSettings, Snapshot};
use crate::domain::{stats::Stats, stop::Stop};
use crate::ledger::{AttemptId, Receipt};
use crate::photo::{Photo, PhotoError};

/// What has happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The manifest has given further rows.
    Fed(Feed),
    /// A photo was read, or could not be.
    Prepared(PendingRow, Result<Photo, PhotoError>),
    /// The batch is durable.
    Committed(Receipt),
    /// The batch could not be recorded, or nobody is there any more to record it.
    StorageLost,
    /// An attempt has come to its end.
    Answered(Answer),
    /// Every request in flight was given up, as asked for.
    Aborted,
    /// The run is to end.
    Stop(Stop),
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
    pub(super) rng: StdRng,
    pub(super) queue: Queue,
    pub(super) pipeline: Pipeline,
    pub(super) gate: Gate,
    pub(super) commits: GroupCommit,
    pub(super) shutdown: Shutdown,
    pub(super) stats: Stats,
    pub(super) photos: SharedPhotos,
    pub(super) stores: StoreStates,
    /// What there is to tell those who watch.
    pub(super) events: Vec<RunEvent>,
    /// When as many as allowed were in flight last.
    pub(super) full_at: Option<Instant>,
    /// When the next row may start, if the gate named a time.
    pub(super) launch_at: Option<Instant>,
    /// Rows sent in this run, for `--limit`.
    pub(super) admitted: u64,
    /// Bytes of photos that are in memory, read or being read, and not yet sent.
    pub(super) held_bytes: u64,
    storage_failed: bool,
}

impl Dispatcher {
    /// `photos` are those that are known from the beginning.
    pub(super) fn new(settings: RunSettings, next_id: AttemptId, photos: SharedPhotos, rng: StdRng) -> Self {
        let gate = Gate::new(
            settings.concurrency,
            settings.interval,
            settings.max_outage,
            settings.started,
        );
        Self {
            settings,
            rng,
            queue: Queue::default(),
            pipeline: Pipeline::new(next_id),
            gate,
            commits: GroupCommit::default(),
            shutdown: Shutdown::default(),
            stats: Stats::new(),
            photos,
            stores: StoreStates::default(),
            events: Vec::new(),
            full_at: None,
            launch_at: None,
            admitted: 0,
            held_bytes: 0,
            storage_failed: false,
        }
    }

    /// All that can be done at this moment.
    pub(super) fn poll(&mut self, now: Moment) -> Vec<Action> {
        self.check_deadlines(now.instant);
        let mut actions = Vec::new();
        if self.shutdown.take_abort() {
            actions.push(Action::Abort);
        }
        if self.shutdown.has_begun() || !self.gate.is_open(self.pipeline.in_flight(), now.instant) {
            self.take_back_unsent(now);
        }
        if !self.shutdown.has_begun() {
            actions.extend(std::iter::from_fn(|| self.launch(now.instant)).map(Action::Launch));
            actions.extend(std::iter::from_fn(|| self.admit_batch(now)).map(Action::Prepare));
            actions.extend(self.queue.wants_feed().then_some(Action::Feed));
        }
        actions.extend(self.commit(now).map(Action::Commit));
        actions
    }

    /// Takes in what has happened.
    pub(super) fn handle(&mut self, event: Event, now: Moment) {
        match event {
            Event::Fed(feed) => {
                self.stats.skip(&feed.skipped);
                self.queue.fed(feed);
            }
            Event::Prepared(row, photo) => self.prepared(row, photo, now),
            Event::Committed(receipt) => {
                self.commits.end(now.instant);
                self.pipeline.committed(&receipt);
            }
            Event::StorageLost => self.storage_lost(now),
            Event::Answered(answer) => self.answered(answer, now),
            Event::Aborted => self.aborted(now),
            Event::Stop(stop) => self.end(stop, now.instant),
        }
    }

    /// What there is to tell since the last call.
    pub(super) fn take_events(&mut self) -> Vec<RunEvent> {
        std::mem::take(&mut self.events)
    }

    /// Whether the run is over: nothing under way, nothing to record, and nothing left or allowed to do.
    pub(super) fn is_over(&self) -> bool {
        let recorded = !self.commits.is_committing() && self.commits.is_empty();
        let idle = self.pipeline.rows() == self.pipeline.reading();
        // Once the run is to end, nobody waits for a photo that may come from a file system that hangs.
        let done = self.pipeline.reading() == 0 && self.queue.is_empty();
        recorded && idle && (self.shutdown.has_begun() || done)
    }

    /// When to poll again if nothing happens before.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        if self.shutdown.has_begun() {
            let recording = self.pipeline.in_flight() == 0 && self.commits.is_committing();
            return self.shutdown.drain_until().filter(|_| !recording);
        }
        let due = self
            .queue
            .next_due(self.gate.is_paused())
            .filter(|_| self.wants_batch(now));
        [
            self.launch_at,
            self.commits.due().filter(|_| !self.commits.is_committing()),
            self.window_ends(),
            due,
            self.gate.opens_at(now),
            self.gate.patience_ends(),
            self.stores.opens_at().filter(|opens| *opens > now),
            self.stores.patience_ends(self.settings.max_outage),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot {
            stats: self.stats.clone(),
            in_flight: self.pipeline.in_flight(),
            limit: self.gate.limit(),
            waiting_rows: self.queue.waiting(),
            waiting: self.gate.waiting(now).or(self.store_waiting()),
            stop: self.shutdown.stop(),
            drain_until: self.shutdown.drain_until(),
        }
    }

    /// Why the run ended, and what it has done.
    pub(super) fn finish(self) -> (Option<Stop>, Stats) {
        let limit = self.stats.left_by_limit.then_some(Stop::Limit);
        (self.shutdown.stop().or(limit), self.stats)
    }

    /// Ends the run, unless it is ending for a stronger reason already.
    pub(super) fn end(&mut self, stop: Stop, now: Instant) {
        if self.shutdown.begin(stop, now) {
            let drain_until = self.shutdown.drain_until();
            self.events.push(RunEvent::Stopping {
                stop,
                in_flight: self.pipeline.in_flight(),
                drains_for: drain_until.map(|end| end.saturating_duration_since(now)),
            });
        }
    }

    fn store_waiting(&self) -> Option<Waiting> {
        let next_try = self.stores.opens_at()?;
        Some(Waiting::StoreDown { next_try })
    }

    fn window_ends(&self) -> Option<Instant> {
        self.settings.stop_after.map(|after| self.settings.started + after)
    }

    fn check_deadlines(&mut self, now: Instant) {
        if !self.shutdown.has_begun() && self.window_ends().is_some_and(|end| now >= end) && !self.is_over() {
            self.end(Stop::WindowOver, now);
        }
        if !self.shutdown.has_begun() && self.gate.is_hopeless(now) {
            self.end(Stop::Outage, now);
        }
        let patience_ends = self.stores.patience_ends(self.settings.max_outage);
        if !self.shutdown.has_begun() && patience_ends.is_some_and(|end| now >= end) {
            self.end(Stop::StoreOutage, now);
        }
        self.shutdown.check_deadline(self.pipeline.in_flight() > 0, now);
    }

    /// Without a durable record nothing more is sent. What is known has one more chance to be recorded: it may be the
    /// results that were lost and not the ledger.
    fn storage_lost(&mut self, now: Moment) {
        self.commits.end(now.instant);
        let entries = self.pipeline.forget_intended(now.at);
        self.end(Stop::Storage, now.instant);
        if std::mem::replace(&mut self.storage_failed, true) {
            self.commits.give_up();
            self.pipeline.take_back(now.at);
        } else {
            entries.into_iter().for_each(|entry| self.commits.push(entry));
        }
    }
}
