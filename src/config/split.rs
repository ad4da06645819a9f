//! What `split` needs to know.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::files::{reading, unpacked};
use super::places::is_taken;
use super::{ConfigError, Log};
use crate::cli::SplitArgs;
use crate::domain::shard::Shard;
use crate::manifest::ManifestOptions;
use crate::sys::identity::is_same_place;

/// What the proof of the split of a manifest with this stem is called.
pub(super) fn split_proof_name(stem: &OsStr) -> OsString {
    let mut name = stem.to_owned();
    name.push(".split.json");
    name
}

/// The arguments of `split`, resolved.
#[derive(Debug)]
pub(crate) struct SplitConfig {
    pub(crate) manifest: PathBuf,
    pub(crate) reading: ManifestOptions,
    /// How many parts.
    pub(crate) parts: u32,
    /// Where they go.
    folder: PathBuf,
    /// The ledger of all users, of which those of the parts are made.
    pub(crate) ledger: Option<PathBuf>,
    /// Whether manifests and proof of an earlier split are replaced.
    pub(crate) force: bool,
    pub(crate) log: Log,
    stem: OsString,
    /// The ending of the parts with its dot; empty where the manifest has none.
    ending: OsString,
}

impl SplitConfig {
    pub(crate) fn resolve(args: &SplitArgs) -> Result<Self, ConfigError> {
        let no_name = || ConfigError::NoPartsName(args.manifest.clone());
        if !has_folder(args) {
            return Err(no_name());
        }
        // What was packed is written unpacked, since a part is read at once.
        let plain = unpacked(&args.manifest);
        let mut ending = OsString::new();
        if let Some(extension) = plain.extension() {
            ending.push(".");
            ending.push(extension);
        }
        let own_folder = || args.manifest.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self {
            reading: reading(&args.manifest, &args.reading, &args.photos)?,
            parts: args.parts,
            folder: args.out_dir.clone().unwrap_or_else(own_folder),
            ledger: args.ledger.clone(),
            force: args.force,
            log: (&args.log).into(),
            stem: plain.file_stem().ok_or_else(no_name)?.to_owned(),
            ending,
            manifest: args.manifest.clone(),
        })
    }

    /// The folder of the parts, which has to be there.
    pub(crate) fn folder(&self) -> &Path {
        match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        }
    }

    /// Whether the parts are in another folder than the manifest, at which relative photos begin.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.manifest.parent() != Some(&self.folder)
    }

    /// `<stem>.<I>-of-<N>.<ending>`.
    pub(crate) fn part(&self, shard: Shard) -> PathBuf {
        let mut name = self.name(shard);
        name.push(&self.ending);
        self.folder.join(name)
    }

    /// `<stem>.<I>-of-<N>.ledger.db`.
    pub(crate) fn part_ledger(&self, shard: Shard) -> PathBuf {
        let mut name = self.name(shard);
        name.push(".ledger.db");
        self.folder.join(name)
    }

    /// `<stem>.split.json`.
    pub(crate) fn proof(&self) -> PathBuf {
        self.folder.join(split_proof_name(&self.stem))
    }

    /// Whether this place is that of the manifest, of the ledger, or of what is kept beside that.
    pub(crate) fn reads(&self, place: &Path) -> bool {
        let ledger: Vec<PathBuf> = self.ledger.iter().cloned().collect();
        is_same_place(&self.manifest, place) || is_taken(place, &ledger)
    }

    fn name(&self, shard: Shard) -> OsString {
        let mut name = self.stem.clone();
        name.push(format!(".{}", shard.in_names()));
        name
    }
}

/// What stands for stdin or for another pipe has no folder of its own where parts may stand.
fn has_folder(args: &SplitArgs) -> bool {
    let is_of_system = ["/dev", "/proc"].iter().any(|folder| args.manifest.starts_with(folder));
    args.manifest.as_os_str() != "-" && (!is_of_system || args.out_dir.is_some())
}
