//! A file that was made elsewhere is put at a place where nothing is, and is durable there.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::folder::folder_of;

/// Makes the file durable and gives it its place on the same file system; an error where something is there. A second name
/// is made and not a rename, which would replace what came to be there meanwhile.
pub(crate) fn put_new(made: &Path, place: &Path) -> io::Result<()> {
    File::open(made)?.sync_all()?;
    match std::fs::hard_link(made, place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        // Some file systems have no second names.
        Err(_) if place.symlink_metadata().is_err() => std::fs::rename(made, place)?,
        linked => linked?,
    }
    sync_folder(folder_of(place))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
