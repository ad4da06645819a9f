//! The counts of a run whose manifest or ledger cannot be read again at its end.

use super::Tally;
use crate::domain::{counts::Counts, outcome::Status, stats::Stats};

/// What the run itself has seen of the statuses. Rows that it cannot answer for are `pending`, so that the counts add
/// up to the rows all the same.
pub(crate) fn tally_of_run(stats: &Stats, rows: u32) -> Tally {
    let mut counts = Counts::default();
    for status in Status::ALL.iter().filter(|status| **status != Status::Pending) {
        let left = rows - counts.total();
        counts.add(*status, stats.known(*status).min(left));
    }
    counts.add(Status::Pending, rows - counts.total());
    Tally::of_counts(counts)
}
