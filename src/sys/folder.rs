//! Folders: the one that holds a file, and one that nobody but its owner looks into.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// Makes the folder and those above it that are missing, all of mode 0700. One that is there stays as it is.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A folder within `folder` for what is being made, of mode 0700. It goes when it is dropped; a kill may leave it.
pub(crate) fn private_in(folder: &Path) -> io::Result<TempDir> {
    private_named(folder, ".image-enroll-")
}

/// The same; its name begins with `prefix`.
pub(crate) fn private_named(folder: &Path, prefix: &str) -> io::Result<TempDir> {
    private(prefix, |builder| builder.tempdir_in(folder))
}

/// The same where the system keeps what is temporary.
pub(crate) fn private_temporary() -> io::Result<TempDir> {
    private(".image-enroll-", |builder| builder.tempdir())
}

fn private(prefix: &str, make: impl FnOnce(&tempfile::Builder<'_, '_>) -> io::Result<TempDir>) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    make(builder.prefix(prefix))
}

/// The folder that holds `path`, or would hold it.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}
