//! `merge`: the results of many machines as if one had done it, once it is proven that nothing is missing.
//!
//! All ledgers are locked and asked what they belong to; then the manifest is read; then [`prove`] says what is wrong, all
//! of it at once. Only then is anything written: one ledger of all users, and the results of that.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::MergeConfig;
use crate::domain::merging::{PartFacts, Problem, Proven, Whole, prove};
use crate::domain::{split_proof::SplitProof, unix_millis::UnixMillis};
use crate::error::{Error, Faults, SplitProofFault};
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError, Lock, MadeLedger, PartLedger, Pin, WholeLedger, lock_new};
use crate::manifest::{Opened, Surveyed};
use crate::output::{
    self, Failures, FailuresPlace, LISTED_RUNS, MergedFacts, MergedPage, Tally, Target, Unstarted, merged_summary,
    write_merged_page, write_summary,
};
use crate::sys::signals::{Mode, Signals};
use crate::terminal::{Merged, print_error, warn_of_parts};

/// File descriptors that are kept free of the locks of the parts.
#[cfg(unix)]
const SPARE_DESCRIPTORS: u64 = 64;

/// The ledgers of parts under their locks, each with what it says of itself.
#[derive(Default)]
struct Parts {
    ledgers: Vec<PartLedger>,
    facts: Vec<PartFacts>,
}

pub(super) fn run(config: &MergeConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    signals.enter(Mode::GiveUp);
    let now = Utc::now();
    merge(config, now, signals).inspect_err(|error| leave_summary(config, now, error))
}

fn merge(config: &MergeConfig, now: DateTime<Utc>, signals: &Signals) -> Result<ExitStatus, Error> {
    let holder = Holder::new("image-enroll merge", &config.files.manifest, now);
    let place = lock_place(config, &holder)?;
    let (parts, faults) = open(config, &holder);
    let manifest = Opened::open(&config.files.manifest, &config.files.reading, judged_at(&parts, now))?.survey()?;
    let proven = prove_all(config, &parts, faults, &manifest)?;
    warn_of_parts(&proven, config.log);
    let whole = put_together(config, &parts, &proven, signals)?;
    let (ledger, made) = whole.into_ledger(holder).map_err(Error::of_ledger(config.whole()))?;
    let (tally, has_failures) = write(config, &manifest, &ledger, signals)?;
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
    keep(config, ledger, &made, place.as_ref())?;
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

/// Nobody else may begin a ledger where that of all users is to stand.
fn lock_place(config: &MergeConfig, holder: &Holder) -> Result<Option<Lock>, Error> {
    let lock = |path: &PathBuf| lock_new(path, holder.clone()).map_err(Error::of_ledger(path));
    config.ledger.as_ref().map(lock).transpose()
}

/// Opens all ledgers, and says what is wrong with those that cannot be used.
fn open(config: &MergeConfig, holder: &Holder) -> (Parts, Faults) {
    let (paths, again) = config.distinct();
    #[cfg(unix)]
    drop(rlimit::increase_nofile_limit(paths.len() as u64 + SPARE_DESCRIPTORS));
    let (mut parts, mut faults) = (Parts::default(), Faults::default());
    let named_again = again.into_iter().map(|path| Problem::NamedTwice(path.clone()));
    faults.problems.extend(named_again);
    for path in paths {
        match open_one(path, &config.folder(), holder) {
            Ok((ledger, facts)) => {
                parts.ledgers.push(ledger);
                parts.facts.push(facts);
            }
            Err(error) => faults.unreadable.push((path.clone(), error)),
        }
    }
    (parts, faults)
}

fn open_one(path: &Path, folder: &Path, holder: &Holder) -> Result<(PartLedger, PartFacts), LedgerError> {
    let ledger = PartLedger::lock(path, holder.clone())?;
    let facts = ledger.facts(path, folder)?;
    Ok((ledger, facts))
}

/// The instant that dates are judged against: the beginning of the last run, as `results` has it.
fn judged_at(parts: &Parts, now: DateTime<Utc>) -> DateTime<Utc> {
    let runs = parts.facts.iter().flat_map(|part| &part.runs);
    let last = runs.map(|run| run.started_at).max();
    last.and_then(UnixMillis::to_date_time).unwrap_or(now)
}

/// All that is wrong, whatever it is, is named at once.
fn prove_all(config: &MergeConfig, parts: &Parts, mut faults: Faults, manifest: &Surveyed) -> Result<Proven, Error> {
    let split = split_proof(config)?;
    let whole = Whole {
        manifest_sha256: manifest.survey.sha256,
        split: split.as_ref(),
    };
    match prove(&parts.facts, whole) {
        Ok(proven) if faults.is_empty() => Ok(proven),
        Ok(_) => Err(Error::Parts(faults)),
        Err(problems) => {
            faults.problems.extend(problems);
            Err(Error::Parts(faults))
        }
    }
}

/// What `split` has left, if it is named or stands beside the manifest.
fn split_proof(config: &MergeConfig) -> Result<Option<SplitProof>, Error> {
    let (path, is_named) = config.split_proof();
    let fault = |source| Error::SplitProof {
        path: path.clone(),
        source,
    };
    match std::fs::read(&path) {
        Ok(text) => SplitProof::parse(&text).map(Some).map_err(|error| fault(error.into())),
        Err(error) if error.kind() == ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => Err(fault(SplitProofFault::Read(error))),
    }
}

fn put_together(config: &MergeConfig, parts: &Parts, proven: &Proven, signals: &Signals) -> Result<WholeLedger, Error> {
    let pin = pin_of_all(&parts.facts, config)?;
    let folder = config.folder();
    let begun = WholeLedger::begin(&folder, &pin, proven.lookup_endpoint.as_deref(), &parts.facts, signals);
    let mut whole = begun.map_err(Error::of_ledger(config.whole()))?;
    for (ledger, facts) in parts.ledgers.iter().zip(&parts.facts) {
        if let Some(shard) = facts.shard {
            let added = whole.add(ledger, shard);
            added.map_err(Error::of_merge(&facts.file, config.whole()))?;
        }
    }
    Ok(whole)
}

/// Whatever the parts are bound to, and to no part.
fn pin_of_all(facts: &[PartFacts], config: &MergeConfig) -> Result<Pin, Error> {
    let first = facts.first().ok_or(LedgerError::Missing);
    let pin = first.and_then(|part| Pin::of_all(&part.endpoint, &part.partner_id));
    pin.map_err(Error::of_ledger(config.whole()))
}

/// Results and failures, as a run leaves them. Whether there are failures.
fn write(
    config: &MergeConfig,
    manifest: &Surveyed,
    ledger: &Ledger,
    signals: &Signals,
) -> Result<(Tally, bool), Error> {
    let files = &config.files;
    let of_results = Error::of_results(&files.results);
    let target = Target::new(&files.results);
    let _claim = target.claim(files.force).map_err(&of_results)?;
    let of_failures = Error::of_failures(config.failures.as_deref().unwrap_or(Path::new("")));
    let place = config.failures.as_deref();
    let place = place
        .map(|path| FailuresPlace::check(path, files.force))
        .transpose()
        .map_err(&of_failures)?;
    let mut failures = place.as_ref().map(|place| place.failures(signals));
    let filled = target.fill(signals, |out| {
        output::write_with(manifest, ledger, files.columns, out, failures.as_mut())
    });
    let tally = filled.map_err(&of_results)?;
    let any = failures.map_or(Ok(false), Failures::finish).map_err(&of_failures)?;
    Ok((tally, any))
}

fn summarize(config: &MergeConfig, facts: &MergedFacts<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Some(path) = &config.summary else {
        return Ok(());
    };
    let runs = facts.proven.latest.iter().map(|(_, run)| run.run_id.as_str());
    let attempts = ledger.attempts_of(runs).map_err(Error::of_ledger(config.whole()))?;
    let written: io::Result<()> = write_summary(path, &merged_summary(facts, attempts));
    written.map_err(Error::of_summary(path))
}

fn report(config: &MergeConfig, facts: &MergedFacts<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Some(page) = &config.page else {
        return Ok(());
    };
    let runs = ledger
        .latest_runs(LISTED_RUNS)
        .map_err(Error::of_ledger(config.whole()))?;
    let merged = MergedPage {
        facts,
        results: &config.files.results,
        ledger: config.ledger.as_deref(),
        runs: &runs,
        full_ids: page.full_ids,
    };
    write_merged_page(&page.path, &merged).map_err(Error::of_page(&page.path))
}

/// An earlier summary is not to be taken for that of a command which was refused.
fn leave_summary(config: &MergeConfig, started_at: DateTime<Utc>, error: &Error) {
    let Some(path) = config
        .summary
        .as_deref()
        .filter(|_| !matches!(error, Error::Summary { .. }))
    else {
        return;
    };
    let refused = Unstarted {
        run_id: "",
        env: config.files.env,
        endpoint: "",
        partner_id: "",
        manifest: &config.files.manifest,
        shard: None,
        started_at,
        finished_at: Utc::now(),
        status: error.exit_status(),
        stopped_by: error.stop().word(),
    };
    if let Err(source) = write_summary(path, &refused.summary()) {
        print_error(&Error::of_summary(path)(source), config.log, "");
    }
}

/// Puts the ledger of all users in place, if it is to stay.
fn keep(config: &MergeConfig, ledger: Ledger, made: &MadeLedger, place: Option<&Lock>) -> Result<(), Error> {
    match place {
        Some(place) => made
            .put_in_place(ledger, place)
            .map_err(Error::of_ledger(config.whole())),
        None => Ok(()),
    }
}
