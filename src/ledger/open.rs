//! Opening: the lock, the file, the log beside it, the schema, the pin.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use tempfile::TempDir;

use super::kind::{Kind, check_database, check_file};
use super::migrate::{create, migrate};
use super::read::read_directory;
use super::{Holder, Ledger, LedgerError, Lock, Pin, pin, private_options, wal};
use crate::domain::unix_millis::UnixMillis;
use crate::sys::{
    folder::{folder_of, private_in, private_temporary},
    signals::Signals,
    user_hash::UserHashKeys,
};

/// Exclusive locking keeps other programs out, such as SQLite's shell; FULL makes every commit durable, on macOS with
/// `fullfsync` alone; the log is merged by [`Ledger::merge_log`] alone; 2 MB of cache, SQLite's own measure, are as fast as
/// 8 with 60,000 users as with 10 million. All rows name the run that was begun last, which is there; to have it looked up
/// for each would also make SQLite keep the pages behind every outcome until it is written.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 0;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -2000;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = OFF;";

/// A run that is still open when another command has the lock was killed, or its machine was. Nobody knows more.
const CLOSE_DEAD_RUNS: &str = "UPDATE run SET finished_at = ?1, stopped_by = 'died' WHERE finished_at IS NULL";

impl Ledger {
    /// Opens or creates the ledger of `pin` under its lock.
    pub(crate) fn open(lock: Lock, pin: &Pin) -> Result<Self, LedgerError> {
        Self::open_with(lock, pin, UserHashKeys::default())
    }

    /// The same; it knows its users by the hashes of these keys.
    pub(crate) fn open_with(lock: Lock, pin: &Pin, keys: UserHashKeys) -> Result<Self, LedgerError> {
        is_there(lock.ledger())?;
        create_private(lock.ledger())?;
        let path = lock.ledger().to_owned();
        Self::connect(lock, &path, Some(pin), None, keys)
    }

    /// Opens the ledger of an earlier run to read it, whatever it is pinned to, also where nothing can be written.
    pub(crate) fn open_existing(path: &Path, holder: Holder) -> Result<Self, LedgerError> {
        if !is_there(path)? {
            return Err(LedgerError::Missing);
        }
        let lock = Lock::take_to_read(path, holder)?;
        if lock.is_exclusive() && is_writable(lock.ledger()) {
            let path = lock.ledger().to_owned();
            return Self::connect(lock, &path, None, None, UserHashKeys::default());
        }
        Self::open_copy(lock)
    }

    /// Opens a private copy: SQLite cannot read a database with a log without writing beside it.
    pub(super) fn open_copy(lock: Lock) -> Result<Self, LedgerError> {
        let copy = private_temporary().and_then(|folder| copy(lock.ledger(), folder));
        let copy = copy.map_err(LedgerError::Copy)?;
        let path = copy.path().join(COPY_NAME);
        Self::connect(lock, &path, None, Some(copy), UserHashKeys::default())
    }

    fn connect(
        lock: Lock,
        path: &Path,
        pin: Option<&Pin>,
        copy: Option<TempDir>,
        keys: UserHashKeys,
    ) -> Result<Self, LedgerError> {
        let db = open_up_to_date(path, pin, lock.holder().started_at.into())?;
        let directory = read_directory(&db, &keys)?;
        let mut ledger = Self {
            db,
            runs: Default::default(),
            keys,
            directory,
            run: 0,
            unmerged: 0,
            has_slow_disk: false,
            _copy: copy,
            _lock: lock,
        };
        ledger.load_runs()?;
        Ok(ledger)
    }
}

/// A private copy in this folder, brought up to date. A signal gives up the copying.
pub(super) fn updated_copy(
    lock: &Lock,
    folder: &Path,
    signals: &Signals,
) -> Result<(Connection, TempDir), LedgerError> {
    let (ledger, folder) = (lock.ledger().to_owned(), folder.to_owned());
    let copied = signals.unless_given_up(move || copy(&ledger, private_in(&folder)?));
    let copy = copied.map_err(LedgerError::Copy)?;
    let db = open_up_to_date(&copy.path().join(COPY_NAME), None, lock.holder().started_at.into())?;
    Ok((db, copy))
}

/// Opens the database after it has been looked at, and brings it up to date.
fn open_up_to_date(path: &Path, pin: Option<&Pin>, now: UnixMillis) -> Result<Connection, LedgerError> {
    let log = wal::Found::beside(path).map_err(LedgerError::Open)?;
    check_file(path, log)?;
    let mut db = open_database(path, log)?;
    let kind = check(&db, path, log, pin)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    update(&transaction, kind, pin, now)?;
    transaction.commit()?;
    wal::keep_on_close(&db, false)?;
    Ok(db)
}

fn open_database(path: &Path, log: wal::Found) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.execute_batch(PRAGMAS)?;
    // Until it has been looked at nothing of it is changed, and a closing does not merge its log.
    wal::keep_on_close(&db, !log.is_empty())?;
    // Without it SQLite prepares a query anew whenever a bound value might ask for another plan.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(db)
}

/// All that can be wrong with it, found without writing to it.
fn check(db: &Connection, path: &Path, log: wal::Found, wanted: Option<&Pin>) -> Result<Kind, LedgerError> {
    let kind = check_database(db)?;
    let Kind::Ledger(version) = kind else {
        return wanted.map(|_| kind).ok_or(LedgerError::Foreign);
    };
    log.check_size(db, path.metadata().map_err(LedgerError::Open)?.len())?;
    if version > 1 {
        log.check_not_lost(db)?;
    }
    let found = pin::read(db, version)?;
    wanted.map_or(Ok(()), |wanted| found.check(wanted))?;
    Ok(kind)
}

/// Brings it up to date: its schema, the runs that have died, and the mark of its log, which is there.
fn update(transaction: &Transaction<'_>, kind: Kind, pin: Option<&Pin>, now: UnixMillis) -> Result<(), LedgerError> {
    match (kind, pin) {
        (Kind::New, Some(pin)) => create(transaction, pin)?,
        (Kind::New, None) => return Err(LedgerError::Foreign),
        (Kind::Ledger(version), _) => migrate(transaction, version)?,
    }
    transaction.execute(CLOSE_DEAD_RUNS, [now])?;
    wal::mark(transaction, false)
}

/// Whether there is a file. A log whose file was taken away is a ledger's, and SQLite would throw it away. What is no file
/// is no ledger, and who opened a pipe would wait for ever.
pub(crate) fn is_there(path: &Path) -> Result<bool, LedgerError> {
    let is_there = path.try_exists().map_err(LedgerError::Open)?;
    if is_there && !path.metadata().map_err(LedgerError::Open)?.is_file() {
        return Err(LedgerError::Foreign);
    }
    match is_there || wal::Found::beside(path).map_err(LedgerError::Open)?.is_empty() {
        true => Ok(is_there),
        false => Err(LedgerError::Damaged(
            "the file is gone, and its -wal file is there".into(),
        )),
    }
}

/// SQLite gives its own files the mode of the database, so the database is made before SQLite opens it.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    let opened = private_options().create(true).append(true).open(path);
    opened.map(drop).map_err(LedgerError::Open)
}

/// Whether SQLite may write to the database and beside it.
fn is_writable(path: &Path) -> bool {
    OpenOptions::new().write(true).open(path).is_ok() && tempfile::tempfile_in(folder_of(path)).is_ok()
}

const COPY_NAME: &str = "ledger.db";

fn copy(ledger: &Path, folder: TempDir) -> io::Result<TempDir> {
    let copy = folder.path().join(COPY_NAME);
    copy_file(ledger, &copy)?;
    match copy_file(&wal::path(ledger), &wal::path(&copy)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(folder),
    }
}

/// Copies the bytes and not the mode, which may forbid to write.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = private_options().create_new(true).write(true).open(to)?;
    io::copy(&mut from, &mut to).map(drop)
}
