//! Ledgers of schema 1, as version 0.1.0 made it, and of schemas 2 and 4: they work on, and an older program refuses them from
//! then on.

use std::path::Path;

use super::{FOUND_AT, Place, digest, holder, intent, is_settled, outcome, pin, shell, user};
use crate::domain::outcome::{FixedDigest, Outcome, PhotoDigest, Status};
use crate::domain::photo::ObjectVersion;
use crate::domain::shard::Shard;
use crate::ledger::{Entry, Ledger, LedgerError, Pin};

const SCHEMA_1: &str = include_str!("schema_1.sql");
const SCHEMA_2: &str = include_str!("schema_2.sql");
const SCHEMA_4: &str = include_str!("schema_4.sql");

/// What its runs have left: one that ended, one that was killed, and an attempt of that one that nobody knows of.
const CONTENT: &str = "
    PRAGMA application_id = 0x49454E52;
    PRAGMA user_version = 1;
    INSERT INTO pin VALUES ('https://api.example', '007');
    INSERT INTO run VALUES (1, 'r1', '0.1.0', 'm.csv', x'09', 1, 2, 4, NULL);
    INSERT INTO run VALUES (2, 'r2', '0.1.0', 'm.csv', x'09', 3, NULL, NULL, NULL);
    INSERT INTO attempt VALUES (1, 1, 'done', 1, zeroblob(32), 10, 1, 2, 'settled', NULL, 200);
    INSERT INTO attempt VALUES (2, 2, 'doubt', 1, zeroblob(32), 10, 3, NULL, NULL, NULL, NULL);
    INSERT INTO enrollment VALUES ('done', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12',
        zeroblob(32), 10, 1, 2, 1, 1);";

fn old() -> Place {
    let place = Place::new();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(&format!("BEGIN; {SCHEMA_1} {CONTENT} COMMIT;"))
        .unwrap();
    place
}

/// A ledger of schema 2 with a user who is settled and one who is in doubt, each with a photo as it lies.
fn old_2() -> Place {
    const CONTENT: &str = "
        PRAGMA application_id = 0x49454E52;
        PRAGMA user_version = 2;
        INSERT INTO pin VALUES ('https://api.example', '007');
        INSERT INTO run VALUES (1, 'r1', '0.2.0', 'm.csv', x'09', 1, 2, 4, NULL);
        INSERT INTO attempt VALUES (1, 1, 'done', 1, zeroblob(32), 10, 1, 2, 'settled', NULL, 200, '2021-08-12');
        INSERT INTO attempt VALUES (2, 1, 'doubt', 1, zeroblob(32), 10, 1, 2, 'in_doubt', NULL, NULL, '2021-08-12');
        INSERT INTO enrollment VALUES ('done', 'rejected', NULL, 200, '0841', NULL, NULL, NULL, NULL, 1, '2021-08-12',
            zeroblob(32), 10, 1, 2, 1, 1);";
    let place = Place::new();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(&format!("BEGIN; {SCHEMA_2} {CONTENT} COMMIT;"))
        .unwrap();
    place
}

/// A ledger of schema 4 with a user who is settled.
fn old_4() -> Place {
    const CONTENT: &str = "
        PRAGMA application_id = 0x49454E52;
        PRAGMA user_version = 4;
        INSERT INTO pin VALUES ('https://api.example', '007', 'https://portal.example');
        INSERT INTO run VALUES (1, 'r1', '0.4.0', 'm.csv', x'09', 1, 2, 0, NULL);
        INSERT INTO enrollment VALUES ('done', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12',
            zeroblob(32), 10, 1, 2, 1, 1, NULL, NULL, NULL);";
    let place = Place::new();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(&format!("BEGIN; {SCHEMA_4} {CONTENT} COMMIT;"))
        .unwrap();
    place
}

#[test]
fn a_ledger_of_schema_4_belongs_to_all_users() {
    let place = old_4();
    let of_part = Pin {
        shard: Shard::new(1, 1).ok(),
        ..pin()
    };
    assert!(matches!(
        place.try_open_for(&of_part),
        Err(LedgerError::OtherShard { found: None, .. })
    ));
    assert_eq!(pragma(&place.path(), "user_version"), 4);
    let ledger = place.begun("r2");
    assert!(is_settled(&ledger, "done"));
    assert_eq!(ledger.pin().unwrap(), pin());
    assert_eq!(
        ledger.lookup_endpoint().unwrap().as_deref(),
        Some("https://portal.example")
    );
}

#[test]
fn photos_of_schema_2_were_sent_as_they_lie() {
    let place = old_2();
    let ledger = place.begun("r2");
    let done = ledger.history(&user("done")).unwrap().outcome.unwrap();
    let doubt = ledger.history(&user("doubt")).unwrap().unresolved;
    for photo in [done.photo.unwrap(), doubt[0].photo] {
        assert_eq!((photo.sha256, photo.bytes, photo.fixed), ([0; 32], 10, None));
    }
    drop(ledger);
    let sent = "SELECT sent_sha256 || ' ' || sent_bytes || ' ' || (photo_fixes IS NULL) FROM attempts WHERE number = 1";
    assert_eq!(
        shell::<String>(&place.path(), sent),
        format!("{} 10 1", "00".repeat(32))
    );
}

#[test]
fn which_version_of_an_object_was_sent_is_remembered_in_an_old_ledger_too() {
    let place = old_2();
    let mut ledger = place.begun("r2");
    let doubt = ledger.history(&user("doubt")).unwrap().unresolved;
    assert_eq!(
        (doubt[0].created_at.as_deref(), &doubt[0].object),
        (Some("2021-08-12"), &None)
    );
    let object = ObjectVersion {
        url: "s3://bucket/a.jpg".into(),
        etag: Some("\"e\"".into()),
        version: None,
    };
    let mut attempt = intent(3, "doubt", 2, 5);
    if let Entry::Intent { object: known, .. } = &mut attempt {
        *known = Some(object.clone().into());
    }
    ledger.commit(&[attempt]).unwrap();
    let doubt = ledger.history(&user("doubt")).unwrap().unresolved;
    assert_eq!(doubt[1].object, Some(object));
}

#[test]
fn what_was_made_of_a_photo_is_remembered_with_its_attempt_and_its_outcome() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let fixed = FixedDigest {
        fixes: "scaled converted".parse().unwrap(),
        sha256: [0xCD; 32],
        bytes: 77,
    };
    let photo = PhotoDigest {
        fixed: Some(fixed),
        ..digest(5)
    };
    let mut attempt = intent(1, "a", 1, 5);
    if let Entry::Intent { photo: sent, .. } = &mut attempt {
        *sent = photo;
    }
    let known = Outcome {
        photo: Some(photo),
        run_id: "r1".into(),
        ..Outcome::untried(Status::Rejected, None)
    };
    ledger.commit(&[attempt, outcome("a", known.clone())]).unwrap();
    let history = ledger.history(&user("a")).unwrap();
    assert_eq!(history.unresolved[0].photo, photo);
    assert_eq!(history.outcome, Some(known));
    drop(ledger);
    for view in ["attempts", "enrollments"] {
        let sql = format!("SELECT photo_fixes || ' ' || sent_sha256 || ' ' || sent_bytes FROM {view}");
        let wanted = format!("scaled converted {} 77", "cd".repeat(32));
        assert_eq!(shell::<String>(&place.path(), &sql), wanted, "{view}");
    }
}

fn pragma(path: &Path, name: &str) -> i64 {
    shell(path, &format!("PRAGMA {name}"))
}

#[test]
fn an_old_ledger_keeps_what_it_knows_and_takes_up_what_is_new() {
    let place = old();
    let mut ledger = place.begun("r3");
    assert!(is_settled(&ledger, "done"));
    let doubt = ledger.history(&user("doubt")).unwrap().unresolved;
    assert_eq!(doubt.len(), 1);
    assert_eq!(doubt[0].created_at, None);
    ledger.commit(&[intent(3, "doubt", 2, 5)]).unwrap();
    let doubt = ledger.history(&user("doubt")).unwrap().unresolved;
    assert_eq!(doubt[1].created_at.as_deref(), Some("2021-08-12"));
    drop(ledger);
    assert_eq!(pragma(&place.path(), "user_version"), 6);
}

#[test]
fn each_is_brought_to_the_very_schema_of_a_new_one() {
    for old in [old(), old_2(), old_4()] {
        is_like_new(&old);
    }
}

fn is_like_new(old: &Place) {
    let new = Place::new();
    for place in [old, &new] {
        drop(place.open());
    }
    let columns = |place: &Place| -> String {
        shell(
            &place.path(),
            "SELECT group_concat(m.name || '.' || c.name || ' ' || c.type || c.[notnull] || c.pk, ', ')
             FROM (SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name) m,
                  pragma_table_info(m.name) c",
        )
    };
    assert_eq!(columns(old), columns(&new));
    let others = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema
        WHERE type IN ('index', 'view') OR name = 'write_ahead_log' ORDER BY name)";
    assert_eq!(
        shell::<String>(&old.path(), others),
        shell::<String>(&new.path(), others)
    );
}

#[test]
fn runs_that_died_under_the_old_version_need_no_log() {
    let place = old();
    drop(Ledger::open_existing(&place.path(), holder()).unwrap());
    let died = "SELECT finished_at || ' ' || stopped_by || ' ' || (exit_code IS NULL) FROM run WHERE run_id = 'r2'";
    assert_eq!(shell::<String>(&place.path(), died), format!("{FOUND_AT} died 1"));
    let ended = "SELECT finished_at || ' ' || exit_code || ' ' || (stopped_by IS NULL) FROM run WHERE run_id = 'r1'";
    assert_eq!(shell::<String>(&place.path(), ended), "2 4 1");
}

#[test]
fn a_migration_that_cannot_be_finished_leaves_the_old_ledger() {
    let place = old();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.execute_batch("CREATE VIEW write_ahead_log AS SELECT 1").unwrap();
    drop(db);
    assert!(place.try_open().is_err());
    assert_eq!(pragma(&place.path(), "user_version"), 1);
    let column = "SELECT count(*) FROM pragma_table_info('attempt') WHERE name = 'user_created_at'";
    assert_eq!(shell::<i64>(&place.path(), column), 0);
}

#[test]
fn the_views_show_the_date_of_each_attempt() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let known = Outcome::untried(Status::Pending, None);
    let known = Outcome {
        run_id: "r1".into(),
        ..known
    };
    ledger.commit(&[intent(1, "a", 1, 5), outcome("a", known)]).unwrap();
    drop(ledger);
    for view in ["attempts", "in_doubt"] {
        let sql = format!("SELECT user_created_at FROM {view}");
        assert_eq!(shell::<String>(&place.path(), &sql), "2021-08-12", "{view}");
    }
}
