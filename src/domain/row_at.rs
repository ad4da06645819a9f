//! A row as people are shown it.

use std::fmt;

/// A row by its number and by the line on which it begins, as an editor counts them: `row 9 (line 10)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowAt {
    pub(crate) row: u32,
    pub(crate) line: u64,
}

impl fmt::Display for RowAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, line } = self;
        write!(f, "row {row} (line {line})")
    }
}
