//! A row on its way through the run, and what is said of it there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use csv::StringRecord;

use crate::client::SendError;
use crate::domain::{
    created_at::CreatedAt,
    outcome::{PhotoDigest, Status},
    response::Verdict,
    resume::{Past, Refused},
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
    /// An earlier refusal: the same photo is not sent again.
    pub(super) refused: Option<Box<Refused>>,
    /// Attempts of this round that the row has to answer for.
    pub(super) used: u32,
    /// Failures since the last round began, for the backoff.
    pub(super) failures: u32,
    pub(super) last_round: bool,
    /// Whether this run has taken it up, for `--limit`.
    pub(super) admitted: bool,
}

/// An attempt under way; the photo's bytes are with the sender.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) pending: PendingRow,
    pub(super) photo: PhotoDigest,
    pub(super) started: Instant,
}

/// What the sender of an attempt needs.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: AttemptId,
    pub(super) user_id: UserId,
    pub(super) created_at: CreatedAt,
    pub(super) photo: Bytes,
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
    pub(super) settled: u32,
    /// The same by status.
    pub(super) settled_as: [u32; Status::ALL.len()],
    pub(super) repeated: u32,
    pub(super) invalid: u32,
    pub(super) ended: bool,
}

impl Feed {
    /// Counts a row that an earlier run has settled.
    pub(super) fn skip(&mut self, status: Status) {
        self.settled += 1;
        if let Some(count) = self.settled_as.get_mut(status as usize) {
            *count += 1;
        }
    }
}

impl Flight {
    /// Notes that this attempt may have been applied.
    pub(super) fn doubt(&mut self) {
        let created_at = self.pending.row.created_at.as_str();
        self.pending.past.doubt(self.photo, Some(created_at));
    }
}

impl PendingRow {
    /// A row as it comes from the manifest.
    pub(super) fn new(row: Row, cells: StringRecord, past: Past, refused: Option<Box<Refused>>) -> Self {
        Self {
            row,
            cells,
            past,
            refused,
            used: 0,
            failures: 0,
            last_round: false,
            admitted: false,
        }
    }

    pub(super) fn is_refused_photo(&self, photo: &Photo) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|refused| refused.photo.sha256 == photo.digest.sha256)
    }

    /// Whether this run has tried it before.
    pub(super) fn is_repeat(&self) -> bool {
        self.failures > 0 || self.last_round
    }
}
