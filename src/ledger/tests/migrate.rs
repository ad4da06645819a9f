//! Ledgers of schema 1, as version 0.1.0 made it, and of schemas 2 and 4: they work on, and an older program refuses them from
//! then on.

use std::path::Path;

use super::{FOUND_AT, Place, digest, holder, intent, is_settled, outcome, pin, shell, user};
use crate::domain::outcome::{FixedDigest, Outcome, PhotoDigest, Status};
use crate::domain::photo::ObjectVersion;
use crate::domain::shard::Shard;
use crate::ledger::{AttemptId, Entry, Ledger, LedgerError, Pin};

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

/// What a ledger of schema 4 may hold of attempts and outcomes.
const MANY: &str = "
    PRAGMA application_id = 0x49454E52;
    PRAGMA user_version = 4;
    INSERT INTO pin VALUES ('https://api.example', '007', NULL);
    INSERT INTO run VALUES (1, 'r1', '0.4.0', 'm.csv', x'09', 1, 2, 0, NULL), (2, 'r2', '0.4.0', 'm.csv', x'09', 3, NULL, NULL, NULL);
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
    INSERT INTO attempt SELECT n, 1, 'user' || (n * 7919 % 2000), 1, randomblob(32), 10, n, n + 5, 'settled', NULL, 200,
        '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL FROM n;
    INSERT INTO enrollment SELECT user_id, 'enrolled', NULL, 200, '0840', 'Enroll User', '1', 'j', '99', 1, '2021-08-12',
        photo_sha256, 10, started_at, finished_at, 5, 1, NULL, NULL, NULL FROM attempt;
    INSERT INTO attempt VALUES
        (2001, 1, 'retried', 1, zeroblob(32), 10, 1, 2, 'not_processed', 'throttled', 429, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2002, 1, 'retried', 2, zeroblob(32), 10, 3, 4, 'settled', NULL, 200, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2003, 1, 'rejected', 1, zeroblob(32), 10, 3, 4, 'settled', 'no_face_found', 200, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2004, 1, 'object', 1, zeroblob(32), 10, 3, 4, 'settled', NULL, 200, '2021-08-12', NULL, NULL, NULL, 's3://b/a', 'e', NULL),
        (2005, 1, 'undated', 1, zeroblob(32), 10, 3, 4, 'settled', NULL, 200, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (2006, 1, 'fixed', 1, zeroblob(32), 10, 3, 4, 'settled', NULL, 200, '2021-08-12', 'scaled', zeroblob(32), 9, NULL, NULL, NULL),
        (2007, 1, 'inferred', 1, zeroblob(32), 10, 3, 4, 'resolved', 'no_answer', NULL, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2008, 1, 'inferred', 2, zeroblob(32), 10, 5, 6, 'settled', 'answer_lost', 400, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2009, 1, 'doubt', 1, zeroblob(32), 10, 3, 4, 'in_doubt', 'no_answer', NULL, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2010, 2, 'doubt', 2, zeroblob(32), 10, 5, NULL, NULL, NULL, NULL, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2011, 2, 'killed', 1, zeroblob(32), 10, 5, NULL, NULL, NULL, NULL, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL),
        (2012, 1, 'looked_up', 1, zeroblob(32), 10, 3, 4, 'resolved', 'no_answer', NULL, '2021-08-12', NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO enrollment VALUES
        ('retried', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 2, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('rejected', 'rejected', 'no_face_found', 200, '0911', NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('object', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('undated', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('fixed', 'enrolled', NULL, 200, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, 'scaled', zeroblob(32), 9),
        ('inferred', 'enrolled_inferred', 'answer_lost', 400, '2209', NULL, NULL, NULL, NULL, 2, '2021-08-12', zeroblob(32), 10, 5, 6, 1, 1, NULL, NULL, NULL),
        ('doubt', 'in_doubt', 'no_answer', NULL, NULL, NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('looked_up', 'enrolled', 'looked_up', NULL, '0840', NULL, NULL, NULL, NULL, 1, '2021-08-12', zeroblob(32), 10, 3, 4, 1, 1, NULL, NULL, NULL),
        ('away', 'invalid', 'photo_not_found', NULL, NULL, NULL, NULL, NULL, NULL, 0, '2021-08-12', NULL, NULL, NULL, 4, NULL, 1, NULL, NULL, NULL);";

fn old_with_many() -> Place {
    let place = Place::new();
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(&format!("BEGIN; {SCHEMA_4} {MANY} COMMIT;")).unwrap();
    place
}

/// Everything that the views show, in an order that no table has.
fn shown(path: &Path) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let of_view = |view: &str| {
        let columns: String = shell(
            path,
            &format!(
                "SELECT group_concat('coalesce(quote(' || name || '), 0)', ' || ') FROM pragma_table_info('{view}')"
            ),
        );
        let mut statement = db.prepare(&format!("SELECT {columns} FROM {view} ORDER BY 1")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    ["enrollments", "attempts", "in_doubt"].map(of_view).concat()
}

#[test]
fn the_views_show_after_a_migration_what_they_showed_before() {
    let place = old_with_many();
    let mut before = shown(&place.path());
    // The one thing that is known better: the date that schema 1 did not keep with an attempt.
    let undated = before
        .iter()
        .position(|line| line.starts_with("'undated'1'settled'"))
        .unwrap();
    before[undated] = before[undated].replace("'r1'NULL", "'r1''2021-08-12'");
    before.sort();
    drop(place.open());
    let mut after = shown(&place.path());
    after.sort();
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after, before);
    }
}

#[test]
fn attempts_that_say_nothing_more_than_their_enrollment_go_and_all_others_stay() {
    let place = old_with_many();
    let mut ledger = place.begun("r3");
    assert_eq!(ledger.next_attempt().unwrap(), AttemptId(2013));
    let doubts = ledger.history(&user("doubt")).unwrap().unresolved;
    assert_eq!(doubts.iter().map(|doubt| doubt.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(ledger.history(&user("killed")).unwrap().unresolved.len(), 1);
    for name in [
        "user1",
        "retried",
        "object",
        "undated",
        "fixed",
        "inferred",
        "looked_up",
    ] {
        assert!(is_settled(&ledger, name), "{name}");
    }
    ledger.commit(&[intent(2013, "new", 1, 5)]).unwrap();
    drop(ledger);
    let left = "SELECT group_concat(user_id || number, ' ') FROM (SELECT * FROM attempt ORDER BY id)";
    assert_eq!(
        shell::<String>(&place.path(), left),
        "retried1 retried2 rejected1 object1 inferred1 inferred2 doubt1 doubt2 killed1 looked_up1 new1"
    );
}

/// As a kill leaves it: what was written to the log so far is there, and its end is not.
#[test]
fn a_migration_that_is_cut_short_is_done_again() {
    let place = old_with_many();
    let wanted = shown(&place.path());
    let mut db = rusqlite::Connection::open(place.path()).unwrap();
    // So little memory that pages go to the log long before the end.
    db.execute_batch("PRAGMA cache_size = 10; PRAGMA wal_autocheckpoint = 0;")
        .unwrap();
    let transaction = db.transaction().unwrap();
    crate::ledger::migrate::migrate(&transaction, 4).unwrap();
    let killed = place.copy(&["ledger.db", "ledger.db-wal"]);
    assert!(
        std::fs::metadata(killed.folder.path().join("ledger.db-wal"))
            .unwrap()
            .len()
            > 100_000
    );
    drop(transaction);
    assert_eq!(shown(&killed.path()), wanted);
    assert_eq!(pragma(&killed.path(), "user_version"), 4);
    drop(killed.open());
    assert_eq!(pragma(&killed.path(), "user_version"), 6);
    assert_eq!(shown(&killed.path()).len(), wanted.len());
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
    for old in [old(), old_2(), old_4(), old_with_many()] {
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
