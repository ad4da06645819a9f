//! `results`: the results CSV again, from manifest and ledger alone.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::enroll::results_error;
use crate::cli::ResultsArgs;
use crate::config::{ConfigError, Files};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError};
use crate::manifest::{Manifest, Survey};
use crate::output::Target;
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

pub(super) fn run(args: &ResultsArgs, signals: &Signals) -> Result<ExitStatus, Error> {
    let files = Files::resolve(&args.files, &args.pin)?;
    let path = files.ledger.clone().ok_or(ConfigError::NoLocalLedger)?;
    let ledger_error = |source| Error::Ledger {
        path: path.clone(),
        source,
    };
    super::enroll::check_overwrites(&files, None)?;
    check_default(&files, &path)?;
    let holder = Holder::new("image-enroll results", &files.manifest, Utc::now());
    let ledger = Ledger::open_existing(&path, holder).map_err(ledger_error)?;
    check_pin(&files, &ledger).map_err(ledger_error)?;
    let now = last_run(&ledger).map_err(ledger_error)?;
    let manifest_error = |source| Error::Manifest {
        path: files.manifest.clone(),
        source,
    };
    let manifest = Manifest::open(&files.manifest, files.photo_root.clone(), now).map_err(manifest_error)?;
    let manifest = manifest.strict(args.files.strict);
    signals.enter(Mode::GiveUp);
    let target = Target::new(&files.results);
    let claim = target.claim(args.files.force);
    let _claim = claim.map_err(|source| results_error(&files, source))?;
    let survey = Survey::take(&manifest, |_, _| ()).map_err(manifest_error)?;
    let tally = target
        .finish(&manifest, &survey, &ledger, signals)
        .map_err(|source| results_error(&files, source))?;
    terminal::results_written(&PathBuf::from(&files.results), &tally);
    Ok(ExitStatus::Settled)
}

/// A place that nobody has named is explained by what it was made of.
fn check_default(files: &Files, path: &Path) -> Result<(), ConfigError> {
    match &files.default_ledger_of {
        Some(pin) if matches!(path.try_exists(), Ok(false)) => Err(ConfigError::NoLedger {
            pin: pin.clone(),
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Two endpoints may share a place, and the results of one are not those of the other.
fn check_pin(files: &Files, ledger: &Ledger) -> Result<(), LedgerError> {
    let Some(wanted) = &files.default_ledger_of else {
        return Ok(());
    };
    match ledger.pin()? {
        found if found == *wanted => Ok(()),
        found => Err(LedgerError::OtherPin {
            found: found.to_string(),
            wanted: wanted.to_string(),
        }),
    }
}

/// Dates are judged against the last run's beginning, so that the results come out as that run wrote them.
fn last_run(ledger: &Ledger) -> Result<DateTime<Utc>, LedgerError> {
    let last = ledger.last_run_at()?.and_then(DateTime::from_timestamp_millis);
    Ok(last.unwrap_or_else(Utc::now))
}
