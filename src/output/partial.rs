//! The counts of a run whose manifest or ledger cannot be read again at its end.

use super::Tally;
use crate::domain::outcome::Status;
use crate::run::Stats;

/// What the run itself has seen of the statuses. Rows that it cannot answer for are `pending`, so that the counts add
/// up to the rows all the same.
pub(crate) fn tally_of_run(stats: &Stats, rows: u32) -> Tally {
    let mut counts = [0; Status::ALL.len()];
    let mut left = rows;
    for (count, status) in counts.iter_mut().zip(Status::ALL) {
        *count = match status {
            Status::Pending => 0,
            status => stats.known(*status).min(left),
        };
        left -= *count;
    }
    counts[Status::Pending as usize] += left;
    Tally::of_counts(counts)
}
