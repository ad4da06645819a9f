//! The ledger of a part, to be read.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags, Row};
use tempfile::TempDir;

use super::super::kind::{Kind, check_database, check_file};
use super::super::migrate::SCHEMA_VERSION;
use super::super::open::{self, is_there};
use super::super::{Holder, LedgerError, Lock, pin, wal};
use crate::domain::merging::{PartFacts, PartRun};
use crate::sys::signals::Signals;

const RUNS: &str = "SELECT run_id, version, manifest, manifest_sha256, started_at, finished_at, stopped_by FROM run
    ORDER BY id";
const LOOKUP_ENDPOINT: &str = "SELECT lookup_endpoint FROM pin";
/// Little memory, since each part is read once from its beginning to its end.
const PRAGMAS: &str = "PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;";
/// All but what stands for itself in the path of a URI.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// The ledger of a part under its lock, so that nobody writes to it while it is read.
#[derive(Debug)]
pub(crate) struct PartLedger {
    lock: Lock,
}

/// The same, opened.
pub(super) struct Reading {
    pub(super) db: Connection,
    /// Where it lies, if it is a copy; behind the database, which is closed first.
    _copy: Option<TempDir>,
}

impl PartLedger {
    /// Locks the ledger at `path`, which has to be there.
    pub(crate) fn lock(path: &Path, holder: Holder) -> Result<Self, LedgerError> {
        if !is_there(path)? {
            return Err(LedgerError::Missing);
        }
        let lock = Lock::take_to_read(path, holder)?;
        Ok(Self { lock })
    }

    /// What it says of itself. The file is named as the command line does. `folder` holds a copy, where it takes one.
    pub(crate) fn facts(&self, named: &Path, folder: &Path, signals: &Signals) -> Result<PartFacts, LedgerError> {
        let reading = self.read(folder, signals)?;
        let pin = pin::read(&reading.db, SCHEMA_VERSION)?;
        let mut statement = reading.db.prepare(RUNS)?;
        let runs = statement.query_map([], run)?;
        Ok(PartFacts {
            file: named.to_owned(),
            endpoint: pin.endpoint,
            partner_id: pin.partner_id.to_string(),
            lookup_endpoint: reading.db.query_row(LOOKUP_ENDPOINT, [], |row| row.get(0))?,
            shard: pin.shard,
            runs: runs.collect::<Result<_, _>>()?,
        })
    }

    /// Opens it for reading. What a killed run has left in its log can be read only where a file may be written beside
    /// it, and what an older version has written has to be brought up to date: either is done to a copy.
    pub(super) fn read(&self, folder: &Path, signals: &Signals) -> Result<Reading, LedgerError> {
        let path = self.lock.ledger();
        let log = wal::Found::beside(path).map_err(LedgerError::Open)?;
        check_file(path, log)?;
        let as_it_lies = match log.is_empty() {
            true => immutable(path, log)?,
            false => None,
        };
        match as_it_lies {
            Some(db) => Ok(Reading { db, _copy: None }),
            None => self.copied(folder, signals),
        }
    }

    fn copied(&self, folder: &Path, signals: &Signals) -> Result<Reading, LedgerError> {
        let (db, copy) = open::updated_copy(&self.lock, folder, signals)?;
        Ok(Reading { db, _copy: Some(copy) })
    }
}

/// The database as it lies, if it is whole without a log and of this version.
fn immutable(path: &Path, log: wal::Found) -> Result<Option<Connection>, LedgerError> {
    // Paths of Windows are no URIs.
    let Some(text) = path.to_str().filter(|_| cfg!(unix)) else {
        return Ok(None);
    };
    let uri = format!("file:{}?immutable=1", utf8_percent_encode(text, ENCODED));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags)?;
    db.execute_batch(PRAGMAS)?;
    let kind = check_database(&db)?;
    log.check_size(&db, path.metadata().map_err(LedgerError::Open)?.len())?;
    match kind {
        Kind::New => Err(LedgerError::Foreign),
        Kind::Ledger(SCHEMA_VERSION) if !wal::is_needed(&db)? => Ok(Some(db)),
        Kind::Ledger(_) => Ok(None),
    }
}

fn run(row: &Row<'_>) -> rusqlite::Result<PartRun> {
    Ok(PartRun {
        run_id: row.get(0)?,
        version: row.get(1)?,
        manifest: row.get(2)?,
        manifest_sha256: row.get(3)?,
        started_at: row.get(4)?,
        finished_at: row.get(5)?,
        stopped_by: row.get(6)?,
    })
}
