//! The ledgers of the parts: opened, proven to be all, put together.

use std::io::ErrorKind;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::MergeConfig;
use crate::domain::merging::{PartFacts, Problem, Proven, Whole, prove};
use crate::domain::{split_proof::SplitProof, unix_millis::UnixMillis};
use crate::error::{Error, Faults, SplitProofFault};
use crate::ledger::{Holder, LedgerError, PartLedger, Pin, WholeLedger};
use crate::manifest::Surveyed;
use crate::sys::{signals::Signals, work_folder::WorkFolder};

/// File descriptors that are kept free of the locks of the parts.
#[cfg(unix)]
const SPARE_DESCRIPTORS: u64 = 64;

/// The ledgers of parts under their locks, each with what it says of itself.
#[derive(Default)]
pub(super) struct Parts {
    ledgers: Vec<PartLedger>,
    facts: Vec<PartFacts>,
}

/// Opens all ledgers, and says what is wrong with those that cannot be used. `folder` holds copies, where it takes some.
pub(super) fn open(
    config: &MergeConfig,
    holder: &Holder,
    folder: &Path,
    signals: &Signals,
) -> Result<(Parts, Faults), Error> {
    let (paths, again) = config.distinct();
    #[cfg(unix)]
    allow_descriptors(paths.len() as u64)?;
    let (mut parts, mut faults) = (Parts::default(), Faults::default());
    let named_again = again.into_iter().map(|path| Problem::NamedTwice(path.clone()));
    faults.problems.extend(named_again);
    for path in paths {
        signals.check().map_err(Error::MergeGivenUp)?;
        match open_one(path, folder, holder, signals) {
            Ok((ledger, facts)) => {
                parts.ledgers.push(ledger);
                parts.facts.push(facts);
            }
            Err(error) => faults.unreadable.push((path.clone(), error)),
        }
    }
    // What was given up is no fault of a ledger.
    signals.check().map_err(Error::MergeGivenUp)?;
    Ok((parts, faults))
}

/// The lock of each part is an open file until the end.
#[cfg(unix)]
fn allow_descriptors(parts: u64) -> Result<(), Error> {
    let needed = parts + SPARE_DESCRIPTORS;
    match rlimit::increase_nofile_limit(needed) {
        Ok(allowed) if allowed < needed => Err(Error::FewDescriptors { parts, needed, allowed }),
        _ => Ok(()),
    }
}

fn open_one(
    path: &Path,
    folder: &Path,
    holder: &Holder,
    signals: &Signals,
) -> Result<(PartLedger, PartFacts), LedgerError> {
    let ledger = PartLedger::lock(path, holder.clone())?;
    let facts = ledger.facts(path, folder, signals)?;
    Ok((ledger, facts))
}

/// The instant that dates are judged against: the beginning of the last run, as `results` has it.
pub(super) fn judged_at(parts: &Parts, now: DateTime<Utc>) -> DateTime<Utc> {
    let runs = parts.facts.iter().flat_map(|part| &part.runs);
    let last = runs.map(|run| run.started_at).max();
    last.and_then(UnixMillis::to_date_time).unwrap_or(now)
}

/// All that is wrong, whatever it is, is named at once.
pub(super) fn prove_all(
    config: &MergeConfig,
    parts: &Parts,
    mut faults: Faults,
    manifest: &Surveyed,
) -> Result<Proven, Error> {
    let is_named = config.split_proof().1;
    let split = match split_proof(config) {
        Err(_) if !faults.is_empty() => None,
        split => split?,
    };
    let whole = Whole {
        manifest_sha256: manifest.survey.sha256,
        split: split.as_ref(),
        unread: faults.possible_parts(),
    };
    // A proof that stands beside the manifest and was not named may be of another split. It is not needed where all parts
    // were run over this very manifest.
    let without = |problems| match is_named {
        true => Err(problems),
        false => prove(&parts.facts, Whole { split: None, ..whole }).map_err(|_| problems),
    };
    match prove(&parts.facts, whole).or_else(without) {
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

pub(super) fn put_together(
    config: &MergeConfig,
    folder: WorkFolder,
    parts: &Parts,
    proven: &Proven,
    signals: &Signals,
) -> Result<WholeLedger, Error> {
    let pin = pin_of_all(&parts.facts, config)?;
    let begun = WholeLedger::begin(folder, &pin, proven.lookup_endpoint.as_deref(), &parts.facts, signals);
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
