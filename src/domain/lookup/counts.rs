//! What the asking has taught, counted.

use crate::domain::{counts::Counts, outcome::Status};

/// The users who were to be asked for, by what was and what is known of them.
#[derive(Debug, Default)]
pub(crate) struct LookupCounts {
    before: Counts,
    /// Every change, from and to.
    changes: Vec<(Status, Status)>,
    asked: u32,
}

impl LookupCounts {
    /// A user who is to be asked for.
    pub(crate) fn expect(&mut self, status: Status) {
        self.before.add(status, 1);
    }

    /// A user has been asked for, and this has become of it.
    pub(crate) fn answered(&mut self, before: Status, after: Option<Status>) {
        self.asked += 1;
        self.changes.extend(after.map(|after| (before, after)));
    }

    /// Users of this status as it is now.
    pub(crate) fn after(&self, status: Status) -> u32 {
        let count =
            |is_it: &dyn Fn(&(Status, Status)) -> bool| self.changes.iter().filter(|change| is_it(change)).count();
        let (left, come) = (
            count(&|(before, _)| *before == status),
            count(&|(_, after)| *after == status),
        );
        self.before.of(status) + come as u32 - left as u32
    }

    /// Every kind of change with the number of its users.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (Status, Status, u32)> {
        let pairs = Status::ALL
            .iter()
            .flat_map(|before| Status::ALL.iter().map(move |after| (*before, *after)));
        pairs.filter_map(|(before, after)| {
            let count = self.changes.iter().filter(|change| **change == (before, after)).count();
            (count > 0).then_some((before, after, count as u32))
        })
    }

    /// All users who were to be asked for.
    pub(crate) fn users(&self) -> u32 {
        self.before.total()
    }

    /// Those of whom the provider has said something, or that it knows nothing.
    pub(crate) fn asked(&self) -> u32 {
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_stay_as_many_whatever_is_learned() {
        let mut counts = LookupCounts::default();
        for status in [Status::InDoubt, Status::InDoubt, Status::Provisional] {
            counts.expect(status);
        }
        counts.answered(Status::InDoubt, Some(Status::Enrolled));
        counts.answered(Status::Provisional, None);
        let after = Status::ALL.iter().map(|status| counts.after(*status));
        assert_eq!((after.sum::<u32>(), counts.users(), counts.asked()), (3, 3, 2));
        assert_eq!(
            counts.changes().collect::<Vec<_>>(),
            [(Status::InDoubt, Status::Enrolled, 1)]
        );
    }
}
