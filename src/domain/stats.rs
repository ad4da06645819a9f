//! What a run has done so far: a fold over its events.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::{
    counts::Counts,
    outcome::{Outcome, Reason, Status},
    photo_counts::PhotoCounts,
};

/// Longest latency that is told apart, in milliseconds: an hour.
const MAX_LATENCY_MS: u64 = 3_600_000;
/// As many successes at the beginning of a run, all with a wrong signature, end it (contract, section 6).
const WRONG_SIGNATURES: u32 = 3;
/// Two digits: a latency is right to a hundredth.
const LATENCY_DIGITS: u8 = 2;

/// Counts of this run alone; those of the whole manifest come from the results.
#[derive(Debug, Clone)]
pub(crate) struct Stats {
    /// Rows that were not even looked at closely.
    skipped: Skipped,
    /// Rows refused before whose row and photo are unchanged.
    pub(crate) unchanged: u32,
    /// Requests that were started.
    pub(crate) attempts: u64,
    /// Those of them that were not a user's first.
    pub(crate) retries: u64,
    pub(crate) photo_bytes_sent: u64,
    /// Photos by format and size, those of repeated requests once.
    pub(crate) photos: PhotoCounts,
    pub(crate) latency_ms: Histogram<u64>,
    /// All latencies together.
    pub(crate) latency_sum: Duration,
    /// Attempts that have ended, by the word of what they turned out to be.
    pub(crate) ended: BTreeMap<&'static str, u64>,
    /// Whether rows were left because of `--limit`.
    pub(crate) left_by_limit: bool,
    counts: Counts,
    streak: Streak,
    /// Successes with a wrong signature, as long as there was none with a right one.
    wrong_signatures: Option<u32>,
}

/// Rows of the manifest that are done without a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// How earlier runs settled them.
    pub(crate) settled: Counts,
    /// Those that repeat another row.
    pub(crate) repeated: u32,
    /// Those that are wrong by themselves.
    pub(crate) invalid: u32,
}

/// The last refusal and how often it came without a success in between.
#[derive(Debug, Clone, Default, PartialEq)]
struct Streak {
    kind: (Option<Reason>, Option<String>),
    length: u32,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self {
            skipped: Skipped::default(),
            unchanged: 0,
            attempts: 0,
            retries: 0,
            photo_bytes_sent: 0,
            photos: PhotoCounts::default(),
            latency_ms: empty_histogram(),
            latency_sum: Duration::ZERO,
            ended: BTreeMap::new(),
            left_by_limit: false,
            counts: Counts::default(),
            streak: Streak::default(),
            wrong_signatures: Some(0),
        }
    }

    /// Counts further rows that need no request.
    pub(crate) fn skip(&mut self, rows: &Skipped) {
        let Skipped {
            settled,
            repeated,
            invalid,
        } = rows;
        self.skipped.settled.add_all(settled);
        self.skipped.repeated += repeated;
        self.skipped.invalid += invalid;
    }

    pub(crate) fn launched(&mut self, photo_bytes: u64, is_retry: bool) {
        self.attempts += 1;
        self.retries += u64::from(is_retry);
        self.photo_bytes_sent += photo_bytes;
    }

    pub(crate) fn answered(&mut self, took: Duration) {
        self.latency_ms.saturating_record(took.as_millis() as u64);
        self.latency_sum += took;
    }

    /// Counts an attempt that has ended so.
    pub(crate) fn ended(&mut self, class: &'static str) {
        *self.ended.entry(class).or_default() += 1;
    }

    pub(crate) fn finished(&mut self, outcome: &Outcome) {
        self.counts.add(outcome.status, 1);
        if outcome.status == Status::Rejected {
            self.streak.add((outcome.reason, outcome.facts.result_code.clone()));
        } else if outcome.status.is_settled() {
            self.streak = Streak::default();
        }
    }

    /// Rows that ended so in this run.
    pub(crate) fn count(&self, status: Status) -> u32 {
        self.counts.of(status)
    }

    /// Rows that the run knows to have this status, whoever gave it to them. Those that repeat another are not among
    /// them.
    pub(crate) fn known(&self, status: Status) -> u32 {
        let unsent = match status {
            Status::Rejected => self.unchanged,
            Status::Invalid => self.skipped.invalid,
            Status::Enrolled
            | Status::EnrolledInferred
            | Status::Provisional
            | Status::AlreadyEnrolled
            | Status::Failed
            | Status::InDoubt
            | Status::Pending => 0,
        };
        self.skipped.settled.of(status) + unsent + self.count(status)
    }

    /// Every row of a manifest by what the run knows of it. Rows that it cannot answer for are `pending`, so that the
    /// counts add up to the rows all the same.
    pub(crate) fn all_rows(&self, rows: u32) -> Counts {
        let mut counts = Counts::default();
        for status in Status::ALL.iter().filter(|status| **status != Status::Pending) {
            let left = rows - counts.total();
            counts.add(*status, self.known(*status).min(left));
        }
        counts.add(Status::Pending, rows - counts.total());
        counts
    }

    /// Rows that earlier runs settled.
    pub(crate) fn settled_before(&self) -> u32 {
        self.skipped.settled.total()
    }

    /// Rows of the manifest that are wrong by themselves.
    pub(crate) fn invalid_rows(&self) -> u32 {
        self.skipped.invalid
    }

    /// Rows that are done, whoever did them.
    pub(crate) fn done(&self) -> u32 {
        self.settled_before() + self.skipped.repeated + self.unchanged + self.skipped.invalid + self.counts.total()
    }

    /// Whether any row was settled in this run.
    pub(crate) fn any_settled(&self) -> bool {
        Status::ALL
            .iter()
            .any(|status| status.is_settled() && self.count(*status) > 0)
    }

    pub(crate) fn right_signature(&mut self) {
        self.wrong_signatures = None;
    }

    /// Counts a success whose signature is wrong; true where that was the last one to be borne.
    pub(crate) fn wrong_signature(&mut self) -> bool {
        if let Some(count) = &mut self.wrong_signatures {
            *count += 1;
        }
        self.wrong_signatures == Some(WRONG_SIGNATURES)
    }

    /// What `--max-failures` counts.
    pub(crate) fn failures(&self) -> u32 {
        self.count(Status::Rejected) + self.count(Status::Failed)
    }

    pub(crate) fn refusals_alike(&self) -> u32 {
        self.streak.length
    }
}

fn empty_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, MAX_LATENCY_MS, LATENCY_DIGITS) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds of the histogram are constants: {error}"),
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
