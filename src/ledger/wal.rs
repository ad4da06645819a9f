//! The write-ahead log beside the database (`<ledger>-wal`), and how its loss is told.
//!
//! SQLite takes a database whose log is gone for a whole one and forgets what stood in the log. So while a run goes
//! on, the main file alone says that it needs its log, and the log says that it does not: [`Ledger::merge_log`] keeps
//! it so. Whoever merges the two, be it SQLite's shell after a kill, thereby takes the mark away; whoever loses the
//! log leaves it there.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, config::DbConfig};

use super::{Ledger, LedgerError};

/// Sizes of the parts of a log, from SQLite's description of its file format.
const HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
/// How a log begins, the last bit aside; and where its first salt stands, which every frame repeats.
const MAGIC: u32 = 0x377f_0682;
const SALT_AT: usize = 16;
const FRAME_SALT_AT: usize = HEADER_BYTES as usize + 8;
/// Entries after which the log is merged into the main file: those of some 3,000 rows, some 20 megabytes of log. While
/// it is being merged, for some milliseconds, the main file says that it needs its log and nothing new stands in there:
/// who is killed just then and has SQLite's shell remove the log is refused for nothing, so it is not done often.
const ENTRIES: usize = 10_000;
/// The same on a slow disk: a merge waits for it five times, and nothing is recorded meanwhile. Batches are large there, so
/// that this is some 12 megabytes of log, and 120 at the very most.
pub(super) const SLOW_DISK_ENTRIES: usize = 60_000;

/// How the log lies there before SQLite has looked at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    bytes: u64,
    is_begun_anew: bool,
}

impl Found {
    pub(super) fn beside(ledger: &Path) -> io::Result<Self> {
        match File::open(path(ledger)) {
            Ok(log) => Ok(Self {
                bytes: log.metadata()?.len(),
                is_begun_anew: is_begun_anew(log)?,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self {
                bytes: 0,
                is_begun_anew: false,
            }),
            Err(error) => Err(error),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.bytes == 0
    }

    /// Most pages that the log may hold.
    fn frames(self, page_size: u64) -> u64 {
        self.bytes.saturating_sub(HEADER_BYTES) / (FRAME_HEADER_BYTES + page_size)
    }

    /// Refuses a main file that needs its log and has none: SQLite finds not one frame of it, and it is not that a merge
    /// was cut short before the first.
    pub(super) fn check_not_lost(self, db: &Connection) -> Result<(), LedgerError> {
        match is_needed(db)? && !self.is_begun_anew && readable_frames(db)? == 0 {
            true => Err(LedgerError::LogLost),
            false => Ok(()),
        }
    }

    /// Finds a main file that was cut off, from its size alone: pages that are not in it have to be in the log, as
    /// they are when a merge was cut short. Without a log SQLite compares them by itself.
    pub(super) fn check_size(self, db: &Connection, main_bytes: u64) -> Result<(), LedgerError> {
        let (page_size, pages) = (pragma(db, "page_size")?, pragma(db, "page_count")?);
        let there = main_bytes / page_size.max(1) + self.frames(page_size);
        match there < pages {
            true => Err(LedgerError::Damaged(format!("{there} of its {pages} pages are there"))),
            false => Ok(()),
        }
    }
}

impl Ledger {
    /// Merges the log where it has grown; before a batch and not after it, so that a batch is recorded or is not.
    pub(super) fn merge_grown_log(&mut self) -> Result<(), LedgerError> {
        let most = if self.has_slow_disk { SLOW_DISK_ENTRIES } else { ENTRIES };
        if self.unmerged < most {
            return Ok(());
        }
        self.merge_log()
    }

    /// Takes in how the disk is just now, which decides how far the log may grow.
    pub(crate) fn set_disk(&mut self, is_slow: bool) {
        self.has_slow_disk = is_slow;
    }

    /// Brings all that was committed into the main file, and the mark with it that the log is needed from now on. The
    /// log itself stays, and is written to anew from its beginning.
    pub(super) fn merge_log(&mut self) -> Result<(), LedgerError> {
        // From the mark in the main file to the first frame behind it, a closing must not take the log away.
        keep_on_close(&self.db, true)?;
        self.need_log()?;
        mark(&self.db, false)?;
        keep_on_close(&self.db, false)?;
        self.unmerged = 0;
        Ok(())
    }

    fn need_log(&self) -> Result<(), LedgerError> {
        mark(&self.db, true)?;
        let merged = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)? == row.get::<_, i64>(2)?));
        match self.db.query_row("PRAGMA wal_checkpoint(FULL)", [], merged)? {
            (0, true) => Ok(()),
            // Only somebody else who reads the database can be in the way.
            (_, _) => Err(LedgerError::Locked(None)),
        }
    }
}

/// Says in the database whether its main file is whole without the log.
pub(super) fn mark(db: &Connection, needed: bool) -> Result<(), LedgerError> {
    db.execute("UPDATE write_ahead_log SET needed = ?1 WHERE needed <> ?1", [needed])?;
    Ok(())
}

/// Whether the database says that its main file is not whole without the log.
pub(super) fn is_needed(db: &Connection) -> Result<bool, LedgerError> {
    Ok(db.query_row("SELECT needed FROM write_ahead_log", [], |row| row.get(0))?)
}

/// Whether the log stays as it is when the database is closed, instead of being merged and removed.
pub(super) fn keep_on_close(db: &Connection, keep: bool) -> Result<(), LedgerError> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

pub(super) fn path(ledger: &Path) -> PathBuf {
    super::beside(ledger, "-wal")
}

/// Frames that SQLite takes for whole; the size of a log says nothing of what stands in it. Those of a merge that was
/// cut short are thereby merged, which changes nothing of what is read.
fn readable_frames(db: &Connection) -> Result<i64, LedgerError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?)
}

/// Whether the log has its next header and all frames are of the one before: everything in it stands in the main file.
/// SQLite adds one to the first salt for each header, and waits for the disk before it writes the first frame.
fn is_begun_anew(log: File) -> io::Result<bool> {
    let mut bytes = Vec::new();
    log.take(HEADER_BYTES + FRAME_HEADER_BYTES).read_to_end(&mut bytes)?;
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let of_the_one_before = number(FRAME_SALT_AT).map(|salt| salt.wrapping_add(1));
    Ok(number(0).is_some_and(|magic| magic & !1 == MAGIC) && of_the_one_before == number(SALT_AT))
}

fn pragma(db: &Connection, name: &str) -> Result<u64, LedgerError> {
    let value: i64 = db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
    Ok(value.unsigned_abs())
}
