//! Who is in the ledger, in which row, and how they stand: in memory, so that an outcome is written at the end of its
//! table however large that is, and a look-up of a user who is not there reads nothing.
//!
//! An index in the file would be changed at another place for every user, the more so the larger it is. This one is read
//! from the table whenever a ledger is opened. It is an open-addressing table of 20 bytes a place, of which at most four
//! in five are taken: ten million users take some 260 MB. Pure: no SQL is spoken here.

use crate::domain::outcome::Status;
use crate::sys::user_hash::UserHash;

/// The number of a user's row, from 1.
pub(super) type RowId = u32;

/// The number of the last row that there can be: four bits of 32 are left to the status.
pub(super) const LAST_ID: RowId = RowId::MAX >> STATUS_BITS;
const STATUS_BITS: u32 = 4;

/// What is known of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: RowId,
    pub(super) status: Status,
}

/// The hash is in pieces of 32 bits, since with 64 a place would take 24 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    user: [u32; 4],
    /// The number of the row, and behind it that of the status. 0: nobody is here.
    known: u32,
}

#[derive(Debug)]
pub(super) struct Directory {
    /// In the order of their hashes, but for those that found their place taken.
    places: Vec<Place>,
    taken: usize,
    last_id: RowId,
}

/// Fewest places for so many users.
fn places_for(users: usize) -> usize {
    users + users / 4 + 16
}

impl Known {
    fn packed(self) -> u32 {
        (self.id << STATUS_BITS) | self.status as u32
    }

    fn unpacked(packed: u32) -> Option<Self> {
        let status = *Status::ALL.get((packed & ((1 << STATUS_BITS) - 1)) as usize)?;
        let id = packed >> STATUS_BITS;
        (id > 0).then_some(Self { id, status })
    }
}

impl Directory {
    /// An empty one that need not grow for so many.
    pub(super) fn with_capacity(users: usize) -> Self {
        Self {
            places: vec![Place::default(); places_for(users)],
            taken: 0,
            last_id: 0,
        }
    }

    pub(super) fn get(&self, user: UserHash) -> Option<Known> {
        let place = self.place_of(pieces(user));
        Known::unpacked(self.places.get(place)?.known)
    }

    /// The number for the next new row.
    pub(super) fn next_id(&self) -> RowId {
        self.last_id + 1
    }

    /// Learns of a user, whose row has at most [`LAST_ID`], or how a known one stands now. What it knew of the user
    /// before.
    pub(super) fn put(&mut self, user: UserHash, known: Known) -> Option<Known> {
        if self.places.len() < places_for(self.taken + 1) {
            self.grow();
        }
        let user = pieces(user);
        let place = self.place_of(user);
        let new = Place {
            user,
            known: known.packed(),
        };
        let before = std::mem::replace(&mut self.places[place], new);
        self.taken += usize::from(before.known == 0);
        self.last_id = self.last_id.max(known.id);
        Known::unpacked(before.known)
    }

    /// By half, so that it is seldom done and leaves little unused.
    fn grow(&mut self) {
        let larger = vec![Place::default(); places_for(self.taken + self.taken / 2 + 1)];
        for place in std::mem::replace(&mut self.places, larger) {
            if place.known > 0 {
                let at = self.place_of(place.user);
                self.places[at] = place;
            }
        }
    }

    /// Where the user is, or else the free place for it; one is always free.
    fn place_of(&self, user: [u32; 4]) -> usize {
        let (places, [first, second, ..]) = (self.places.len(), user);
        let hash = (u64::from(first) << 32) | u64::from(second);
        let mut at = ((u128::from(hash) * places as u128) >> 64) as usize;
        while self.places[at].known > 0 && self.places[at].user != user {
            at = if at + 1 == places { 0 } else { at + 1 };
        }
        at
    }
}

fn pieces(UserHash([first, second]): UserHash) -> [u32; 4] {
    [(first >> 32) as u32, first as u32, (second >> 32) as u32, second as u32]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_million_users_take_what_the_page_says() {
        assert_eq!(size_of::<Place>(), 20);
        assert!(places_for(10_000_000) * size_of::<Place>() < 260_000_000);
    }

    #[test]
    fn every_status_fits_beside_the_last_id() {
        for status in Status::ALL {
            let known = Known {
                id: LAST_ID,
                status: *status,
            };
            assert_eq!(Known::unpacked(known.packed()), Some(known));
        }
    }

    #[test]
    fn ids_go_on_behind_the_last_one() {
        let mut directory = Directory::with_capacity(0);
        assert_eq!(directory.next_id(), 1);
        let known = Known {
            id: 7,
            status: Status::Failed,
        };
        assert_eq!(directory.put(UserHash([1, 1]), known), None);
        assert_eq!((directory.next_id(), directory.get(UserHash([1, 1]))), (8, Some(known)));
        assert_eq!(directory.get(UserHash([1, 2])), None);
    }

    /// Hashes that are few, or close together at either end, are the worst that can come.
    fn hashes() -> impl Strategy<Value = UserHash> {
        let part = prop_oneof![0..4_u64, any::<u64>(), (u64::MAX - 3)..=u64::MAX];
        (part.clone(), part).prop_map(|(first, second)| UserHash([first, second]))
    }

    proptest! {
        #[test]
        fn it_knows_what_a_map_knows(
            capacity in 0..40_usize,
            told in prop::collection::vec((hashes(), 0..Status::ALL.len()), 0..300),
            others in prop::collection::vec(hashes(), 0..20),
        ) {
            let mut directory = Directory::with_capacity(capacity);
            let mut map = HashMap::new();
            for (user, status) in told {
                let next = directory.next_id();
                let id = map.get(&user).map_or(next, |known: &Known| known.id);
                let known = Known { id, status: Status::ALL[status] };
                prop_assert_eq!(directory.put(user, known), map.insert(user, known));
            }
            for user in map.keys().copied().chain(others) {
                prop_assert_eq!(directory.get(user), map.get(&user).copied());
            }
        }
    }
}
