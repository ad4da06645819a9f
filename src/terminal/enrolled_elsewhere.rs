//! A warning at the end of a run that found many users enrolled by somebody else.

use std::path::Path;

use indicatif::HumanCount;

use super::counted;

use crate::domain::{outcome::Status, stats::Stats};

/// One row in so many may have been enrolled before without a word about it.
const USUAL: u64 = 10;

/// What many `already_enrolled` rows mean: this ledger may not be the one that knows these users.
pub(super) fn warning(stats: &Stats, ledger: Option<&Path>) -> Option<String> {
    let found = u64::from(stats.count(Status::AlreadyEnrolled));
    let sent = sent(stats);
    let ledger = ledger
        .map(|ledger| format!(" {}", ledger.display()))
        .unwrap_or_default();
    (found * USUAL > sent).then(|| {
        format!(
            "{} of {} sent {} already enrolled, and this ledger does not know of it: another ledger or another tool was \
             used; check that the ledger{ledger} is the right one",
            HumanCount(found),
            counted(sent, "row"),
            if found == 1 { "was" } else { "were" }
        )
    })
}

/// Rows of this run that the server was asked about.
fn sent(stats: &Stats) -> u64 {
    use Status::{AlreadyEnrolled, Enrolled, EnrolledInferred, Failed, InDoubt, Provisional, Rejected};
    let asked = [
        Enrolled,
        EnrolledInferred,
        Provisional,
        AlreadyEnrolled,
        Rejected,
        Failed,
        InDoubt,
    ];
    asked.iter().map(|status| u64::from(stats.count(*status))).sum()
}
