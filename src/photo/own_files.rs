//! The run's own files, which are no photos, whatever a manifest says.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::sys::identity::FileId;

/// Files that a run reads or writes besides photos. A photo that names one of them is refused without being opened:
/// the closing of a database's file drops the locks that SQLite has on it.
#[derive(Debug, Default)]
pub(crate) struct OwnFiles(Vec<OwnFile>);

#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    /// None where the file is still to be made.
    id: Option<FileId>,
}

impl OwnFiles {
    /// These files, there or not.
    pub(crate) fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let own = |path: PathBuf| OwnFile {
            id: FileId::of(&path).ok(),
            path,
        };
        Self(paths.into_iter().map(own).collect())
    }

    /// Whether the file at `path` is one of them, by whichever name. A file that is replaced has another identity than
    /// it had, and one that was removed may have left its own to another: so where identity or name agree, what stands
    /// there now decides.
    pub(super) fn contain(&self, path: &Path, metadata: &Metadata) -> bool {
        let Ok(id) = FileId::new(path, metadata) else {
            return false;
        };
        let agrees = |own: &OwnFile| own.id.as_ref() == Some(&id) || own.path.file_name() == path.file_name();
        let is_it = |own: &OwnFile| FileId::of(&own.path).is_ok_and(|now| now == id);
        self.0.iter().any(agrees) && self.0.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(own: &OwnFiles, path: &Path) -> bool {
        own.contain(path, &path.metadata().unwrap())
    }

    #[test]
    fn a_file_is_known_by_all_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("sub")).unwrap();
        for name in ["ledger", "photo", "sub/ledger"] {
            std::fs::write(path(name), name).unwrap();
        }
        let own = OwnFiles::new([path("ledger"), path("none")]);
        assert!(contain(&own, &path("ledger")) && contain(&own, &path("sub/../ledger")));
        // Another file of that name is a photo like any other.
        assert!(!contain(&own, &path("photo")) && !contain(&own, &path("sub/ledger")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("ledger", path("soft.jpg")).unwrap();
            std::fs::hard_link(path("ledger"), path("hard.jpg")).unwrap();
            assert!(contain(&own, &path("soft.jpg")) && contain(&own, &path("hard.jpg")));
        }
    }

    #[test]
    fn a_file_that_was_made_or_replaced_since_is_known_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, new) = (folder.path().join("results"), folder.path().join("new"));
        let own = OwnFiles::new([path.clone()]);
        std::fs::write(&path, "1").unwrap();
        assert!(contain(&own, &path));
        let own = OwnFiles::new([path.clone()]);
        std::fs::write(&new, "2").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert!(contain(&own, &path));
    }

    #[test]
    fn a_place_that_was_left_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, photo) = (folder.path().join("summary"), folder.path().join("photo"));
        std::fs::write(&path, "1").unwrap();
        let own = OwnFiles::new([path.clone()]);
        // The very same file, which is the surest way to be given its number again.
        std::fs::rename(&path, &photo).unwrap();
        assert!(!contain(&own, &photo));
    }
}
