//! What is written comes back, all of it or nothing.

use strum::VariantArray;

use super::{Place, close, digest, full, intent, is_settled, outcome, user};
use crate::domain::outcome::{Outcome, Reason, Status};
use crate::domain::resume::{History, Unresolved};
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::{AttemptId, AttemptStatus, Entry, Ledger};

#[test]
fn every_field_of_every_status_comes_back() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let mut wanted = Vec::new();
    for status in Status::ALL {
        wanted.push((format!("{status} full"), full(*status, "r1")));
        let bare = Outcome {
            run_id: "r1".into(),
            ..Outcome::untried(*status, None)
        };
        wanted.push((format!("{status} bare"), bare));
    }
    for reason in Reason::VARIANTS {
        let with_reason = Outcome {
            reason: Some(*reason),
            ..full(Status::Rejected, "r1")
        };
        wanted.push((format!("reason {reason}"), with_reason));
    }
    let entries: Vec<Entry> = wanted
        .iter()
        .map(|(name, wanted)| outcome(name, wanted.clone()))
        .collect();
    ledger.commit(&entries).unwrap();
    for again in 0..2 {
        for (name, wanted) in &wanted {
            let history = ledger.history(&user(name)).unwrap();
            assert_eq!(history.outcome.as_ref(), Some(wanted), "{name} {again}");
            assert_eq!(history.created_at.as_deref(), Some("2021-08-12"));
            assert_eq!(is_settled(&ledger, name), wanted.status.is_settled(), "{name}");
        }
        drop(ledger);
        ledger = place.open();
    }
}

#[test]
fn the_largest_numbers_come_back() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let wanted = Outcome {
        attempts: u32::MAX,
        duration_ms: Some(i64::MAX as u64),
        sent_at: Some(UnixMillis::new(i64::MIN)),
        ..full(Status::Failed, "r1")
    };
    ledger.commit(&[outcome("a", wanted.clone())]).unwrap();
    assert_eq!(ledger.history(&user("a")).unwrap().outcome, Some(wanted));
}

#[test]
fn users_are_told_apart_byte_by_byte() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let names = [
        "a",
        "A",
        "7",
        "007",
        "é",
        "e\u{301}",
        "a b",
        "'; DROP TABLE attempt; --",
        "%",
        "a%",
    ];
    for name in names {
        assert_eq!(ledger.history(&user(name)).unwrap(), History::default(), "{name}");
        ledger.commit(&[outcome(name, full(Status::Enrolled, "r1"))]).unwrap();
    }
    assert!(names.iter().all(|name| is_settled(&ledger, name)));
}

fn unresolved(ledger: &Ledger, name: &str) -> Vec<u32> {
    let history = ledger.history(&user(name)).unwrap();
    history.unresolved.iter().map(|attempt| attempt.number).collect()
}

#[test]
fn an_intent_is_a_doubt_until_it_is_closed_and_a_doubt_until_it_is_resolved() {
    let place = Place::new();
    // The words stand in ledgers that exist.
    for (class, name, open) in [
        (AttemptStatus::Settled, "settled", false),
        (AttemptStatus::NotProcessed, "not_processed", false),
        (AttemptStatus::InDoubt, "in_doubt", true),
        (AttemptStatus::Stopped, "stopped", false),
        (AttemptStatus::NotSent, "not_sent", false),
    ] {
        assert_eq!(class.word(), name);
        let mut ledger = place.begun(&format!("run for {class}"));
        let AttemptId(id) = ledger.next_attempt().unwrap();
        ledger.commit(&[intent(id, name, 1, 4)]).unwrap();
        assert_eq!(unresolved(&ledger, name), [1], "{class}");
        ledger.commit(&[close(id, class)]).unwrap();
        assert_eq!(
            unresolved(&ledger, name),
            if open { vec![1] } else { vec![] },
            "{class}"
        );
    }
}

#[test]
fn unresolved_attempts_come_with_photo_time_and_run_in_their_order() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[
            intent(1, "a", 1, 4),
            intent(2, "b", 1, 9),
            close(1, AttemptStatus::InDoubt),
        ])
        .unwrap();
    drop(ledger);
    let mut ledger = place.begun("r2");
    ledger.commit(&[intent(3, "a", 2, 5)]).unwrap();
    let attempt = |id: i64, number, photo, run: &str, ended_at| Unresolved {
        number,
        created_at: Some("2021-08-12".into()),
        photo: digest(photo),
        object: None,
        started_at: UnixMillis::new(1_676_300_862_004 + id),
        ended_at,
        run_id: run.into(),
    };
    let history = ledger.history(&user("a")).unwrap();
    assert_eq!(
        history.unresolved,
        [
            attempt(1, 1, 4, "r1", Some(UnixMillis::new(1_676_300_863_000))),
            attempt(3, 2, 5, "r2", None)
        ]
    );
    assert_eq!(history.outcome, None);
}

#[test]
fn resolving_closes_the_doubts_of_one_user_and_no_other() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[
            intent(1, "a", 1, 1),
            close(1, AttemptStatus::InDoubt),
            intent(2, "a", 2, 1),
            intent(3, "b", 1, 1),
            intent(4, "a", 3, 1),
            close(4, AttemptStatus::Settled),
            Entry::Resolve { user_id: user("a") },
        ])
        .unwrap();
    assert_eq!(unresolved(&ledger, "a"), [] as [u32; 0]);
    assert_eq!(unresolved(&ledger, "b"), [1]);
    let settled: i64 = ledger
        .db
        .query_row("SELECT count(*) FROM attempt WHERE class = 'settled'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(settled, 1, "a doubt that was resolved is not told as an answer");
}

#[test]
fn the_numbers_of_attempts_go_on_after_a_reopening() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[intent(1, "a", 1, 1), intent(2, "b", 1, 1), intent(41, "c", 1, 1)])
        .unwrap();
    assert_eq!(ledger.next_attempt().unwrap(), AttemptId(42));
    drop(ledger);
    assert_eq!(place.open().next_attempt().unwrap(), AttemptId(42));
}

#[test]
fn the_same_attempt_cannot_be_intended_twice() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger.commit(&[intent(1, "a", 1, 1)]).unwrap();
    assert!(ledger.commit(&[intent(1, "b", 1, 1)]).is_err());
    assert_eq!(unresolved(&ledger, "b"), [] as [u32; 0]);
}

/// All that can be in a batch, in one.
fn batch() -> Vec<Entry> {
    vec![
        intent(2, "b", 1, 1),
        close(1, AttemptStatus::InDoubt),
        outcome("a", full(Status::InDoubt, "r1")),
        intent(3, "c", 1, 1),
        Entry::Resolve { user_id: user("z") },
        outcome("c", full(Status::Enrolled, "r1")),
        close(3, AttemptStatus::Settled),
    ]
}

/// Everything in the tables, as text.
fn dump(ledger: &Ledger) -> Vec<String> {
    let sql = "SELECT id || user_id || coalesce(class, '-') FROM attempt
        UNION ALL SELECT user_id || status FROM enrollment ORDER BY 1";
    let mut statement = ledger.db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_batch_that_fails_at_any_of_its_writes_leaves_nothing() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let first = [
        intent(1, "a", 1, 1),
        intent(9, "z", 1, 1),
        close(9, AttemptStatus::InDoubt),
    ];
    ledger.commit(&first).unwrap();
    ledger
        .db
        .execute_batch("CREATE TEMP TABLE writes (left INTEGER); INSERT INTO writes VALUES (0);")
        .unwrap();
    for (table, event) in [("attempt", "INSERT"), ("attempt", "UPDATE"), ("enrollment", "INSERT")] {
        let sql = format!(
            "CREATE TEMP TRIGGER fault_{event}_{table} BEFORE {event} ON main.{table} BEGIN
                UPDATE writes SET left = left - 1;
                SELECT raise(ABORT, 'disk full') WHERE (SELECT left FROM writes) = 0;
            END"
        );
        ledger.db.execute_batch(&sql).unwrap();
    }
    let before = dump(&ledger);
    let arm = |ledger: &Ledger, n: u32| ledger.db.execute("UPDATE writes SET left = ?1", [n]).unwrap();
    let writes = batch().len() as u32;
    for n in 1..=writes {
        arm(&ledger, n);
        assert!(ledger.commit(&batch()).is_err(), "write {n}");
        assert_eq!(dump(&ledger), before, "write {n}");
    }
    arm(&ledger, writes + 1);
    ledger.commit(&batch()).unwrap();
    assert_ne!(dump(&ledger), before, "with space again the same batch goes in");
    assert_eq!(unresolved(&ledger, "a"), [1]);
    assert!(is_settled(&ledger, "c"));
}

#[test]
fn a_thousand_rows_are_one_transaction() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .db
        .execute_batch(
            "CREATE TEMP TABLE at (n INTEGER); PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .unwrap();
    let entries: Vec<Entry> = (1..=1_000)
        .flat_map(|id| {
            let name = format!("user-{id}");
            [
                intent(id, &name, 1, 1),
                close(id, AttemptStatus::Settled),
                outcome(&name, full(Status::Enrolled, "r1")),
            ]
        })
        .collect();
    // A transaction's last page in the journal carries the size of the database; others carry none.
    let journal = || std::fs::read(place.folder.path().join("ledger.db-wal")).unwrap();
    ledger.commit(&entries).unwrap();
    let bytes = journal();
    let frames = bytes.get(32..).unwrap().chunks(24 + 4096);
    let commits = frames
        .filter(|frame| frame.get(4..8).is_some_and(|size| size != [0; 4]))
        .count();
    assert_eq!(commits, 1);
    assert!(is_settled(&ledger, "user-1000"));
}
