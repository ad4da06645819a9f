//! A row on its way through the run, and what is said of it there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use csv::StringRecord;

use super::Moment;
use super::stores::ObjectTries;
use crate::client::SendError;
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Facts, PhotoDigest, Status},
    photo::{ObjectVersion, PhotoFormat, Pieces},
    response::Verdict,
    resume::{EarlierRejection, Past},
    stats::Skipped,
    unix_millis::UnixMillis,
    user_id::UserId,
};
use crate::ledger::AttemptId;
use crate::manifest::Row;
use crate::photo::Photo;

/// A row that may have to be sent.
#[derive(Debug)]
pub(super) struct PendingRow {
    pub(super) row: Row,
    /// The manifest's own cells, for the results.
    pub(super) cells: StringRecord,
    pub(super) past: Past,
    /// Rejected by an earlier run: the same photo is not sent again.
    pub(super) rejected: Option<Box<EarlierRejection>>,
    /// Attempts of this round that the row has to answer for.
    pub(super) used: u32,
    /// Failures since the last round began, for the backoff.
    pub(super) failures: u32,
    /// How its store failed at its photo alone.
    pub(super) object_tries: ObjectTries,
    pub(super) last_round: bool,
    /// Whether this run has taken it up, for `--limit`.
    pub(super) admitted: bool,
    /// Whether it was told that another user has its photo.
    pub(super) told_shared: bool,
}

/// An attempt under way; the photo's bytes are with the sender.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) pending: PendingRow,
    pub(super) photo: PhotoDigest,
    pub(super) format: PhotoFormat,
    /// Where the photo came from a store.
    pub(super) object: Option<Box<ObjectVersion>>,
    pub(super) started: Instant,
}

/// What the sender of an attempt needs.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: AttemptId,
    pub(super) user_id: UserId,
    pub(super) created_at: CreatedAt,
    pub(super) photo: Pieces,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) id: AttemptId,
    /// When the request was signed.
    pub(super) sent_at: UnixMillis,
    pub(super) took: Duration,
    pub(super) reading: Result<Reading, SendError>,
}

/// The end of one attempt, as all that follows from it needs it.
pub(super) struct AttemptEnd {
    pub(super) id: AttemptId,
    pub(super) sent_at: UnixMillis,
    pub(super) took: Duration,
    /// Since when nothing of the request has moved, by which its quiet time is reckoned; the whole of `took` where that
    /// is not known.
    pub(super) still_for: Duration,
    pub(super) facts: Facts,
    /// Why there was no answer.
    pub(super) cause: Option<Arc<str>>,
    pub(super) now: Moment,
}

/// A verdict, and how far the server's clock is ahead of ours where its answer says so; in seconds.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) verdict: Verdict,
    pub(super) clock_ahead: Option<i64>,
}

/// Rows from the manifest, with what was skipped on the way to them.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pub(super) rows: Vec<PendingRow>,
    pub(super) skipped: Skipped,
    pub(super) ended: bool,
}

impl Flight {
    /// Remembers that this attempt may have been applied.
    pub(super) fn doubt(&mut self) {
        let created_at = self.pending.row.created_at.as_str();
        self.pending
            .past
            .doubt(self.photo, Some(created_at), self.object.as_deref());
    }
}

impl PendingRow {
    /// A row as it comes from the manifest.
    pub(super) fn new(row: Row, cells: StringRecord, past: Past, rejected: Option<Box<EarlierRejection>>) -> Self {
        Self {
            row,
            cells,
            past,
            rejected,
            used: 0,
            failures: 0,
            object_tries: ObjectTries::default(),
            last_round: false,
            admitted: false,
            told_shared: false,
        }
    }

    /// Whether these very bytes were refused: a photo that is fixed now, or in another way, is another photo.
    pub(super) fn is_rejected_photo(&self, photo: &Photo) -> bool {
        let rejected = self.rejected.as_ref();
        rejected.is_some_and(|rejected| rejected.photo.sent().sha256 == photo.digest.sent().sha256)
    }

    /// It is out of attempts, and has as many once more.
    pub(super) fn begin_last_round(&mut self) {
        (self.used, self.failures, self.last_round) = (0, 0, true);
        self.object_tries.begin_round();
    }

    /// Its status as long as nothing is settled.
    pub(super) fn open_status(&self) -> Status {
        if self.past.is_in_doubt() {
            Status::InDoubt
        } else {
            Status::Pending
        }
    }

    /// Whether this run has tried it before.
    pub(super) fn is_repeat(&self) -> bool {
        self.failures > 0 || self.last_round
    }
}
