//! What a ledger keeps of a user whose only attempt has enrolled it, and of all others; and who is in which row.

use super::{Place, close, full, intent, is_settled, outcome, shell, user};
use crate::domain::outcome::{FixedDigest, Outcome, Reason, Status};
use crate::domain::photo::ObjectVersion;
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::{AttemptId, AttemptStatus, Entry, Ledger, LedgerError};

/// What the first attempt of a user brings where all is well, and its end.
fn enrolled() -> (Entry, Outcome) {
    let mut known = full(Status::Enrolled, "r1");
    (known.reason, known.attempts) = (None, 1);
    let end = Entry::Close {
        id: AttemptId(1),
        class: AttemptStatus::Settled,
        reason: None,
        http_status: known.facts.http_status,
        at: known.finished_at.unwrap(),
    };
    (end, known)
}

fn rows(ledger: &Ledger, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    ledger.db.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn told(ledger: &Ledger) -> Vec<(String, u64)> {
    let told = ledger.retrospect(1).unwrap().attempts;
    told.into_iter().map(|count| (count.class, count.attempts)).collect()
}

#[test]
fn the_only_attempt_of_an_enrolled_user_has_no_row_and_is_told_of_all_the_same() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let (end, known) = enrolled();
    ledger.commit(&[intent(1, "a", 1, 5)]).unwrap();
    assert_eq!(ledger.history(&user("a")).unwrap().unresolved.len(), 1);
    ledger.commit(&[end, outcome("a", known.clone())]).unwrap();
    assert_eq!(rows(&ledger, "attempt"), 0);
    assert_eq!(told(&ledger), [("settled".to_owned(), 1)]);
    assert_eq!(ledger.history(&user("a")).unwrap().outcome, Some(known));
    drop(ledger);
    let sql = "SELECT user_id || number || class || http_status || photo_sha256 || photo_bytes || started_at ||
        finished_at || run_id || user_created_at || sent_sha256 || sent_bytes || (reason IS NULL) FROM attempts";
    let photo = "05".repeat(32);
    let wanted =
        format!("a1settled200{photo}50002023-02-13T15:07:42.004Z2023-02-13T15:07:43.000Zr12021-08-12{photo}50001");
    assert_eq!(shell::<String>(&place.path(), sql), wanted);
    assert_eq!(told(&place.begun("r2")), []);
}

/// Each changes what makes an attempt one that its enrollment says all of.
#[test]
fn every_other_attempt_keeps_its_row() {
    type Change = fn(&mut Entry, &mut Entry, &mut Outcome);
    let changes: [(&str, Change); 13] = [
        ("provisional", |_, _, known| known.status = Status::Provisional),
        ("already enrolled", |_, _, known| known.status = Status::AlreadyEnrolled),
        ("rejected", |_, _, known| known.status = Status::Rejected),
        ("a retry", |_, _, known| known.attempts = 2),
        ("a reason", |_, _, known| known.reason = Some(Reason::LookedUp)),
        ("no photo", |_, _, known| known.photo = None),
        ("no time", |_, _, known| known.sent_at = None),
        ("another time", |_, _, known| {
            known.finished_at = Some(UnixMillis::new(5))
        }),
        ("another answer", |_, _, known| known.facts.http_status = None),
        ("a fixed photo", |intent, _, _| {
            if let Entry::Intent { photo, .. } = intent {
                photo.fixed = Some(FixedDigest {
                    fixes: "scaled".parse().unwrap(),
                    sha256: [1; 32],
                    bytes: 7,
                });
            }
        }),
        ("an object", |intent, _, _| {
            if let Entry::Intent { object, .. } = intent {
                let (url, etag, version) = ("s3://bucket/a.jpg".into(), None, None);
                *object = Some(Box::new(ObjectVersion { url, etag, version }));
            }
        }),
        ("a second attempt", |intent, _, _| {
            if let Entry::Intent { number, .. } = intent {
                *number = 2;
            }
        }),
        ("a doubt", |_, end, _| {
            if let Entry::Close { class, .. } = end {
                *class = AttemptStatus::InDoubt;
            }
        }),
    ];
    for (name, change) in changes {
        let place = Place::new();
        let mut ledger = place.begun("r1");
        let (mut end, mut known) = enrolled();
        let mut intent = intent(1, "a", 1, 5);
        change(&mut intent, &mut end, &mut known);
        ledger.commit(&[intent, end, outcome("a", known.clone())]).unwrap();
        assert_eq!(rows(&ledger, "attempt"), 1, "{name}");
        assert_eq!(told(&ledger).len(), 1, "{name}");
        assert_eq!(ledger.history(&user("a")).unwrap().outcome, Some(known), "{name}");
        drop(ledger);
        assert_eq!(
            shell::<i64>(&place.path(), "SELECT count(*) FROM attempts"),
            1,
            "{name}"
        );
    }
}

#[test]
fn the_attempt_of_another_user_or_run_is_left_alone() {
    let place = Place::new();
    let mut ledger = place.begun("r0");
    ledger.commit(&[intent(1, "a", 1, 5)]).unwrap();
    drop(ledger);
    let mut ledger = place.begun("r1");
    let (end, known) = enrolled();
    ledger.commit(&[end.clone(), outcome("a", known.clone())]).unwrap();
    assert_eq!(rows(&ledger, "attempt"), 1, "of another run");
    ledger.commit(&[intent(2, "b", 1, 5)]).unwrap();
    let mut end = end;
    if let Entry::Close { id, .. } = &mut end {
        *id = AttemptId(2);
    }
    ledger.commit(&[end, outcome("c", known)]).unwrap();
    assert_eq!(rows(&ledger, "attempt"), 2, "of another user");
}

#[test]
fn a_user_has_one_row_however_often_it_is_written_in_one_batch_or_in_several() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let [failed, enrolled] = [Status::Failed, Status::Enrolled].map(|status| full(status, "r1"));
    let batch = [
        outcome("a", failed.clone()),
        outcome("b", failed.clone()),
        outcome("a", enrolled.clone()),
    ];
    ledger.commit(&batch).unwrap();
    ledger
        .commit(&[outcome("b", enrolled.clone()), outcome("c", failed.clone())])
        .unwrap();
    for again in 0..2 {
        assert_eq!(rows(&ledger, "enrollment"), 3);
        for (name, wanted) in [("a", &enrolled), ("b", &enrolled), ("c", &failed)] {
            assert_eq!(
                ledger.history(&user(name)).unwrap().outcome.as_ref(),
                Some(wanted),
                "{name} {again}"
            );
        }
        drop(ledger);
        ledger = place.open();
    }
}

#[test]
fn a_batch_that_fails_teaches_nothing() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let known = full(Status::Enrolled, "r1");
    ledger
        .commit(&[outcome("a", full(Status::Failed, "r1")), intent(1, "x", 1, 5)])
        .unwrap();
    let twice = intent(1, "x", 2, 5);
    let batch = [outcome("a", known.clone()), outcome("b", known.clone()), twice];
    assert!(ledger.commit(&batch).is_err());
    assert!(!is_settled(&ledger, "a") && !is_settled(&ledger, "b"));
    ledger.commit(&[outcome("c", known.clone())]).unwrap();
    assert_eq!(rows(&ledger, "enrollment"), 2);
    let status = |name: &str| {
        ledger
            .history(&user(name))
            .unwrap()
            .outcome
            .map(|outcome| outcome.status)
    };
    assert_eq!(
        ["a", "b", "c"].map(status),
        [Some(Status::Failed), None, Some(Status::Enrolled)]
    );
}

#[test]
fn a_user_in_two_rows_is_damage_and_one_that_was_taken_out_by_hand_is_unknown() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let known = full(Status::Enrolled, "r1");
    ledger
        .commit(&["a", "b"].map(|name| outcome(name, known.clone())))
        .unwrap();
    drop(ledger);
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.execute_batch("DELETE FROM enrollment WHERE user_id = 'a'").unwrap();
    drop(db);
    let mut ledger = place.begun("r2");
    assert!(!is_settled(&ledger, "a") && is_settled(&ledger, "b"));
    ledger.commit(&[outcome("a", known)]).unwrap();
    drop(ledger);
    assert_eq!(
        shell::<i64>(&place.path(), "SELECT id FROM enrollment WHERE user_id = 'a'"),
        3
    );
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.execute_batch("UPDATE enrollment SET user_id = 'a'").unwrap();
    drop(db);
    let Err(LedgerError::Damaged(what)) = place.try_open() else {
        panic!("it was opened")
    };
    assert_eq!(what, "user \"a\" twice");
}

#[test]
fn an_attempt_that_was_not_forgotten_is_closed() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger
        .commit(&[intent(1, "a", 1, 5), close(1, AttemptStatus::Settled)])
        .unwrap();
    assert_eq!(told(&ledger), [("settled".to_owned(), 1)]);
}
