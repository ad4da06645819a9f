//! What is found out about a row before anything is sent.

use super::outcome::{Reason, words};

words! {
    /// How much a finding weighs.
    Severity {
        /// The row would be `invalid`.
        Invalid = "invalid",
        /// The row would be sent; a person had better look at it first.
        Warning = "warning",
    }
}

/// One thing that is wrong with one row, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) reason: Reason,
    /// The record's number; the first after the header is 1.
    pub(crate) row: u32,
    /// The line on which the record begins, as an editor counts them.
    pub(crate) line: u64,
    /// The cell as it stands in the manifest, whatever it holds.
    pub(crate) user_id: String,
    /// For people: the value, and what is wrong with it.
    pub(crate) detail: String,
}
