//! The rows that wait for their turn: fresh ones, those that back off, and those of the last round.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

use super::row::{Feed, PendingRow};

/// Fresh rows below which more are asked for.
const LOW: usize = 256;

/// Rows by when they may be taken.
#[derive(Debug, Default)]
pub(super) struct Queue {
    fresh: VecDeque<PendingRow>,
    parked: BinaryHeap<Reverse<Parked>>,
    /// Rows of the last round, with when they may be taken.
    last: Vec<(PendingRow, Instant)>,
    feeding: bool,
    ended: bool,
    /// No fresh row is taken any more; set when `--limit` is reached.
    closed: bool,
    order: u64,
}

#[derive(Debug)]
struct Parked {
    due: Instant,
    order: u64,
    pending: PendingRow,
}

impl Queue {
    /// Whether to ask for more rows; the caller asks when it says yes.
    pub(super) fn wants_feed(&mut self) -> bool {
        let wants = !self.feeding && !self.ended && !self.closed && self.fresh.len() < LOW;
        self.feeding |= wants;
        wants
    }

    pub(super) fn fed(&mut self, feed: Feed) {
        self.feeding = false;
        self.ended = feed.ended;
        if !self.closed {
            self.fresh.extend(feed.rows);
        }
    }

    pub(super) fn park(&mut self, pending: PendingRow, due: Instant) {
        self.order += 1;
        self.parked.push(Reverse(Parked {
            due,
            order: self.order,
            pending,
        }));
    }

    /// Keeps a row for the end of the run, and for `due` if that is later.
    pub(super) fn postpone(&mut self, pending: PendingRow, due: Instant) {
        self.last.push((pending, due));
    }

    /// A row whose wait is over comes before a fresh one.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<PendingRow> {
        if self.next_due()? > now {
            return None;
        }
        self.parked.pop().map(|Reverse(parked)| parked.pending)
    }

    pub(super) fn take_fresh(&mut self) -> Option<PendingRow> {
        self.fresh.pop_front()
    }

    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.parked.peek().map(|Reverse(parked)| parked.due)
    }

    /// From now on no fresh row is taken.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.fresh.clear();
    }

    /// Begins the last round when everything else is done; false when there is none.
    pub(super) fn begin_last_round(&mut self) -> bool {
        if self.last.is_empty() || !self.is_drained() {
            return false;
        }
        for (pending, due) in std::mem::take(&mut self.last) {
            self.park(pending, due);
        }
        true
    }

    /// Nothing waits and nothing more will come.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty() && self.is_drained()
    }

    /// Rows that back off or wait for the last round.
    pub(super) fn waiting(&self) -> usize {
        self.parked.len() + self.last.len()
    }

    fn is_drained(&self) -> bool {
        self.fresh.is_empty() && self.parked.is_empty() && !self.feeding && (self.ended || self.closed)
    }
}

impl Ord for Parked {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

impl PartialOrd for Parked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Parked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Parked {}
