//! What is told on stderr, and how.

use std::path::PathBuf;

use super::{LogFormat, ProgressMode, ReportIds};
use crate::cli::{Cli, Command, LogArgs, ReportArgs};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    /// Nothing is said while all is well.
    pub(crate) quiet: bool,
}

/// How a run is told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) log: Log,
    pub(crate) progress: ProgressMode,
    /// Whether every attempt is told of.
    pub(crate) verbose: bool,
}

/// The page that tells of a run.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    /// Whether user ids stand there whole.
    pub(crate) full_ids: bool,
}

impl Page {
    /// None where none is asked for.
    pub(super) fn resolve(args: &ReportArgs) -> Option<Self> {
        let path = args.report.clone()?;
        let full_ids = args.report_ids == ReportIds::Full;
        Some(Self { path, full_ids })
    }
}

impl From<&LogArgs> for Log {
    fn from(args: &LogArgs) -> Self {
        Self {
            format: args.log_format,
            quiet: args.quiet,
        }
    }
}

impl From<&ReportArgs> for Report {
    fn from(args: &ReportArgs) -> Self {
        Self {
            log: (&args.log).into(),
            progress: args.progress,
            verbose: args.verbose,
        }
    }
}

/// The form of everything that is said on stderr: what the command's own flag says, where it has one.
pub(crate) fn log_format(cli: &Cli) -> LogFormat {
    match &cli.command {
        None => cli.enroll.report.log.log_format,
        Some(Command::Check(args)) => args.log.log_format,
        Some(Command::Reconcile(args)) => args.log.log_format,
        Some(Command::Extract(args)) => args.log.log_format,
        Some(Command::Results(_) | Command::Simulator(_) | Command::Completions(_) | Command::Man) => LogFormat::Text,
    }
}
