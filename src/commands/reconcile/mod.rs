//! `reconcile`: asks the provider what became of users whom the ledger cannot be sure of. Read-only at the provider: it
//! enrolls nobody. What is learned goes into the ledger one user at a time, each durable before the next is asked.

mod asking;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::client::{ClientSettings, LookupClient};
use crate::config::{ConfigError, Files, ReconcileConfig};
use crate::domain::{endpoint::Endpoint, stop::Stop, text};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Dossier, Holder, Ledger, LedgerError, Lock, RunRecord};
use crate::manifest::{Opened, Surveyed, UnusableManifest};
use crate::output::{self, Claim, Failures, FailuresPlace, Tally, Target};
use crate::sys::signals::{Mode, Signals};
use crate::terminal::{ReconcileReporter, Reconciled, print_error, tell_shard};

use asking::{Asking, Ended};

/// A manifest whose results are written at the end.
struct Written<'a> {
    files: &'a Files,
    manifest: Surveyed,
    target: Target,
    failures: Option<FailuresPlace>,
    /// Keeps other commands away from the results until they are written.
    _claim: Option<Claim>,
}

pub(super) fn run(config: &ReconcileConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    let (run_id, started_at) = (Uuid::now_v7().to_string(), Utc::now());
    tell_shard(config.chosen, config.log, &run_id);
    let path = &config.ledger.path;
    let lock = lock(config, started_at).map_err(Error::of_ledger(path))?;
    let written = config
        .files
        .as_ref()
        .map(|files| open(config, files, started_at))
        .transpose()?;
    signals.enter(Mode::Drain);
    let mut ledger = Ledger::open(lock, &config.account.pin(config.chosen.map(|chosen| chosen.shard)))
        .map_err(Error::of_ledger(path))?;
    let endpoint = endpoint(config, &mut ledger)?;
    let client = LookupClient::new(&settings(config, &endpoint))?;
    let dossiers = dossiers(config, &ledger, written.as_ref())?;
    ledger
        .begin_run(&record(&run_id, started_at, written.as_ref()))
        .map_err(Error::of_ledger(path))?;
    let mut reporter = ReconcileReporter::new(config.log, &run_id, dossiers.len());
    let asking = Asking::new(config, client, &endpoint, &run_id, &mut ledger, &mut reporter);
    let ended = super::runtime()?.block_on(asking.ask(dossiers, signals));
    finish(config, &ledger, written.as_ref(), ended, &reporter, signals)
}

/// A ledger is not begun here: who is not in one cannot be in doubt.
fn lock(config: &ReconcileConfig, now: DateTime<Utc>) -> Result<Lock, LedgerError> {
    let path = &config.ledger.path;
    if !path.try_exists().map_err(LedgerError::Open)? {
        return Err(LedgerError::Missing);
    }
    let manifest = config.files.as_ref().map(|files| files.manifest.as_path());
    Lock::take(
        path,
        Holder::new("image-enroll reconcile", manifest.unwrap_or(Path::new("-")), now),
    )
}

fn open<'a>(config: &ReconcileConfig, files: &'a Files, now: DateTime<Utc>) -> Result<Written<'a>, Error> {
    let manifest = Opened::open(&files.manifest, &files.reading, now)?.survey_part(files.shard)?;
    let target = Target::new(&files.results);
    let claim = target.claim(files.force).map_err(Error::of_results(&files.results))?;
    let failures = config.failures.as_deref();
    let failures = failures.map(|path| FailuresPlace::check(path, files.force).map_err(Error::of_failures(path)));
    Ok(Written {
        files,
        manifest,
        target,
        failures: failures.transpose()?,
        _claim: claim,
    })
}

/// Where to ask: the place that is named or known, and that the ledger is bound to from then on.
fn endpoint(config: &ReconcileConfig, ledger: &mut Ledger) -> Result<Endpoint, Error> {
    let of_ledger = Error::of_ledger(&config.ledger.path);
    let endpoint = match &config.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => {
            let pinned = ledger.lookup_endpoint().map_err(&of_ledger)?;
            let pinned = pinned.ok_or(ConfigError::NoLookupEndpoint)?;
            Endpoint::parse(&pinned).map_err(ConfigError::lookup_endpoint)?
        }
    };
    ledger.pin_lookup_endpoint(&endpoint.to_string()).map_err(&of_ledger)?;
    Ok(endpoint)
}

fn settings(config: &ReconcileConfig, endpoint: &Endpoint) -> ClientSettings {
    ClientSettings {
        endpoint: endpoint.url().clone(),
        connect_timeout: config.pace.connect_timeout,
        timeout: config.pace.timeout,
        ca_pem: config.account.ca_pem.clone(),
        direct: endpoint.is_loopback(),
    }
}

/// Who is asked for: of the ledger, and where there is a manifest, only those who stand in it.
fn dossiers(config: &ReconcileConfig, ledger: &Ledger, written: Option<&Written<'_>>) -> Result<Vec<Dossier>, Error> {
    let found = ledger.dossiers(&config.statuses);
    let mut dossiers = found.map_err(Error::of_ledger(&config.ledger.path))?;
    if let Some(written) = written {
        let known: HashSet<_> = dossiers.iter().map(|dossier| dossier.user_id.as_str()).collect();
        let mut named = HashSet::new();
        written.manifest.each_first(|row| {
            if known.contains(row.user_id.as_str()) {
                named.insert(row.user_id.as_str().to_owned());
            }
            Ok::<(), UnusableManifest>(())
        })?;
        dossiers.retain(|dossier| named.contains(dossier.user_id.as_str()));
    }
    let most = config.pace.limit.and_then(|limit| usize::try_from(limit).ok());
    dossiers.truncate(most.unwrap_or(usize::MAX));
    Ok(dossiers)
}

fn record(run_id: &str, started_at: DateTime<Utc>, written: Option<&Written<'_>>) -> RunRecord {
    let manifest = written.map_or(PathBuf::new(), |written| written.files.manifest.clone());
    RunRecord {
        run_id: run_id.to_owned(),
        manifest: text::one_line(&manifest.to_string_lossy(), text::MAX_TEXT_CHARS),
        manifest_sha256: written.map_or([0; 32], |written| written.manifest.survey.sha256),
        started_at: started_at.into(),
    }
}

/// The results where there is a manifest, the closing words, and the exit code that a run with those rows would have.
fn finish(
    config: &ReconcileConfig,
    ledger: &Ledger,
    written: Option<&Written<'_>>,
    ended: Ended,
    reporter: &ReconcileReporter,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    signals.enter(Mode::GiveUp);
    let Ended {
        stop,
        counts,
        unanswered,
        error,
    } = ended;
    let stop = stop.max(signals.strongest().map(Stop::from));
    let tally = written.map(|written| write(config, written, ledger, signals));
    let (tally, fault) = match tally.transpose() {
        Ok(tally) => (tally, error),
        Err(fault) => (None, error.or(Some(fault))),
    };
    let of_rows = |status| {
        tally
            .as_ref()
            .map_or_else(|| counts.after(status), |tally| tally.count(status))
    };
    let status = match ExitStatus::of_run(stop, of_rows) {
        // Who could not be asked is asked by the next command.
        ExitStatus::Settled | ExitStatus::DataFaults if unanswered > 0 => ExitStatus::Failed,
        status => status,
    };
    let status = fault.as_ref().map_or(status, Error::exit_status);
    let end = ledger.end_run(Utc::now().into(), status.code(), stop.map(Stop::word));
    reporter.close(&Reconciled {
        counts: &counts,
        unanswered,
        stop,
        status,
        results: written.map(|written| written.files.results.as_path()),
    });
    if let Some(fault) = &fault {
        print_error(fault, config.log, "");
    }
    end.map_err(Error::of_ledger(&config.ledger.path))?;
    Ok(status)
}

/// Results and failures, as a run leaves them.
fn write(config: &ReconcileConfig, written: &Written<'_>, ledger: &Ledger, signals: &Signals) -> Result<Tally, Error> {
    let (manifest, columns) = (&written.manifest, written.files.columns);
    let mut failures = written.failures.as_ref().map(|place| place.failures(signals));
    let filled = written.target.fill(signals, |out| {
        output::write_with(manifest, ledger, columns, out, failures.as_mut())
    });
    let tally = filled.map_err(Error::of_results(&written.files.results))?;
    let finished = failures.map_or(Ok(false), Failures::finish);
    let path = config.failures.as_deref().unwrap_or(Path::new(""));
    finished.map_err(Error::of_failures(path))?;
    Ok(tally)
}
