//! Whether two paths name one file, without opening either.

use std::path::{Path, PathBuf};

use super::atomic::folder;

/// True where both paths lead to one file or folder, or would lead to one file that is not there yet.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let places = place(one).zip(place(other));
    places.is_some_and(|(one, other)| one == other) || is_one_inode(one, other)
}

/// Where a file is or would be, whichever way its path is written.
fn place(path: &Path) -> Option<PathBuf> {
    let would_be = || Some(folder(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(would_be)
}

/// A hard link has a place of its own, and the bytes of another file.
#[cfg(unix)]
fn is_one_inode(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |path: &Path| path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
    inode(one).is_some_and(|one| inode(other) == Some(one))
}

#[cfg(not(unix))]
fn is_one_inode(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_every_way_of_writing_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        assert!(is_same(&at("file"), &at("./file")) && is_same(&at("none"), &at("./none")));
        assert!(is_same(folder.path(), &at(".")));
        for other in ["none", "other", "file/none", "none/none"] {
            assert!(!is_same(&at("file"), &at(other)), "{other}");
        }
        assert!(!is_same(&at("none"), &at("other")) && !is_same(&at("none/a"), &at("none/a")));
    }

    #[cfg(unix)]
    #[test]
    fn links_of_both_kinds_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("file"), at("soft")).unwrap();
        std::fs::hard_link(at("file"), at("hard")).unwrap();
        assert!(is_same(&at("file"), &at("soft")) && is_same(&at("soft"), &at("hard")));
    }
}
