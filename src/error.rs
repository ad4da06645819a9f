//! What ends the program early: one variant per subsystem, each with its exit code.

use std::io;
use std::path::PathBuf;

use crate::client::ClientError;
use crate::config::ConfigError;
use crate::exit::ExitStatus;
use crate::ledger::LedgerError;
use crate::manifest::ManifestError;
use crate::output::{FindingsError, ResultsError};
use crate::photo::PhotoError;
use crate::run::RunError;
use crate::sys::signals::GivenUp;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot begin")]
    Config(#[from] ConfigError),
    #[error("cannot connect")]
    Client(#[from] ClientError),
    #[error("manifest {path:?}")]
    Manifest { path: PathBuf, source: ManifestError },
    #[error("ledger {path:?}")]
    Ledger { path: PathBuf, source: LedgerError },
    #[error("results {path:?}")]
    Results { path: PathBuf, source: ResultsError },
    #[error("findings {path:?}")]
    Findings { path: PathBuf, source: FindingsError },
    #[error("cannot read the photo of row {row}")]
    Photo { row: u32, source: PhotoError },
    #[error("summary {path:?}")]
    Summary { path: PathBuf, source: io::Error },
    #[error("stopped")]
    Run(#[from] RunError),
    #[error("port {0} is in use; choose another with --port, or 0 for a free one")]
    PortInUse(u16),
    #[error("cannot listen on port {port}")]
    Listen { port: u16, source: io::Error },
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    #[error("cannot start the program's threads")]
    Runtime(#[source] io::Error),
}

impl Error {
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Config(_) | Self::Client(_) | Self::PortInUse(_) | Self::Listen { .. } => ExitStatus::Usage,
            Self::Findings {
                source: FindingsError::NotFindings,
                ..
            } => ExitStatus::Usage,
            Self::Manifest { .. } | Self::Run(RunError::Manifest(_)) => ExitStatus::Manifest,
            Self::Ledger { source, .. } | Self::Run(RunError::Ledger(source)) => ledger_status(source),
            Self::Results { source, .. } | Self::Run(RunError::Results(source)) => results_status(source),
            Self::Findings { .. } | Self::Photo { .. } | Self::Summary { .. } | Self::Stdout(_) | Self::Runtime(_) => {
                ExitStatus::Storage
            }
        }
    }
}

fn ledger_status(error: &LedgerError) -> ExitStatus {
    match error {
        LedgerError::Locked(_) => ExitStatus::Locked,
        LedgerError::Missing | LedgerError::OtherPin { .. } => ExitStatus::Usage,
        LedgerError::Foreign
        | LedgerError::Newer { .. }
        | LedgerError::LogLost
        | LedgerError::Damaged(_)
        | LedgerError::Corrupt(_)
        | LedgerError::Open(_)
        | LedgerError::Lock(_)
        | LedgerError::Copy(_)
        | LedgerError::Sqlite(_) => ExitStatus::Storage,
    }
}

fn results_status(error: &ResultsError) -> ExitStatus {
    match error {
        ResultsError::Write(_) => ExitStatus::Storage,
        ResultsError::NotResults | ResultsError::InUse => ExitStatus::Usage,
        ResultsError::GivenUp(GivenUp(signal)) => (*signal).into(),
        ResultsError::Ledger(error) => ledger_status(error),
        ResultsError::Manifest(_) => ExitStatus::Manifest,
    }
}
