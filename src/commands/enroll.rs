//! The main job: enroll every row that is not settled yet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::{confirm, unstarted};
use crate::cli::EnrollArgs;
use crate::client::{Client, ClientSettings};
use crate::config::{Account, ConfigError, Files};
use crate::domain::{retry::RetryPolicy, stop::Stop, text};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError, Lock, Pin, RunRecord, companions};
use crate::manifest::{Manifest, Survey};
use crate::output::{self, Claim, ResultsError, RunFacts, Target, build_summary, tally_of_run, write_summary};
use crate::photo::OwnFiles;
use crate::run::{Ended, RunSettings, Services, drive};
use crate::simulator::{Settings, Simulator};
use crate::sys::folder;
use crate::sys::identity::{is_same_file, resolve};
use crate::sys::signals::{GivenUp, Mode, Signals};
use crate::terminal::{Closing, Reporter, print_error, warn_of_rows};

/// File descriptors that are kept free of connections: standard streams, ledger, results, photos being read.
const SPARE_DESCRIPTORS: u64 = 48;

/// Everything a run needs, made ready before anything is sent.
struct Prepared {
    files: Files,
    account: Account,
    manifest: Manifest,
    survey: Survey,
    ledger_path: PathBuf,
    ledger: Ledger,
    target: Target,
    run_id: String,
    started_at: DateTime<Utc>,
    /// Keeps other commands away from the results until they are written.
    _claim: Option<Claim>,
    /// Holds the ledger of a local run; it goes with the run.
    _temporary: Option<TempDir>,
}

pub(super) fn run(args: &EnrollArgs, signals: &Signals) -> Result<ExitStatus, Error> {
    let start = unstarted::Start::now();
    enroll(args, &start, signals).inspect_err(|error| unstarted::write(args, &start, error))
}

/// An error means that no row was looked at: from the first one on, [`finish`] says how the run ended.
fn enroll(args: &EnrollArgs, start: &unstarted::Start, signals: &Signals) -> Result<ExitStatus, Error> {
    confirm::check_yes(args)?;
    let mut prepared = prepare(args, start, signals)?;
    warn(args, &prepared)?;
    confirm::production(
        args,
        &prepared.files,
        &prepared.account,
        &prepared.manifest,
        &prepared.survey,
        &prepared.ledger,
        signals,
    )?;
    let record = prepared.record();
    let begun = prepared.ledger.begin_run(&record);
    begun.map_err(|source| prepared.ledger_error(source))?;
    let reporter = Reporter::new(&args.report, prepared.survey.rows(), &prepared.run_id);
    let sent = send(args, &mut prepared, reporter, signals);
    let (ended, reporter) = sent.inspect_err(|error| prepared.give_up(error))?;
    finish(args, prepared, reporter, ended, signals)
}

fn prepare(args: &EnrollArgs, start: &unstarted::Start, signals: &Signals) -> Result<Prepared, Error> {
    let files = Files::resolve(&args.files, &args.account.pin)?;
    let account = Account::resolve(&args.account, files.env)?;
    let started_at = start.at;
    let manifest_error = |source| Error::Manifest {
        path: files.manifest.clone(),
        source,
    };
    check_overwrites(&files, args.report.summary.as_deref())?;
    args.report.summary.as_deref().map_or(Ok(()), check_folder)?;
    let holder = Holder::new("image-enroll", &files.manifest, started_at);
    // Whoever is refused by another run hears it at once; but a manifest that is no good leaves no ledger behind.
    let named = files
        .ledger
        .as_ref()
        .map(|path| LockedLedger::named(path, &files, holder.clone()));
    let named = named.transpose()?;
    let target = Target::new(&files.results);
    let manifest = Manifest::open(&files.manifest, files.photo_root.clone(), started_at).map_err(manifest_error)?;
    let manifest = manifest.strict(args.files.strict);
    let survey = Survey::take(&manifest, |_, _| ()).map_err(manifest_error)?;
    // From here on there is something to put away.
    signals.enter(Mode::Drain);
    let claim = target.claim(args.files.force);
    let claim = claim.map_err(|source| results_error(&files, source))?;
    let LockedLedger { path, lock, temporary } = named.map_or_else(|| LockedLedger::temporary(holder), Ok)?;
    let pin = Pin {
        endpoint: account.pinned.clone(),
        partner_id: account.signer.partner_id().to_owned(),
    };
    let ledger = Ledger::open(lock, &pin);
    let ledger = ledger.map_err(|source| Error::Ledger {
        path: path.clone(),
        source,
    })?;
    Ok(Prepared {
        target,
        files,
        account,
        manifest,
        survey,
        ledger_path: path,
        ledger,
        run_id: start.run_id.clone(),
        started_at,
        _claim: claim,
        _temporary: temporary,
    })
}

/// Rows that look wrong are told of before anything is sent, and before anybody is asked.
fn warn(args: &EnrollArgs, prepared: &Prepared) -> Result<(), Error> {
    let warnings = prepared.survey.warnings(&prepared.manifest);
    let warnings = warnings.map_err(|source| Error::Manifest {
        path: prepared.files.manifest.clone(),
        source,
    })?;
    warn_of_rows(&args.report, &prepared.run_id, prepared.survey.rows(), &warnings);
    Ok(())
}

/// Sends what is outstanding. Everything that can fail without a request has to fail before the first one.
fn send(
    args: &EnrollArgs,
    prepared: &mut Prepared,
    mut reporter: Reporter,
    signals: &Signals,
) -> Result<(Ended, Reporter), Error> {
    let runtime = super::runtime()?;
    let endpoint = match &prepared.account.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => runtime.block_on(start_simulator(&prepared.account))?,
    };
    let client = Client::new(&ClientSettings {
        endpoint,
        connect_timeout: args.pace.connect_timeout,
        timeout: args.pace.timeout,
        ca_pem: prepared.account.ca_pem.clone(),
        direct: prepared.account.is_loopback,
    })?;
    let follower = prepared.target.follow(&prepared.manifest);
    let mut follower = follower.map_err(|source| results_error(&prepared.files, source))?;
    let concurrency = affordable(args.pace.concurrency.into(), prepared.account.endpoint.is_none());
    if concurrency < args.pace.concurrency.into() {
        reporter.few_descriptors(concurrency);
    }
    let own_files = own_files(&prepared.files, &prepared.ledger_path, args.report.summary.as_deref());
    let services = Services {
        manifest: &prepared.manifest,
        survey: &prepared.survey,
        ledger: &mut prepared.ledger,
        follower: &mut follower,
        client,
        signer: Arc::new(prepared.account.signer.clone()),
        own_files,
        signals: signals.clone(),
    };
    let settings = settings(args, concurrency, prepared.run_id.clone());
    let ended = drive(settings, services, reporter, &runtime);
    // A photo may still be read from a file system that hangs; the end of the run does not wait for it.
    runtime.shutdown_background();
    Ok(ended?)
}

/// Results, summary, the closing words: written however the run ended.
fn finish(
    args: &EnrollArgs,
    prepared: Prepared,
    mut reporter: Reporter,
    ended: Ended,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    let Prepared {
        files,
        manifest,
        survey,
        ledger,
        target,
        ..
    } = &prepared;
    let Ended { mut stop, stats, error } = ended;
    let mut faults: Vec<Error> = error.map(Error::from).into_iter().collect();
    // Nothing is in flight any more: a signal gives up the writing. One that came too late for the run counts too.
    signals.enter(Mode::GiveUp);
    stop = stop.max(signals.strongest().map(Stop::from));
    let tally = target.finish(manifest, survey, ledger, signals).or_else(|source| {
        stop = stop.max(Some(stop_of(&source)));
        faults.push(results_error(files, source));
        output::write(manifest, survey, ledger, signals.while_quick(io::sink()))
    });
    let tally = tally.unwrap_or_else(|_| tally_of_run(&stats, survey.rows()));
    let status = ExitStatus::of_run(stop, |status| tally.count(status));
    let finished_at = Utc::now();
    if let Err(source) = ledger.end_run(finished_at.timestamp_millis(), status.code(), stop.map(Stop::word)) {
        faults.push(prepared.ledger_error(source));
    }
    let facts = RunFacts {
        run_id: &prepared.run_id,
        files,
        account: &prepared.account,
        survey,
        started_at: prepared.started_at,
        finished_at,
        status: if faults.is_empty() {
            status
        } else {
            worse(status, &faults)
        },
        stop,
        stats: &stats,
        tally: &tally,
    };
    if let Some(path) = &args.report.summary {
        let written = write_summary(path, &build_summary(&facts));
        faults.extend(written.err().map(|source| Error::Summary {
            path: path.clone(),
            source,
        }));
    }
    reporter.close(&Closing {
        facts: &facts,
        ledger: files.ledger.as_deref(),
        command: &command_line(),
    });
    for fault in &faults {
        print_error(fault, args.report.log.log_format);
    }
    Ok(worse(status, &faults))
}

impl Prepared {
    fn record(&self) -> RunRecord {
        RunRecord {
            run_id: self.run_id.clone(),
            manifest: text::one_line(&self.files.manifest.to_string_lossy(), text::MAX_TEXT_CHARS),
            manifest_sha256: self.survey.sha256,
            started_at: self.started_at.timestamp_millis(),
        }
    }

    /// A run that has sent nothing is ended in the ledger, too; the error that ended it is told by the caller.
    fn give_up(&self, error: &Error) {
        let now = Utc::now().timestamp_millis();
        drop(self.ledger.end_run(now, error.exit_status().code(), None));
    }

    fn ledger_error(&self, source: LedgerError) -> Error {
        Error::Ledger {
            path: self.ledger_path.clone(),
            source,
        }
    }
}

/// What the run reads and writes besides photos, as it stands when the first photo is read.
fn own_files(files: &Files, ledger: &Path, summary: Option<&Path>) -> OwnFiles {
    let named = [files.manifest.as_path(), &files.results, ledger]
        .into_iter()
        .chain(summary);
    let standard = |path: &&Path| path.as_os_str() == "-";
    let named = named.filter(|path| !standard(path)).map(Path::to_owned);
    OwnFiles::new(named.chain(companions(ledger)))
}

/// This run's command, to be typed again. No argument holds a secret.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args_os()
        .map(|text| text.to_string_lossy().into_owned())
        .collect();
    shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_default()
}

/// A summary that could not be written would show only when everything has been sent.
fn check_folder(summary: &Path) -> Result<(), Error> {
    let folder = summary.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = folder.map_or(Ok(()), |folder| folder.read_dir().map(drop));
    found.map_err(|source| Error::Summary {
        path: summary.to_owned(),
        source,
    })
}

/// A fault of the machine is not hidden behind an exit code that says the rows are well.
fn worse(status: ExitStatus, faults: &[Error]) -> ExitStatus {
    match (status, faults.first()) {
        (
            ExitStatus::Settled | ExitStatus::DataFaults | ExitStatus::Failed | ExitStatus::InDoubt | ExitStatus::Limit,
            Some(fault),
        ) => fault.exit_status(),
        _ => status,
    }
}

fn stop_of(error: &ResultsError) -> Stop {
    match error {
        ResultsError::Manifest(_) => Stop::ManifestChanged,
        ResultsError::GivenUp(GivenUp(signal)) => (*signal).into(),
        ResultsError::Write(_)
        | ResultsError::Ledger(_)
        | ResultsError::NotResults
        | ResultsError::Directory
        | ResultsError::InUse => Stop::Storage,
    }
}

pub(super) fn results_error(files: &Files, source: ResultsError) -> Error {
    Error::Results {
        path: files.results.clone(),
        source,
    }
}

/// The manifest is read until the end, so nothing may be written over it; nor may one file take another's place. None
/// of them is opened to be looked at: the manifest may be a pipe, and the ledger another run's.
pub(super) fn check_overwrites(files: &Files, summary: Option<&Path>) -> Result<(), Error> {
    let results = Some(files.results.as_path()).filter(|path| path.as_os_str() != "-");
    let beside = files.ledger.as_deref().map(companions).into_iter().flatten();
    let named = [
        ("--results", results),
        ("--ledger", files.ledger.as_deref()),
        ("--summary", summary),
    ];
    let named = named
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path?.to_owned())));
    let written: Vec<(&str, PathBuf)> = named.chain(beside.map(|path| (BESIDE_LEDGER, path))).collect();
    for (index, (flag, path)) in written.iter().enumerate() {
        let Some(own) = place(path) else { continue };
        if is_same_file(&files.manifest, path) || place(&files.manifest).as_ref() == Some(&own) {
            let path = path.to_owned();
            return Err(ConfigError::Overwrites { flag, path }.into());
        }
        let same = |(_, other): &&(&str, PathBuf)| place(other).as_ref() == Some(&own);
        if let Some((other, _)) = written.iter().take(index).find(same) {
            return Err(ConfigError::SameFile(other, flag).into());
        }
    }
    Ok(())
}

/// What the files are called that a ledger has beside it.
const BESIDE_LEDGER: &str = "a file that the ledger has beside it";

/// Where a file is or would be; none for what is no file, such as a device, which many may share.
fn place(path: &Path) -> Option<PathBuf> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => None,
        Ok(_) | Err(_) => resolve(path).ok(),
    }
}

/// Where a ledger is, under its lock.
struct LockedLedger {
    path: PathBuf,
    lock: Lock,
    temporary: Option<TempDir>,
}

impl LockedLedger {
    fn named(path: &Path, files: &Files, holder: Holder) -> Result<Self, Error> {
        if files.default_ledger_of.is_some() {
            make_folder(folder::folder_of(path))?;
        }
        Self::take(path.to_owned(), None, holder)
    }

    /// For a simulator that forgets everything as well.
    fn temporary(holder: Holder) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(|error| Error::Ledger {
            path: std::env::temp_dir(),
            source: LedgerError::Open(error),
        })?;
        Self::take(folder.path().join("ledger.db"), Some(folder), holder)
    }

    fn take(path: PathBuf, temporary: Option<TempDir>, holder: Holder) -> Result<Self, Error> {
        match Lock::take(&path, holder) {
            Ok(lock) => Ok(Self { path, lock, temporary }),
            Err(source) => Err(Error::Ledger { path, source }),
        }
    }
}

fn make_folder(path: &Path) -> Result<(), ConfigError> {
    let made = folder::create_private(path);
    made.map_err(|source| ConfigError::LedgerFolder {
        path: path.to_owned(),
        source,
    })
}

/// Starts the simulator inside the process; it ends with the runtime.
async fn start_simulator(account: &Account) -> Result<String, Error> {
    let (listener, address) = super::simulator::listen(0).await?;
    let simulator = Simulator::new(Settings::faultless(&account.signer));
    tokio::spawn(simulator.serve(listener, std::future::pending()));
    Ok(format!("http://{address}"))
}

fn settings(args: &EnrollArgs, concurrency: usize, run_id: String) -> RunSettings {
    let pace = &args.pace;
    RunSettings {
        run_id,
        started: Instant::now(),
        concurrency,
        interval: pace.rate.map(|rate| rate.interval),
        retry: RetryPolicy { retries: pace.retries },
        in_doubt_wait: pace.in_doubt_wait,
        max_outage: pace.max_outage,
        stop_after: pace.stop_after,
        limit: pace.limit,
        max_failures: pace.max_failures,
        strict: args.files.strict,
    }
}

/// As many requests in flight as this process may have file descriptors for.
fn affordable(wanted: usize, both_ends: bool) -> usize {
    #[cfg(unix)]
    let most = rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
    #[cfg(not(unix))]
    let most = u64::MAX;
    let ends = if both_ends { 2 } else { 1 };
    let affordable = most.saturating_sub(SPARE_DESCRIPTORS) / ends;
    wanted.min(usize::try_from(affordable).unwrap_or(usize::MAX)).max(1)
}
