//! A file that was made elsewhere is put at a place where nothing is, and is durable there.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::folder::folder_of;

/// Makes the file durable and gives it its place on the same file system; an error where something is there.
pub(crate) fn put_new(made: &Path, place: &Path) -> io::Result<()> {
    File::open(made)?.sync_all()?;
    link_new(made, place)?;
    sync_folder(folder_of(place))
}

/// Gives a file its place on the same file system; an error where something is there. A second name is made and not a rename,
/// which would replace what came to be there meanwhile.
pub(crate) fn link_new(made: &Path, place: &Path) -> io::Result<()> {
    match std::fs::hard_link(made, place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no second names.
        Err(_) if place.symlink_metadata().is_err() => std::fs::rename(made, place),
        linked => linked,
    }
}

/// Makes durable which names a folder holds.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes durable which names a folder holds.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
