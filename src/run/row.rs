//! A row on its way through the run, and what it meets there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use csv::StringRecord;

use crate::client::SendError;
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Outcome, PhotoDigest},
    response::Verdict,
    resume::Past,
    user_id::UserId,
};
use crate::ledger::{AttemptId, Entry};
use crate::manifest::Row;
use crate::photo::Photo;

/// A row that may have to be sent.
#[derive(Debug)]
pub(super) struct PendingRow {
    pub(super) row: Row,
    /// The manifest's own cells, for the results.
    pub(super) cells: StringRecord,
    pub(super) past: Past,
    /// The photo of an earlier refusal: the same one is not sent again.
    pub(super) refused_photo: Option<PhotoDigest>,
    /// RetryPolicy of this round that the row has to answer for.
    pub(super) used: u32,
    /// Failures since the last round began, for the backoff.
    pub(super) failures: u32,
    pub(super) last_round: bool,
    /// Whether this run has sent it, or is about to.
    pub(super) sent: bool,
}

/// A pending whose photo is read and found good, with the number of its next attempt.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) id: AttemptId,
    pub(super) pending: PendingRow,
    pub(super) photo: Photo,
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
    /// When the request was signed; milliseconds since the Unix epoch.
    pub(super) sent_at: i64,
    pub(super) took: Duration,
    pub(super) reading: Result<Reading, SendError>,
}

/// A verdict, and how far the server's clock is ahead of ours where its answer says so; in seconds.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) verdict: Verdict,
    pub(super) clock_ahead: Option<i64>,
}

/// What is recorded together: durable first, then visible in the results.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) lines: Vec<Line>,
}

/// A line of the results that are followed during the run.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) cells: StringRecord,
    pub(super) outcome: Arc<Outcome>,
}

/// Rows from the manifest, with what was skipped on the way to them.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pub(super) rows: Vec<PendingRow>,
    pub(super) settled: u32,
    pub(super) repeated: u32,
    pub(super) invalid: u32,
    pub(super) ended: bool,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.lines.is_empty()
    }
}

impl PendingRow {
    /// Notes that an attempt with this photo may have been applied.
    pub(super) fn doubt(&mut self, photo: PhotoDigest) {
        if !self.past.doubt.contains(&photo) {
            self.past.doubt.push(photo);
        }
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        !self.past.doubt.is_empty()
    }
}
