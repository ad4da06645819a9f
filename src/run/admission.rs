//! The way of a row to its request: its turn, its photo, its intent, the shared commit, the gate.
//!
//! Photos are read ahead as far as memory allows. Intents are recorded ahead only as far as the disk's latency asks for,
//! since after a kill each row with an open intent is in doubt although it may not have been sent.

use std::time::{Duration, Instant};

use super::Moment;
use super::RunEvent;
use super::dispatcher::Dispatcher;
use super::gate::Admission;
use super::group_commit::{Batch, GROUP_WAIT};
use super::row::{PendingRow, Request};
use crate::domain::outcome::Reason;
use crate::domain::photo::{LARGE_PHOTO_BYTES, MAX_PHOTO_BYTES};
use crate::photo::{Photo, PhotoError};

/// Photo bytes that may be held for rows whose turn is next, so that no request waits for a disk.
const LOOKAHEAD_BYTES: u64 = 10 * 1000 * 1000;
/// The same for each request in flight, where that is more: answers come in bursts, and so do the next requests.
const LOOKAHEAD_BYTES_PER_REQUEST: u64 = 500 * 1000;
/// Photo bytes that may be in memory at a time, sent ones no more: so many, or so many for each request in flight where
/// that is more. A connection that waits for its answer holds none of them.
const HELD_BYTES: u64 = 34 * 1000 * 1000;
const HELD_BYTES_PER_REQUEST: u64 = 1000 * 1000;
/// Rows for each request in flight that may be ahead of their turn.
const LOOKAHEAD_PER_REQUEST: usize = 6;
/// Both where the disk is slow and rows wait for their intents: with 20 ms for a sync, 3,400 rows of 300 kB a second have
/// some 200 rows ahead.
const SLOW_DISK_PER_REQUEST: usize = 16;
const SLOW_DISK_BYTES: u64 = 64 * 1000 * 1000;
/// Photos that one reader reads in a row: so many bytes, and so many of them, at the most.
const READ_BATCH_BYTES: u64 = 256 * 1024;
const READ_BATCH_ROWS: u64 = 8;

/// Photo bytes that may be in memory with so many requests in flight.
pub(crate) fn wanted_photo_memory(concurrency: usize) -> u64 {
    HELD_BYTES.max(HELD_BYTES_PER_REQUEST * concurrency as u64)
}

impl Dispatcher {
    pub(super) fn launch(&mut self, now: Instant) -> Option<Request> {
        self.launch_at = None;
        if self.pipeline.recorded() == 0 {
            return None;
        }
        match self.gate.admit(self.pipeline.in_flight(), now) {
            Admission::Now => {}
            Admission::At(later) => {
                self.launch_at = Some(later);
                return None;
            }
            Admission::AfterAnAnswer => return None,
        }
        let (request, flight) = self.pipeline.launch(now)?;
        let bytes = flight.photo.sent().bytes;
        if !flight.pending.is_repeat() {
            self.stats.photos.add(flight.format, bytes);
        }
        self.stats.launched(bytes, flight.pending.past.attempts > 1);
        if bytes > LARGE_PHOTO_BYTES && !flight.pending.is_repeat() {
            let (row, line) = (flight.pending.row.number, flight.pending.row.line);
            self.events.push(RunEvent::LargePhoto { row, line, bytes });
        }
        if self.pipeline.in_flight() >= self.gate.limit() {
            self.full_at = Some(now);
        }
        Some(request)
    }

    /// The next rows to prepare, as far as memory allows. Small photos are read several at a time, since waking a reader
    /// costs as much as reading one.
    pub(super) fn admit_batch(&mut self, now: Moment) -> Option<Vec<PendingRow>> {
        if !self.wants_batch(now.instant) {
            return None;
        }
        let most = self.read_batch();
        let rows: Vec<PendingRow> = std::iter::from_fn(|| self.admit(now)).take(most).collect();
        (!rows.is_empty()).then_some(rows)
    }

    /// Whether a whole batch may be read, or less while the rows ahead are few.
    pub(super) fn wants_batch(&self, now: Instant) -> bool {
        let ahead = self.pipeline.rows() - self.pipeline.in_flight();
        let least = if ahead < self.gate.limit() {
            1
        } else {
            self.read_batch()
        };
        self.allowance(now) >= least
    }

    /// The first photo is read alone: nobody knows yet how large they are.
    fn read_batch(&self) -> usize {
        match self.pipeline.photo_bytes() {
            0 => 1,
            bytes => (READ_BATCH_BYTES / bytes).clamp(1, READ_BATCH_ROWS) as usize,
        }
    }

    /// Rows that may be admitted now: none while the gate is closed, one in a pause.
    fn allowance(&self, now: Instant) -> usize {
        if !self.gate.is_open(self.pipeline.in_flight(), now) {
            return 0;
        }
        let limit = self.gate.limit();
        let ahead = if self.gate.is_paused() {
            0
        } else {
            self.lookahead(limit)
        };
        let allowed = (limit + ahead).saturating_sub(self.pipeline.rows());
        allowed
            .min(self.affordable(limit))
            .min(self.stores.most_reads(self.pipeline.reading(), now))
    }

    /// Photos that there is memory for; one in any case where no other row is under way.
    fn affordable(&self, limit: usize) -> usize {
        let wanted = match self.commits.is_disk_slow() {
            true => wanted_photo_memory(limit).max(SLOW_DISK_BYTES),
            false => wanted_photo_memory(limit),
        };
        let most = wanted.min(self.settings.photo_memory);
        let bytes = match self.pipeline.photo_bytes() {
            0 => MAX_PHOTO_BYTES,
            bytes => bytes,
        };
        let held = self.held_bytes + self.pipeline.reading() as u64 * bytes;
        let photos = (most.saturating_sub(held) / bytes) as usize;
        photos.max(usize::from(self.pipeline.rows() == 0))
    }

    fn lookahead(&self, limit: usize) -> usize {
        let bytes = LOOKAHEAD_BYTES.max(LOOKAHEAD_BYTES_PER_REQUEST * limit as u64);
        let rows = (bytes / self.pipeline.photo_bytes().max(1)) as usize;
        let usual = rows.clamp(2, LOOKAHEAD_PER_REQUEST * limit);
        match self.commits.is_disk_slow() {
            // Those that start, those whose intents are being recorded, and those that are read for the next commit.
            true => usual.max(self.rows_of_commits(3, limit)),
            false => usual,
        }
    }

    /// Rows that start within the time of so many commits.
    fn rows_of_commits(&self, commits: u32, limit: usize) -> usize {
        let most = match self.commits.is_disk_slow() {
            true => SLOW_DISK_PER_REQUEST,
            false => LOOKAHEAD_PER_REQUEST,
        };
        let time = self.commits.latency() * commits + GROUP_WAIT;
        self.gate.demand(time).min(most * limit)
    }

    fn admit(&mut self, now: Moment) -> Option<PendingRow> {
        if self.allowance(now.instant) == 0 {
            return None;
        }
        self.close_at_limit();
        if self.pipeline.rows() == 0 {
            self.queue.begin_last_round();
        }
        let row = self.next_row(now)?;
        self.pipeline.begin_reading();
        Some(row)
    }

    /// As long as a photo is being read, its row may still turn out not to be sent and leave its turn to another.
    fn close_at_limit(&mut self) {
        if self.is_at_limit() && self.pipeline.reading() == 0 && self.queue.has_more() {
            self.queue.close();
            self.stats.left_by_limit = true;
        }
    }

    fn is_at_limit(&self) -> bool {
        self.settings.limit.is_some_and(|limit| self.admitted >= limit)
    }

    fn next_row(&mut self, now: Moment) -> Option<PendingRow> {
        let more = !self.is_at_limit();
        let mut row = match self.gate.is_paused() {
            true => self.queue.take_probe(more, &mut self.rng, now.instant),
            false => self.queue.take(more, now.instant),
        }?;
        self.admitted += u64::from(!std::mem::replace(&mut row.admitted, true));
        match self.quiet_until(&row, now) {
            Some(due) => {
                // Waited for once: the clock of the record may be another one than that of the wait.
                row.past.last_doubt_at = None;
                self.queue.park(row, due);
                self.next_row(now)
            }
            None => Some(row),
        }
    }

    /// A row that an earlier run left in doubt keeps its quiet time.
    fn quiet_until(&self, row: &PendingRow, now: Moment) -> Option<Instant> {
        if row.is_repeat() {
            return None;
        }
        let since = now.at.since(row.past.last_doubt_at?);
        let rest = self.settings.in_doubt_wait.checked_sub(since)?;
        (rest > Duration::ZERO).then(|| now.instant + rest)
    }

    /// A row that turned out not to be sent leaves its turn under `--limit` to another.
    fn leave_limit(&mut self, row: &PendingRow) {
        if row.admitted && !row.is_repeat() {
            self.admitted = self.admitted.saturating_sub(1);
        }
    }

    /// A photo was read, or could not be.
    pub(super) fn prepared(&mut self, mut row: PendingRow, photo: Result<Photo, PhotoError>, now: Moment) {
        self.pipeline.end_reading();
        if self.shutdown.has_begun() {
            return;
        }
        self.store_answered(&row, &photo, now);
        match photo {
            Ok(photo) if row.is_rejected_photo(&photo) => self.unchanged(row),
            Ok(photo) if self.is_let_in(&mut row, &photo) => self.pipeline.push(row, photo),
            Ok(_) => {
                self.leave_limit(&row);
                self.finish_invalid(row, Reason::SharedPhoto, now);
            }
            Err(error) => self.unprepared(row, error, now),
        }
    }

    /// There is no photo, for good or for now.
    pub(super) fn unprepared(&mut self, row: PendingRow, error: PhotoError, now: Moment) {
        match error {
            PhotoError::Invalid { reason, detail } => self.photo_is_invalid(row, reason, detail, now),
            PhotoError::Machine(_) => {
                let busy = self.pipeline.in_flight() + self.pipeline.reading();
                self.gate.machine_is_short(busy, now.instant);
                self.retry_later(row, now);
            }
            PhotoError::Store(error) => self.store_failed(row, error, now),
        }
    }

    /// A photo that another user has is told of, once for a row; a strict run does not send it.
    fn is_let_in(&mut self, row: &mut PendingRow, photo: &Photo) -> bool {
        let number = row.row.number;
        let Some(shared) = self.photos.see(&row.row.user_id, number, &photo.digest.sha256) else {
            return true;
        };
        if !std::mem::replace(&mut row.told_shared, true) {
            self.events.push(RunEvent::SharedPhoto {
                row: number,
                line: row.row.line,
                other: shared.other,
            });
        }
        !self.settings.strict
    }

    /// The very photo that was refused before is not sent again.
    fn unchanged(&mut self, mut row: PendingRow) {
        self.leave_limit(&row);
        self.stats.unchanged += 1;
        if let Some(refused) = row.rejected.take().filter(|refused| refused.is_hidden) {
            self.record(row, refused.outcome, false);
        }
    }

    pub(super) fn photo_is_invalid(&mut self, row: PendingRow, reason: Reason, detail: String, now: Moment) {
        self.leave_limit(&row);
        self.events.push(RunEvent::InvalidPhoto {
            row: row.row.number,
            line: row.row.line,
            reason,
            detail,
        });
        self.finish_invalid(row, reason, now);
    }

    /// While nothing may start, no intent stays open for a row that has not left: a kill must put nobody in doubt who
    /// was not sent.
    pub(super) fn take_back_unsent(&mut self, now: Moment) {
        let (rows, entries) = self.pipeline.take_back(now.at);
        entries.into_iter().for_each(|entry| self.commits.push(entry));
        if !self.shutdown.has_begun() {
            rows.into_iter()
                .rev()
                .for_each(|row| self.queue.put_back(row, now.instant));
        }
    }

    pub(super) fn commit(&mut self, now: Moment) -> Option<Batch> {
        if self.commits.is_committing() {
            return None;
        }
        let intents = self.wanted_intents(now.instant);
        if self.commits.is_empty() && intents == 0 {
            self.commits.stop_waiting();
            return None;
        }
        let may_wait = self.may_wait(now.instant);
        if !self.commits.is_due(may_wait, now.instant) {
            return None;
        }
        for entry in self.pipeline.intend(intents, now.at) {
            self.commits.push(entry);
        }
        Some(self.commits.begin(now.instant))
    }

    /// Rows to record the intent of: those that may start now, and those that will start before the commit after this
    /// one is durable. With answers after a second that is one row ahead, with a server beside us it is a hundred.
    fn wanted_intents(&self, now: Instant) -> usize {
        let in_flight = self.pipeline.in_flight();
        if self.shutdown.has_begun() || !self.gate.is_open(in_flight, now) {
            return 0;
        }
        let ahead = self.rows_of_commits(2, self.gate.limit());
        let wanted = self.gate.vacancies(in_flight) + ahead;
        wanted.saturating_sub(self.pipeline.unsent()).min(self.pipeline.read())
    }

    /// Group commit: while enough rows are ready for the time of a commit the batch may grow for a moment, so that many
    /// rows share one wait for the disk. What is taken back is recorded at once.
    fn may_wait(&self, now: Instant) -> bool {
        let in_flight = self.pipeline.in_flight();
        let is_busy = in_flight > 0 && self.gate.vacancies(in_flight) == 0 && self.gate.is_open(in_flight, now);
        let supplied = self.pipeline.recorded() >= self.gate.demand(self.commits.latency());
        is_busy && supplied && !self.shutdown.has_begun()
    }
}
