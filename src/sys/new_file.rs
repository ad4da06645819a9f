//! A file that is there whole or not at all, and that takes no other one's place.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folder::folder_of;

/// What stands at the place of a new file in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    New,
    /// A file with the same bytes was there.
    Same,
    /// Something else is there, and stays.
    Other,
}

/// A file, of mode 0600, on the way to its place. Its name until then begins with `.image-enroll-`; a kill may leave it.
pub(crate) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    /// Begins it in the folder where it is to stand.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".image-enroll-");
        Ok(Self {
            file: builder.tempfile_in(folder_of(path))?,
            path: path.to_owned(),
        })
    }

    /// What writes to it.
    pub(crate) fn writer(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Makes it durable and puts it in place, unless something is there.
    pub(crate) fn put_in_place(self) -> io::Result<Placed> {
        self.file.as_file().sync_data()?;
        match self.file.persist_noclobber(&self.path) {
            Ok(_) => Ok(Placed::New),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                compared(&self.path, &mut error.file.reopen()?).map(|found| found.unwrap_or(Placed::Other))
            }
            Err(error) => Err(error.error),
        }
    }
}

/// Makes a file with these bytes, unless something is there.
pub(crate) fn place(path: &Path, bytes: &[u8]) -> io::Result<Placed> {
    // A second run finds most of them, and need not write what it throws away.
    if let Some(found) = compared(path, &mut &*bytes)? {
        return Ok(found);
    }
    let mut new = NewFile::begin(path)?;
    io::Write::write_all(new.writer(), bytes)?;
    new.put_in_place()
}

/// How what stands at `path` compares with a file that is made; none where nothing does.
pub(crate) fn compare(path: &Path, made: &Path) -> io::Result<Option<Placed>> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Ok(_) | Err(_) => compared(path, &mut File::open(made)?),
    }
}

/// How what stands at `path` compares with these bytes; none where nothing does. What is no file is not opened.
fn compared(path: &Path, bytes: &mut dyn Read) -> io::Result<Option<Placed>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(Some(Placed::Other)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let same = is_same(&mut File::open(path)?, bytes)?;
    Ok(Some(if same { Placed::Same } else { Placed::Other }))
}

fn is_same(one: &mut dyn Read, other: &mut dyn Read) -> io::Result<bool> {
    const PIECE: u64 = 64 * 1024;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        io::Read::take(&mut *one, PIECE).read_to_end(&mut left)?;
        io::Read::take(&mut *other, PIECE).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        let large = vec![7; 200_000];
        assert_eq!(place(&path, &large).unwrap(), Placed::New);
        assert_eq!(place(&path, &large).unwrap(), Placed::Same);
        for other in [&large[1..], &[large.as_slice(), &[1]].concat(), b""] {
            assert_eq!(place(&path, other).unwrap(), Placed::Other);
        }
        assert_eq!(std::fs::read(&path).unwrap(), large);
        // A file that came up meanwhile is found when the new one would take its place.
        for (bytes, wanted) in [(&b"x"[..], Placed::Other), (&large, Placed::Same)] {
            let mut new = NewFile::begin(&path).unwrap();
            io::Write::write_all(new.writer(), bytes).unwrap();
            assert_eq!(new.put_in_place().unwrap(), wanted);
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_its_owners_and_what_is_no_file_is_something_else() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        place(&path, b"x").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        symlink("a.jpg", folder.path().join("link")).unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        for name in ["link", "folder"] {
            assert_eq!(place(&folder.path().join(name), b"x").unwrap(), Placed::Other, "{name}");
        }
    }
}
