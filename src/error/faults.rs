//! What keeps the ledgers of parts from being put together, all of it at once.

use std::path::PathBuf;

use crate::domain::{merging::Problem, stop::Stop};
use crate::ledger::LedgerError;

/// All that is wrong with the ledgers of parts: those that cannot be read, and what keeps the others from being a whole.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) unreadable: Vec<(PathBuf, LedgerError)>,
    pub(crate) problems: Vec<Problem>,
}

/// An error with its causes.
fn in_one_line(error: &LedgerError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.unreadable.is_empty() && self.problems.is_empty()
    }

    /// Ledgers that could not be read, and may be those of parts: what is no ledger is none of a part either.
    pub(crate) fn possible_parts(&self) -> usize {
        let errors = self.unreadable.iter().map(|(_, error)| error);
        errors.filter(|error| !matches!(error, LedgerError::Foreign)).count()
    }

    pub(super) fn list(&self) -> String {
        let unreadable = self.unreadable.iter().map(|(path, error)| match error {
            LedgerError::Missing => format!("{path:?} is not there: name the ledger that its part has left"),
            LedgerError::Foreign => format!("{path:?} is no ledger: leave it out"),
            error => format!("{path:?}: {}", in_one_line(error)),
        });
        let problems = self.problems.iter().map(ToString::to_string);
        unreadable.chain(problems).map(|line| format!("\n  - {line}")).collect()
    }

    /// A ledger that is damaged or in use outranks what is missing.
    pub(super) fn stop(&self) -> Stop {
        let stops = self.unreadable.iter().map(|(_, error)| match error {
            LedgerError::Missing => Stop::PartsIncomplete,
            error => error.into(),
        });
        stops.fold(Stop::PartsIncomplete, Stop::max)
    }
}
