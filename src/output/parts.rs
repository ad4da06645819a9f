//! The part manifests that `split` writes, and the proof that they are the manifest.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Staging;
use crate::domain::{
    shard::{SHARD_HASH, Shard},
    text::hex,
};
use crate::sys::signals::Signals;

/// Raised when a field of the proof changes its meaning; new fields may come without it.
const SCHEMA: u32 = 1;
/// Bytes of a part that are written at a time; a thousand of them take 64 MB.
const PIECE_BYTES: usize = 64 * 1024;

/// A part manifest that is being written.
pub(crate) struct PartFile {
    shard: Shard,
    path: PathBuf,
    out: BufWriter<File>,
    sha256: Sha256,
    rows: u32,
}

impl PartFile {
    /// Begins it with what stands before the first record.
    pub(crate) fn begin(staging: &Staging, shard: Shard, path: PathBuf, head: &[u8]) -> io::Result<Self> {
        let file = staging.create(&path)?;
        let mut part = Self {
            shard,
            path,
            out: BufWriter::with_capacity(PIECE_BYTES, file),
            sha256: Sha256::new(),
            rows: 0,
        };
        part.write(head)?;
        Ok(part)
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &[u8]) -> io::Result<()> {
        self.rows += 1;
        self.write(record)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sha256.update(bytes);
        self.out.write_all(bytes)
    }

    /// Where it is to stand.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable, unless a signal comes.
    pub(crate) fn end(self, signals: &Signals) -> io::Result<PartProof> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        signals.unless_given_up(move || file.sync_all())?;
        let name = self.path.file_name().unwrap_or_default();
        Ok(PartProof {
            shard: self.shard.to_string(),
            file: name.to_string_lossy().into_owned(),
            sha256: hex(&self.sha256.finalize()),
            rows: self.rows,
        })
    }
}

/// What a split has made of a manifest. Field names are the public interface.
#[derive(Debug, Serialize)]
pub(crate) struct SplitProof {
    schema: u32,
    version: &'static str,
    manifest: String,
    manifest_sha256: String,
    rows: u32,
    /// How users are placed.
    hash: &'static str,
    parts: Vec<PartProof>,
}

/// A part of it.
#[derive(Debug, Serialize)]
pub(crate) struct PartProof {
    /// `I/N`.
    shard: String,
    file: String,
    sha256: String,
    rows: u32,
}

impl SplitProof {
    pub(crate) fn new(manifest: &Path, sha256: &[u8; 32], rows: u32, parts: Vec<PartProof>) -> Self {
        let name = manifest.file_name().unwrap_or_default();
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            manifest: name.to_string_lossy().into_owned(),
            manifest_sha256: hex(sha256),
            rows,
            hash: SHARD_HASH,
            parts,
        }
    }

    /// Conservation: whether every row of the manifest is in one part.
    pub(crate) fn is_whole(&self) -> bool {
        let rows = self.parts.iter().map(|part| u64::from(part.rows));
        rows.sum::<u64>() == u64::from(self.rows)
    }

    /// Rows of the smallest and of the largest part.
    pub(crate) fn extremes(&self) -> (u32, u32) {
        let rows = || self.parts.iter().map(|part| part.rows);
        (rows().min().unwrap_or_default(), rows().max().unwrap_or_default())
    }

    /// Writes it, durably, as the file that is to stand at `path`.
    pub(crate) fn write(&self, staging: &Staging, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(staging.create(path)?);
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}
