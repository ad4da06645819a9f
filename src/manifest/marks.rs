//! The rows of a manifest as a survey compares them: by hashes, so that ten million take some 400 MB.

use super::{Manifest, Record, row::Row};
use crate::domain::suspicion::fold;
use crate::sys::user_hash::{UserHash, UserHashKeys};

/// All rows with a user, until it is known which of them are settled.
#[derive(Debug)]
pub(crate) struct Marks(pub(super) Vec<Mark>);

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
    fn a_row_takes_forty_bytes_while_all_are_compared() {
        assert_eq!(size_of::<Mark>(), 40);
    }
}
