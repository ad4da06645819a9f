//! The ledgers of parts put together: each is read as it lies, and never changed.
//!
//! All that they know goes into one ledger of all users first, in a folder of its own, and what is written of it later is
//! written of that one. So one part is open at a time, however many there are, and the results come from the very code that
//! writes those of one machine.

mod part;
mod place;
mod tables;
mod whole;

use super::LedgerError;
use crate::sys::signals::GivenUp;

pub(crate) use part::PartLedger;
pub(crate) use place::{MadeLedger, lock_new};
pub(crate) use whole::WholeLedger;

/// Why the ledgers could not be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    /// About the ledger of the part.
    #[error(transparent)]
    Part(LedgerError),
    /// About the ledger of all users.
    #[error(transparent)]
    Whole(LedgerError),
    #[error(transparent)]
    GivenUp(GivenUp),
}

fn in_part(error: rusqlite::Error) -> MergeError {
    MergeError::Part(error.into())
}

fn whole(error: rusqlite::Error) -> MergeError {
    MergeError::Whole(error.into())
}
