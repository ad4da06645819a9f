//! What `results` needs to know.

use std::path::PathBuf;

use super::files::{FAILURES, RESULTS, beside};
use super::places::Written;
use super::{ChosenShard, ConfigError, Files, KeptLedger, shard};
use crate::cli::ResultsArgs;
use crate::domain::{outcome::Status, shard::Shard};

/// The arguments of `results`, resolved.
#[derive(Debug)]
pub(crate) struct ResultsConfig {
    pub(crate) files: Files,
    /// Whether the command line names the place of the results.
    is_named: bool,
    /// The part, and how it became known; where it is not given, the ledger says it.
    pub(crate) chosen: Option<ChosenShard>,
    pub(crate) ledger: KeptLedger,
    /// Which rows are asked for, in the form of failures; none: all of them, as results.
    pub(crate) statuses: Option<Vec<Status>>,
}

impl ResultsConfig {
    pub(crate) fn resolve(args: &ResultsArgs) -> Result<Self, ConfigError> {
        let statuses = args
            .status
            .iter()
            .map(|word| status(word))
            .collect::<Result<Vec<_>, _>>()?;
        let statuses = Some(statuses).filter(|statuses| !statuses.is_empty());
        let chosen = shard::resolve(&args.sharding)?;
        let shard = chosen.map(|chosen| chosen.shard);
        let mut files = Files::resolve(&args.files, args.fix_photos, &args.places, shard)?;
        let kind = statuses.as_ref().map_or(RESULTS, |_| FAILURES);
        let is_named = args.places.results.is_some();
        if !is_named {
            files.results = beside(&files.manifest, files.env, shard, kind)?;
        }
        let ledger = KeptLedger::resolve(&args.places, &args.pin, &files)?;
        let ledger = ledger.ok_or(ConfigError::NoLocalLedger)?;
        Written::default()
            .results(&files.results)
            .file("--ledger", Some(&ledger.path))
            .beside(Some(&ledger))
            .check(&files.manifest)?;
        ledger.check_is_there()?;
        Ok(Self {
            files,
            is_named,
            chosen,
            ledger,
            statuses,
        })
    }

    /// Where the results of a part go, which only its ledger may have said.
    pub(crate) fn results(&self, shard: Option<Shard>) -> Result<PathBuf, ConfigError> {
        let Files {
            manifest, env, results, ..
        } = &self.files;
        let kind = self.statuses.as_ref().map_or(RESULTS, |_| FAILURES);
        match self.is_named {
            true => Ok(results.clone()),
            false => beside(manifest, *env, shard, kind),
        }
    }
}

fn status(word: &str) -> Result<Status, ConfigError> {
    word.trim().parse().map_err(|_| {
        let known: Vec<_> = Status::ALL.iter().map(|status| status.word()).collect();
        ConfigError::UnknownStatus {
            word: word.to_owned(),
            known: known.join(", "),
        }
    })
}
