//! Keyed 128-bit hashes by which many users are known in little memory, so that nobody can make two ids collide.
//!
//! The keys are made by chance and go with the process: no hash is kept in a file.

use std::hash::{BuildHasher, Hash, RandomState};

/// What stands for the id of a user. Two halves take less space than a whole, which would be aligned to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserHash(pub(crate) [u64; 2]);

/// The keys. Hashes can be compared where they were made with the same keys, of which a clone is.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserHashKeys(RandomState, RandomState);

impl UserHashKeys {
    /// The hash of a user's id.
    pub(crate) fn user(&self, user_id: &str) -> UserHash {
        UserHash([self.0.hash_one(user_id), self.1.hash_one(user_id)])
    }

    /// 64 bits of anything, for what need not be certain.
    pub(crate) fn of(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_their_keys() {
        let (keys, others) = (UserHashKeys::default(), UserHashKeys::default());
        assert_eq!(keys.user("007"), keys.clone().user("007"));
        assert_ne!(keys.user("007"), keys.user("7"));
        assert_ne!(keys.user("007"), others.user("007"));
        let UserHash([first, second]) = keys.user("007");
        assert_ne!(first, second);
    }
}
