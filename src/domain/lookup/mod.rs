//! What the provider's look-up of a user proves about the attempts of this ledger.
//!
//! Pure, and careful in one direction only: an entry of the provider's history proves what it says, and no entry proves
//! nothing. Whatever is not understood leaves everything as it is.

mod counts;
mod exchange;
mod rule;
#[cfg(test)]
mod tests;

use super::outcome::PhotoDigest;
use super::unix_millis::UnixMillis;

pub(crate) use counts::LookupCounts;
pub(crate) use exchange::{LookupEnvironment, Setback, question, setback};
pub(crate) use rule::{ENROLLMENT, Learned, Subject, learn};

/// One entry of a user's history, as far as it is looked at: times, job type, job ids, code and its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    /// By the provider's clock; none where it cannot be read.
    pub(crate) at: Option<UnixMillis>,
    pub(crate) job_type: Option<String>,
    pub(crate) smile_job_id: Option<String>,
    pub(crate) job_id: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) text: Option<String>,
    /// Whether it is another user's.
    pub(crate) is_foreign: bool,
}

/// What a look-up has brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LookupAnswer {
    pub(crate) history: Vec<HistoryEntry>,
    /// How far the provider's clock is ahead of ours, in milliseconds; none where the answer does not say.
    pub(crate) clock_ahead_ms: Option<i64>,
}

/// An attempt of ours that the provider may have processed without our learning of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnAttempt {
    pub(crate) photo: PhotoDigest,
    /// As it was sent; none where nobody kept it.
    pub(crate) created_at: Option<String>,
    /// By our clock.
    pub(crate) started_at: UnixMillis,
    /// When it was given up; none where its run died before.
    pub(crate) ended_at: Option<UnixMillis>,
}
