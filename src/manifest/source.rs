//! Opening a manifest: the file, and what is found out about it for all passes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::columns::Columns;
use super::layout::{Form, Found, Layout};
use super::text::BUFFER_BYTES;
use super::{CsvForm, ManifestError, ManifestOptions, Records};
use crate::sys::{read_at::read_at, similar::file_like};

/// An open manifest, ready for any number of passes.
#[derive(Debug)]
pub(crate) struct Manifest {
    file: File,
    /// Its state when it was opened.
    stamp: Stamp,
    layout: Layout,
    pub(super) columns: Columns,
    csv_form: CsvForm,
    /// The hash of the bytes in which the columns were found, where that took all of them.
    members_sha256: Option<[u8; 32]>,
    pub(super) options: ManifestOptions,
    /// What "more than a day ahead" is measured against; the same in every pass.
    pub(super) now: DateTime<Utc>,
}

impl Manifest {
    /// Opens a file, or standard input where `path` is `-`. What cannot be read twice is spooled
    /// into an unnamed temporary file.
    pub(crate) fn open(path: &Path, options: ManifestOptions, now: DateTime<Utc>) -> Result<Self, ManifestError> {
        let file = open_file(path)?;
        let stamp = stamp(&file).map_err(ManifestError::Read)?;
        let Found {
            layout,
            columns,
            csv_form,
            members_sha256,
        } = Found::look(&file, &options)?;
        Ok(Self {
            file,
            stamp,
            layout,
            columns,
            csv_form,
            members_sha256,
            options,
            now,
        })
    }

    /// The header's names that come back in the results, verbatim.
    pub(crate) fn own_columns(&self) -> &[String] {
        &self.columns.own
    }

    /// The form in which it comes back in the results.
    pub(crate) fn csv_form(&self) -> CsvForm {
        self.csv_form
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(self.layout.form, Form::JsonLines(_))
    }

    /// Size and time of the last change when the file was opened.
    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Whether the file still holds the bytes of `sha256`. As long as nobody has written to it since `seen`, as its size
    /// and time tell, it is not read; otherwise it is hashed anew and `seen` becomes what it was before that.
    pub(crate) fn is_unchanged(&self, seen: &mut Stamp, sha256: &[u8; 32]) -> Result<bool, ManifestError> {
        let now = stamp(&self.file).map_err(ManifestError::Read)?;
        if now == *seen {
            return Ok(true);
        }
        *seen = now;
        Ok(hash(&self.file).map_err(ManifestError::Read)? == *sha256)
    }

    /// A pass over the records, from the first one after the header, which has to be the one that the columns were found
    /// in.
    pub(crate) fn records(&self) -> Result<Records<'_>, ManifestError> {
        let mut records = Records::new(&self.file, &self.layout)?;
        let is_same = match &self.layout.form {
            Form::Csv(_) => records.header().is_ok_and(|(header, _)| header == self.columns.names()),
            Form::JsonLines(_) => true,
        };
        records.unescape(self.columns.is_escaped());
        is_same.then_some(records).ok_or(ManifestError::Changed)
    }

    /// Whether a whole pass over the bytes of `sha256` can have found these columns.
    pub(super) fn has_columns_of(&self, sha256: &[u8; 32]) -> bool {
        self.members_sha256.as_ref().is_none_or(|other| other == sha256)
    }
}

/// A file's size and the time of its last change.
pub(crate) type Stamp = (u64, Option<SystemTime>);

fn stamp(file: &File) -> io::Result<Stamp> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// The SHA-256 of a file. No pass over it is disturbed.
fn hash(file: &File) -> io::Result<[u8; 32]> {
    let (mut sha256, mut offset) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = read_at(file, &mut buffer, offset)?;
        if count == 0 {
            return Ok(sha256.finalize().into());
        }
        sha256.update(&buffer[..count]);
        offset += count as u64;
    }
}

pub(super) fn open_file(path: &Path) -> Result<File, ManifestError> {
    if path.as_os_str() == "-" {
        return spool(io::stdin().lock());
    }
    let metadata = std::fs::metadata(path).map_err(|error| not_open(path, error))?;
    if metadata.is_dir() {
        return Err(ManifestError::Directory);
    }
    let file = File::open(path).map_err(ManifestError::Open)?;
    if metadata.is_file() { Ok(file) } else { spool(file) }
}

fn not_open(path: &Path, error: io::Error) -> ManifestError {
    match error.kind() {
        io::ErrorKind::NotFound => ManifestError::NotFound { like: file_like(path) },
        _ => ManifestError::Open(error),
    }
}

fn spool(mut from: impl Read) -> Result<File, ManifestError> {
    let mut file = tempfile::tempfile().map_err(ManifestError::Spool)?;
    io::copy(&mut from, &mut file).map_err(ManifestError::Spool)?;
    Ok(file)
}
