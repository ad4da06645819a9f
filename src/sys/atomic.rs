//! A file that is there whole or not at all: written beside its place, made durable, put in place by rename.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use atomic_write_file::{AtomicWriteFile, OpenOptions};

use super::folder::folder_of;
use super::signals::{Interruptible, Signals};

/// Modes of files: their owner's alone, and for all to read.
const PRIVATE: u32 = 0o600;
const FOR_ALL: u32 = 0o644;

/// Where a file is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Something that is there and is no regular file, such as `/dev/null`: written to without a rename.
    Device(PathBuf),
    /// A regular file, there already or still to be made.
    File(PathBuf),
}

impl Place {
    /// A link is followed, so that the rename replaces what it points to and not the link.
    pub(crate) fn of(path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.metadata() {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Device(path),
            _ => Self::File(path),
        }
    }

    /// Whether a file can be made there, so that this does not show only when it is to be written.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self {
            Self::Device(_) => Ok(()),
            Self::File(path) if path.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Self::File(path) => tempfile::tempfile_in(folder_of(path)).map(drop),
        }
    }

    /// Writes the whole file, of mode 0600: no reader sees half of it, and after an error the earlier one is untouched.
    pub(crate) fn write<T, E: From<io::Error>>(&self, fill: impl FnOnce(&mut File) -> Result<T, E>) -> Result<T, E> {
        self.write_with(PRIVATE, fill)
    }

    /// The same of mode 0644, for what other users' programs are to read.
    pub(crate) fn write_for_all<T, E: From<io::Error>>(
        &self,
        fill: impl FnOnce(&mut File) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_with(FOR_ALL, fill)
    }

    fn write_with<T, E: From<io::Error>>(
        &self,
        mode: u32,
        fill: impl FnOnce(&mut File) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Device(path) => fill(&mut File::options().write(true).open(path)?),
            Self::File(path) => {
                let mut file = create(path, mode)?;
                allow(file.as_file(), mode)?;
                let filled = fill(file.as_file_mut())?;
                file.commit()?;
                Ok(filled)
            }
        }
    }

    /// The same, given up at a signal wherever it hangs. Give `fill`'s writer large pieces.
    pub(crate) fn write_unless_given_up<T, E: From<io::Error>>(
        &self,
        signals: &Signals,
        fill: impl FnOnce(Interruptible<File>) -> Result<T, E>,
    ) -> Result<T, E> {
        let draft = self.begin(signals)?;
        let filled = fill(draft.writer()?)?;
        draft.put_in_place()?;
        Ok(filled)
    }

    /// Begins such a file. A signal gives up whatever is done with it, wherever that hangs.
    pub(crate) fn begin(&self, signals: &Signals) -> io::Result<Draft> {
        let path = self.path().to_owned();
        let file = match self {
            Self::Device(_) => {
                DraftFile::Device(signals.unless_given_up(move || File::options().write(true).open(path))?)
            }
            Self::File(_) => DraftFile::File(signals.unless_given_up(move || create(&path, PRIVATE))?),
        };
        let signals = signals.clone();
        Ok(Draft { file, signals })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Device(path) | Self::File(path) => path,
        }
    }
}

/// A file on the way to its place; dropped before it is there, nothing is left of it.
pub(crate) struct Draft {
    file: DraftFile,
    signals: Signals,
}

enum DraftFile {
    Device(File),
    File(AtomicWriteFile),
}

impl Draft {
    /// What writes to it; give it large pieces.
    pub(crate) fn writer(&self) -> io::Result<Interruptible<File>> {
        let file = match &self.file {
            DraftFile::Device(file) => file.try_clone()?,
            DraftFile::File(file) => file.as_file().try_clone()?,
        };
        Ok(Interruptible::new(file, &self.signals))
    }

    /// Makes it durable and puts it in place.
    pub(crate) fn put_in_place(self) -> io::Result<()> {
        match self.file {
            DraftFile::Device(_) => Ok(()),
            DraftFile::File(file) => self.signals.unless_given_up(move || file.commit()),
        }
    }
}

/// A file without a name where the system and the file system have such: then nothing is left of it, however the
/// process ends. Elsewhere its name begins with a dot, and it goes when it is dropped.
fn create(path: &Path, mode: u32) -> io::Result<AtomicWriteFile> {
    // Nothing could take its place, which would show only at the end.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    options(mode).open(path)
}

/// Whatever the earlier file allowed, and whoever owned it: the new one is ours alone.
#[cfg(unix)]
fn options(mode: u32) -> OpenOptions {
    use atomic_write_file::unix::OpenOptionsExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(mode).preserve_mode(false).try_preserve_owner(false);
    options
}

#[cfg(not(unix))]
fn options(_: u32) -> OpenOptions {
    OpenOptions::new()
}

/// Whatever the umask takes away from what others may do.
#[cfg(unix)]
fn allow(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match mode {
        PRIVATE => Ok(()),
        _ => file.set_permissions(std::fs::Permissions::from_mode(mode)),
    }
}

#[cfg(not(unix))]
fn allow(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}
