//! Where the ledger of all users is to stay.

use std::path::{Path, PathBuf};

use super::super::{Holder, Ledger, LedgerError, Lock, open};
use crate::sys::{new_place::put_new, signals::Signals, work_folder::WorkFolder};

/// A ledger that was made and is still without its place; it goes when this is dropped.
pub(crate) struct MadeLedger {
    path: PathBuf,
    _folder: WorkFolder,
}

impl MadeLedger {
    pub(super) fn new(path: PathBuf, folder: WorkFolder) -> Self {
        Self { path, _folder: folder }
    }

    /// Makes it durable and puts it at the place that was locked for it, unless something is there.
    pub(crate) fn put_in_place(&self, ledger: Ledger, place: &Lock, signals: &Signals) -> Result<(), LedgerError> {
        ledger.db.close().map_err(|(_, error)| error)?;
        let (made, place) = (self.path.clone(), place.ledger().to_owned());
        match signals.unless_given_up(move || put_new(&made, &place)) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(LedgerError::Exists),
            put => put.map_err(LedgerError::Open),
        }
    }
}

/// Locks the place of a new ledger, where none may be.
pub(crate) fn lock_new(path: &Path, holder: Holder) -> Result<Lock, LedgerError> {
    let lock = Lock::take(path, holder)?;
    match open::is_there(lock.ledger())? {
        true => Err(LedgerError::Exists),
        false => Ok(lock),
    }
}
