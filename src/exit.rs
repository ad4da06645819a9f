//! Exit codes: one documented type, so that a script can trust them (contract, section 9).

use std::process::ExitCode;

use crate::domain::{outcome::Status, response::Refusal, stop::Stop};

/// How the program ended. The numbers are the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Every row is settled.
    Settled,
    /// Finished; some rows are `rejected` or `invalid`.
    DataFaults,
    /// Usage or configuration; nothing was sent.
    Usage,
    /// Finished; some rows are `failed`.
    Failed,
    /// Finished; some rows are `in_doubt`.
    InDoubt,
    /// Stopped: credentials, signature or account refused.
    Refused,
    /// Stopped: the endpoint is unreachable, throttling, or not the API.
    Unreachable,
    /// Stopped: ledger or results cannot be read or written.
    Storage,
    /// Another run holds the ledger.
    Locked,
    /// The manifest cannot be used.
    Manifest,
    /// Stopped by a limit.
    Limit,
    /// SIGHUP: drained, summary and results written.
    HungUp,
    /// SIGINT: the same.
    Interrupted,
    /// SIGTERM: the same.
    Terminated,
}

impl ExitStatus {
    /// Every one, in the order of the numbers.
    pub(crate) const ALL: [Self; 14] = [
        Self::Settled,
        Self::DataFaults,
        Self::Usage,
        Self::Failed,
        Self::InDoubt,
        Self::Refused,
        Self::Unreachable,
        Self::Storage,
        Self::Locked,
        Self::Manifest,
        Self::Limit,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// What it says and what to do about it, in one line; for `--help` and the man page.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Settled => "Every row is settled.",
            Self::DataFaults => "Finished; some rows are rejected or invalid. Fix the data.",
            Self::Usage => "Usage or configuration; nothing was sent. Fix the command.",
            Self::Failed => "Finished; some rows failed. Run again.",
            Self::InDoubt => "Finished; some rows are in doubt. Run again; if one stays so, look it up in the portal.",
            Self::Refused => {
                "Stopped: credentials, signature or account refused, by the API or by the photos' store. Fix the credentials."
            }
            Self::Unreachable => {
                "Stopped: endpoint unreachable, throttling or not the API, or the photos' store unreachable. Run later."
            }
            Self::Storage => "Stopped: ledger or results could not be read or written. Fix the machine.",
            Self::Locked => "Another run holds the ledger. Wait.",
            Self::Manifest => "The manifest cannot be used, or parts for merge are missing. Fix the file.",
            Self::Limit => "Stopped by a limit, or by 20 equal refusals in a row. Look at the results.",
            Self::HungUp => "Hung up (SIGHUP): drained, summary and results written. Run again.",
            Self::Interrupted => "Interrupted (SIGINT): drained, summary and results written. Run again.",
            Self::Terminated => "Terminated (SIGTERM): drained, summary and results written. Run again.",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Settled => 0,
            Self::DataFaults => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::InDoubt => 4,
            Self::Refused => 5,
            Self::Unreachable => 6,
            Self::Storage => 7,
            Self::Locked => 8,
            Self::Manifest => 9,
            Self::Limit => 10,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl ExitStatus {
    /// The one with this number.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// A stop wins over what the rows say; of the rows a doubt wins over a failure, and that over a fault of the data.
    /// `count` says how many rows have a status.
    pub(crate) fn of_run(stop: Option<Stop>, count: impl Fn(Status) -> u32) -> Self {
        if let Some(stop) = stop {
            return stop.into();
        }
        let any = |status| count(status) > 0;
        if any(Status::InDoubt) {
            Self::InDoubt
        } else if any(Status::Failed) || any(Status::Pending) {
            Self::Failed
        } else if any(Status::Rejected) || any(Status::Invalid) {
            Self::DataFaults
        } else {
            Self::Settled
        }
    }
}

impl From<Stop> for ExitStatus {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Limit | Stop::WindowOver | Stop::MaxFailures | Stop::RefusalsAlike => Self::Limit,
            Stop::Outage | Stop::StoreOutage => Self::Unreachable,
            Stop::StoreRefused | Stop::Refused(Refusal::Credentials | Refusal::Account | Refusal::Payment) => {
                Self::Refused
            }
            Stop::Refused(Refusal::NotTheApi | Refusal::Redirect | Refusal::Signatures | Refusal::Certificate) => {
                Self::Unreachable
            }
            Stop::HungUp => Self::HungUp,
            Stop::Interrupted => Self::Interrupted,
            Stop::Terminated => Self::Terminated,
            Stop::Declined | Stop::Configuration => Self::Usage,
            Stop::LedgerLocked => Self::Locked,
            Stop::PartsIncomplete | Stop::ManifestUnusable | Stop::ManifestChanged => Self::Manifest,
            Stop::LedgerUnusable | Stop::Storage => Self::Storage,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
