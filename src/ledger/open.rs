//! Opening: the file, the lock, the schema, the pin.

use std::fs::OpenOptions;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, config::DbConfig};

use super::{Ledger, LedgerError, Pin};

/// "IENR" in ASCII: tells a ledger from any other SQLite database.
const APPLICATION_ID: i64 = 0x4945_4E52;
/// Raised with every change of `schema.sql`.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// From this size on, that of some 100,000 users, a ledger is mapped into memory when it is opened.
const LARGE_BYTES: u64 = 32 * 1024 * 1024;
/// Mapped pages count as memory of the process, though the system may take them back at any time.
const MOST_MAPPED_BYTES: i64 = 256 * 1024 * 1024;

/// Exclusive locking keeps the kernel's lock from the first read to the end of the process; FULL makes every
/// commit durable; 8 MB of cache keep the memory flat.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 0;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -8000;
    PRAGMA temp_store = MEMORY;";

impl Ledger {
    /// Opens or creates the ledger of `pin`.
    pub(crate) fn open(path: &Path, pin: &Pin) -> Result<Self, LedgerError> {
        create_private(path)?;
        let ledger = Self::connect(path, Some(pin))?;
        if ledger.pin != *pin {
            return Err(LedgerError::OtherPin {
                found: ledger.pin.to_string(),
                wanted: pin.to_string(),
            });
        }
        Ok(ledger)
    }

    /// Opens the ledger of an earlier run, whatever it is pinned to.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        match path.try_exists() {
            Ok(true) => Self::connect(path, None),
            Ok(false) => Err(LedgerError::Missing),
            Err(error) => Err(LedgerError::Open(error)),
        }
    }

    /// The manifest names the users in another order than the ledger keeps them, so that nearly every look-up asks
    /// for another page: in a large ledger it is looked at in place instead of being copied.
    fn map_if_large(db: &Connection, path: &Path) -> Result<(), LedgerError> {
        let bytes = std::fs::metadata(path).map_err(LedgerError::Open)?.len();
        if bytes >= LARGE_BYTES {
            db.pragma_update(None, "mmap_size", MOST_MAPPED_BYTES)?;
        }
        Ok(())
    }

    fn connect(path: &Path, pin: Option<&Pin>) -> Result<Self, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.execute_batch(PRAGMAS)?;
        Self::map_if_large(&db, path)?;
        // Without it SQLite prepares a query anew whenever a bound value might ask for another plan.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let is_new = check_kind(&db)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // The first write takes the lock, and exclusive locking keeps it.
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
        match (is_new, pin) {
            (true, Some(pin)) => create(&transaction, pin)?,
            (true, None) => return Err(LedgerError::Foreign),
            (false, _) => {}
        }
        transaction.commit()?;
        db.set_prepared_statement_cache_capacity(32);
        let pin = read_pin(&db)?;
        let mut ledger = Self {
            db,
            pin,
            runs: Default::default(),
            run: 0,
        };
        ledger.load_runs()?;
        Ok(ledger)
    }
}

/// SQLite gives its own files the mode of the database, so the database is made before SQLite opens it.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(LedgerError::Open)
}

/// True for a database with nothing in it.
fn check_kind(db: &Connection) -> Result<bool, LedgerError> {
    let pragma = |name| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if tables == 0 => Ok(true),
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(false),
        (APPLICATION_ID, found) if found > SCHEMA_VERSION => Err(LedgerError::Newer { found }),
        _ => Err(LedgerError::Foreign),
    }
}

fn create(db: &Connection, pin: &Pin) -> Result<(), LedgerError> {
    db.execute_batch(SCHEMA)?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    db.execute(
        "INSERT INTO pin (endpoint, partner_id) VALUES (?1, ?2)",
        (&pin.endpoint, &pin.partner_id),
    )?;
    Ok(())
}

fn read_pin(db: &Connection) -> Result<Pin, LedgerError> {
    let pin = |row: &rusqlite::Row<'_>| {
        Ok(Pin {
            endpoint: row.get(0)?,
            partner_id: row.get(1)?,
        })
    };
    let found = db
        .query_row("SELECT endpoint, partner_id FROM pin", [], pin)
        .optional()?;
    found.ok_or_else(|| LedgerError::Damaged("no endpoint and partner".into()))
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} and partner {}", self.endpoint, self.partner_id)
    }
}
