//! What `merge` needs to know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::{failures, unpacked};
use super::places::Written;
use super::split::split_proof_name;
use super::{ConfigError, Files, Log, Page};
use crate::cli::{MergeArgs, PlaceArgs, ReportIds};
use crate::ledger::companions;
use crate::sys::{folder::folder_of, identity::resolve};

/// The arguments of `merge`, resolved.
#[derive(Debug)]
pub(crate) struct MergeConfig {
    pub(crate) files: Files,
    /// The ledgers of the parts.
    pub(crate) parts: Vec<PathBuf>,
    /// Where the ledger of all users goes, if it is to stay.
    pub(crate) ledger: Option<PathBuf>,
    /// The proof of the split, if one is named.
    split_proof: Option<PathBuf>,
    pub(crate) failures: Option<PathBuf>,
    pub(crate) summary: Option<PathBuf>,
    pub(crate) page: Option<Page>,
    pub(crate) log: Log,
}

impl MergeConfig {
    pub(crate) fn resolve(args: &MergeArgs) -> Result<Self, ConfigError> {
        let places = PlaceArgs {
            results: args.results.clone(),
            // With `-` as the manifest a ledger has to be named, as those of the parts are.
            ledger: args.ledgers.first().cloned(),
            force: args.force,
        };
        let files = Files::resolve(&args.files, args.fix_photos, &places, None)?;
        let config = Self {
            parts: args.ledgers.clone(),
            ledger: args.ledger.clone(),
            split_proof: args.split_proof.clone(),
            failures: failures(args.failures.as_deref(), &files.manifest, (files.env, None))?,
            summary: args.summary.clone(),
            page: args.report.clone().map(|path| Page {
                path,
                full_ids: args.report_ids == ReportIds::Full,
            }),
            log: (&args.log).into(),
            files,
        };
        config.check_places()?;
        Ok(config)
    }

    /// Nothing that is written takes the place of what is read, or of another file.
    fn check_places(&self) -> Result<(), ConfigError> {
        let written = Written::default()
            .results(&self.files.results)
            .file("--failures", self.failures.as_deref())
            .file("--summary", self.summary.as_deref())
            .file("--report", self.page.as_ref().map(|page| page.path.as_path()))
            .file("--ledger", self.ledger.as_deref())
            .beside_at(self.ledger.as_deref());
        written.check(&self.files.manifest)?;
        let mut read = self.read();
        match read.find_map(|path| Some((written.at(&path)?, path))) {
            Some((flag, path)) => Err(ConfigError::OverwritesPart { flag, path }),
            None => Ok(()),
        }
    }

    /// What belongs to the parts: their ledgers, what those have beside them, the proof of the split.
    fn read(&self) -> impl Iterator<Item = PathBuf> {
        let ledgers = self.parts.iter().flat_map(|part| {
            let beside = companions(part);
            [part.clone()].into_iter().chain(beside)
        });
        ledgers.chain([self.split_proof().0])
    }

    /// Where the ledger of all users is made: where it is to stay, or else beside the results.
    pub(crate) fn folder(&self) -> PathBuf {
        let results = &self.files.results;
        let is_stream = results.as_os_str() == "-" || results.metadata().is_ok_and(|found| !found.is_file());
        match (&self.ledger, is_stream) {
            (Some(ledger), _) => folder_of(ledger).to_owned(),
            (None, false) => folder_of(results).to_owned(),
            (None, true) => std::env::temp_dir(),
        }
    }

    /// The ledger of all users as errors name it, or the folder in which it is made.
    pub(crate) fn whole(&self) -> &Path {
        self.ledger.as_deref().unwrap_or_else(|| folder_of(&self.files.results))
    }

    /// Where the proof of the split stands, and whether it was named.
    pub(crate) fn split_proof(&self) -> (PathBuf, bool) {
        let beside = || {
            let manifest = &self.files.manifest;
            let stem = unpacked(manifest).file_stem().unwrap_or_default().to_owned();
            manifest.with_file_name(split_proof_name(&stem))
        };
        (
            self.split_proof.clone().unwrap_or_else(beside),
            self.split_proof.is_some(),
        )
    }

    /// The ledgers, each once whichever way its path is written, and those that are named once more.
    pub(crate) fn distinct(&self) -> (Vec<&PathBuf>, Vec<&PathBuf>) {
        let mut known = BTreeSet::new();
        self.parts
            .iter()
            .partition(|path| known.insert(resolve(path).unwrap_or_else(|_| path.to_path_buf())))
    }
}
