//! The views, as somebody with the sqlite3 shell sees them after a run.

use super::{Place, close, full, intent, outcome, shell};
use crate::domain::outcome::{Outcome, Status};
use crate::ledger::AttemptStatus;

fn place() -> Place {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[
            intent(1, "a", 1, 5),
            close(1, AttemptStatus::Settled),
            outcome("a", full(Status::Provisional, "r1")),
            intent(2, "b", 1, 6),
            close(2, AttemptStatus::InDoubt),
            outcome(
                "b",
                Outcome {
                    run_id: "r1".into(),
                    ..Outcome::untried(Status::InDoubt, None)
                },
            ),
            intent(3, "b", 2, 6),
        ])
        .unwrap();
    place
}

#[test]
fn enrollments_read_as_the_results_do() {
    let place = place();
    let sql = "SELECT user_id || '|' || status || '|' || reason || '|' || result_code || '|' || attempts || '|' ||
        user_created_at || '|' || photo_sha256 || '|' || photo_bytes || '|' || sent_at || '|' || finished_at || '|' ||
        duration_ms || '|' || run_id FROM enrollments WHERE user_id = 'a'";
    let wanted = format!(
        "a|provisional|human_review|0842|3|2021-08-12|{}|5000|2023-02-13T15:07:42.004Z|2023-02-13T15:07:43.000Z|996|r1",
        "05".repeat(32)
    );
    assert_eq!(shell::<String>(&place.path(), sql), wanted);
    assert_eq!(shell::<i64>(&place.path(), "SELECT count(*) FROM enrollments"), 2);
}

#[test]
fn attempts_tell_what_each_became() {
    let sql = "SELECT group_concat(user_id || number || ' ' || class, ', ') FROM (SELECT * FROM attempts ORDER BY user_id, number)";
    assert_eq!(
        shell::<String>(&place().path(), sql),
        "a1 settled, b1 in_doubt, b2 intent"
    );
}

#[test]
fn in_doubt_lists_what_nobody_knows() {
    let place = place();
    let sql = "SELECT group_concat(user_id || number, ' ') FROM (SELECT * FROM in_doubt ORDER BY number)";
    assert_eq!(shell::<String>(&place.path(), sql), "b1 b2");
    let sql = "SELECT started_at FROM in_doubt WHERE number = 1";
    assert_eq!(shell::<String>(&place.path(), sql), "2023-02-13T15:07:42.006Z");
}

#[test]
fn the_look_up_of_doubts_uses_its_index() {
    let sql = "EXPLAIN QUERY PLAN SELECT number FROM attempt
        WHERE user_id = 'a' AND (class IS NULL OR class = 'in_doubt') ORDER BY id";
    let place = place();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let plan: Vec<String> = statement
        .query_map([], |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(plan.join(" ").contains("attempt_unresolved"), "{plan:?}");
}
