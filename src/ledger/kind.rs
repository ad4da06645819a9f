//! What a file is that is to be opened as a ledger: a ledger, a harmed one, or plainly something else.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;

use super::LedgerError;
use super::migrate::{APPLICATION_ID, SCHEMA_VERSION};
use super::wal::Found;

/// How every SQLite database begins, where its application id stands, and how long its header is.
const MAGIC: &[u8] = b"SQLite format 3\0";
const APPLICATION_ID_AT: std::ops::Range<usize> = 68..72;
const HEADER_BYTES: u64 = 100;
/// Tables that a ledger has: four of them in version 1, five in version 2, and all of them since.
const TABLES: &str = "SELECT count(*) FROM sqlite_schema
    WHERE type = 'table' AND name IN ('pin', 'run', 'attempt', 'enrollment', 'write_ahead_log', 'look_up')";

/// A database that may be used as a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is nothing in it.
    New,
    /// A ledger of this schema.
    Ledger(i64),
}

/// Judges the file before SQLite looks at it. SQLite says the same of a text and of a ledger whose beginning was
/// overwritten, and it throws the log of an empty database away.
pub(super) fn check_file(path: &Path, log: Found) -> Result<(), LedgerError> {
    match header(path).map_err(LedgerError::Open)?.as_slice() {
        [] if log.is_empty() => Ok(()),
        [] => Err(damaged("the file is empty, and its -wal file is not")),
        header if header.starts_with(MAGIC) => match application_id(header) {
            None | Some(0 | APPLICATION_ID) => Ok(()),
            Some(_) => Err(LedgerError::Foreign),
        },
        header if application_id(header) == Some(APPLICATION_ID) || header.iter().all(|byte| *byte == 0) => {
            Err(damaged("its beginning was overwritten"))
        }
        _ => Err(LedgerError::Foreign),
    }
}

/// Judges the database by what stands in it.
pub(super) fn check_database(db: &Connection) -> Result<Kind, LedgerError> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let version = number("PRAGMA user_version")?;
    match number("PRAGMA application_id")? {
        0 if version == 0 && objects == 0 => Ok(Kind::New),
        id if id != i64::from(APPLICATION_ID) => Err(LedgerError::Foreign),
        _ if version > SCHEMA_VERSION => Err(LedgerError::Newer { found: version }),
        _ if version < 1 || number(TABLES)? != (version + 3).min(6) => Err(damaged("tables are missing")),
        _ => Ok(Kind::Ledger(version)),
    }
}

fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    File::open(path)?.take(HEADER_BYTES).read_to_end(&mut header)?;
    Ok(header)
}

fn application_id(header: &[u8]) -> Option<i32> {
    let bytes = header.get(APPLICATION_ID_AT)?.try_into().ok()?;
    Some(i32::from_be_bytes(bytes))
}

fn damaged(what: &str) -> LedgerError {
    LedgerError::Damaged(what.to_owned())
}
