//! Which files open as a ledger, and for whom.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::{Place, close, holder, intent, open, outcome, pin, record, shell, user};
use crate::domain::outcome::{Outcome, Status};
use crate::domain::partner_id::PartnerId;
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::{AttemptId, AttemptStatus, Ledger, LedgerError, Pin};

fn pragma(ledger: &Ledger, name: &str) -> String {
    let sql = format!("PRAGMA {name}");
    let value: rusqlite::types::Value = ledger.db.query_row(&sql, [], |row| row.get(0)).unwrap();
    match value {
        rusqlite::types::Value::Integer(value) => value.to_string(),
        rusqlite::types::Value::Text(value) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_ledger_is_empty_pinned_and_durable() {
    let place = Place::new();
    for _ in 0..2 {
        let ledger = place.open();
        assert_eq!(ledger.pin().unwrap(), pin());
        assert_eq!(ledger.next_attempt().unwrap(), AttemptId::FIRST);
        assert_eq!(ledger.last_run_at().unwrap(), None);
        assert_eq!(ledger.history(&user("a")).unwrap(), Default::default());
        assert_eq!(pragma(&ledger, "synchronous"), "2", "FULL");
        assert_eq!(pragma(&ledger, "journal_mode"), "wal");
        assert_eq!(pragma(&ledger, "locking_mode"), "exclusive");
        assert_eq!(pragma(&ledger, "busy_timeout"), "0");
    }
}

#[test]
fn an_existing_ledger_opens_without_a_pin_and_a_missing_one_is_not_made() {
    let place = Place::new();
    assert!(matches!(
        Ledger::open_existing(&place.path(), holder()),
        Err(LedgerError::Missing)
    ));
    assert!(!place.path().exists());
    drop(place.open());
    let ledger = Ledger::open_existing(&place.path(), holder()).unwrap();
    assert_eq!(ledger.pin().unwrap(), pin());
}

#[test]
fn a_ledger_of_another_endpoint_or_partner_is_refused_and_left_alone() {
    let place = Place::new();
    drop(place.begun("r1"));
    for other in [
        Pin {
            endpoint: "https://other.example".into(),
            ..pin()
        },
        Pin {
            partner_id: PartnerId::parse("7").unwrap(),
            ..pin()
        },
    ] {
        match place.try_open_for(&other) {
            Err(LedgerError::OtherPin { found, wanted }) => {
                assert_eq!((found, wanted), (pin().to_string(), other.to_string()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(place.open().last_run_at().unwrap(), Some(UnixMillis::new(1_000)));
}

#[test]
fn a_file_of_no_bytes_becomes_a_ledger() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    assert!(matches!(
        Ledger::open_existing(&place.path(), holder()),
        Err(LedgerError::Foreign)
    ));
    assert_eq!(place.open().pin().unwrap(), pin());
}

#[test]
fn what_is_no_ledger_is_refused_and_not_touched() {
    let place = Place::new();
    let text = "user_id,user_created_at,photo\n".repeat(100);
    for bytes in [text.as_bytes(), b"xy", &[0xff; 4096]] {
        std::fs::write(place.path(), bytes).unwrap();
        let opened = place.try_open();
        assert!(
            matches!(opened, Err(LedgerError::Foreign)),
            "{} bytes: {opened:?}",
            bytes.len()
        );
        assert_eq!(std::fs::read(place.path()).unwrap(), bytes);
    }
}

#[test]
fn a_database_of_something_else_is_refused_and_not_touched() {
    let place = Place::new();
    for sql in [
        "CREATE TABLE enrollment (user_id TEXT)",
        "PRAGMA user_version = 1; CREATE TABLE x (y)",
        "PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE x (y)",
    ] {
        let path = place.path();
        drop(std::fs::remove_file(&path));
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        for error in [place.try_open(), Ledger::open_existing(&path, holder())] {
            assert!(matches!(error, Err(LedgerError::Foreign)), "{sql}: {error:?}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "{sql}");
    }
}

#[test]
fn a_newer_schema_is_told_by_its_number() {
    let place = Place::new();
    drop(place.open());
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = place.try_open().unwrap_err();
    assert!(matches!(error, LedgerError::Newer { found: 99 }), "{error:?}");
}

#[test]
fn a_damaged_ledger_is_an_error_and_never_an_empty_one() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    for id in 1..=500 {
        let name = format!("user-{id}");
        ledger
            .commit(&[intent(id, &name, 1, 1), close(id, AttemptStatus::Settled)])
            .unwrap();
        ledger
            .commit(&[outcome(&name, super::full(Status::Enrolled, "r1"))])
            .unwrap();
    }
    drop(ledger);
    let size = std::fs::metadata(place.path()).unwrap().len();
    let mut file = std::fs::File::options().write(true).open(place.path()).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xA5; size as usize - 4096]).unwrap();
    drop(file);
    let found = place.try_open().and_then(|ledger| ledger.history(&user("user-7")));
    assert!(
        matches!(found, Err(LedgerError::Corrupt(_) | LedgerError::Damaged(_))),
        "{found:?}"
    );
    // Cut off in the middle.
    std::fs::File::options()
        .write(true)
        .open(place.path())
        .unwrap()
        .set_len(6_000)
        .unwrap();
    let found = place.try_open().and_then(|ledger| ledger.history(&user("user-7")));
    assert!(found.is_err(), "{found:?}");
}

#[test]
fn words_that_no_version_has_written_are_damage() {
    for sql in [
        "UPDATE enrollment SET status = 'done'",
        "UPDATE enrollment SET reason = 'whatever'",
        "UPDATE enrollment SET run = 99",
        "DELETE FROM pin",
    ] {
        let place = Place::new();
        let mut ledger = place.begun("r1");
        ledger
            .commit(&[outcome("a", super::full(Status::Rejected, "r1"))])
            .unwrap();
        drop(ledger);
        let db = rusqlite::Connection::open(place.path()).unwrap();
        db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        drop(db);
        let found = place.try_open().and_then(|ledger| ledger.history(&user("a")));
        assert!(matches!(found, Err(LedgerError::Damaged(_))), "{sql}: {found:?}");
    }
}

#[cfg(unix)]
#[test]
fn its_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger.commit(&[intent(1, "a", 1, 1)]).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        files += 1;
    }
    assert!(files >= 2, "the database and its journal");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_its_cause() {
    let place = Place::new();
    let path = place.folder.path().join("none").join("ledger.db");
    assert!(matches!(open(&path, &pin()), Err(LedgerError::Open(_))));
    assert!(matches!(open(place.folder.path(), &pin()), Err(LedgerError::Open(_))));
}

#[test]
fn what_was_committed_is_there_without_a_proper_close() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger.commit(&[intent(1, "a", 1, 1)]).unwrap();
    // The files as a kill would leave them, with the journal not yet merged.
    let copy = Place::new();
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.folder.path().join(entry.file_name())).unwrap();
    }
    let after = copy.open();
    assert_eq!(after.history(&user("a")).unwrap().unresolved.len(), 1);
    assert_eq!(after.next_attempt().unwrap(), AttemptId::FIRST.next());
}

#[test]
fn runs_are_recorded_with_their_end() {
    let place = Place::new();
    let ledger = place.begun("r1");
    ledger.end_run(UnixMillis::new(2_000), 10, Some("limit")).unwrap();
    drop(ledger);
    let mut ledger = place.open();
    let second = crate::ledger::RunRecord {
        started_at: UnixMillis::new(5_000),
        ..record("r2")
    };
    ledger.begin_run(&second).unwrap();
    assert_eq!(ledger.last_run_at().unwrap(), Some(UnixMillis::new(5_000)));
    assert!(ledger.begin_run(&second).is_err(), "a run has its own name");
    drop(ledger);
    let path: &Path = &place.path();
    let sql = "SELECT finished_at || ' ' || exit_code || ' ' || stopped_by FROM run WHERE run_id = 'r1'";
    assert_eq!(shell::<String>(path, sql), "2000 10 limit");
    let open: Option<i64> = shell(path, "SELECT exit_code FROM run WHERE run_id = 'r2'");
    assert_eq!(open, None);
}

#[test]
fn an_outcome_of_an_earlier_run_keeps_that_runs_name() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    let first = Outcome {
        run_id: "r1".into(),
        ..Outcome::untried(Status::Pending, None)
    };
    ledger
        .commit(&[outcome("a", first.clone()), outcome("b", first)])
        .unwrap();
    drop(ledger);
    let mut ledger = place.begun("r2");
    let second = Outcome {
        run_id: "r2".into(),
        ..Outcome::untried(Status::Enrolled, None)
    };
    ledger.commit(&[outcome("b", second)]).unwrap();
    let run = |name: &str| ledger.history(&user(name)).unwrap().outcome.unwrap().run_id;
    assert_eq!((run("a"), run("b")), ("r1".into(), "r2".into()));
}
