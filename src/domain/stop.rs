//! Why a run ends before its rows do, or before it has begun.

use super::response::Refusal;

/// The causes, from the weakest to the strongest: a stronger one replaces a weaker one, never the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// `--limit`: as many rows as asked for were sent.
    Limit,
    /// `--stop-after`: the window is over.
    WindowOver,
    /// `--max-failures`.
    MaxFailures,
    /// 20 refusals alike in a row.
    RefusalsAlike,
    /// `--max-outage`: down or throttling for too long.
    Outage,
    /// `--max-outage`: a store of photos was down for too long.
    StoreOutage,
    /// A store of photos refuses the credentials, or is not there.
    StoreRefused,
    /// The server's answer or certificate forbids to go on.
    Refused(Refusal),
    /// SIGHUP.
    HungUp,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// A person was asked and has not said yes.
    Declined,
    /// Usage or configuration.
    Configuration,
    /// Ledgers that are to be put together are not those of all parts.
    PartsIncomplete,
    /// Another command holds the ledger.
    LedgerLocked,
    /// The manifest cannot be used.
    ManifestUnusable,
    /// The ledger cannot be used.
    LedgerUnusable,
    /// The manifest was changed while the run was reading it.
    ManifestChanged,
    /// Ledger or results cannot be read or written.
    Storage,
}

impl Stop {
    /// Whether it was asked for from outside.
    pub(crate) fn is_signal(self) -> bool {
        matches!(self, Self::HungUp | Self::Interrupted | Self::Terminated)
    }

    /// The same for a run that has begun to send. Nothing is wrong then with what it began with: a manifest that
    /// cannot be read again was changed, and everything else is the machine's.
    pub(crate) fn once_begun(self) -> Self {
        match self {
            Self::ManifestUnusable => Self::ManifestChanged,
            Self::Declined
            | Self::Configuration
            | Self::PartsIncomplete
            | Self::LedgerLocked
            | Self::LedgerUnusable => Self::Storage,
            other => other,
        }
    }

    /// The word in the summary's `stopped_by`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::WindowOver => "stop_after",
            Self::MaxFailures => "max_failures",
            Self::RefusalsAlike => "refusals_alike",
            Self::Outage => "outage",
            Self::StoreOutage => "store_outage",
            Self::StoreRefused => "store_refused",
            Self::Refused(refusal) => refusal.word(),
            Self::HungUp => "hung_up",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::Declined => "declined",
            Self::Configuration => "configuration",
            Self::LedgerLocked => "ledger_locked",
            Self::PartsIncomplete => "parts_incomplete",
            Self::ManifestUnusable => "manifest_unusable",
            Self::LedgerUnusable => "ledger_unusable",
            Self::ManifestChanged => "manifest_changed",
            Self::Storage => "storage",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_outranks_a_limit_and_lost_storage_outranks_all() {
        assert!(Stop::Interrupted > Stop::Limit && Stop::Interrupted > Stop::Refused(Refusal::Certificate));
        assert!(Stop::HungUp > Stop::Limit && Stop::HungUp > Stop::Refused(Refusal::Certificate));
        assert!(Stop::Storage > Stop::Terminated && Stop::Storage > Stop::ManifestChanged);
        assert!(Stop::Refused(Refusal::Credentials) > Stop::Outage);
    }

    #[test]
    fn a_run_that_has_begun_is_not_ended_by_what_it_began_with() {
        use Stop::{Configuration, Declined, LedgerLocked, LedgerUnusable, ManifestChanged, ManifestUnusable, Storage};
        assert_eq!(ManifestUnusable.once_begun(), ManifestChanged);
        for early in [Declined, Configuration, LedgerLocked, LedgerUnusable] {
            assert_eq!(early.once_begun(), Storage);
        }
        for other in [Stop::Limit, Stop::Interrupted, ManifestChanged, Storage] {
            assert_eq!(other.once_begun(), other);
        }
    }
}
