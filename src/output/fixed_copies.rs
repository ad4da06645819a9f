//! Copies of fixed photos, for a person to look at: one file for each row, in a folder of the user's choice.
//!
//! They show faces, so nobody else may read them. A file that is there and holds something else is never replaced.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Most characters of a user's id in a file's name; the row alone makes it the only one.
const MAX_ID_CHARS: usize = 80;

/// Why a copy could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FixedCopyError {
    #[error(transparent)]
    Write(#[from] io::Error),
    #[error("it is there and is no copy of this photo; name another folder with --save-fixed")]
    NotOurs,
}

/// The folder of the copies.
#[derive(Debug)]
pub(crate) struct FixedCopies<'a> {
    folder: &'a Path,
}

impl<'a> FixedCopies<'a> {
    /// Makes the folder where there is none; then nobody else may look into it.
    pub(crate) fn in_folder(folder: &'a Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
        Ok(Self { folder })
    }

    /// Keeps the photo of a row, whole or not at all. One that an earlier check has kept stays.
    pub(crate) fn keep(&self, row: u32, user_id: &str, photo: &[u8]) -> Result<(), (PathBuf, FixedCopyError)> {
        let path = self.folder.join(file_name(row, user_id));
        self.write(&path, photo).map_err(|error| (path, error))
    }

    fn write(&self, path: &Path, photo: &[u8]) -> Result<(), FixedCopyError> {
        // Of mode 0600; what it is copied to is not replaced.
        let mut file = NamedTempFile::new_in(self.folder)?;
        file.write_all(photo)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => is_copy(path, photo),
            Err(error) => Err(error.error.into()),
        }
    }
}

fn is_copy(path: &Path, photo: &[u8]) -> Result<(), FixedCopyError> {
    let metadata = fs::symlink_metadata(path)?;
    let is_it = metadata.is_file() && metadata.len() == photo.len() as u64 && fs::read(path)? == photo;
    is_it.then_some(()).ok_or(FixedCopyError::NotOurs)
}

/// Safe in every file system, whatever the id holds.
fn file_name(row: u32, user_id: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
        _ => '_',
    };
    let id: String = user_id.chars().take(MAX_ID_CHARS).map(safe).collect();
    format!("row-{row}-{id}.jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_whatever_the_id_holds() {
        assert_eq!(file_name(7, "user-1_A"), "row-7-user-1_A.jpg");
        assert_eq!(file_name(8, "../../etc/passwd\0"), "row-8-______etc_passwd_.jpg");
        assert_eq!(file_name(9, "名前 CON."), "row-9-___CON_.jpg");
        assert_eq!(file_name(1, &"x".repeat(256)).len(), "row-1-.jpg".len() + MAX_ID_CHARS);
    }

    #[test]
    fn a_copy_is_kept_once_and_nothing_else_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/deep");
        let copies = FixedCopies::in_folder(&place).unwrap();
        let path = place.join("row-1-a.jpg");
        for _ in 0..2 {
            copies.keep(1, "a", b"photo").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"photo");
        }
        let (refused, error) = copies.keep(1, "a", b"other").unwrap_err();
        assert_eq!(refused, path);
        assert!(matches!(error, FixedCopyError::NotOurs), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), b"photo");
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_a_copy_and_no_link_is_followed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        let copies = FixedCopies::in_folder(&place).unwrap();
        copies.keep(1, "a", b"photo").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&place.join("row-1-a.jpg"))), (0o700, 0o600));
        let outside = folder.path().join("outside");
        fs::write(&outside, b"photo").unwrap();
        std::os::unix::fs::symlink(&outside, place.join("row-2-b.jpg")).unwrap();
        assert!(matches!(
            copies.keep(2, "b", b"photo"),
            Err((_, FixedCopyError::NotOurs))
        ));
        assert_eq!(fs::read(outside).unwrap(), b"photo");
    }
}
