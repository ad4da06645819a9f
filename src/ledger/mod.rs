//! The ledger: the durable record of every attempt and outcome, in SQLite.
//!
//! It is the truth; the results are a view of it. What [`Ledger::commit`] has returned from is on
//! the disk. It decides nothing: what a history means stands in `domain::resume`.

mod directory;
mod error;
mod kind;
mod lock;
mod lookup;
mod merge;
mod migrate;
mod open;
mod parts;
mod pin;
mod read;
mod retrospect;
#[cfg(test)]
mod tests;
mod time;
mod wal;
mod write;

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use serde::Serialize;
use strum::{Display, IntoStaticStr};
use tempfile::TempDir;

use crate::domain::{
    created_at::CreatedAt,
    outcome::{Outcome, PhotoDigest, Reason},
    partner_id::PartnerId,
    photo::ObjectVersion,
    shard::Shard,
    unix_millis::UnixMillis,
    user_id::UserId,
};
use crate::sys::user_hash::UserHashKeys;

use directory::Directory;
pub(crate) use error::LedgerError;
pub(crate) use lock::{Holder, Lock};
pub(crate) use lookup::{Dossier, LookedUp};
pub(crate) use merge::{MadeLedger, MergeError, PartLedger, WholeLedger, lock_new};
pub(crate) use open::is_there;
pub(crate) use parts::SplitError;
pub(crate) use read::Histories;
pub(crate) use retrospect::{AttemptCount, AttemptCounts, PastRun, Retrospect};
pub(crate) use write::Receipt;

/// What a ledger is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    /// A base URL, or a word for an endpoint whose URL changes from run to run.
    pub(crate) endpoint: String,
    pub(crate) partner_id: PartnerId,
    /// Whose users it is for; none: all of them.
    pub(crate) shard: Option<Shard>,
}

/// An open ledger. What it holds is dropped in this order: the lock outlives the database.
#[derive(Debug)]
pub(crate) struct Ledger {
    db: Connection,
    /// The names of the runs by their number.
    runs: HashMap<i64, String>,
    keys: UserHashKeys,
    directory: Directory,
    /// The number of the run that writes.
    run: i64,
    /// Entries that were recorded since the log was merged.
    unmerged: usize,
    has_slow_disk: bool,
    /// Where the database lies, if it is a copy of one that may only be read.
    _copy: Option<TempDir>,
    _lock: Lock,
}

impl Ledger {
    /// What this ledger is bound to.
    pub(crate) fn pin(&self) -> Result<Pin, LedgerError> {
        pin::read(&self.db, migrate::SCHEMA_VERSION)
    }
}

/// A run as the ledger keeps it.
#[derive(Debug, Clone)]
pub(crate) struct RunRecord {
    pub(crate) run_id: String,
    pub(crate) manifest: String,
    pub(crate) manifest_sha256: [u8; 32],
    pub(crate) started_at: UnixMillis,
}

/// The number of an attempt in the ledger, counted from 1 over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AttemptId(i64);

impl AttemptId {
    /// That of the first attempt in a new ledger.
    pub(crate) const FIRST: Self = Self(1);

    /// That of the next attempt.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing to record. A batch of them is one transaction.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// The request is about to be sent.
    Intent {
        id: AttemptId,
        user_id: UserId,
        number: u32,
        created_at: CreatedAt,
        photo: PhotoDigest,
        /// Where the photo came from a store.
        object: Option<Box<ObjectVersion>>,
        at: UnixMillis,
    },
    /// What became of an attempt.
    Close {
        id: AttemptId,
        class: AttemptStatus,
        reason: Option<Reason>,
        http_status: Option<u16>,
        at: UnixMillis,
    },
    /// Whatever was in doubt about this user is known now.
    Resolve { user_id: UserId },
    /// The state of the user.
    Outcome {
        user_id: UserId,
        created_at: CreatedAt,
        outcome: Arc<Outcome>,
    },
}

/// What an attempt turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum AttemptStatus {
    Settled,
    NotProcessed,
    InDoubt,
    /// Its answer ended the run.
    Stopped,
    /// The run ended between the intent and the first byte.
    NotSent,
}

impl AttemptStatus {
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
}

/// The files that SQLite, the lock and the status keep beside a ledger, there or not.
pub(crate) fn companions(ledger: &Path) -> [PathBuf; 7] {
    [
        "-wal",
        "-shm",
        "-journal",
        ".lock",
        ".status.json",
        ".status.json.new",
        ".status.lock",
    ]
    .map(|ending| beside(ledger, ending))
}

/// For files that nobody else may read.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file beside a ledger, by what comes behind the ledger's name.
pub(crate) fn beside(ledger: &Path, ending: &str) -> PathBuf {
    let mut path = ledger.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
