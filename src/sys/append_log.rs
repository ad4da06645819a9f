//! A file of lines that only grows: a line that [`AppendLog::append`] has returned from is on the disk, and one that a kill
//! cut off is dropped when the file is opened again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use super::folder::folder_of;

/// The open file; nobody else can open it as one meanwhile.
#[derive(Debug)]
pub(crate) struct AppendLog {
    file: File,
    /// After an error nobody knows what is on the disk, so that nothing more is claimed to be.
    is_broken: bool,
}

impl AppendLog {
    /// Opens the file of mode 0600, or makes it, and hands over each of its lines.
    pub(crate) fn open<E: From<io::Error>>(
        path: &Path,
        mut line: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<Self, E> {
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        lock(&file)?;
        let whole = read(&file, &mut line)?;
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        if is_new {
            sync_folder(path)?;
        }
        Ok(Self { file, is_broken: false })
    }

    /// Appends a line without its end; when this returns well, it is on the disk.
    pub(crate) fn append(&mut self, line: &str) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("an earlier write has failed"));
        }
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        let written = written.and_then(|()| self.file.sync_data());
        self.is_broken = written.is_err();
        written
    }
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Hands over the whole lines; says how many bytes they have.
fn read<E: From<io::Error>>(file: &File, line: &mut impl FnMut(&str) -> Result<(), E>) -> Result<u64, E> {
    let (mut reader, mut text, mut whole) = (BufReader::new(file), Vec::new(), 0);
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text)?;
        let Some(bytes) = text.strip_suffix(b"\n") else {
            return Ok(whole);
        };
        line(std::str::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?)?;
        whole += read as u64;
    }
}

/// A new name is durable when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder_of(path))?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        let log = AppendLog::open(path, |line| {
            lines.push(line.to_owned());
            Ok::<_, io::Error>(())
        });
        log.unwrap();
        lines
    }

    #[test]
    fn what_was_appended_comes_back_and_what_was_cut_off_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert_eq!(lines(&path), [""; 0]);
        let mut log = AppendLog::open(&path, |_| Ok::<_, io::Error>(())).unwrap();
        log.append("one").unwrap();
        log.append("two").unwrap();
        drop(log);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"thr");
        std::fs::write(&path, text).unwrap();
        assert_eq!(lines(&path), ["one", "two"]);
        let mut log = AppendLog::open(&path, |_| Ok::<_, io::Error>(())).unwrap();
        log.append("three").unwrap();
        drop(log);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn it_is_open_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let _log = AppendLog::open(&path, |_| Ok::<_, io::Error>(())).unwrap();
        let again = AppendLog::open(&path, |_| Ok::<_, io::Error>(()));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn after_an_error_nothing_more_is_claimed() {
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut log = AppendLog { file, is_broken: false };
        assert_eq!(log.append("x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(log.append("x").is_err() && log.is_broken);
    }
}
