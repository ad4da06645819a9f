//! What a ledger says of a run at its end.

use super::{Place, close, full, intent, outcome};
use crate::domain::{
    outcome::{Outcome, Status},
    unix_millis::UnixMillis,
};
use crate::ledger::{AttemptStatus, Entry};

fn status(name: &str, status: Status, run: &str) -> Entry {
    let known = Outcome {
        status,
        ..full(status, run)
    };
    outcome(name, known)
}

#[test]
fn a_run_is_told_of_by_itself_and_its_doubts_by_what_is_known_now() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[
            intent(1, "old", 1, 5),
            close(1, AttemptStatus::InDoubt),
            status("old", Status::InDoubt, "r1"),
        ])
        .unwrap();
    ledger.end_run(UnixMillis::new(2_000), 4, None).unwrap();
    drop(ledger);
    let mut ledger = place.begun("r2");
    let user_id = super::user("a");
    ledger
        .commit(&[
            intent(2, "a", 1, 5),
            close(2, AttemptStatus::InDoubt),
            intent(3, "a", 2, 5),
            close(3, AttemptStatus::Settled),
            Entry::Resolve { user_id },
            status("a", Status::EnrolledInferred, "r2"),
            intent(4, "b", 1, 6),
            close(4, AttemptStatus::InDoubt),
            intent(5, "b", 2, 6),
            close(5, AttemptStatus::InDoubt),
            status("b", Status::InDoubt, "r2"),
            intent(6, "c", 1, 7),
            close(6, AttemptStatus::Settled),
            status("c", Status::Enrolled, "r2"),
        ])
        .unwrap();
    let told = ledger.retrospect(20).unwrap();
    let attempts: Vec<_> = told
        .attempts
        .iter()
        .map(|kind| (kind.class.as_str(), kind.attempts))
        .collect();
    assert_eq!(attempts, [("in_doubt", 2), ("settled", 2), ("resolved", 1)]);
    assert_eq!(told.doubts, [(Status::EnrolledInferred, 1), (Status::InDoubt, 1)]);
    let runs: Vec<_> = told
        .runs
        .iter()
        .map(|run| (run.run_id.as_str(), run.exit_code))
        .collect();
    assert_eq!(runs, [("r2", None), ("r1", Some(4))]);
    assert_eq!(ledger.retrospect(1).unwrap().runs.len(), 1);
}

#[test]
fn a_run_without_attempts_has_none() {
    let place = Place::new();
    let ledger = place.begun("r1");
    let told = ledger.retrospect(20).unwrap();
    assert!(told.attempts.is_empty() && told.doubts.is_empty() && told.runs.len() == 1);
}
