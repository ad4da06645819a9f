//! The ledgers of parts put together: each is read as it lies, and never changed.
//!
//! All that they know goes into one ledger of all users first, in a folder of its own, and what is written of it later is
//! written of that one. So one part is open at a time, however many there are, and the results come from the very code that
//! writes those of one machine.

mod part;
mod whole;

pub(crate) use part::PartLedger;
pub(crate) use whole::{MadeLedger, MergeError, WholeLedger, lock_new};
