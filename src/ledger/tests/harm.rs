//! Ledgers that were harmed: told as what they are, left as they are; and none that is well is taken for one.

use std::fs;
use std::path::PathBuf;

use super::{FOUND_AT, Place, close, full, holder, intent, outcome, shell, user};
use crate::domain::outcome::Status;
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::{AttemptStatus, Ledger, LedgerError, wal};

const MAIN: &str = "ledger.db";
const LOG: &str = "ledger.db-wal";

/// How many users stand in a ledger with some content: more than one merging of the log's.
const USERS: i64 = 3_500;

fn enroll(ledger: &mut Ledger, users: std::ops::RangeInclusive<i64>) {
    let all: Vec<i64> = users.collect();
    for batch in all.chunks(40) {
        let entries = batch.iter().flat_map(|id| {
            let name = format!("user-{id}");
            [
                intent(*id, &name, 1, 1),
                close(*id, AttemptStatus::Settled),
                outcome(&name, full(Status::Enrolled, "r1")),
            ]
        });
        ledger.commit(&entries.collect::<Vec<_>>()).unwrap();
    }
}

fn is_known(ledger: &Ledger, id: i64) -> bool {
    super::is_settled(ledger, &format!("user-{id}"))
}

/// The path of a file of the place.
fn file(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join(name)
}

/// The ledger is refused for the loss of its log, by a run and by `results`, and is not touched.
fn is_lost(place: &Place) {
    let before = fs::read(place.path()).unwrap();
    for opened in [place.try_open(), Ledger::open_existing(&place.path(), holder())] {
        assert!(matches!(opened, Err(LedgerError::LogLost)), "{opened:?}");
    }
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

/// What a kill leaves opens, also after somebody else has merged the log, as SQLite's shell does when it is left.
fn is_well(place: &Place, known: i64) {
    let copy = place.copy(&[MAIN, LOG]);
    assert!(is_known(&copy.open(), known), "killed, then a run");
    assert!(is_known(&copy.open(), known), "and another");
    let copy = place.copy(&[MAIN, LOG]);
    let results = Ledger::open_existing(&copy.path(), holder()).unwrap();
    assert!(is_known(&results, known), "killed, then results");
    drop(results);
    assert!(!file(&copy, LOG).exists());
    assert!(is_known(&copy.open(), known), "then a run");
    let copy = place.copy(&[MAIN, LOG]);
    let count = "SELECT count(*) FROM enrollment";
    assert!(shell::<i64>(&copy.path(), count) >= known, "killed, then the shell");
    assert!(!file(&copy, LOG).exists());
    assert!(is_known(&copy.open(), known), "then a run");
}

#[test]
fn a_ledger_is_well_at_every_stage_and_lost_without_its_log_while_a_run_is_open() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    assert_eq!(
        shell_of_main(&place, "SELECT count(*) FROM run WHERE finished_at IS NULL"),
        1
    );
    for users in [1..=1, 2..=20, 21..=USERS] {
        let last = *users.end();
        enroll(&mut ledger, users);
        is_well(&place, last);
        is_lost(&place.copy(&[MAIN]));
        let copy = place.copy(&[MAIN]);
        fs::write(file(&copy, LOG), "").unwrap();
        is_lost(&copy);
    }
    ledger.end_run(UnixMillis::new(9_000), 0, None).unwrap();
    is_well(&place, USERS);
    // What the end has recorded is in the log alone.
    is_lost(&place.copy(&[MAIN]));
    drop(ledger);
    assert!(!file(&place, LOG).exists());
    is_well(&place, USERS);
}

#[test]
fn a_log_that_holds_no_whole_frame_is_lost_too() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=20);
    let whole = fs::read(file(&place, LOG)).unwrap();
    // As a file system leaves it after a power cut, or somebody who has put another file there.
    let mut without_header = whole.clone();
    without_header[..32].fill(0);
    let zeros = vec![0; whole.len()];
    let noise = (0..whole.len()).map(|n| (n * 7 % 251) as u8).collect();
    let mut first_frame_torn = whole.clone();
    first_frame_torn[100] ^= 1;
    for log in [without_header, zeros, noise, first_frame_torn] {
        let copy = place.copy(&[MAIN]);
        fs::write(file(&copy, LOG), &log).unwrap();
        is_lost(&copy);
        assert!(fs::read(file(&copy, LOG)).unwrap() == log, "the log is kept as it is");
    }
}

/// The main file by itself, as it would look without its log.
fn shell_of_main(place: &Place, sql: &str) -> i64 {
    shell(&place.copy(&[MAIN]).path(), sql)
}

#[test]
fn a_log_is_merged_now_and_then_and_does_not_grow_for_ever() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=USERS);
    let size = || file(&place, LOG).metadata().unwrap().len();
    let once = size();
    assert!(shell_of_main(&place, "SELECT count(*) FROM enrollment") > USERS / 2);
    enroll(&mut ledger, USERS + 1..=3 * USERS);
    assert!(size() < 2 * once, "{} after {once}", size());
}

#[test]
fn on_a_slow_disk_a_log_is_merged_more_seldom_and_does_not_grow_for_ever_either() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    ledger.set_disk(true);
    enroll(&mut ledger, 1..=USERS);
    assert_eq!(shell_of_main(&place, "SELECT count(*) FROM enrollment"), 0);
    ledger.unmerged = wal::SLOW_DISK_ENTRIES;
    enroll(&mut ledger, USERS + 1..=USERS + 1);
    assert_eq!(shell_of_main(&place, "SELECT count(*) FROM enrollment"), USERS);
}

#[test]
fn a_kill_within_a_merging_leaves_a_ledger_that_is_well() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=20);
    let opens = |copy: Place| assert!(is_known(&copy.open(), 20));
    wal::mark(&ledger.db, true).unwrap();
    opens(place.copy(&[MAIN, LOG]));
    ledger
        .db
        .query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
        .unwrap();
    opens(place.copy(&[MAIN, LOG]));
    is_lost(&place.copy(&[MAIN]));
    // SQLite waits for the disk between the log's next header and the first frame behind it.
    let begun_anew = place.copy(&[MAIN, LOG]);
    let mut log = fs::read(file(&begun_anew, LOG)).unwrap();
    wal::mark(&ledger.db, false).unwrap();
    let after = fs::read(file(&place, LOG)).unwrap();
    assert_ne!(after[..32], log[..32]);
    log[..32].copy_from_slice(&after[..32]);
    fs::write(file(&begun_anew, LOG), log).unwrap();
    let results = begun_anew.copy(&[MAIN, LOG]);
    assert!(is_known(&Ledger::open_existing(&results.path(), holder()).unwrap(), 20));
    opens(begun_anew);
    // A run that finds it so takes the mark away for good.
    let copy = place.copy(&[MAIN, LOG]);
    drop(copy.open());
    assert!(!file(&copy, LOG).exists());
    opens(copy);
}

#[test]
fn a_run_that_ends_without_a_word_leaves_a_ledger_that_is_well() {
    let place = Place::new();
    // As after an error: the run is not ended, and the ledger is closed.
    enroll(&mut place.begun("r1"), 1..=3);
    assert!(is_known(&place.open(), 3));
    // As on a full disk: the end cannot be recorded, nor can anything else.
    let ledger = place.begun("r2");
    ledger.db.execute_batch("PRAGMA query_only = ON").unwrap();
    assert!(ledger.end_run(UnixMillis::new(9_000), 0, None).is_err());
    drop(ledger);
    assert!(is_known(&place.open(), 3));
    // The same within a merging: the log stays until the mark is gone.
    let mut ledger = place.begun("r3");
    let full = "CREATE TEMP TRIGGER full BEFORE UPDATE ON write_ahead_log WHEN NOT NEW.needed
        BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    ledger.db.execute_batch(full).unwrap();
    assert!(ledger.merge_log().is_err());
    drop(ledger);
    assert!(file(&place, LOG).exists());
    assert!(is_known(&place.open(), 3));
}

#[test]
fn a_run_that_died_is_closed_when_the_next_command_finds_it() {
    let place = Place::new();
    let ledger = place.begun("r1");
    let copy = place.copy(&[MAIN, LOG]);
    drop(ledger);
    drop(Ledger::open_existing(&copy.path(), holder()).unwrap());
    let sql = "SELECT finished_at || ' ' || stopped_by || ' ' || (exit_code IS NULL) FROM run";
    assert_eq!(shell::<String>(&copy.path(), sql), format!("{FOUND_AT} died 1"));
}

#[test]
fn a_log_whose_database_is_gone_is_kept() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=3);
    let log = fs::read(file(&place, LOG)).unwrap();
    for empty in [false, true] {
        let copy = place.copy(&[LOG]);
        if empty {
            fs::write(copy.path(), "").unwrap();
        }
        for opened in [copy.try_open(), Ledger::open_existing(&copy.path(), holder())] {
            assert!(matches!(opened, Err(LedgerError::Damaged(_))), "{empty}: {opened:?}");
        }
        assert_eq!(fs::read(file(&copy, LOG)).unwrap(), log);
    }
}

#[test]
fn a_database_that_was_cut_off_is_damaged_with_and_without_its_log() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=USERS);
    ledger.merge_log().unwrap();
    let killed = place.copy(&[MAIN, LOG]);
    drop(ledger);
    let ended = place.copy(&[MAIN]);
    for (name, place) in [("killed", killed), ("ended", ended)] {
        let size = place.path().metadata().unwrap().len();
        assert!(size > 60 * 4096, "{size}");
        // The log of a killed run may hold as many pages as are missing, and whether a single one is in there only its
        // reading tells.
        let most = if name == "killed" { size / 2 } else { size - 4096 };
        for bytes in [6_000, size / 2, most] {
            let copy = place.copy(&[MAIN, LOG]);
            let main = fs::File::options().write(true).open(copy.path()).unwrap();
            main.set_len(bytes).unwrap();
            let all =
                |ledger: Ledger| (1..=USERS).try_for_each(|id| ledger.history(&user(&format!("user-{id}"))).map(drop));
            let found = copy.try_open().and_then(all);
            let is_told = matches!(found, Err(LedgerError::Damaged(_) | LedgerError::Corrupt(_)));
            assert!(is_told, "{name} {bytes}: {found:?}");
        }
    }
}

#[test]
fn a_beginning_that_was_overwritten_is_damage() {
    let place = Place::new();
    drop(place.begun("r1"));
    let whole = fs::read(place.path()).unwrap();
    let overwrite = |at: usize, with: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    for bytes in [
        overwrite(0, &[0; 16]),
        overwrite(0, b"garbage!"),
        overwrite(16, &[0xff; 8]),
        overwrite(100, &[0xff; 8]),
        overwrite(0, &[0; 100]),
        vec![0; whole.len()],
        whole[..50].to_vec(),
    ] {
        fs::write(place.path(), &bytes).unwrap();
        let opened = place.try_open();
        let is_told = matches!(opened, Err(LedgerError::Damaged(_) | LedgerError::Corrupt(_)));
        assert!(is_told, "{opened:?}");
        assert_eq!(fs::read(place.path()).unwrap(), bytes, "it was written to");
    }
}

#[test]
fn a_harmed_ledger_is_never_a_reason_to_begin_another() {
    let sqlite = || rusqlite::Error::QueryReturnedNoRows;
    for error in [
        LedgerError::LogLost,
        LedgerError::Damaged("x".into()),
        LedgerError::Corrupt(sqlite()),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("restore it") && text.contains("do not begin a new ledger"),
            "{text}"
        );
        assert!(!text.contains("--ledger"), "{text}");
    }
}

#[test]
fn missing_tables_are_damage() {
    for table in ["pin", "enrollment", "write_ahead_log"] {
        let place = Place::new();
        drop(place.begun("r1"));
        let db = rusqlite::Connection::open(place.path()).unwrap();
        db.execute_batch(&format!("PRAGMA foreign_keys = OFF; DROP TABLE {table}"))
            .unwrap();
        drop(db);
        let opened = place.try_open();
        assert!(matches!(opened, Err(LedgerError::Damaged(_))), "{table}: {opened:?}");
    }
}

#[test]
fn a_copy_is_read_where_nothing_can_be_written() {
    let place = Place::new();
    let mut ledger = place.begun("r1");
    enroll(&mut ledger, 1..=20);
    let killed = place.copy(&[MAIN, LOG]);
    let lost = place.copy(&[MAIN]);
    drop(ledger);
    let open = |place: &Place| {
        let lock = crate::ledger::Lock::take_to_read(&place.path(), holder()).unwrap();
        Ledger::open_copy(lock)
    };
    for place in [&place, &killed] {
        let files = |place: &Place| [MAIN, LOG].map(|name| fs::read(file(place, name)).ok());
        let before = files(place);
        let copy = open(place).unwrap();
        assert!(is_known(&copy, 20));
        let folder = PathBuf::from(copy.db.path().unwrap()).parent().unwrap().to_owned();
        assert_ne!(folder, place.folder.path().canonicalize().unwrap());
        drop(copy);
        assert!(!folder.exists(), "the copy goes with its use");
        assert_eq!(files(place), before);
    }
    assert!(matches!(open(&lost), Err(LedgerError::LogLost)));
}
