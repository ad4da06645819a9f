//! What `results` needs to know.

use super::files::{FAILURES, beside};
use super::places::Written;
use super::{ConfigError, Files, KeptLedger};
use crate::cli::ResultsArgs;
use crate::domain::outcome::Status;

/// The arguments of `results`, resolved.
#[derive(Debug)]
pub(crate) struct ResultsConfig {
    pub(crate) files: Files,
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
        let mut files = Files::resolve(&args.files, args.fix_photos, &args.places)?;
        if statuses.is_some() && args.places.results.is_none() {
            files.results = beside(&files.manifest, files.env, FAILURES)?;
        }
        let ledger = KeptLedger::resolve(&args.places, &args.pin, &files)?;
        let ledger = ledger.ok_or(ConfigError::NoLocalLedger)?;
        Written::default()
            .file_or_stdout("--results", Some(&files.results))
            .file("--ledger", Some(&ledger.path))
            .beside(Some(&ledger))
            .check(&files.manifest)?;
        ledger.check_is_there()?;
        Ok(Self {
            files,
            ledger,
            statuses,
        })
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
