//! The manifest as people write it: its form, its header, its rows, and what the rows are to each other.

mod delimiters;
mod duplicates;
mod encodings;
mod foreign;
mod form;
mod header;
mod json_lines;
mod lines;
mod parts;
mod quotes;
mod rows;
mod shards;
mod suspicions;

use std::path::Path;

use chrono::{DateTime, Utc};
use tempfile::NamedTempFile;

use super::{Manifest, ManifestError, ManifestOptions, RowFault, Survey};
use crate::domain::{outcome::Reason, photo::PhotoPlace};

const HEADER: &str = "user_id,user_created_at,photo\n";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn file(bytes: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn open(path: &Path) -> Result<Manifest, ManifestError> {
    Manifest::open(path, ManifestOptions::in_folder("/photos"), now())
}

/// The same file where rows that look wrong are invalid.
fn open_strictly(path: &Path) -> Manifest {
    let options = ManifestOptions {
        strict: true,
        ..ManifestOptions::in_folder("/photos")
    };
    Manifest::open(path, options, now()).unwrap()
}

fn manifest(bytes: impl AsRef<[u8]>) -> Manifest {
    open(file(bytes).path()).unwrap()
}

/// What the first pass says of these bytes.
fn survey(bytes: impl AsRef<[u8]>) -> Result<Survey, ManifestError> {
    Survey::take(&open(file(bytes).path())?, |_, _| ())
}

/// Every record as its cells, by one pass.
fn cells(manifest: &Manifest) -> Vec<(u32, Vec<String>)> {
    let mut records = manifest.records().unwrap();
    let mut all = Vec::new();
    while let Some((number, record)) = records.next().unwrap() {
        all.push((number, record.cells().iter().map(str::to_owned).collect()));
    }
    all
}

/// Every row, right or wrong.
fn rows(manifest: &Manifest) -> Vec<Result<(String, String, PhotoPlace), RowFault>> {
    let mut records = manifest.records().unwrap();
    let mut all = Vec::new();
    while let Some((number, record)) = records.next().unwrap() {
        all.push(manifest.row(number, record).map(|row| {
            assert_eq!(row.number, number);
            (row.user_id.to_string(), row.created_at.to_string(), row.photo)
        }));
    }
    all
}

/// The fault of the only row of a manifest.
fn fault(row: &str) -> Option<Reason> {
    let rows = rows(&manifest(format!("{HEADER}{row}\n")));
    assert_eq!(rows.len(), 1, "{row:?}");
    rows.into_iter().next().unwrap().err().map(|fault| fault.reason)
}
