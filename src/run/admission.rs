//! The way of a row to its request: room for it, its photo's intent, the shared commit, the gate.
//!
//! Rows are prepared ahead of their turn, as far as memory allows, so that no request waits for disk or ledger.

use std::time::{Duration, Instant};

use super::RunEvent;
use super::dispatcher::{Action, Dispatcher, Moment};
use super::gate::Admission;
use super::row::{Flight, PendingRow, Prepared, Request};
use crate::ledger::Entry;
use crate::photo::Photo;

/// Photo bytes that may be held for rows whose turn is next, so that no request waits for disk or ledger.
const LOOKAHEAD_BYTES: u64 = 14 * 1000 * 1000;
/// The same for each place in flight, where that is more: answers come in bursts, and so do the next requests.
const LOOKAHEAD_BYTES_PER_PLACE: u64 = 500 * 1000;
/// Rows per place in flight that may be ahead of their turn. The more there are, the more rows share one wait for the
/// disk; but after a kill each of them is in doubt although it was not sent, and waits for its quiet time.
const LOOKAHEAD_PER_PLACE: u64 = 6;
/// Photos that one reader reads in a row: so many bytes, and so many of them, at the most.
const READ_BATCH_BYTES: u64 = 256 * 1024;
const READ_BATCH_ROWS: u64 = 8;
/// Longest time for which a batch waits for more entries to share its commit.
const GROUP_WAIT: Duration = Duration::from_millis(10);
/// Entries from which a batch does not wait: those of some 80 rows.
const GROUP: usize = 256;

impl Dispatcher {
    pub(super) fn launch(&mut self, now: Instant) -> Option<Request> {
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
        let Prepared { id, pending, photo } = self.ready.pop_front()?;
        let launch = Request {
            id,
            user_id: pending.row.user_id.clone(),
            created_at: pending.row.created_at.clone(),
            photo: photo.bytes,
        };
        self.stats.launched(photo.mark.bytes, pending.past.attempts > 1);
        let flight = Flight {
            pending,
            photo: photo.mark,
            started: now,
        };
        self.flights.insert(id, flight);
        if self.flights.len() >= self.gate.limit() {
            self.full_at = Some(now);
        }
        Some(launch)
    }

    /// The next rows to prepare, as far as there is room for them. Small photos are read several at a time, since
    /// waking a reader costs as much as reading one.
    pub(super) fn admit_batch(&mut self, now: Moment) -> Option<Vec<PendingRow>> {
        if !self.wants_batch() {
            return None;
        }
        let read_batch = self.read_batch();
        let rows: Vec<PendingRow> = std::iter::from_fn(|| self.admit(now)).take(read_batch).collect();
        (!rows.is_empty()).then_some(rows)
    }

    /// Whether there is room for a whole batch, or for less while the rows ahead are few.
    pub(super) fn wants_batch(&self) -> bool {
        let ahead = self.pipeline() - self.flights.len();
        let least = if ahead < self.gate.limit() {
            1
        } else {
            self.read_batch()
        };
        self.room() >= least
    }

    /// The first photo is read alone: nobody knows yet how large they are.
    fn read_batch(&self) -> usize {
        match self.recent_photo_bytes {
            0 => 1,
            bytes => (READ_BATCH_BYTES / bytes).clamp(1, READ_BATCH_ROWS) as usize,
        }
    }

    fn admit(&mut self, now: Moment) -> Option<PendingRow> {
        if self.room() == 0 {
            return None;
        }
        self.close_at_limit();
        if self.pipeline() == 0 && self.preparing == 0 {
            self.queue.begin_last_round();
        }
        let pending = self.queue.take_due(now.instant).or_else(|| self.admit_fresh(now))?;
        self.preparing += 1;
        Some(pending)
    }

    /// As long as a photo is being read, its row may still turn out not to be sent and leave its place.
    pub(super) fn close_at_limit(&mut self) {
        if self.is_at_limit() && self.preparing == 0 && self.queue.has_fresh() {
            self.queue.close();
            self.stats.left_by_limit = true;
        }
    }

    pub(super) fn is_at_limit(&self) -> bool {
        self.settings.limit.is_some_and(|limit| self.admitted >= limit)
    }

    fn admit_fresh(&mut self, now: Moment) -> Option<PendingRow> {
        if self.is_at_limit() {
            return None;
        }
        let mut pending = self.queue.take_fresh()?;
        pending.sent = true;
        self.admitted += 1;
        match self.quiet_until(&pending, now) {
            Some(due) => {
                self.queue.park(pending, due);
                self.admit_fresh(now)
            }
            None => Some(pending),
        }
    }

    /// A row that an earlier run left in doubt keeps its quiet time.
    fn quiet_until(&self, pending: &PendingRow, now: Moment) -> Option<Instant> {
        let since = now
            .unix_ms
            .saturating_sub(pending.past.last_doubt_at?)
            .try_into()
            .unwrap_or(0);
        let rest = self.settings.in_doubt_wait.checked_sub(Duration::from_millis(since))?;
        (rest > Duration::ZERO).then(|| now.instant + rest)
    }

    /// A row that turned out not to be sent leaves its place under `--limit` to another.
    pub(super) fn readmit(&mut self, pending: &PendingRow) {
        if pending.sent && pending.failures == 0 {
            self.admitted = self.admitted.saturating_sub(1);
        }
    }

    pub(super) fn intend(&mut self, mut pending: PendingRow, photo: Photo, now: Moment) {
        let id = self.next_id;
        self.next_id += 1;
        pending.past.attempts += 1;
        // From here on the earlier refusal is not the last word on this user.
        pending.refused_photo = None;
        if photo.is_large() && pending.failures == 0 {
            self.events.push(RunEvent::LargePhoto {
                row: pending.row.number,
                bytes: photo.mark.bytes,
            });
        }
        self.see_size(photo.mark.bytes);
        let (user_id, number) = (pending.row.user_id.clone(), pending.past.attempts);
        let created_at = pending.row.created_at.clone();
        self.batch.entries.push(Entry::Intent {
            id,
            user_id,
            number,
            created_at,
            photo: photo.mark,
            at: now.unix_ms,
        });
        self.awaiting.push(Prepared { id, pending, photo });
    }

    /// What is ahead is reckoned by the photos seen last.
    fn see_size(&mut self, bytes: u64) {
        self.recent_photo_bytes = match self.recent_photo_bytes {
            0 => bytes,
            recent => (recent * 7 + bytes) / 8,
        };
    }

    pub(super) fn commit(&mut self, now: Instant) -> Option<Action> {
        if self.committing.is_some() || self.batch.is_empty() {
            return None;
        }
        let due = *self.batch_due.get_or_insert(now + GROUP_WAIT);
        if now < due && self.can_wait() {
            return None;
        }
        self.batch_due = None;
        self.committing = Some(std::mem::take(&mut self.awaiting));
        Some(Action::Commit(std::mem::take(&mut self.batch)))
    }

    /// Group commit: while enough rows are ready the batch may grow for a moment, so that many rows share one wait
    /// for the disk.
    fn can_wait(&self) -> bool {
        let supplied = !self.flights.is_empty() && self.ready.len() >= self.gate.limit();
        supplied && self.stop.is_none() && self.batch.entries.len() < GROUP
    }

    /// Rows between the photo's reading and the answer.
    pub(super) fn pipeline(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, Vec::len);
        self.awaiting.len() + committing + self.ready.len() + self.flights.len()
    }

    /// Rows that may be admitted now.
    fn room(&self) -> usize {
        let limit = self.gate.limit() as u64;
        let bytes = LOOKAHEAD_BYTES.max(LOOKAHEAD_BYTES_PER_PLACE * limit);
        let rows = (bytes / self.recent_photo_bytes.max(1)).clamp(2, LOOKAHEAD_PER_PLACE * limit);
        let places = (limit + rows) as usize;
        places.saturating_sub(self.preparing + self.pipeline())
    }
}
