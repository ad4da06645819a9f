//! The rows that wait for their turn: fresh ones, those that are tried again, and those of the last round.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

use rand::{Rng, RngExt};

use super::row::{Feed, PendingRow};

/// Fresh rows below which more are asked for.
const LOW: usize = 256;

/// Rows by when they may be taken.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Rows that were taken before and came back unsent stand in front.
    fresh: VecDeque<PendingRow>,
    repeats: DueRows,
    /// Repeats that come behind the fresh rows: they failed before or during a pause.
    behind: DueRows,
    /// Rows of the last round, with when they may be taken.
    last: Vec<(PendingRow, Instant)>,
    feeding: bool,
    ended: bool,
    /// No further row is taken any more; set when `--limit` is reached.
    closed: bool,
    /// Whether the latest probe of a pause was a fresh row.
    probed_fresh: bool,
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

    /// Keeps a row that is tried again at `due`.
    pub(super) fn park(&mut self, row: PendingRow, due: Instant) {
        self.repeats.push(row, due);
    }

    /// Keeps a row for the end of the run, and for `due` if that is later.
    pub(super) fn postpone(&mut self, row: PendingRow, due: Instant) {
        self.last.push((row, due));
    }

    /// Takes a row back that was not sent.
    pub(super) fn put_back(&mut self, row: PendingRow, now: Instant) {
        if row.is_repeat() {
            self.repeats.push(row, now);
        } else {
            self.fresh.push_front(row);
        }
    }

    /// The next row. A repeat whose wait is over comes before a fresh row, unless it was put behind them.
    /// `more`: whether rows may be taken that were never taken before.
    pub(super) fn take(&mut self, more: bool, now: Instant) -> Option<PendingRow> {
        let repeat = self.repeats.take(now);
        let fresh = repeat.or_else(|| self.take_fresh(0, more));
        fresh.or_else(|| self.is_out_of_fresh().then(|| self.behind.take(now))?)
    }

    /// The next probe of a pause: a fresh row and a repeat in turn. Of the fresh ones any may be it, since the first
    /// ones may be the very rows that fail.
    pub(super) fn take_probe(&mut self, more: bool, rng: &mut impl Rng, now: Instant) -> Option<PendingRow> {
        let place = rng.random_range(0..self.takeable(more).max(1));
        let row = if self.probed_fresh {
            self.take_repeat(now).or_else(|| self.take_fresh(place, more))
        } else {
            self.take_fresh(place, more).or_else(|| self.take_repeat(now))
        };
        self.probed_fresh = row.as_ref().is_some_and(|row| !row.is_repeat());
        row
    }

    /// A pause is over: what failed until then comes behind the fresh rows.
    pub(super) fn put_repeats_behind(&mut self) {
        self.behind.append(&mut self.repeats);
    }

    /// Whether there are rows that were never taken before.
    pub(super) fn has_more(&self) -> bool {
        self.fresh.back().is_some_and(|row| !row.admitted)
    }

    /// When the next repeat may be taken. `pause`: those behind the fresh rows may be, too.
    pub(super) fn next_due(&self, pause: bool) -> Option<Instant> {
        let behind = self.behind.next_due().filter(|_| pause || self.is_out_of_fresh());
        [self.repeats.next_due(), behind].into_iter().flatten().min()
    }

    /// From now on no row is taken that was never taken before.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.fresh.retain(|row| row.admitted);
    }

    /// Begins the last round when everything else is done.
    pub(super) fn begin_last_round(&mut self) {
        if self.is_drained() {
            for (row, due) in std::mem::take(&mut self.last) {
                self.repeats.push(row, due);
            }
        }
    }

    /// Nothing waits and nothing more will come.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty() && self.is_drained()
    }

    /// Rows that back off or wait for the last round.
    pub(super) fn waiting(&self) -> usize {
        self.repeats.len() + self.behind.len() + self.last.len()
    }

    fn is_drained(&self) -> bool {
        self.is_out_of_fresh() && self.repeats.len() + self.behind.len() == 0
    }

    fn is_out_of_fresh(&self) -> bool {
        self.fresh.is_empty() && !self.feeding && (self.ended || self.closed)
    }

    /// Fresh rows that may be taken.
    fn takeable(&self, more: bool) -> usize {
        match more {
            true => self.fresh.len(),
            false => self.fresh.iter().take_while(|row| row.admitted).count(),
        }
    }

    fn take_fresh(&mut self, place: usize, more: bool) -> Option<PendingRow> {
        self.fresh.get(place).filter(|row| more || row.admitted)?;
        self.fresh.remove(place)
    }

    fn take_repeat(&mut self, now: Instant) -> Option<PendingRow> {
        self.repeats.take(now).or_else(|| self.behind.take(now))
    }
}

/// Rows by the instant from which they may be taken; of two the one that came first.
#[derive(Debug, Default)]
struct DueRows {
    rows: BinaryHeap<Reverse<Parked>>,
    pushed: u64,
}

impl DueRows {
    fn push(&mut self, row: PendingRow, due: Instant) {
        self.pushed += 1;
        let order = self.pushed;
        self.rows.push(Reverse(Parked { due, order, row }));
    }

    fn take(&mut self, now: Instant) -> Option<PendingRow> {
        if self.next_due()? > now {
            return None;
        }
        self.rows.pop().map(|Reverse(parked)| parked.row)
    }

    fn next_due(&self) -> Option<Instant> {
        self.rows.peek().map(|Reverse(parked)| parked.due)
    }

    fn append(&mut self, other: &mut Self) {
        self.rows.append(&mut other.rows);
    }

    fn len(&self) -> usize {
        self.rows.len()
    }
}

#[derive(Debug)]
struct Parked {
    due: Instant,
    order: u64,
    row: PendingRow,
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
