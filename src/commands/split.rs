//! `split`: a manifest as the part manifests of many machines, written once, so that none of them has to read the whole.
//!
//! The survey says what is wrong with rows that no part sees together, then each pass writes as many parts as files may be
//! open. All parts take their places together, and the proof comes last: parts without one were not finished.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::config::{ConfigError, SplitConfig};
use crate::domain::shard::Shard;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError, Pin, SplitError, is_there as is_ledger_there};
use crate::manifest::{ManifestError, Opened, Piece, Surveyed, UnusableManifest};
use crate::output::{Destination, PartFile, PartProof, SplitProof, Staging, StagingError};
use crate::sys::signals::{GivenUp, Mode, Signals};
use crate::terminal::{SplitDone, warn_of_rows};

/// Most parts that are open at a time, and file descriptors that are kept free of them.
const MOST_OPEN: u64 = 1_000;
const SPARE_DESCRIPTORS: u64 = 32;

/// What to do about a file that is there and is none of this split.
const NOT_REPLACED: &str = "name another folder with --out-dir, or replace an earlier split with --force";
const LEDGER_STAYS: &str = "it may know users that no other ledger does, and is not replaced; name another --out-dir";

/// Why a split came to no end.
enum Stopped {
    Config(ConfigError),
    Manifest(ManifestError),
    Files(StagingError),
    Ledgers(SplitError),
}

impl From<ConfigError> for Stopped {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ManifestError> for Stopped {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

impl From<StagingError> for Stopped {
    fn from(error: StagingError) -> Self {
        Self::Files(error)
    }
}

impl From<SplitError> for Stopped {
    fn from(error: SplitError) -> Self {
        Self::Ledgers(error)
    }
}

impl From<GivenUp> for Stopped {
    fn from(given_up: GivenUp) -> Self {
        Self::Files(given_up.into())
    }
}

impl Stopped {
    /// The same with what it is about.
    fn of(self, config: &SplitConfig) -> Error {
        let whole = || config.ledger.clone().unwrap_or_default();
        match self {
            Self::Config(error) => error.into(),
            Self::Manifest(source) => UnusableManifest::new(&config.manifest, source).into(),
            Self::Files(StagingError::InUse) => ConfigError::SplitUnderWay(config.proof()).into(),
            Self::Files(StagingError::Taken(path)) => taken(config, path).into(),
            Self::Files(StagingError::Io(path, source)) => Error::Part { path, source },
            Self::Files(StagingError::GivenUp(signal)) | Self::Ledgers(SplitError::GivenUp(signal)) => {
                Error::GivenUp(signal)
            }
            Self::Ledgers(SplitError::Whole(error)) => Error::of_ledger(&whole())(error),
            Self::Ledgers(SplitError::Part(shard, error)) => Error::of_ledger(&config.part_ledger(shard))(error),
        }
    }
}

fn taken(config: &SplitConfig, path: PathBuf) -> ConfigError {
    let is_ledger = Shard::all(config.parts).any(|shard| config.part_ledger(shard) == path);
    let remedy = if is_ledger { LEDGER_STAYS } else { NOT_REPLACED };
    ConfigError::PartIsThere { path, remedy }
}

pub(super) fn run(config: &SplitConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    check_places(config)?;
    let path = config.ledger.as_deref();
    let ledger = path.map(|path| open_ledger(config, path)).transpose()?;
    let surveyed = Opened::open(&config.manifest, &config.reading, Utc::now())?.survey()?;
    warn_of_rows(config.log, "", surveyed.survey.rows() == 0, &surveyed.warnings()?);
    let split = Split {
        config,
        surveyed: &surveyed,
        ledger: ledger.as_ref(),
        signals,
    };
    let proof = split.make().map_err(|stopped| stopped.of(config))?;
    SplitDone {
        config,
        rows: surveyed.survey.rows(),
        extremes: proof.extremes(),
    }
    .tell();
    Ok(ExitStatus::Settled)
}

/// Nothing is written over that nobody has named. Without a proof the files may be those of a split that was killed, which is
/// looked at when there is something to compare them with.
fn check_places(config: &SplitConfig) -> Result<(), ConfigError> {
    if !config.folder().is_dir() {
        return Err(ConfigError::NoPartsFolder(config.folder().to_owned()));
    }
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let is_finished = is_there(&config.proof());
    for shard in Shard::all(config.parts) {
        check_place(config, &config.part(shard))?;
        let ledger = config.part_ledger(shard);
        if config.ledger.is_some() && is_finished && is_there(&ledger) {
            return Err(taken(config, ledger));
        }
    }
    check_place(config, &config.proof())?;
    match is_finished && !config.force {
        true => Err(taken(config, config.proof())),
        false => Ok(()),
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
    if metadata.is_dir() {
        return refuse("it is a folder; remove it, or name another folder with --out-dir");
    }
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
    opened.map_err(|error| match error {
        LedgerError::Missing => ConfigError::NoLedgerToSplit(path.to_owned()).into(),
        error => Error::of_ledger(path)(error),
    })
}

/// All that a split is made of.
struct Split<'a> {
    config: &'a SplitConfig,
    surveyed: &'a Surveyed,
    ledger: Option<&'a Ledger>,
    signals: &'a Signals,
}

impl Split<'_> {
    /// Makes all files, and puts them in place when all of them are there. A signal before that leaves nothing.
    fn make(&self) -> Result<SplitProof, Stopped> {
        let (config, survey) = (self.config, &self.surveyed.survey);
        survey.check_parts()?;
        self.signals.enter(Mode::GiveUp);
        self.signals.check()?;
        let staging = Staging::begin(&config.proof())?;
        // Another split may have ended since.
        check_places(config)?;
        self.check_ledgers()?;
        let parts = self.write_parts(&staging)?;
        self.split_ledger(&staging)?;
        let proof = SplitProof::new(&config.manifest, &survey.sha256, survey.rows(), parts);
        if !proof.is_whole() {
            return Err(ManifestError::Changed.into());
        }
        let path = config.proof();
        proof.write(&staging, &path).map_err(|error| about(&path, error))?;
        self.put_in_place(&staging)?;
        Ok(proof)
    }

    /// From the first file on that takes its place a signal waits for the last one.
    fn put_in_place(&self, staging: &Staging) -> Result<(), Stopped> {
        let (config, shards) = (self.config, || Shard::all(self.config.parts));
        let destination = |path, may_replace| Destination { path, may_replace };
        let mut files: Vec<_> = shards()
            .map(|shard| destination(config.part(shard), config.force))
            .collect();
        if self.ledger.is_some() {
            files.extend(shards().map(|shard| destination(config.part_ledger(shard), false)));
        }
        let missing = staging.missing(&files, self.signals)?;
        self.signals.enter(Mode::Drain);
        self.signals.check()?;
        Ok(staging.put_in_place(&missing, &destination(config.proof(), config.force))?)
    }

    /// A log without its ledger would become part of the one that is put beside it.
    fn check_ledgers(&self) -> Result<(), SplitError> {
        let mut shards = Shard::all(self.config.parts).filter(|_| self.ledger.is_some());
        shards.try_for_each(|shard| {
            let checked = is_ledger_there(&self.config.part_ledger(shard));
            checked.map(drop).map_err(|error| SplitError::Part(shard, error))
        })
    }

    fn split_ledger(&self, staging: &Staging) -> Result<(), SplitError> {
        let made = |shard| (shard, staging.made(&self.config.part_ledger(shard)));
        let parts: Vec<_> = Shard::all(self.config.parts).map(made).collect();
        self.ledger
            .map_or(Ok(()), |ledger| ledger.split(&parts, most_open(), self.signals))
    }

    /// Writes all parts, in as many passes over the manifest as it takes.
    fn write_parts(&self, staging: &Staging) -> Result<Vec<PartProof>, Stopped> {
        let shards: Vec<Shard> = Shard::all(self.config.parts).collect();
        let mut proofs = Vec::new();
        for some in shards.chunks(most_open()) {
            for part in self.write_some(staging, some)?.into_values() {
                let path = part.path().to_owned();
                proofs.push(part.end(self.signals).map_err(|error| about(&path, error))?);
            }
        }
        Ok(proofs)
    }

    /// One pass: these parts.
    fn write_some(&self, staging: &Staging, shards: &[Shard]) -> Result<BTreeMap<u32, PartFile>, Stopped> {
        let mut parts = BTreeMap::new();
        let read = self.surveyed.manifest.each_piece(|piece, bytes| match piece {
            Piece::Head => {
                parts = self.begin(staging, shards, bytes)?;
                Ok(())
            }
            Piece::Record(_, user_id) => {
                self.signals.check()?;
                let Some(part) = parts.get_mut(&Shard::of(user_id, self.config.parts)) else {
                    return Ok(());
                };
                let added = part.add(bytes);
                added.map_err(|error| about(part.path(), error))
            }
        })?;
        match read == self.surveyed.survey.sha256 {
            true => Ok(parts),
            false => Err(ManifestError::Changed.into()),
        }
    }

    fn begin(&self, staging: &Staging, shards: &[Shard], head: &[u8]) -> Result<BTreeMap<u32, PartFile>, Stopped> {
        let begin = |shard: &Shard| {
            let path = self.config.part(*shard);
            let part = PartFile::begin(staging, *shard, path.clone(), head);
            part.map(|part| (shard.index(), part))
                .map_err(|error| about(&path, error))
        };
        shards.iter().map(begin).collect()
    }
}

fn about(path: &Path, error: io::Error) -> Stopped {
    StagingError::of(path, error).into()
}

/// As many files as this process may have open, after it has asked for more.
fn most_open() -> usize {
    #[cfg(unix)]
    let most = rlimit::increase_nofile_limit(MOST_OPEN + SPARE_DESCRIPTORS).unwrap_or(256);
    #[cfg(not(unix))]
    let most = 256;
    usize::try_from(most.saturating_sub(SPARE_DESCRIPTORS).clamp(1, MOST_OPEN)).unwrap_or(1)
}
