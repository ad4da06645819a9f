//! What a run has done so far: a fold over its events.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::row::Feed;
use crate::domain::outcome::{Outcome, Reason, Status};

/// Longest latency that is told apart, in milliseconds: an hour.
const MAX_LATENCY_MS: u64 = 3_600_000;
/// As many successes at the beginning of a run, all with a wrong signature, end it (contract, section 6).
const WRONG_SIGNATURES: u32 = 3;
/// Two digits: a latency is right to a hundredth.
const LATENCY_DIGITS: u8 = 2;

/// Counts of this run alone; those of the whole manifest come from the results.
#[derive(Debug, Clone)]
pub(crate) struct Stats {
    /// Rows that earlier runs settled.
    pub(crate) settled_before: u32,
    /// Rows that repeat another.
    pub(crate) repeated: u32,
    /// Rows refused before whose row and photo are unchanged.
    pub(crate) unchanged: u32,
    /// Rows of the manifest that are wrong by themselves.
    pub(crate) invalid_rows: u32,
    /// Requests that were started.
    pub(crate) attempts: u64,
    /// Those of them that were not a user's first.
    pub(crate) retries: u64,
    pub(crate) photo_bytes_sent: u64,
    pub(crate) latency_ms: Option<Histogram<u64>>,
    /// Whether rows were left because of `--limit`.
    pub(crate) left_by_limit: bool,
    counts: [u32; Status::ALL.len()],
    /// How earlier runs settled the rows of `settled_before`.
    settled_as: [u32; Status::ALL.len()],
    streak: Streak,
    /// Successes with a wrong signature, as long as there was none with a right one.
    wrong_signatures: Option<u32>,
}

/// The last refusal and how often it came without a success in between.
#[derive(Debug, Clone, Default, PartialEq)]
struct Streak {
    kind: (Option<Reason>, Option<String>),
    length: u32,
}

impl Stats {
    pub(super) fn new() -> Self {
        Self {
            settled_before: 0,
            repeated: 0,
            unchanged: 0,
            invalid_rows: 0,
            attempts: 0,
            retries: 0,
            photo_bytes_sent: 0,
            latency_ms: Histogram::new_with_bounds(1, MAX_LATENCY_MS, LATENCY_DIGITS).ok(),
            left_by_limit: false,
            counts: Default::default(),
            settled_as: Default::default(),
            streak: Streak::default(),
            wrong_signatures: Some(0),
        }
    }

    pub(super) fn fed(&mut self, feed: &Feed) {
        self.settled_before += feed.settled;
        self.repeated += feed.repeated;
        self.invalid_rows += feed.invalid;
        for (count, more) in self.settled_as.iter_mut().zip(feed.settled_as) {
            *count += more;
        }
    }

    pub(super) fn launched(&mut self, photo_bytes: u64, is_retry: bool) {
        self.attempts += 1;
        self.retries += u64::from(is_retry);
        self.photo_bytes_sent += photo_bytes;
    }

    pub(super) fn answered(&mut self, took: Duration) {
        if let Some(histogram) = &mut self.latency_ms {
            histogram.saturating_record(took.as_millis() as u64);
        }
    }

    pub(super) fn finished(&mut self, outcome: &Outcome) {
        if let Some(count) = self.counts.get_mut(outcome.status as usize) {
            *count += 1;
        }
        if outcome.status == Status::Rejected {
            self.streak.add((outcome.reason, outcome.facts.result_code.clone()));
        } else if outcome.status.is_settled() {
            self.streak = Streak::default();
        }
    }

    /// Rows that ended so in this run.
    pub(crate) fn count(&self, status: Status) -> u32 {
        self.counts.get(status as usize).copied().unwrap_or(0)
    }

    /// Rows that the run knows to have this status, whoever gave it to them. Those that repeat another are not among
    /// them.
    pub(crate) fn known(&self, status: Status) -> u32 {
        let before = self.settled_as.get(status as usize).copied().unwrap_or(0);
        let unsent = match status {
            Status::Rejected => self.unchanged,
            Status::Invalid => self.invalid_rows,
            _ => 0,
        };
        before + unsent + self.count(status)
    }

    /// Rows that are done, whoever did them.
    pub(crate) fn done(&self) -> u32 {
        self.settled_before + self.repeated + self.unchanged + self.invalid_rows + self.counts.iter().sum::<u32>()
    }

    /// Whether any row was settled in this run.
    pub(super) fn any_settled(&self) -> bool {
        Status::ALL
            .iter()
            .any(|status| status.is_settled() && self.count(*status) > 0)
    }

    pub(super) fn right_signature(&mut self) {
        self.wrong_signatures = None;
    }

    /// Counts a success whose signature is wrong; true where that was the last one to be borne.
    pub(super) fn wrong_signature(&mut self) -> bool {
        if let Some(count) = &mut self.wrong_signatures {
            *count += 1;
        }
        self.wrong_signatures == Some(WRONG_SIGNATURES)
    }

    /// What `--max-failures` counts.
    pub(super) fn failures(&self) -> u32 {
        self.count(Status::Rejected) + self.count(Status::Failed)
    }

    pub(super) fn refusals_alike(&self) -> u32 {
        self.streak.length
    }
}

impl Streak {
    fn add(&mut self, kind: (Option<Reason>, Option<String>)) {
        if self.kind != kind {
            *self = Self { kind, length: 0 };
        }
        self.length += 1;
    }
}
