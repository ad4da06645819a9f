//! The way of a row to its request: room for it, its photo's intent, the shared commit, the gate.
//!
//! Rows are prepared ahead of their turn, as far as memory allows, so that no request waits for disk or ledger.

use std::time::{Duration, Instant};

use super::Note;
use super::core::{Action, Core, Moment};
use super::gate::Admission;
use super::job::{Flight, Job, Launch, Prepared};
use crate::ledger::Entry;
use crate::photo_file::Photo;

/// Photo bytes that may be held for rows whose turn is next, so that no request waits for disk or ledger.
const LOOKAHEAD_BYTES: u64 = 8 * 1000 * 1000;
/// Rows per place in flight that may be ahead of their turn. They are few, because after a kill each of them is in
/// doubt although it was not sent.
const LOOKAHEAD_PER_PLACE: u64 = 2;
/// Longest time for which a batch waits for more entries to share its commit.
const GROUP_WAIT: Duration = Duration::from_millis(10);
/// Entries from which a batch does not wait: those of some 80 rows.
const GROUP: usize = 256;

impl Core {
    pub(super) fn launch(&mut self, now: Instant) -> Option<Launch> {
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
    pub(super) fn admit(&mut self, now: Moment) -> Option<Job> {
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
    pub(super) fn close_at_limit(&mut self) {
        if self.is_at_limit() && self.preparing == 0 && self.queue.has_fresh() {
            self.queue.close();
            self.stats.left_by_limit = true;
        }
    }

    pub(super) fn is_at_limit(&self) -> bool {
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
    pub(super) fn readmit(&mut self, job: &Job) {
        if job.sent && job.failures == 0 {
            self.admitted = self.admitted.saturating_sub(1);
        }
    }

    pub(super) fn intend(&mut self, mut job: Job, photo: Photo, now: Moment) {
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

    pub(super) fn has_room(&self) -> bool {
        let rows = LOOKAHEAD_BYTES / self.recent_photo_bytes.max(1);
        let most = LOOKAHEAD_PER_PLACE * self.gate.limit() as u64;
        self.preparing + self.pipeline() < self.gate.limit() + rows.clamp(2, most) as usize
    }
}
