//! The ledger of all users cut into those of parts, and put together again.

use std::path::{Path, PathBuf};

use super::{Place, close, full, holder, intent, outcome, pin, shell};
use crate::domain::outcome::Status;
use crate::domain::shard::Shard;
use crate::ledger::{AttemptStatus, Ledger, LedgerError, MergeError, PartLedger, Pin, SplitError, WholeLedger};
use crate::sys::signals::{GivenUp, Signal, Signals};
use crate::sys::work_folder::WorkFolder;

/// Users of whom the ledger knows an outcome, attempts and a look-up, or an attempt alone.
const USERS: [&str; 9] = ["a", "b", "c", "d", "e", "f", "名前", "007", "7"];
const TABLES: [&str; 3] = ["enrollment", "attempt", "look_up"];

/// A ledger of all users with two runs.
fn whole(place: &Place) -> Ledger {
    let mut ledger = place.begun("r1");
    for (id, name) in (1..).zip(USERS) {
        ledger.commit(&[intent(id, name, 1, 5)]).unwrap();
        let closed = match id % 3 {
            0 => vec![],
            1 => vec![close(id, AttemptStatus::InDoubt)],
            _ => vec![
                close(id, AttemptStatus::Settled),
                outcome(name, full(Status::Provisional, "r1")),
            ],
        };
        ledger.commit(&closed).unwrap();
    }
    ledger.begin_run(&super::record("r2")).unwrap();
    let look_up = "INSERT INTO look_up (run, user_id, asked_at, source, status_before, status)
        SELECT 2, user_id, 1, 'https://portal.example', 'provisional', 'provisional' FROM enrollment";
    ledger.db.execute(look_up, []).unwrap();
    let host = "UPDATE pin SET lookup_endpoint = 'https://portal.example'";
    ledger.db.execute(host, []).unwrap();
    ledger
}

fn places(folder: &Path, count: u32) -> Vec<(Shard, PathBuf)> {
    let place = |shard: Shard| (shard, folder.join(format!("{}.db", shard.in_names())));
    Shard::all(count).map(place).collect()
}

/// The users of a table, each as often as it is there.
fn users(ledger: &Path, table: &str) -> Vec<String> {
    let db = rusqlite::Connection::open(ledger).unwrap();
    let mut statement = db
        .prepare(&format!("SELECT user_id FROM {table} ORDER BY user_id"))
        .unwrap();
    let users = statement.query_map([], |row| row.get(0)).unwrap();
    users.map(Result::unwrap).collect()
}

#[test]
fn each_part_has_all_that_is_known_of_its_users_and_of_nobody_else() {
    // More parts than are filled at a time, so that there are several passes.
    for count in [1, 2, 70] {
        let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
        let ledger = whole(&place);
        let parts = places(folder.path(), count);
        ledger.split(&parts, 1_000, &Signals::unheard()).unwrap();
        drop(ledger);
        for table in TABLES {
            let mut all = Vec::new();
            for (shard, path) in &parts {
                let own = users(path, table);
                assert!(own.iter().all(|user| shard.holds(user)), "{table} of {shard}: {own:?}");
                all.extend(own);
            }
            all.sort();
            assert!(!all.is_empty());
            assert_eq!(all, users(&place.path(), table), "{table} of {count} parts");
        }
        assert_eq!(
            folder.path().read_dir().unwrap().count(),
            parts.len(),
            "something else was left"
        );
    }
}

#[test]
fn each_part_knows_all_runs_the_host_for_look_ups_and_whose_it_is() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let parts = places(folder.path(), 3);
    whole(&place).split(&parts, 1_000, &Signals::unheard()).unwrap();
    for (shard, path) in &parts {
        assert_eq!(shell::<i64>(path, "SELECT count(*) FROM run"), 2);
        assert_eq!(
            shell::<String>(path, "SELECT lookup_endpoint FROM pin"),
            "https://portal.example"
        );
        let own = Pin {
            shard: Some(*shard),
            ..pin()
        };
        assert_eq!(super::open(path, &own).unwrap().pin().unwrap(), own);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn no_file_is_replaced_and_the_error_names_it() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let parts = places(folder.path(), 3);
    std::fs::write(&parts[1].1, "mine").unwrap();
    let error = whole(&place).split(&parts, 1_000, &Signals::unheard()).unwrap_err();
    assert!(
        matches!(error, SplitError::Part(part, LedgerError::Open(_)) if part == parts[1].0),
        "{error:?}"
    );
    assert_eq!(std::fs::read(&parts[1].1).unwrap(), b"mine");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let place = Place::new();
    let parts = places(&place.folder.path().join("none"), 2);
    let error = whole(&place).split(&parts, 1_000, &Signals::unheard()).unwrap_err();
    assert!(
        matches!(error, SplitError::Part(part, LedgerError::Open(_)) if part == parts[0].0),
        "{error:?}"
    );
}

/// Puts the parts of a ledger together, until a signal has come.
fn merge(signals: &Signals) -> Result<i64, MergeError> {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let parts = places(folder.path(), 2);
    whole(&place).split(&parts, 1_000, &Signals::unheard()).unwrap();
    let quiet = Signals::unheard();
    let opened: Vec<_> = parts
        .iter()
        .map(|(_, path)| PartLedger::lock(path, holder()).unwrap())
        .collect();
    let facts: Vec<_> = parts
        .iter()
        .zip(&opened)
        .map(|((_, path), part)| part.facts(path, folder.path(), &quiet).unwrap())
        .collect();
    let work = WorkFolder::begin(folder.path()).unwrap();
    let mut made = WholeLedger::begin(work, &pin(), None, &facts, signals).unwrap();
    for ((shard, _), part) in parts.iter().zip(&opened) {
        made.add(part, *shard)?;
    }
    let (ledger, _made) = made.into_ledger(holder()).unwrap();
    let count =
        "SELECT count(DISTINCT user_id) FROM (SELECT user_id FROM enrollment UNION SELECT user_id FROM attempt)";
    Ok(ledger.db.query_row(count, [], |row| row.get(0)).unwrap())
}

#[test]
fn a_signal_is_heard_however_few_rows_a_part_has() {
    assert_eq!(merge(&Signals::unheard()).unwrap(), USERS.len() as i64);
    let given_up = merge(&Signals::heard(Signal::Terminate));
    assert!(
        matches!(given_up, Err(MergeError::GivenUp(GivenUp(Signal::Terminate)))),
        "{given_up:?}"
    );
}
