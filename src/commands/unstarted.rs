//! What is left of a run that ended before its first row: a summary in place of an earlier run's.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::cli::EnrollArgs;
use crate::config::{self, ConfigError};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::{Unstarted, write_summary};
use crate::sys::identity::is_same_place;
use crate::terminal::print_error;

/// What a run is from its first moment on.
pub(super) struct Start {
    pub(super) run_id: String,
    pub(super) at: DateTime<Utc>,
}

impl Start {
    pub(super) fn now() -> Self {
        Self {
            run_id: Uuid::now_v7().to_string(),
            at: Utc::now(),
        }
    }
}

/// Writes the summary of a run that `error` has ended, unless its path is that of another file of the run.
pub(super) fn write(args: &EnrollArgs, start: &Start, error: &Error) {
    let Some(path) = args.report.summary.as_deref().filter(|path| is_its_own(path, args)) else {
        return;
    };
    let pin = config::known_pin(&args.account.pin, args.files.env);
    let unstarted = Unstarted {
        run_id: &start.run_id,
        env: args.files.env,
        endpoint: &pin.endpoint,
        partner_id: &pin.partner_id,
        manifest: args.files.manifest.as_deref().unwrap_or(Path::new("")),
        started_at: start.at,
        finished_at: Utc::now(),
        status: error.exit_status(),
        stopped_by: word(error),
    };
    let written = write_summary(path, &unstarted.summary());
    // That the summary cannot be written may be what has ended the run, and is said once.
    if let Some(source) = written.err().filter(|_| !matches!(error, Error::Summary { .. })) {
        let path = path.to_owned();
        print_error(&Error::Summary { path, source }, args.report.log.log_format);
    }
}

/// The word in `stopped_by`.
fn word(error: &Error) -> &'static str {
    match (error.exit_status(), error) {
        (_, Error::Config(ConfigError::Declined)) => "declined",
        (ExitStatus::Usage, _) => "configuration",
        (ExitStatus::Locked, _) => "ledger_locked",
        (ExitStatus::Manifest, _) => "manifest_unusable",
        (_, Error::Ledger { .. } | Error::Run(_)) => "ledger_unusable",
        _ => "storage",
    }
}

/// Whether the summary's path is that of no file that the run reads or keeps. Where the run ended too early to know
/// a path, nothing has been read or written there.
fn is_its_own(summary: &Path, args: &EnrollArgs) -> bool {
    let named = config::named_files(&args.files, &args.account);
    let ledgers = ["-wal", "-shm", "-journal", ".lock"].map(|suffix| with_suffixes(&named, suffix));
    let beside = ledgers.into_iter().flatten();
    !named
        .iter()
        .cloned()
        .chain(beside)
        .any(|path| is_same_place(&path, summary))
}

/// What SQLite and the locks keep beside a file.
fn with_suffixes(paths: &[PathBuf], suffix: &str) -> Vec<PathBuf> {
    let append = |path: &PathBuf| {
        let mut path = path.clone().into_os_string();
        path.push(suffix);
        PathBuf::from(path)
    };
    paths.iter().map(append).collect()
}
