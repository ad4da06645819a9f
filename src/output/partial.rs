//! The counts of a run whose manifest or ledger cannot be read again at its end.

use super::Tally;
use crate::domain::stats::Stats;

/// What the run itself has seen of the statuses.
pub(crate) fn tally_of_run(stats: &Stats, rows: u32) -> Tally {
    Tally::of_counts(stats.all_rows(rows))
}
