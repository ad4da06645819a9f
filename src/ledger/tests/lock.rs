//! The lock: who is refused, what the refused are told, and what cannot drop it.

use std::path::Path;

use chrono::DateTime;

use super::{Place, holder, intent, open, pin, user};
use crate::ledger::{Holder, Ledger, LedgerError, Lock};

/// What a second command is told.
fn refusal(path: &Path) -> String {
    match open(path, &pin()) {
        Err(error @ LedgerError::Locked(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_one_at_a_time_holds_it() {
    let place = Place::new();
    let first = place.open();
    assert!(matches!(place.try_open(), Err(LedgerError::Locked(_))));
    let results = Ledger::open_existing(&place.path(), holder());
    assert!(matches!(results, Err(LedgerError::Locked(_))));
    drop(first);
    let results = Ledger::open_existing(&place.path(), holder()).unwrap();
    assert!(matches!(place.try_open(), Err(LedgerError::Locked(_))));
    drop(results);
    place.open();
}

#[test]
fn no_opening_and_closing_of_any_file_drops_it() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger.commit(&[intent(1, "a", 1, 1)]).unwrap();
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        drop(std::fs::File::open(&path).unwrap());
        drop(std::fs::File::options().write(true).open(&path).unwrap());
        assert!(refusal(&place.path()).contains("process"), "{path:?}");
    }
    ledger.commit(&[intent(2, "a", 2, 1)]).unwrap();
    assert_eq!(ledger.history(&user("a")).unwrap().unresolved.len(), 2);
}

#[test]
fn it_is_taken_before_there_is_a_ledger() {
    let place = Place::new();
    let lock = Lock::take(&place.path(), holder()).unwrap();
    assert!(!place.path().exists());
    refusal(&place.path());
    let ledger = Ledger::open(lock, &pin()).unwrap();
    refusal(&place.path());
    drop(ledger);
    place.open();
}

#[test]
fn the_refused_are_told_process_command_manifest_and_start() {
    let place = Place::new();
    let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let holder = Holder::new("image-enroll results", Path::new("/data/\"a\".csv"), at);
    let lock = Lock::take(&place.path(), holder).unwrap();
    let process = std::process::id();
    assert_eq!(
        refusal(&place.path()),
        format!(
            "process {process} (\"image-enroll results\", manifest {:?}, started 2026-05-28T20:26:40Z) holds it; \
             wait for its end",
            "/data/\"a\".csv"
        )
    );
    drop(lock);
}

#[test]
fn a_relative_manifest_is_told_with_its_folder_and_standard_input_as_it_is() {
    let place = Place::new();
    for (manifest, told) in [
        ("m.csv", std::path::absolute("m.csv").unwrap()),
        ("-", Path::new("-").to_owned()),
    ] {
        let lock = Lock::take(
            &place.path(),
            Holder::new("image-enroll", Path::new(manifest), DateTime::UNIX_EPOCH),
        );
        let told = format!("manifest {told:?}");
        assert!(refusal(&place.path()).contains(&told), "{told}");
        drop(lock);
    }
}

#[test]
fn the_name_of_one_that_is_gone_is_not_told() {
    let place = Place::new();
    drop(place.open());
    let file = place.folder.path().join("ledger.db.lock");
    assert_eq!(std::fs::read(&file).unwrap(), b"", "it is taken off at a proper end");
    // As a kill would leave it: the next holder's name takes its place, however long the old one was.
    let killed = serde_json::to_string(&Holder::new("x", Path::new(&"gone".repeat(100)), DateTime::UNIX_EPOCH));
    std::fs::write(&file, killed.unwrap()).unwrap();
    let ledger = place.open();
    let told = refusal(&place.path());
    assert!(told.contains("m.csv") && !told.contains("gone"), "{told}");
    drop(ledger);
    // One that shares the lock, as those do that can only read, has no name to write.
    std::fs::write(
        &file,
        r#"{"process":1,"command":"x","manifest":"gone","started_at":"2026-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let shared = std::fs::File::open(&file).unwrap();
    shared.lock_shared().unwrap();
    let told = refusal(&place.path());
    assert_eq!(told, "another program holds it; wait for its end");
}

#[cfg(unix)]
#[test]
fn every_spelling_of_a_ledger_has_the_same_lock() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    let folder = place.folder.path();
    std::fs::create_dir(folder.join("sub")).unwrap();
    symlink(folder.join("ledger.db"), folder.join("sub/link.db")).unwrap();
    symlink(folder, folder.join("sub/folder")).unwrap();
    let spellings = ["ledger.db", "./sub/../ledger.db", "sub/link.db", "sub/folder/ledger.db"];
    // First while there is no ledger, then when the one before has made it.
    for one in spellings {
        let ledger = open(&folder.join(one), &pin()).unwrap();
        for other in spellings {
            refusal(&folder.join(other));
        }
        drop(ledger);
    }
    assert!(!folder.join("sub/link.db.lock").exists());
}

#[test]
fn another_program_that_has_the_database_open_is_told_as_such() {
    let place = Place::new();
    drop(place.begun("r1"));
    let db = rusqlite::Connection::open(place.path()).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(refusal(&place.path()), "another program holds it; wait for its end");
}
