//! Which rows stand for users whom earlier runs have settled: found once, before the first row is sent, so that the feed
//! passes by them without reading their cells.

use super::{Role, Survey, marks::Marks};
use crate::domain::{counts::Counts, outcome::Status};
use crate::sys::user_hash::UserHash;

const BITS: usize = u64::BITS as usize;

/// A bit for each row, and how those users were settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    bits: Vec<u64>,
    counts: Counts,
}

impl Settled {
    fn has(&self, row: usize) -> bool {
        self.bits
            .get(row / BITS)
            .is_some_and(|bits| bits & (1 << (row % BITS)) != 0)
    }

    fn add(&mut self, row: usize, status: Status) {
        if let Some(bits) = self.bits.get_mut(row / BITS) {
            *bits |= 1 << (row % BITS);
            self.counts.add(status, 1);
        }
    }
}

impl Survey {
    /// Asks of every user of the manifest whether it is settled.
    pub(crate) fn find_settled(&mut self, marks: &Marks, settled: impl Fn(UserHash) -> Option<Status>) {
        let mut all = Settled {
            bits: vec![0; self.roles.len() / BITS + 1],
            counts: Counts::default(),
        };
        let first = marks
            .0
            .iter()
            .filter(|mark| self.role(mark.number) == Some(Role::First));
        let found = first.filter_map(|mark| Some((mark.number as usize, settled(mark.user)?)));
        found.for_each(|(row, status)| all.add(row, status));
        self.settled = all;
    }

    /// Whether the row is known to stand for a settled user.
    pub(crate) fn is_settled(&self, number: u32) -> bool {
        self.settled.has(number as usize)
    }

    /// How the users of those rows are settled.
    pub(crate) fn settled(&self) -> &Counts {
        &self.settled.counts
    }
}
