//! The counts over all rows of the manifest, and examples of what did not enroll.

use std::collections::BTreeMap;

use crate::domain::{
    counts::Counts,
    outcome::{Outcome, Reason, Status},
};

/// Rows of each group that are kept; the report shows all of them, the closing words the first few.
const EXAMPLES: usize = 20;

/// Counts by status and reason. The statuses add up to the rows.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Counts,
    reasons: BTreeMap<Reason, u32>,
    groups: BTreeMap<(Status, Option<Reason>, Option<String>), Group>,
}

/// Rows that did not enroll for the same reason.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) rows: u32,
    pub(crate) examples: Vec<Example>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) row: u32,
    /// On which it begins, as an editor counts them.
    pub(crate) line: u64,
    pub(crate) user: String,
    pub(crate) text: Option<String>,
}

impl Tally {
    /// Counts alone.
    pub(super) fn of_counts(counts: Counts) -> Self {
        Self {
            counts,
            ..Self::default()
        }
    }

    /// Counts a row; line and user are asked for only where the row is shown.
    pub(super) fn add(&mut self, row: u32, whose: impl FnOnce() -> (u64, String), outcome: &Outcome) {
        self.counts.add(outcome.status, 1);
        if let Some(reason) = outcome.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        if outcome.status.is_settled() || (outcome.status == Status::Pending && outcome.reason.is_none()) {
            return;
        }
        let key = (outcome.status, outcome.reason, outcome.facts.result_code.clone());
        let group = self.groups.entry(key).or_default();
        group.rows += 1;
        if group.examples.len() < EXAMPLES {
            let (line, user) = whose();
            group.examples.push(Example {
                row,
                line,
                user,
                text: outcome.facts.result_text.clone(),
            });
        }
    }

    /// Rows with this status.
    pub(crate) fn count(&self, status: Status) -> u32 {
        self.counts.of(status)
    }

    /// All rows.
    pub(crate) fn rows(&self) -> u32 {
        self.counts.total()
    }

    pub(crate) fn reasons(&self) -> &BTreeMap<Reason, u32> {
        &self.reasons
    }

    /// What did not enroll, by status, reason and code.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&(Status, Option<Reason>, Option<String>), &Group)> {
        self.groups.iter()
    }
}
