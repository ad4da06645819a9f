//! Before a file is written over: that it is an earlier one of its kind, and for results that nobody else writes to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::findings::{FINDING_COLUMNS, FindingsError};
use super::{ResultsError, Target, form};
use crate::domain::columns::{Appended, Form};
use crate::sys::atomic::Place;
use crate::sys::identity::FileId;

/// Longest header that is looked at, as long as a record may be.
const MAX_HEADER_BYTES: u64 = 1024 * 1024;

/// A results file that no other command of this tool writes to while this lives.
///
/// The lock is the kernel's, on a file `<results>.lock` beside the results: they themselves are replaced by rename,
/// and a lock on what was replaced would keep nobody out.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Target {
    /// Takes the place of the results, to be held until they are written whole. `force` lets a file go that is no
    /// earlier results CSV, and never one that is in use. Nothing is written to the results themselves.
    pub(crate) fn claim(&self, force: bool) -> Result<Option<Claim>, ResultsError> {
        self.claim_of(Form::Results, force)
    }

    /// The same for a file of that form, which may replace an earlier one of its own form only.
    pub(crate) fn claim_of(&self, form: Form, force: bool) -> Result<Option<Claim>, ResultsError> {
        self.check(form, force)?;
        match self {
            Self::Place(Place::File(path)) => Claim::take(path).map(Some),
            Self::Place(Place::Device(_)) | Self::Stdout => Ok(None),
        }
    }

    /// Whether a file of that form may take the place, whoever has it now.
    pub(crate) fn check(&self, form: Form, force: bool) -> Result<(), ResultsError> {
        let Self::Place(Place::File(path)) = self else {
            return Ok(());
        };
        if path.is_dir() {
            return Err(ResultsError::Directory);
        }
        match form {
            _ if force || is_replaceable(path, |header| is_of(form, header))? => Ok(()),
            Form::Results => Err(ResultsError::NotResults),
            Form::Failures => Err(ResultsError::NotFailures),
        }
    }

    /// Lets findings replace nothing but earlier findings: a photo would be lost, and results might be in use.
    pub(crate) fn check_findings(&self) -> Result<(), FindingsError> {
        match self {
            Self::Place(Place::File(path)) if !is_replaceable(path, is_of_findings)? => Err(FindingsError::NotFindings),
            Self::Place(_) | Self::Stdout => Ok(()),
        }
    }
}

impl Claim {
    /// Takes the place of a file, or of a folder, by the lock `<name>.lock` beside it.
    pub(super) fn take(results: &Path) -> Result<Self, ResultsError> {
        let mut path = results.to_owned().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let lock = open(&path)?;
            match lock.try_lock() {
                // A file system without locks cannot tell; then it is as it was before there was this question.
                Ok(()) | Err(TryLockError::Error(_)) => {}
                Err(TryLockError::WouldBlock) => return Err(ResultsError::InUse),
            }
            // Whoever held it may have removed it between the two steps: then this is a lock on nothing.
            if is_at(&lock, &path) {
                return Ok(Self { path, _lock: lock });
            }
        }
    }
}

impl Drop for Claim {
    /// Removed while the lock is held, so that nobody else's is. One that is left over, as after a kill, is in
    /// nobody's way.
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn is_at(lock: &File, path: &Path) -> bool {
    let own = lock.metadata().and_then(|metadata| FileId::new(path, &metadata));
    own.is_ok_and(|own| FileId::of(path).is_ok_and(|other| own == other))
}

/// Whether nothing is lost with the file at `path`: there is none, it is empty, or its header is one of ours.
pub(super) fn is_replaceable(path: &Path, is_ours: impl Fn(&[&[u8]]) -> bool) -> io::Result<bool> {
    match path.metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => has_header(File::open(path)?, is_ours),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether there is a file at `path` that has the header of failures.
pub(super) fn is_failures_file(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => has_header(file, |header| is_of(Form::Failures, header)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn has_header(file: impl Read, is_ours: impl Fn(&[&[u8]]) -> bool) -> io::Result<bool> {
    let mut text = Vec::new();
    file.take(MAX_HEADER_BYTES).read_to_end(&mut text)?;
    form::has_header(&text, is_ours)
}

/// Whether the header is one of such a file of ours. A name that is no text is none of ours.
pub(super) fn is_of(form: Form, header: &[&[u8]]) -> bool {
    let names: Vec<&str> = header
        .iter()
        .map(|name| std::str::from_utf8(name).unwrap_or_default())
        .collect();
    Appended::of(&names).is_some_and(|appended| appended.form == form)
}

fn is_of_findings(header: &[&[u8]]) -> bool {
    header == FINDING_COLUMNS.map(str::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::RESULT_COLUMNS;

    fn target(folder: &tempfile::TempDir) -> (PathBuf, Target) {
        let path = folder.path().join("r.csv");
        (path.clone(), Target::new(&path))
    }

    #[test]
    fn only_a_file_with_the_results_columns_at_its_end_is_replaced_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = target(&folder);
        let columns = RESULT_COLUMNS.join(",");
        for text in [
            String::new(),
            format!("{columns}\n"),
            format!("user_id,photo,{columns}"),
            format!("user_id,\"a\nb\",{columns}\r\nu1"),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert!(target.claim(false).is_ok(), "{text:?}");
        }
        for text in [
            "\n",
            "a",
            "user_id,user_created_at,photo\n",
            &format!("{columns},more\n"),
            "\0\0",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(target.claim(false), Err(ResultsError::NotResults)), "{text:?}");
            assert!(target.claim(true).is_ok(), "{text:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), *text);
        }
    }

    /// Gives bytes without a line end for ever, and counts them.
    struct Endless<'a>(&'a mut u64);

    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'x');
            *self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    #[test]
    fn no_more_than_a_header_is_read() {
        let mut read = 0;
        assert!(!has_header(Endless(&mut read), |header| is_of(Form::Results, header)).unwrap());
        assert!(read <= MAX_HEADER_BYTES, "{read}");
    }

    #[test]
    fn a_place_is_claimed_once_at_a_time_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (_, target) = target(&folder);
        for _ in 0..2 {
            let claim = target.claim(false).unwrap();
            assert!(claim.is_some());
            for force in [false, true] {
                assert!(matches!(target.claim(force), Err(ResultsError::InUse)));
            }
            drop(claim);
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_file_is_not_claimed() {
        assert!(Target::Stdout.claim(false).unwrap().is_none());
        let device = Target::Place(Place::Device("/dev/null".into()));
        assert!(device.claim(false).unwrap().is_none());
    }
}
