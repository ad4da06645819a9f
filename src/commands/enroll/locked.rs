//! The ledger of a run before it is opened: where it is, and the lock on it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::{ConfigError, KeptLedger};
use crate::error::Error;
use crate::ledger::{Holder, Ledger, LedgerError, Lock, Pin};
use crate::sys::{folder, user_hash::UserHashKeys};

/// Where a ledger is, under its lock.
pub(super) struct LockedLedger {
    pub(super) path: PathBuf,
    pub(super) lock: Lock,
    /// Its folder, where it goes with the run.
    pub(super) temporary: Option<TempDir>,
}

/// The same, opened.
pub(super) struct OpenLedger {
    pub(super) path: PathBuf,
    pub(super) ledger: Ledger,
    pub(super) temporary: Option<TempDir>,
}

impl LockedLedger {
    /// One that stays.
    pub(super) fn kept(ledger: &KeptLedger, holder: Holder) -> Result<Self, Error> {
        if ledger.default_of.is_some() {
            make_folder(folder::folder_of(&ledger.path))?;
        }
        Self::take(ledger.path.clone(), None, holder)
    }

    /// For a simulator that forgets everything as well.
    pub(super) fn temporary(holder: Holder) -> Result<Self, Error> {
        let folder = folder::private_temporary().map_err(LedgerError::Open);
        let folder = folder.map_err(Error::of_ledger(&std::env::temp_dir()))?;
        Self::take(folder.path().join("ledger.db"), Some(folder), holder)
    }

    /// Opens it for `pin`; it knows its users by the hashes of these keys.
    pub(super) fn open(self, pin: &Pin, keys: &UserHashKeys) -> Result<OpenLedger, Error> {
        let Self { path, lock, temporary } = self;
        let ledger = Ledger::open_with(lock, pin, keys.clone()).map_err(Error::of_ledger(&path))?;
        Ok(OpenLedger {
            path,
            ledger,
            temporary,
        })
    }

    fn take(path: PathBuf, temporary: Option<TempDir>, holder: Holder) -> Result<Self, Error> {
        let lock = Lock::take(&path, holder).map_err(Error::of_ledger(&path))?;
        Ok(Self { path, lock, temporary })
    }
}

fn make_folder(path: &Path) -> Result<(), ConfigError> {
    let made = folder::create_private(path);
    made.map_err(|source| ConfigError::LedgerFolder {
        path: path.to_owned(),
        source,
    })
}
