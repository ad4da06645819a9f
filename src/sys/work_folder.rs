//! A folder for what is being made, which shows whether its process still lives.
//!
//! A file in it is locked by the kernel as long as the process lives, however that ends. So the next of its kind can prove
//! that a folder was left by a kill, and removes it. The file has its name only once it is locked: whoever finds it free
//! knows that its process has ended, and a folder without it is left alone.

use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::folder::private_named;

const PREFIX: &str = ".image-enroll-work-";
const LOCK: &str = "owner.lock";
/// What the lock is called until it is taken.
const UNLOCKED: &str = "owner.new";

/// The folder, of mode 0700. It goes when this is dropped, and the lock before it.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    _lock: File,
    folder: TempDir,
}

impl WorkFolder {
    /// Makes it within `folder`, and removes there what processes have left that have died.
    pub(crate) fn begin(folder: &Path) -> io::Result<Self> {
        let made = private_named(folder, PREFIX)?;
        let begun = Self {
            _lock: take_lock(made.path())?,
            folder: made,
        };
        // What cannot be removed takes disk space and does no other harm.
        drop(remove_left(folder, begun.path()));
        Ok(begun)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Where the file system has no locks nobody can prove anything, and the folder has none.
fn take_lock(folder: &Path) -> io::Result<File> {
    let unlocked = folder.join(UNLOCKED);
    let file = File::create_new(&unlocked)?;
    if file.try_lock().is_ok() {
        fs::rename(unlocked, folder.join(LOCK))?;
    }
    Ok(file)
}

fn remove_left(folder: &Path, own: &Path) -> io::Result<()> {
    let own = own.metadata()?;
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_folder_of(&entry, &own) {
            drop(remove_if_left(&entry.path()));
        }
    }
    Ok(())
}

/// A folder, and no link to one, of the same user as our own.
fn is_folder_of(entry: &DirEntry, own: &Metadata) -> bool {
    entry
        .metadata()
        .is_ok_and(|found| found.is_dir() && is_of_same_user(&found, own))
}

#[cfg(unix)]
fn is_of_same_user(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

#[cfg(not(unix))]
fn is_of_same_user(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// The lock is held while it is removed, so that two do not remove it at a time.
fn remove_if_left(folder: &Path) -> io::Result<()> {
    let path = folder.join(LOCK);
    if !path.symlink_metadata()?.is_file() {
        return Ok(());
    }
    let lock = File::open(path)?;
    match lock.try_lock() {
        Ok(()) => fs::remove_dir_all(folder),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that a process which died has left, with what it has made in it.
    fn left(folder: &Path) -> std::path::PathBuf {
        let path = folder.join(format!("{PREFIX}left"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join(LOCK), "").unwrap();
        fs::write(path.join("ledger.db"), "x").unwrap();
        path
    }

    #[test]
    fn it_goes_with_what_is_in_it_and_takes_along_what_the_dead_have_left() {
        let folder = tempfile::tempdir().unwrap();
        left(folder.path());
        let work = WorkFolder::begin(folder.path()).unwrap();
        fs::write(work.path().join("ledger.db"), "x").unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        drop(work);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn two_at_a_time_leave_each_other_alone() {
        let folder = tempfile::tempdir().unwrap();
        let works = [(); 2].map(|()| WorkFolder::begin(folder.path()).unwrap());
        assert!(works.iter().all(|work| work.path().is_dir()));
    }

    #[test]
    fn what_is_not_proven_to_be_left_stays() {
        let folder = tempfile::tempdir().unwrap();
        let unlocked = left(folder.path());
        fs::rename(unlocked.join(LOCK), unlocked.join(UNLOCKED)).unwrap();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join(LOCK), "").unwrap();
        drop(WorkFolder::begin(folder.path()).unwrap());
        assert!(unlocked.is_dir() && other.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(left(away.path()), folder.path().join(format!("{PREFIX}link"))).unwrap();
        let made = left(folder.path());
        fs::remove_file(made.join(LOCK)).unwrap();
        symlink(away.path().join(format!("{PREFIX}left")).join(LOCK), made.join(LOCK)).unwrap();
        let work = WorkFolder::begin(folder.path()).unwrap();
        assert_eq!(work.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(made.is_dir() && away.path().join(format!("{PREFIX}left")).join("ledger.db").exists());
    }
}
