//! The same photo, by content, for different users: one of them would be enrolled with the face of another.
//!
//! It knows a photo by 64 bits of its SHA-256 and a user by 32 bits of a hash, 16 bytes each pair, so that ten million of
//! them take some 300 MB.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use crate::domain::{outcome::PhotoHash, row_at::RowAt, user_id::UserId};
use crate::manifest::Lines;

/// Whose photo it is.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    /// 0 where the ledger knows the photo and this run has not read it.
    row: u32,
}

/// Photos and their first users.
#[derive(Debug, Default)]
pub(super) struct SharedPhotos {
    owners: HashMap<u64, Owner>,
    /// Of this run's manifest, so that no owner has to keep the line of its row.
    lines: Arc<Lines>,
}

/// Another user has the same photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shared {
    /// The row of that user; none where it is one of an earlier run.
    pub(super) other: Option<RowAt>,
}

impl SharedPhotos {
    /// None so far, in a manifest whose rows begin on these lines.
    pub(super) fn new(lines: &Arc<Lines>) -> Self {
        Self {
            owners: HashMap::new(),
            lines: Arc::clone(lines),
        }
    }

    /// A photo that an earlier run has sent for this user.
    pub(super) fn know(&mut self, user_id: &str, sha256: &PhotoHash) {
        let user = user(user_id);
        self.owners.entry(key(sha256)).or_insert(Owner { user, row: 0 });
    }

    /// Takes note of a row's photo; says whether another user has it.
    pub(super) fn see(&mut self, user_id: &UserId, row: u32, sha256: &PhotoHash) -> Option<Shared> {
        let user = user(user_id.as_str());
        let owner = self.owners.entry(key(sha256)).or_insert(Owner { user, row });
        let other = (owner.row > 0).then(|| self.lines.at(owner.row));
        (owner.user != user).then_some(Shared { other })
    }
}

/// Two users whose hashes are equal, one pair in four billion, pass for one: then nothing is told of them.
fn user(user_id: &str) -> u32 {
    BuildHasherDefault::<DefaultHasher>::new().hash_one(user_id) as u32
}

fn key(sha256: &PhotoHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *sha256;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[test]
    fn a_photo_is_shared_with_another_user_and_never_with_oneself() {
        let mut lines = Lines::default();
        lines.push(1, 7);
        let other = Some(RowAt { row: 1, line: 7 });
        let mut photos = SharedPhotos::new(&Arc::new(lines));
        assert_eq!(photos.see(&user("a"), 1, &[1; 32]), None);
        assert_eq!(photos.see(&user("a"), 1, &[1; 32]), None, "tried again");
        assert_eq!(photos.see(&user("b"), 2, &[2; 32]), None);
        assert_eq!(photos.see(&user("c"), 3, &[1; 32]), Some(Shared { other }));
        assert_eq!(photos.see(&user("d"), 4, &[1; 32]), Some(Shared { other }));
    }

    #[test]
    fn a_photo_of_an_earlier_run_is_known_with_its_user() {
        let mut photos = SharedPhotos::default();
        photos.know("a", &[1; 32]);
        assert_eq!(photos.see(&user("a"), 7, &[1; 32]), None);
        assert_eq!(photos.see(&user("b"), 8, &[1; 32]), Some(Shared { other: None }));
    }
}
