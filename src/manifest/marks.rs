//! The rows of a manifest as a survey compares them: by hashes, so that ten million take some 400 MB.

use super::{Manifest, Record, row::Row};
use crate::domain::suspicion::fold;
use crate::sys::user_hash::{UserHash, UserHashKeys};

/// Rows up to which the memory for their marks is doubled whenever it is full.
const DOUBLED_ROWS: usize = 256 * 1024;
/// The memory becomes so many times larger at the most: of 10 GB the first rows may be short and the others long, and some
/// systems count also what is not written to.
const MOST_GROWTH: usize = 8;

/// All rows with a user, until it is known which of them are settled.
#[derive(Debug, Default)]
pub(crate) struct Marks(pub(super) Vec<Mark>);

impl Marks {
    /// Sets memory aside for the next mark, where it is full. For many rows it is set aside for all that are expected, and
    /// half as many: to double it would take up to three times what the marks have, while they are copied. What is not
    /// written to takes none. Where so much cannot be had, it is doubled all the same.
    pub(super) fn prepare(&mut self, expected: impl FnOnce() -> usize) {
        let taken = self.0.len();
        if taken < DOUBLED_ROWS || taken < self.0.capacity() {
            return;
        }
        let expected = expected();
        let wanted = expected.saturating_add(expected / 2).min(taken * MOST_GROWTH);
        self.0.try_reserve_exact(wanted.saturating_sub(taken)).ok();
    }
}

/// A row as the comparison needs it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// Hash of what ids have in common that look alike.
    pub(super) looks: u64,
    pub(super) user: UserHash,
    /// Hash of date and photo.
    pub(super) content: u64,
    pub(super) number: u32,
}

/// Makes the marks.
pub(super) struct Hashes<'a> {
    pub(super) keys: &'a UserHashKeys,
    /// What the latest id has in common with those that look alike; kept, so that it is not allocated for each row.
    folded: String,
}

impl<'a> Hashes<'a> {
    pub(super) fn new(keys: &'a UserHashKeys) -> Self {
        let folded = String::new();
        Self { keys, folded }
    }

    pub(super) fn row(&mut self, row: &Row) -> Mark {
        let content = self.keys.of((row.created_at.as_str(), &row.photo));
        self.mark(row.user_id.as_str(), content, row.number)
    }

    /// A wrong row with a good id contradicts the right row of the same user: which is meant, nobody knows.
    pub(super) fn faulty(&mut self, manifest: &Manifest, number: u32, record: &Record) -> Option<Mark> {
        let user_id = manifest.user_of(record)?;
        let content = self.keys.of(("faulty", manifest.raw_cells(record)));
        Some(self.mark(user_id.as_str(), content, number))
    }

    /// A row of another part, whose id alone counts.
    pub(super) fn elsewhere(&mut self, manifest: &Manifest, number: u32, record: &Record) -> Option<Mark> {
        let user_id = manifest.user_of(record)?;
        Some(self.mark(user_id.as_str(), 0, number))
    }

    fn mark(&mut self, user_id: &str, content: u64, number: u32) -> Mark {
        fold(user_id, &mut self.folded);
        Mark {
            looks: self.keys.of(&self.folded),
            user: self.keys.user(user_id),
            content,
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_set_aside_for_all_rows_that_are_expected() {
        let (rows, mut marks, mut copied) = (1_500_000, Marks::default(), 0);
        for number in 1..=rows as u32 {
            let capacity = marks.0.capacity();
            // The rows get shorter, and so they are more than was expected.
            marks.prepare(|| rows / 8 * 7);
            marks.0.push(Mark {
                looks: 0,
                user: UserHash([0; 2]),
                content: 0,
                number,
            });
            copied += usize::from(marks.0.capacity() > capacity && marks.0.len() > DOUBLED_ROWS);
        }
        assert!(marks.0.capacity() < rows + rows / 2, "{}", marks.0.capacity());
        assert!(copied <= 2, "{copied}");
    }

    #[test]
    fn rows_that_are_expected_wrongly_take_no_memory_that_is_not_there() {
        let mark = Mark {
            looks: 0,
            user: UserHash([0; 2]),
            content: 0,
            number: 1,
        };
        let mut marks = Marks(vec![mark; DOUBLED_ROWS]);
        marks.prepare(|| usize::MAX);
        let set_aside = marks.0.capacity();
        assert!(
            (DOUBLED_ROWS + 1..=DOUBLED_ROWS * MOST_GROWTH).contains(&set_aside),
            "{set_aside}"
        );
    }

    #[test]
    fn a_row_takes_forty_bytes_while_all_are_compared() {
        assert_eq!(size_of::<Mark>(), 40);
    }
}
