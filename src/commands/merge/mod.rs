//! `merge`: the results of many machines as if one had done it, once it is proven that nothing is missing.
//!
//! All ledgers are locked and asked what they belong to; then the manifest is read; then `domain/merging/mod.rs` says what is wrong, all
//! of it at once. Only then is anything written: one ledger of all users, and the results of that.

mod files;
mod parts;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::MergeConfig;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, LedgerError, Lock, lock_new};
use crate::manifest::{Opened, Surveyed};
use crate::output::MergedFacts;
use crate::sys::{
    signals::{GivenUp, Mode, Signals},
    work_folder::WorkFolder,
};
use crate::terminal::{Merged, warn_of_parts};

use files::{Rows, check_places, keep, leave_summary, report, summarize};
use parts::{judged_at, open, prove_all, put_together};

pub(super) fn run(config: &MergeConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    signals.enter(Mode::GiveUp);
    let now = Utc::now();
    let merged = merge(config, now, signals).map_err(|error| match GivenUp::behind(&error) {
        Some(given_up) => Error::MergeGivenUp(given_up),
        None => error,
    });
    merged.inspect_err(|error| leave_summary(config, now, error))
}

fn merge(config: &MergeConfig, now: DateTime<Utc>, signals: &Signals) -> Result<ExitStatus, Error> {
    let holder = Holder::new("image-enroll merge", &config.files.manifest, now);
    check_places(config)?;
    let place = lock_place(config, &holder)?;
    let rows = Rows::check(config)?;
    let folder = WorkFolder::begin(&config.folder()).map_err(LedgerError::Open);
    let folder = folder.map_err(Error::of_ledger(config.whole()))?;
    let (parts, faults) = open(config, &holder, folder.path(), signals)?;
    let manifest = read_manifest(config, judged_at(&parts, now), signals)?;
    let proven = prove_all(config, &parts, faults, &manifest)?;
    let _claim = rows.claim()?;
    warn_of_parts(&proven, config.log);
    let whole = put_together(config, folder, &parts, &proven, signals)?;
    let (ledger, made) = whole.into_ledger(holder).map_err(Error::of_ledger(config.whole()))?;
    let (tally, has_failures) = rows.write(&manifest, &ledger, signals)?;
    let status = ExitStatus::of_run(None, |status| tally.count(status));
    let failures = config.failures.as_deref().filter(|_| has_failures);
    let facts = MergedFacts {
        run_id: &Uuid::now_v7().to_string(),
        env: config.files.env,
        pin: &ledger.pin().map_err(Error::of_ledger(config.whole()))?,
        manifest: &config.files.manifest,
        manifest_sha256: &manifest.survey.sha256,
        now,
        proven: &proven,
        tally: &tally,
        status,
        failures,
    };
    summarize(config, &facts, &ledger)?;
    report(config, &facts, &ledger)?;
    keep(config, ledger, &made, place.as_ref(), signals)?;
    Merged {
        parts: proven.count,
        tally: &tally,
        status,
        results: &config.files.results,
        ledger: config.ledger.as_deref(),
        failures,
    }
    .tell(config.log);
    Ok(status)
}

/// The manifest may be large, or a pipe into which nobody writes.
fn read_manifest(config: &MergeConfig, judged_at: DateTime<Utc>, signals: &Signals) -> Result<Surveyed, Error> {
    let (path, options) = (config.files.manifest.clone(), config.files.reading.clone());
    let read = move || Ok(Opened::open(&path, &options, judged_at).and_then(Opened::survey));
    Ok(signals.unless_given_up(read).map_err(Error::Runtime)??)
}

/// Nobody else may begin a ledger where that of all users is to stand.
fn lock_place(config: &MergeConfig, holder: &Holder) -> Result<Option<Lock>, Error> {
    let lock = |path: &PathBuf| lock_new(path, holder.clone()).map_err(Error::of_ledger(path));
    config.ledger.as_ref().map(lock).transpose()
}
