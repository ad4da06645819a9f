//! What `extract` leaves: a file for each photo, and the manifest that names them. Nothing is written over.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use csv::Writer;

use super::target::IgnoreBrokenPipe;
use super::{PIECE_BYTES, ResultsError};
use crate::sys::folder::{create_private, folder_of};
use crate::sys::new_file::{self, NewFile, Placed};

/// Why photos or manifest could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExtractError {
    #[error(transparent)]
    Write(#[from] io::Error),
    #[error("another manifest is there; remove it if it is an earlier one, or name another file with -o")]
    Taken,
    #[error("the name of its folder is not UTF-8, as a manifest has to be; name another one with --photos")]
    Name,
}

impl From<csv::Error> for ExtractError {
    fn from(error: csv::Error) -> Self {
        match ResultsError::from(error) {
            ResultsError::Write(error) => Self::Write(error),
            other => Self::Write(io::Error::other(other)),
        }
    }
}

/// The folder of photos.
pub(crate) struct PhotoFolder(PathBuf);

impl PhotoFolder {
    /// Makes it, of mode 0700, if it is not there.
    pub(crate) fn make(path: &Path) -> io::Result<Self> {
        create_private(path)?;
        path.canonicalize().map(Self)
    }

    /// Keeps a photo under this name, unless something is there.
    pub(crate) fn keep(&self, name: &str, photo: &[u8]) -> io::Result<Placed> {
        new_file::place(&self.0.join(name), photo)
    }

    /// What stands before a photo's name in a manifest in `folder`: nothing, a relative path, or where it is not below
    /// that folder the whole one.
    fn path_from(&self, folder: Option<&Path>) -> Result<String, ExtractError> {
        let folder = folder.map(Path::canonicalize).transpose()?;
        let below = folder.as_deref().and_then(|folder| self.0.strip_prefix(folder).ok());
        let path = below.unwrap_or(&self.0).to_str().ok_or(ExtractError::Name)?;
        match path {
            "" => Ok(String::new()),
            path => Ok(format!("{path}{}", std::path::MAIN_SEPARATOR)),
        }
    }
}

enum Out {
    Stdout(IgnoreBrokenPipe<io::Stdout>),
    File(NewFile),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file) => file.writer().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(_) => Ok(()),
        }
    }
}

/// A manifest that is put in place when the last row is in it.
pub(crate) struct NewManifest {
    writer: Writer<BufWriter<Out>>,
    /// What stands before each photo's name.
    prefix: String,
    photo: usize,
}

impl NewManifest {
    /// Begins it at `path`, or on stdout for `-`, with these columns; the photo's path stands in the one at `photo`.
    pub(crate) fn begin(
        path: &Path,
        photos: &PhotoFolder,
        columns: &[String],
        photo: usize,
    ) -> Result<Self, ExtractError> {
        let is_stdout = path.as_os_str() == "-";
        let folder = Some(folder_of(path)).filter(|_| !is_stdout);
        let out = match is_stdout {
            true => Out::Stdout(IgnoreBrokenPipe(io::stdout())),
            false => Out::File(NewFile::begin(path)?),
        };
        let mut writer = Writer::from_writer(BufWriter::with_capacity(PIECE_BYTES, out));
        writer.write_record(columns)?;
        let prefix = photos.path_from(folder)?;
        Ok(Self { writer, prefix, photo })
    }

    /// Adds a row; the name of its photo's file takes the place of the photo.
    pub(crate) fn add<S: AsRef<str>>(&mut self, cells: &[S], name: &str) -> Result<(), ExtractError> {
        let path = format!("{}{name}", self.prefix);
        let own = |(place, cell): (usize, &S)| match place == self.photo {
            true => path.clone(),
            false => cell.as_ref().to_owned(),
        };
        let cells: Vec<String> = cells.iter().enumerate().map(own).collect();
        Ok(self.writer.write_record(cells)?)
    }

    /// Puts it in place. One with the same bytes may be there.
    pub(crate) fn end(self) -> Result<(), ExtractError> {
        let buffer = self
            .writer
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let out = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        match out {
            Out::Stdout(mut out) => Ok(out.flush()?),
            Out::File(file) => match file.put_in_place()? {
                Placed::New | Placed::Same => Ok(()),
                Placed::Other => Err(ExtractError::Taken),
            },
        }
    }
}
