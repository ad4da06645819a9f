//! Opening a manifest: the file, its header, and where its photos lie.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{ManifestError, ManifestOptions, Records, records::BUFFER_BYTES};
use crate::domain::{
    columns::{Appended, Form, holds_failure_columns, own_columns},
    spreadsheet::unescape,
};
use crate::sys::read_at::read_at;

/// An open manifest, ready for any number of passes.
#[derive(Debug)]
pub(crate) struct Manifest {
    file: File,
    /// Its state when it was opened.
    stamp: Stamp,
    pub(super) columns: Columns,
    pub(super) options: ManifestOptions,
    /// What "more than a day ahead" is measured against; the same in every pass.
    pub(super) now: DateTime<Utc>,
}

/// Where the columns stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub(super) user_id: usize,
    pub(super) created_at: usize,
    pub(super) photo: usize,
    /// Columns of the whole header.
    pub(super) width: usize,
    /// The manifest's own columns: all but those that an earlier run has appended.
    pub(super) own: Vec<String>,
    /// What an earlier run has appended to them.
    pub(super) appended: Option<&'static Appended>,
}

impl Manifest {
    /// Opens a file, or standard input where `path` is `-`. What cannot be read twice is spooled
    /// into an unnamed temporary file.
    pub(crate) fn open(path: &Path, options: ManifestOptions, now: DateTime<Utc>) -> Result<Self, ManifestError> {
        let file = open_file(path)?;
        let mut manifest = Self {
            stamp: stamp(&file).map_err(ManifestError::Read)?,
            file,
            columns: Columns::default(),
            options,
            now,
        };
        let records = manifest.records()?;
        let (header, line) = records.header()?;
        manifest.columns = Columns::find(header, line)?;
        Ok(manifest)
    }

    /// The header's names that come back in the results, verbatim.
    pub(crate) fn own_columns(&self) -> &[String] {
        &self.columns.own
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

    /// A pass over the records, from the first one after the header.
    pub(crate) fn records(&self) -> Result<Records<'_>, ManifestError> {
        let mut records = Records::new(&self.file)?;
        records.unescape(self.columns.is_escaped());
        Ok(records)
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
    let metadata = std::fs::metadata(path).map_err(ManifestError::Open)?;
    if metadata.is_dir() {
        return Err(ManifestError::Directory);
    }
    let file = File::open(path).map_err(ManifestError::Open)?;
    if metadata.is_file() { Ok(file) } else { spool(file) }
}

fn spool(mut from: impl Read) -> Result<File, ManifestError> {
    let mut file = tempfile::tempfile().map_err(ManifestError::Spool)?;
    io::copy(&mut from, &mut file).map_err(ManifestError::Spool)?;
    Ok(file)
}

impl Columns {
    fn find(header: &csv::StringRecord, line: u64) -> Result<Self, ManifestError> {
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let appended = Appended::of(&names);
        let own = own_columns(&names);
        if holds_failure_columns(own) {
            return Err(ManifestError::MovedColumns { line });
        }
        let verbatim = |name| if is_escaped(appended) { unescape(name) } else { name };
        let own_names: Vec<&str> = own.iter().map(|name| verbatim(name)).collect();
        let position = |name, spellings| position(&own_names, line, name, spellings);
        Ok(Self {
            user_id: position("user_id", &["user_id"])?,
            created_at: position("user_created_at", &["user_created_at"])?,
            photo: position("photo", &["photo", "photo_path"])?,
            width: header.len(),
            own: header
                .iter()
                .take(own.len())
                .map(|name| verbatim(name).to_owned())
                .collect(),
            appended,
        })
    }

    /// Whether cells are written so that a spreadsheet leaves them alone.
    fn is_escaped(&self) -> bool {
        is_escaped(self.appended)
    }
}

fn is_escaped(appended: Option<&Appended>) -> bool {
    appended.is_some_and(|appended| appended.form == Form::Failures)
}

fn position(header: &[&str], line: u64, name: &'static str, spellings: &[&str]) -> Result<usize, ManifestError> {
    let is_it = |column: &&str| spellings.iter().any(|spelling| column.eq_ignore_ascii_case(spelling));
    let mut places = (0..header.len()).filter(|place| header.get(*place).is_some_and(is_it));
    let first = places.next().ok_or_else(|| missing(header, line, name))?;
    let hint = if name == "photo" {
        " (photo_path is another name of it)"
    } else {
        ""
    };
    match places.next() {
        None => Ok(first),
        Some(_) => Err(ManifestError::RepeatedColumn { line, name, hint }),
    }
}

fn missing(header: &[&str], line: u64, name: &'static str) -> ManifestError {
    let found = header.join(", ").escape_debug().take(300).collect::<String>();
    let hint = match header {
        [one] if one.contains(';') => "; the columns seem to be separated by ';', write ',' between them",
        [one] if one.contains('\t') => "; the columns seem to be separated by tabs, write ',' between them",
        _ => "",
    };
    ManifestError::MissingColumn {
        line,
        name,
        found,
        hint,
    }
}
