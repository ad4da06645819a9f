//! `results`: the results CSV again, from manifest and ledger alone.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::enroll::results_error;
use crate::cli::ResultsArgs;
use crate::config::{ConfigError, Files};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Ledger, LedgerError};
use crate::manifest::{Manifest, Survey};
use crate::output::Target;
use crate::terminal;

pub(super) fn run(args: &ResultsArgs) -> Result<ExitStatus, Error> {
    let files = Files::resolve(&args.files)?;
    let path = files.ledger.clone().ok_or(ConfigError::NoLocalLedger)?;
    let ledger_error = |source| Error::Ledger {
        path: path.clone(),
        source,
    };
    let ledger = Ledger::open_existing(&path).map_err(ledger_error)?;
    let now = last_run(&ledger).map_err(ledger_error)?;
    let manifest_error = |source| Error::Manifest {
        path: files.manifest.clone(),
        source,
    };
    let manifest = Manifest::open(&files.manifest, files.photo_root.clone(), now).map_err(manifest_error)?;
    let manifest = manifest.strict(args.files.strict);
    super::enroll::check_overwrites(&manifest, &files, None)?;
    let survey = Survey::take(&manifest, |_, _| ()).map_err(manifest_error)?;
    let target = Target::new(&files.results);
    let tally = target
        .finish(&manifest, &survey, &ledger)
        .map_err(|source| results_error(&files, source))?;
    terminal::results_written(&PathBuf::from(&files.results), &tally);
    Ok(ExitStatus::Settled)
}

/// Dates are judged against the last run's beginning, so that the results come out as that run wrote them.
fn last_run(ledger: &Ledger) -> Result<DateTime<Utc>, LedgerError> {
    let last = ledger.last_run_at()?.and_then(DateTime::from_timestamp_millis);
    Ok(last.unwrap_or_else(Utc::now))
}
