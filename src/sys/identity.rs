//! Which file a path leads to, told without opening it: wherever locks are POSIX's, the closing of any descriptor of a
//! file drops every lock that the process has on that file.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::folder_of;

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

/// A file, whichever of its names led to it: its device and number on Unix, its canonical path elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileId(Identity);

impl FileId {
    /// The file at `path`, symbolic links followed; an error where there is none.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Self::new(path, &path.metadata()?)
    }

    /// The same with metadata that was asked for already.
    #[cfg(unix)]
    pub(crate) fn new(_: &Path, metadata: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        Ok(Self((metadata.dev(), metadata.ino())))
    }

    /// The same with metadata that was asked for already.
    #[cfg(not(unix))]
    pub(crate) fn new(path: &Path, _: &Metadata) -> io::Result<Self> {
        path.canonicalize().map(Self)
    }
}

/// Whether both paths lead to one file; false where one of them leads to none.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (FileId::of(one), FileId::of(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Whether both paths lead to one place, where a file is or would be.
pub(crate) fn is_same_place(one: &Path, other: &Path) -> bool {
    let resolved = resolve(one).ok();
    is_same_file(one, other) || (resolved.is_some() && resolved == resolve(other).ok())
}

/// Where a file is or would be, whichever way its path is written. Links are followed, also those that lead to a file
/// that is still to be made; its folder has to be there.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.read_link() {
            Ok(target) => resolve(&folder_of(path).join(target)),
            Err(_) => {
                let name = path.file_name().ok_or(error)?;
                Ok(folder_of(path).canonicalize()?.join(name))
            }
        },
        resolved => resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_file_is_resolved_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("sub")).unwrap();
        for exists in [false, true] {
            if exists {
                std::fs::write(root.join("a"), "").unwrap();
            }
            for spelling in ["a", "./a", "sub/../a"] {
                assert_eq!(resolve(&root.join(spelling)).unwrap(), root.join("a"), "{spelling}");
            }
        }
        assert!(resolve(&root.join("none/a")).is_err());
        assert!(resolve(Path::new("")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_whether_their_target_is_there_or_not() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        symlink("target", root.join("link")).unwrap();
        symlink("link", root.join("second")).unwrap();
        symlink("round", root.join("round")).unwrap();
        for exists in [false, true] {
            if exists {
                std::fs::write(root.join("target"), "").unwrap();
            }
            assert_eq!(resolve(&root.join("second")).unwrap(), root.join("target"), "{exists}");
        }
        assert!(resolve(&root.join("round")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn one_file_has_one_identity_by_all_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        std::fs::write(path("a"), "x").unwrap();
        std::fs::write(path("b"), "x").unwrap();
        std::fs::hard_link(path("a"), path("hard")).unwrap();
        std::os::unix::fs::symlink("a", path("soft")).unwrap();
        for (name, same) in [
            ("a", true),
            ("hard", true),
            ("soft", true),
            ("b", false),
            ("none", false),
        ] {
            assert_eq!(is_same_file(&path("a"), &path(name)), same, "{name}");
        }
        assert!(!is_same_file(&path("none"), &path("none")));
    }
}
