//! On which line each row begins, for messages that name another row than the one at hand.
//!
//! Nearly all rows begin one line after the one before. Only where a row does not is anything kept: 12 bytes, so that ten
//! million rows in which each takes two lines need 120 MB, and a plain manifest a few bytes.

use crate::domain::row_at::RowAt;

/// Lines of the rows of a file.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Rows from which on the shift is another one, in order.
    rows: Vec<u32>,
    /// How many more lines than rows there are before each of these and those that follow it.
    shifts: Vec<u64>,
}

impl Lines {
    /// The next row begins on this line.
    pub(crate) fn push(&mut self, row: u32, line: u64) {
        let shift = line.saturating_sub(row.into());
        if self.shifts.last() != Some(&shift) {
            self.rows.push(row);
            self.shifts.push(shift);
        }
    }

    /// A row that was pushed, with its line.
    pub(crate) fn at(&self, row: u32) -> RowAt {
        let behind = self.rows.partition_point(|first| *first <= row);
        let shift = behind.checked_sub(1).and_then(|place| self.shifts.get(place));
        let line = u64::from(row) + shift.copied().unwrap_or_default();
        RowAt { row, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_comes_back_with_its_line() {
        let lines = [2, 3, 4, 9, 10, 12, 14, 15, 16, 17, 1_000_000_000_000];
        let mut index = Lines::default();
        (1..).zip(lines).for_each(|(row, line)| index.push(row, line));
        for (row, line) in (1..).zip(lines) {
            assert_eq!(index.at(row), RowAt { row, line });
        }
        assert_eq!(index.rows, [1, 4, 6, 7, 11]);
    }

    #[test]
    fn a_plain_manifest_takes_one_entry() {
        let mut index = Lines::default();
        (1..=1_000).for_each(|row| index.push(row, u64::from(row) + 1));
        assert_eq!(
            (index.rows.len(), index.at(700).to_string()),
            (1, "row 700 (line 701)".into())
        );
    }
}
