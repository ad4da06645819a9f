//! `split`: a manifest as the part manifests of many machines, written once, so that none of them has to read the whole.
//!
//! The survey says what is wrong with rows that no part sees together, then each pass writes as many parts as files may be
//! open. The proof comes last: parts without one were not finished.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::config::{ConfigError, SplitConfig};
use crate::domain::shard::Shard;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError, Pin};
use crate::manifest::{Manifest, ManifestError, Opened, Piece, Surveyed, UnusableManifest};
use crate::output::{PartFile, PartProof, SplitProof};
use crate::terminal::{SplitDone, warn_of_rows};

/// Most parts that are open at a time, and file descriptors that are kept free of them.
const MOST_OPEN: u64 = 1_000;
const SPARE_DESCRIPTORS: u64 = 32;

/// Why a pass came to no end.
enum Stopped {
    Manifest(ManifestError),
    Part(PathBuf, io::Error),
}

impl From<ManifestError> for Stopped {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

impl Stopped {
    fn of(self, config: &SplitConfig) -> Error {
        match self {
            Self::Manifest(source) => UnusableManifest::new(&config.manifest, source).into(),
            Self::Part(path, source) => Error::Part { path, source },
        }
    }
}

pub(super) fn run(config: &SplitConfig) -> Result<ExitStatus, Error> {
    check_places(config)?;
    let ledger = config
        .ledger
        .as_deref()
        .map(|path| open_ledger(config, path))
        .transpose()?;
    let surveyed = Opened::open(&config.manifest, &config.reading, Utc::now())?.survey()?;
    warn_of_rows(config.log, "", surveyed.survey.rows() == 0, &surveyed.warnings()?);
    let proofs = write_parts(config, &surveyed).map_err(|stopped| stopped.of(config))?;
    if let Some(ledger) = ledger {
        split_ledger(config, &ledger)?;
    }
    let proof = SplitProof::new(
        &config.manifest,
        &surveyed.survey.sha256,
        surveyed.survey.rows(),
        proofs,
    );
    if !proof.is_whole() {
        return Err(UnusableManifest::new(&config.manifest, ManifestError::Changed).into());
    }
    let path = config.proof();
    proof.write(&path).map_err(|source| Error::Part { path, source })?;
    SplitDone {
        config,
        rows: surveyed.survey.rows(),
        extremes: proof.extremes(),
    }
    .tell();
    Ok(ExitStatus::Settled)
}

/// Nothing is written over that nobody has named: an earlier split's files only with `--force`, and a ledger never.
fn check_places(config: &SplitConfig) -> Result<(), ConfigError> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let refuse = |path, remedy| Err(ConfigError::PartIsThere { path, remedy });
    for shard in Shard::all(config.parts) {
        let (part, ledger) = (config.part(shard), config.part_ledger(shard));
        check_place(config, &part)?;
        if !config.force && is_there(&part) {
            return refuse(
                part,
                "name another folder with --out-dir, or replace an earlier split with --force",
            );
        }
        if config.ledger.is_some() && is_there(&ledger) {
            return refuse(
                ledger,
                "it may know users that no other ledger does, and is not replaced; name another --out-dir",
            );
        }
    }
    check_place(config, &config.proof())?;
    match config.proof() {
        proof if !config.force && is_there(&proof) => refuse(
            proof,
            "name another folder with --out-dir, or replace an earlier split with --force",
        ),
        _ => Ok(()),
    }
}

/// What is read must not be written over, not even with `--force`, nor one part through a link at the place of another.
fn check_place(config: &SplitConfig, place: &Path) -> Result<(), ConfigError> {
    let Ok(metadata) = place.symlink_metadata() else {
        return Ok(());
    };
    let refuse = |remedy| {
        let path = place.to_owned();
        Err(ConfigError::PartIsThere { path, remedy })
    };
    if metadata.is_symlink() {
        return refuse("it is a link to another file; remove it, or name another folder with --out-dir");
    }
    match config.reads(place) {
        true => refuse("it is one of the files that are read here; name another folder with --out-dir"),
        false => Ok(()),
    }
}

/// The ledger that the parts' own are made of has to be that of all users.
fn open_ledger(config: &SplitConfig, path: &Path) -> Result<Ledger, Error> {
    let holder = Holder::new("image-enroll split", &config.manifest, Utc::now());
    let opened = Ledger::open_existing(path, holder).and_then(|ledger| {
        let pin = ledger.pin()?;
        let of_all = Pin {
            shard: None,
            ..pin.clone()
        };
        pin.check(&of_all)?;
        Ok::<_, LedgerError>(ledger)
    });
    opened.map_err(Error::of_ledger(path))
}

fn split_ledger(config: &SplitConfig, ledger: &Ledger) -> Result<(), Error> {
    let parts: Vec<_> = Shard::all(config.parts)
        .map(|shard| (shard, config.part_ledger(shard)))
        .collect();
    ledger
        .split(&parts)
        .map_err(|(path, error)| Error::of_ledger(&path)(error))
}

/// Writes all parts, in as many passes over the manifest as it takes.
fn write_parts(config: &SplitConfig, surveyed: &Surveyed) -> Result<Vec<PartProof>, Stopped> {
    let shards: Vec<Shard> = Shard::all(config.parts).collect();
    let mut proofs = Vec::new();
    for some in shards.chunks(most_open()) {
        let parts = write_some(config, &surveyed.manifest, &surveyed.survey.sha256, some)?;
        for part in parts.into_values() {
            let path = part.path().to_owned();
            proofs.push(part.end().map_err(|error| Stopped::Part(path, error))?);
        }
    }
    Ok(proofs)
}

/// One pass: these parts, still without their places.
fn write_some(
    config: &SplitConfig,
    manifest: &Manifest,
    sha256: &[u8; 32],
    shards: &[Shard],
) -> Result<BTreeMap<u32, PartFile>, Stopped> {
    let mut parts = BTreeMap::new();
    let read = manifest.each_piece(|piece, bytes| match piece {
        Piece::Head => {
            parts = begin(config, shards, bytes)?;
            Ok(())
        }
        Piece::Record(_, user_id) => match parts.get_mut(&Shard::of(user_id, config.parts)) {
            Some(part) => part
                .add(bytes)
                .map_err(|error| Stopped::Part(part.path().to_owned(), error)),
            None => Ok(()),
        },
    })?;
    match read == *sha256 {
        true => Ok(parts),
        false => Err(ManifestError::Changed.into()),
    }
}

fn begin(config: &SplitConfig, shards: &[Shard], head: &[u8]) -> Result<BTreeMap<u32, PartFile>, Stopped> {
    let begin = |shard: &Shard| {
        let path = config.part(*shard);
        let part = PartFile::begin(*shard, path.clone(), head);
        part.map(|part| (shard.index(), part))
            .map_err(|error| Stopped::Part(path, error))
    };
    shards.iter().map(begin).collect()
}

/// As many files as this process may have open, after it has asked for more.
fn most_open() -> usize {
    #[cfg(unix)]
    let most = rlimit::increase_nofile_limit(MOST_OPEN + SPARE_DESCRIPTORS).unwrap_or(256);
    #[cfg(not(unix))]
    let most = 256;
    usize::try_from(most.saturating_sub(SPARE_DESCRIPTORS).clamp(1, MOST_OPEN)).unwrap_or(1)
}
