//! The lock of a ledger: a file of its own beside it, `<ledger>.lock`, locked by the kernel.
//!
//! The lock belongs to the open file and not to the process, so that no opening or closing of any file within the
//! process can drop it, as it does SQLite's own; it ends with the process, however that ends. The file stays, since a
//! second command might be about to lock it. It names its holder, for those who are refused.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{LedgerError, private_options};
use crate::sys::identity::resolve;

/// A holder names itself within microseconds of taking the lock; until then a killed one's name may stand there. So
/// whoever is refused waits a moment before each of these readings.
const READINGS: u32 = 20;
const BEFORE_READING: Duration = Duration::from_millis(10);

/// Who takes a ledger, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    process: u32,
    /// The command as it is typed, such as `image-enroll results`.
    command: String,
    manifest: String,
    pub(super) started_at: DateTime<Utc>,
}

impl Holder {
    /// This process.
    pub(crate) fn new(command: &str, manifest: &Path, started_at: DateTime<Utc>) -> Self {
        // Who reads it may stand in another folder.
        let absolute = match manifest.as_os_str() == "-" {
            true => None,
            false => std::path::absolute(manifest).ok(),
        };
        Self {
            process: std::process::id(),
            command: command.to_owned(),
            manifest: absolute.as_deref().unwrap_or(manifest).to_string_lossy().into_owned(),
            started_at,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            process,
            command,
            manifest,
            started_at,
        } = self;
        let since = started_at.format("%Y-%m-%dT%H:%M:%SZ");
        write!(
            f,
            "process {process} ({command:?}, manifest {manifest:?}, started {since})"
        )
    }
}

/// The lock on a ledger, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// None where there is no such file and none can be made: then nobody can write to the ledger either.
    file: Option<File>,
    /// Taken by nobody else; otherwise shared with others that only read.
    is_exclusive: bool,
    ledger: PathBuf,
    holder: Holder,
}

impl Lock {
    /// Takes the lock of the ledger at `ledger`, which need not be there yet.
    pub(crate) fn take(ledger: &Path, holder: Holder) -> Result<Self, LedgerError> {
        Self::exclusive(place(ledger)?, holder)
    }

    /// The same for a command that only reads: it has to do where nothing can be written.
    pub(super) fn take_to_read(ledger: &Path, holder: Holder) -> Result<Self, LedgerError> {
        let ledger = place(ledger)?;
        match Self::exclusive(ledger.clone(), holder.clone()) {
            Err(LedgerError::Lock(error)) if is_forbidden(&error) => Self::shared(ledger, holder),
            taken => taken,
        }
    }

    fn exclusive(ledger: PathBuf, holder: Holder) -> Result<Self, LedgerError> {
        let mut options = private_options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path(&ledger)).map_err(LedgerError::Lock)?;
        file.try_lock().map_err(|error| refused(error, &file))?;
        // The lock holds without its text, too.
        drop(name(&mut file, &holder));
        Ok(Self {
            file: Some(file),
            is_exclusive: true,
            ledger,
            holder,
        })
    }

    fn shared(ledger: PathBuf, holder: Holder) -> Result<Self, LedgerError> {
        let file = match File::open(path(&ledger)) {
            Ok(file) => {
                file.try_lock_shared().map_err(|error| refused(error, &file))?;
                Some(file)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(LedgerError::Lock(error)),
        };
        Ok(Self {
            file,
            is_exclusive: false,
            ledger,
            holder,
        })
    }

    /// The canonical path of the ledger.
    pub(super) fn ledger(&self) -> &Path {
        &self.ledger
    }

    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    pub(super) fn is_exclusive(&self) -> bool {
        self.is_exclusive
    }
}

impl Drop for Lock {
    /// Takes the holder's name off before the lock ends; after a kill it stays, and is not read.
    fn drop(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| self.is_exclusive) {
            drop(file.set_len(0));
        }
    }
}

/// The lock's file.
fn path(ledger: &Path) -> PathBuf {
    super::beside(ledger, ".lock")
}

/// Every spelling of a ledger has the same lock; a folder has none.
fn place(ledger: &Path) -> Result<PathBuf, LedgerError> {
    let ledger = resolve(ledger).map_err(LedgerError::Open)?;
    match ledger.is_dir() {
        true => Err(LedgerError::Open(ErrorKind::IsADirectory.into())),
        false => Ok(ledger),
    }
}

fn name(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(&serde_json::to_vec(holder)?)
}

fn refused(error: TryLockError, file: &File) -> LedgerError {
    match error {
        TryLockError::WouldBlock => LedgerError::Locked(read_holder(file).map(Box::new)),
        TryLockError::Error(error) => LedgerError::Lock(error),
    }
}

/// Who holds the lock that was refused; none where it has not said so.
fn read_holder(mut file: &File) -> Option<Holder> {
    // Those that share the lock cannot write, so what stands there is not theirs.
    if file.try_lock_shared().is_ok() {
        drop(file.unlock());
        return None;
    }
    (0..READINGS).find_map(|_| {
        std::thread::sleep(BEFORE_READING);
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
        serde_json::from_str(&text).ok()
    })
}

/// A folder, a file or a whole medium that may only be read.
fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}
