//! What is found out about a row before anything is sent.

use serde::Serialize;
use strum::{Display, IntoStaticStr};

use super::{outcome::Reason, row_at::RowAt};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Severity {
    /// The row would be `invalid`.
    Invalid,
    /// The row would be sent; a person had better look at it first.
    Warning,
    /// Nothing is wrong; something is done about the row.
    Info,
}

/// One thing that is wrong with one row, or looks wrong, or is made right.
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

impl Finding {
    /// The row that it is about.
    pub(crate) fn row_at(&self) -> RowAt {
        RowAt {
            row: self.row,
            line: self.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_severities_are_these() {
        let words = [Severity::Invalid, Severity::Warning, Severity::Info].map(|severity| severity.to_string());
        assert_eq!(words, ["invalid", "warning", "info"]);
    }
}
