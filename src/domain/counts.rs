//! How many rows have each status.

use super::outcome::Status;

/// A count for every status; there is none without one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([u32; Status::ALL.len()]);

impl Counts {
    /// Counts so many rows more.
    pub(crate) fn add(&mut self, status: Status, rows: u32) {
        self.0[status as usize] += rows;
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for status in Status::ALL {
            self.add(*status, other.of(*status));
        }
    }

    pub(crate) fn of(&self, status: Status) -> u32 {
        self.0[status as usize]
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_count_of_its_own() {
        let mut counts = Counts::default();
        for (rows, status) in (1..).zip(Status::ALL) {
            counts.add(*status, rows);
        }
        let found: Vec<u32> = Status::ALL.iter().map(|status| counts.of(*status)).collect();
        assert_eq!(found, (1..=Status::ALL.len() as u32).collect::<Vec<_>>());
        let twice = {
            let mut sum = counts;
            sum.add_all(&counts);
            sum
        };
        assert_eq!((counts.total(), twice.total()), (45, 90));
    }
}
