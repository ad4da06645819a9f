//! A run, from the open manifest to the last outcome: a state machine, its driver, and the recorder
//! who keeps ledger and results.
//!
//! The [`dispatcher::Dispatcher`] decides, [`driver`] acts, [`recorder`] records. No request is launched before
//! its intent is durable, and silence from the recorder means: do not start.

mod admission;
mod answers;
mod dispatcher;
mod driver;
mod failures;
mod gate;
mod group_commit;
mod pipeline;
mod queue;
mod recorder;
mod row;
mod shared_photos;
mod shutdown;
mod stores;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{
    outcome::{Facts, Outcome, Reason},
    response::Refusal,
    retry::RetryPolicy,
    row_at::RowAt,
    stats::Stats,
    stop::Stop,
    unix_millis::UnixMillis,
};
use crate::ledger::{AttemptStatus, LedgerError};
use crate::manifest::ManifestError;
use crate::output::ResultsError;
use crate::photo::StoreError;

pub(crate) use admission::wanted_photo_memory;
pub(crate) use driver::{Ended, Services, drive};
pub(crate) use gate::Waiting;

/// What a run is told to do; nothing changes it while the run goes on.
#[derive(Debug, Clone)]
pub(crate) struct RunSettings {
    pub(crate) run_id: String,
    pub(crate) started: Instant,
    pub(crate) concurrency: usize,
    /// Photo bytes that may be in memory at a time on this machine, whatever the concurrency asks for.
    pub(crate) photo_memory: u64,
    /// Time between two requests, by `--rate`.
    pub(crate) interval: Option<Duration>,
    pub(crate) retry: RetryPolicy,
    pub(crate) in_doubt_wait: Duration,
    pub(crate) max_outage: Duration,
    pub(crate) stop_after: Option<Duration>,
    pub(crate) limit: Option<u64>,
    pub(crate) max_failures: Option<u32>,
    /// Whether a photo that another user has makes its row `invalid`.
    pub(crate) strict: bool,
}

/// A moment on both clocks: for waiting, and for the record.
#[derive(Debug, Clone, Copy)]
struct Moment {
    instant: Instant,
    at: UnixMillis,
}

/// Why the recorder could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("ledger")]
    Ledger(#[from] LedgerError),
    #[error("manifest")]
    Manifest(#[from] ManifestError),
    #[error("results")]
    Results(#[from] ResultsError),
}

/// Something to tell, for those who watch. A row comes with the line on which it begins.
#[derive(Debug, Clone)]
pub(crate) enum RunEvent {
    /// A request has come to its end.
    Attempt {
        row: u32,
        line: u64,
        attempt: u32,
        class: AttemptStatus,
        reason: Option<Reason>,
        http_status: Option<u16>,
        /// Why there was no answer, as one line.
        cause: Option<Arc<str>>,
        took: Duration,
    },
    /// A row has its outcome.
    Finished { row: u32, line: u64, outcome: Arc<Outcome> },
    InvalidPhoto {
        row: u32,
        line: u64,
        reason: Reason,
        detail: String,
    },
    /// Above the size from which a gateway may refuse the request.
    LargePhoto { row: u32, line: u64, bytes: u64 },
    /// A store of photos gives nothing.
    StoreFailed(StoreError),
    /// Another user has the same photo; `other` is that user's row, none where an earlier run has sent it.
    SharedPhoto { row: u32, line: u64, other: Option<RowAt> },
    /// The server, or its certificate, forbids to go on. `clock_ahead`: the server's clock against ours, in seconds.
    Refused {
        refusal: Refusal,
        facts: Facts,
        clock_ahead: Option<i64>,
    },
    /// The run is coming to its end: so many requests are waited for, and for how long at most where that has a limit
    /// of its own.
    Stopping {
        stop: Stop,
        in_flight: usize,
        drains_for: Option<Duration>,
    },
}

/// How far the run is, for those who watch.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) stats: Stats,
    pub(crate) in_flight: usize,
    /// Most requests in flight at this moment.
    pub(crate) limit: usize,
    /// Rows that wait for another attempt.
    pub(crate) waiting_rows: usize,
    pub(crate) waiting: Option<Waiting>,
    pub(crate) stop: Option<Stop>,
    /// When requests in flight are given up, once the run is ending.
    pub(crate) drain_until: Option<Instant>,
}

/// Who is told; a display that fails does not stop a run.
pub(crate) trait Observer {
    fn event(&mut self, event: &RunEvent);
    fn progress(&mut self, snapshot: &dyn Fn() -> Snapshot);
}
