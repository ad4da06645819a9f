//! What ends the program early: one variant per subsystem, and the one table that says which [`Stop`] an error is.

mod faults;

use std::io;
use std::path::{Path, PathBuf};

use crate::client::ClientError;
use crate::config::ConfigError;
use crate::domain::{row_at::RowAt, split_proof::SplitProofError, stop::Stop};
use crate::exit::ExitStatus;
use crate::ledger::{LedgerError, MergeError};
use crate::manifest::{DataError, UnusableManifest};
use crate::output::{ExtractError, FailuresError, FindingsError, FixedCopyError, ResultsError};
use crate::photo::{PhotoError, StoreError, StoreFault, StoreSetupError};
use crate::run::RunError;
use crate::simulator::MemoryError;
use crate::sys::signals::{GivenUp, Signal};

pub(crate) use faults::Faults;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot begin")]
    Config(#[from] ConfigError),
    #[error("cannot connect")]
    Client(#[from] ClientError),
    #[error("cannot use a store of photos")]
    Store(#[from] StoreSetupError),
    #[error(transparent)]
    Manifest(#[from] UnusableManifest),
    #[error("ledger {path:?}")]
    Ledger { path: PathBuf, source: LedgerError },
    #[error("results {path:?}")]
    Results { path: PathBuf, source: ResultsError },
    #[error("failures {path:?}")]
    Failures { path: PathBuf, source: FailuresError },
    #[error("data file {path:?}")]
    Data { path: PathBuf, source: DataError },
    #[error("cannot write {path:?}")]
    Extracted { path: PathBuf, source: ExtractError },
    #[error("findings {path:?}")]
    Findings { path: PathBuf, source: FindingsError },
    #[error("fixed copy {path:?}")]
    FixedCopy { path: PathBuf, source: FixedCopyError },
    #[error("cannot read the photo of {row}")]
    Photo { row: RowAt, source: PhotoError },
    #[error("the ledgers cannot be put together, and nothing was written:{}", .0.list())]
    Parts(Faults),
    #[error("{parts} ledgers need {needed} file descriptors at a time, and {allowed} are allowed; raise `ulimit -n`")]
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix counts them"))]
    FewDescriptors { parts: u64, needed: u64, allowed: u64 },
    #[error("proof of the split {path:?}")]
    SplitProof { path: PathBuf, source: SplitProofFault },
    #[error("given up")]
    GivenUp(#[source] GivenUp),
    #[error("not merged, and no part was changed; run the same merge again")]
    MergeGivenUp(#[source] GivenUp),
    #[error("cannot write the part {path:?}")]
    Part { path: PathBuf, source: io::Error },
    #[error("summary {path:?}")]
    Summary { path: PathBuf, source: io::Error },
    #[error("report {path:?}")]
    Page { path: PathBuf, source: io::Error },
    #[error("{} {path:?}: no file can be made there; name another place with {flag}", flag.trim_start_matches('-'))]
    NoPlace {
        flag: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("stopped")]
    Run(#[from] RunError),
    #[error("users of the simulator {path:?}")]
    SimulatorState { path: PathBuf, source: MemoryError },
    #[error("port {0} is in use by another program; for a free one type: image-enroll simulator --port 0")]
    PortInUse(u16),
    #[error("cannot listen on port {port}")]
    Listen { port: u16, source: io::Error },
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    #[error("cannot start the program's threads")]
    Runtime(#[source] io::Error),
}

/// Why the proof of a split cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SplitProofFault {
    #[error("cannot read it")]
    Read(#[source] io::Error),
    #[error(transparent)]
    Form(#[from] SplitProofError),
}

impl Error {
    /// Names the ledger that an error is about.
    pub(crate) fn of_ledger(path: &Path) -> impl Fn(LedgerError) -> Self {
        |source| Self::Ledger {
            path: path.to_owned(),
            source,
        }
    }

    /// Says which of the two ledgers an error is about: that of the part, or that of all users.
    pub(crate) fn of_merge(part: &Path, whole: &Path) -> impl Fn(MergeError) -> Self {
        |error| match error {
            MergeError::Part(source) => Self::of_ledger(part)(source),
            MergeError::Whole(source) => Self::of_ledger(whole)(source),
            MergeError::GivenUp(signal) => Self::MergeGivenUp(signal),
        }
    }

    /// Names the results that an error is about.
    pub(crate) fn of_results(path: &Path) -> impl Fn(ResultsError) -> Self {
        |source| Self::Results {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the failures that an error is about.
    pub(crate) fn of_failures(path: &Path) -> impl Fn(FailuresError) -> Self {
        |source| Self::Failures {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the data file that an error is about.
    pub(crate) fn of_data(path: &Path) -> impl Fn(DataError) -> Self {
        |source| Self::Data {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the file or folder that could not be written.
    pub(crate) fn of_extracted(path: &Path) -> impl Fn(ExtractError) -> Self {
        |source| Self::Extracted {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the summary that an error is about.
    pub(crate) fn of_summary(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| Self::Summary {
            path: path.to_owned(),
            source,
        }
    }

    /// Names the report that an error is about.
    pub(crate) fn of_page(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| Self::Page {
            path: path.to_owned(),
            source,
        }
    }

    /// What it ends a command for that has not begun to send.
    pub(crate) fn stop(&self) -> Stop {
        match self {
            Self::Config(ConfigError::Declined) => Stop::Declined,
            Self::Config(_) | Self::Client(_) | Self::Store(_) | Self::PortInUse(_) | Self::Listen { .. } => {
                Stop::Configuration
            }
            Self::Photo {
                source: PhotoError::Store(error),
                ..
            } => error.into(),
            Self::Manifest(_) | Self::Data { .. } => Stop::ManifestUnusable,
            Self::Extracted {
                source: ExtractError::Taken | ExtractError::Name,
                ..
            } => Stop::Configuration,
            Self::Extracted { .. } => Stop::Storage,
            Self::Ledger { source, .. } => source.into(),
            Self::Results { source, .. } => source.into(),
            Self::Failures { source, .. } => source.into(),
            Self::Run(error) => error.into(),
            Self::Findings {
                source: FindingsError::NotFindings,
                ..
            }
            | Self::FixedCopy {
                source: FixedCopyError::NotOurs,
                ..
            } => Stop::Configuration,
            Self::SimulatorState { source, .. } => match source {
                MemoryError::Io(_) | MemoryError::Damaged { .. } => Stop::Storage,
                MemoryError::InUse | MemoryError::Foreign | MemoryError::OtherPartner(_) => Stop::Configuration,
            },
            Self::Parts(faults) => faults.stop(),
            Self::SplitProof { source, .. } => match source {
                SplitProofFault::Read(_) => Stop::Configuration,
                SplitProofFault::Form(_) => Stop::PartsIncomplete,
            },
            Self::GivenUp(GivenUp(signal)) => (*signal).into(),
            Self::NoPlace { source, .. } if source.kind() == io::ErrorKind::IsADirectory => Stop::Configuration,
            Self::MergeGivenUp(GivenUp(signal)) => (*signal).into(),
            Self::FewDescriptors { .. }
            | Self::FixedCopy { .. }
            | Self::Findings { .. }
            | Self::Photo { .. }
            | Self::Part { .. }
            | Self::Summary { .. }
            | Self::Page { .. }
            | Self::NoPlace { .. }
            | Self::Stdout(_)
            | Self::Runtime(_) => Stop::Storage,
        }
    }

    /// Whether it is that the file of this flag cannot be written.
    pub(crate) fn is_about(&self, flag: &str) -> bool {
        match self {
            Self::Summary { .. } => flag == "--summary",
            Self::Page { .. } => flag == "--report",
            Self::NoPlace { flag: other, .. } => flag == *other,
            _ => false,
        }
    }

    pub(crate) fn exit_status(&self) -> ExitStatus {
        self.stop().into()
    }
}

impl From<&StoreError> for Stop {
    fn from(error: &StoreError) -> Self {
        match error.fault {
            StoreFault::Down | StoreFault::Busy => Self::StoreOutage,
            StoreFault::NoCredentials | StoreFault::Refused => Self::StoreRefused,
        }
    }
}

impl From<&LedgerError> for Stop {
    fn from(error: &LedgerError) -> Self {
        match error {
            LedgerError::Locked(_) => Self::LedgerLocked,
            LedgerError::Missing
            | LedgerError::Exists
            | LedgerError::OtherPin { .. }
            | LedgerError::OtherShard { .. }
            | LedgerError::OtherLookup { .. } => Self::Configuration,
            LedgerError::Foreign
            | LedgerError::Newer { .. }
            | LedgerError::LogLost
            | LedgerError::Damaged(_)
            | LedgerError::Corrupt(_)
            | LedgerError::Full
            | LedgerError::Open(_)
            | LedgerError::Lock(_)
            | LedgerError::Copy(_)
            | LedgerError::Sqlite(_) => Self::LedgerUnusable,
        }
    }
}

impl From<&ResultsError> for Stop {
    fn from(error: &ResultsError) -> Self {
        match error {
            ResultsError::Write(_) => Self::Storage,
            ResultsError::NotResults | ResultsError::NotFailures | ResultsError::Directory | ResultsError::InUse => {
                Self::Configuration
            }
            ResultsError::GivenUp(GivenUp(signal)) => (*signal).into(),
            ResultsError::Ledger(error) => error.into(),
            ResultsError::Manifest(_) => Self::ManifestUnusable,
        }
    }
}

impl From<&FailuresError> for Stop {
    fn from(error: &FailuresError) -> Self {
        match error {
            FailuresError::Write(_) => Self::Storage,
            FailuresError::GivenUp(GivenUp(signal)) => (*signal).into(),
            FailuresError::NotFailures => Self::Configuration,
        }
    }
}

impl From<&RunError> for Stop {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Ledger(error) => error.into(),
            RunError::Manifest(_) => Self::ManifestUnusable,
            RunError::Results(error) => error.into(),
        }
    }
}

impl From<Signal> for Stop {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::HangUp => Self::HungUp,
            Signal::Interrupt => Self::Interrupted,
            Signal::Terminate => Self::Terminated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ManifestError;

    fn full_disk() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    #[test]
    fn an_error_is_one_stop_before_the_first_request_and_another_one_after_it() {
        let path = Path::new("x");
        let ledger = |error| Error::of_ledger(path)(error);
        let results = |error| Error::of_results(path)(error);
        let no_place = |kind: io::ErrorKind| Error::NoPlace {
            flag: "--report",
            path: path.to_owned(),
            source: kind.into(),
        };
        for (error, before, code, begun) in [
            (ConfigError::Declined.into(), "declined", 2, "storage"),
            (ConfigError::NoPartner.into(), "configuration", 2, "storage"),
            (ledger(LedgerError::Locked(None)), "ledger_locked", 8, "storage"),
            (ledger(LedgerError::Missing), "configuration", 2, "storage"),
            (ledger(LedgerError::LogLost), "ledger_unusable", 7, "storage"),
            (
                UnusableManifest::new(path, ManifestError::NoHeader).into(),
                "manifest_unusable",
                9,
                "manifest_changed",
            ),
            (
                RunError::from(ManifestError::Changed).into(),
                "manifest_unusable",
                9,
                "manifest_changed",
            ),
            (
                RunError::from(LedgerError::LogLost).into(),
                "ledger_unusable",
                7,
                "storage",
            ),
            (results(ResultsError::InUse), "configuration", 2, "storage"),
            (results(ResultsError::Write(full_disk())), "storage", 7, "storage"),
            (
                results(ResultsError::GivenUp(GivenUp(Signal::Terminate))),
                "terminated",
                143,
                "terminated",
            ),
            (Error::of_summary(path)(full_disk()), "storage", 7, "storage"),
            (Error::of_page(path)(full_disk()), "storage", 7, "storage"),
            (no_place(io::ErrorKind::NotFound), "storage", 7, "storage"),
            (no_place(io::ErrorKind::IsADirectory), "configuration", 2, "storage"),
        ] {
            let stop = error.stop();
            assert_eq!((stop.word(), stop.once_begun().word()), (before, begun), "{error:?}");
            assert_eq!(error.exit_status().code(), code, "{error:?}");
        }
    }
}
