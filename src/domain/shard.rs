//! A part of the users of a manifest, for one machine of many.
//!
//! Which part a user is in depends on nothing but the `user_id` and the number of parts: the same on every machine,
//! platform and version, so that all rows of a user are in one part and any program can compute which.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Most parts; ten times what the largest arrays of the usual engines have by default.
pub(crate) const MAX_SHARDS: u32 = 10_000;

/// What the way to place a user is called in files: the first eight bytes, big endian, of the SHA-256 of the `user_id` in
/// UTF-8, modulo the number of parts, plus 1.
pub(crate) const SHARD_HASH: &str = "sha256-first8be-mod";

/// Part `index` of `count`, from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shard {
    index: u32,
    count: u32,
}

/// Why there is no such part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShardError {
    #[error("write I/N, for example 3/8")]
    Form,
    #[error("{0} parts are not possible; there are 1 to 10,000")]
    Count(u32),
    #[error("there is no part {index} of {count}; they are counted from 1 to {count}")]
    Index { index: u32, count: u32 },
}

impl Shard {
    pub(crate) fn new(index: u32, count: u32) -> Result<Self, ShardError> {
        if !(1..=MAX_SHARDS).contains(&count) {
            return Err(ShardError::Count(count));
        }
        match (1..=count).contains(&index) {
            true => Ok(Self { index, count }),
            false => Err(ShardError::Index { index, count }),
        }
    }

    /// All parts of so many, in order.
    pub(crate) fn all(count: u32) -> impl Iterator<Item = Self> {
        (1..=count).map(move |index| Self { index, count })
    }

    /// Which of `count` parts a user is in, from 1 on. Of a cell that holds no good `user_id` the text counts as it stands.
    pub(crate) fn of(user_id: &str, count: u32) -> u32 {
        let digest: [u8; 32] = Sha256::digest(user_id.as_bytes()).into();
        let first = digest.first_chunk().copied().unwrap_or_default();
        let place = u64::from_be_bytes(first) % u64::from(count.max(1));
        // What is left of a division by 32 bits has no more than 32 bits.
        place as u32 + 1
    }

    /// Whether a user is in this part.
    pub(crate) fn holds(self, user_id: &str) -> bool {
        Self::of(user_id, self.count) == self.index
    }

    /// The part that a file is named after, as `users.3-of-8` is.
    pub(crate) fn in_stem(stem: &str) -> Option<Self> {
        let (_, name) = stem.rsplit_once('.')?;
        let shard: Self = name.replacen("-of-", "/", 1).parse().ok()?;
        Some(shard).filter(|shard| shard.in_names() == name)
    }

    pub(crate) fn index(self) -> u32 {
        self.index
    }

    pub(crate) fn count(self) -> u32 {
        self.count
    }

    /// As it stands in the names of files, where there is no slash: `3-of-8`.
    pub(crate) fn in_names(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number).ok_or(ShardError::Form)
        };
        let (index, count) = text.split_once('/').ok_or(ShardError::Form)?;
        Self::new(number(index)?, number(count)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::cases;
    use proptest::prelude::*;

    /// Computed with hashlib of Python, so that nobody else's formula can differ from this one unseen.
    const KNOWN: [(&str, u32, u32); 8] = [
        ("", 8, 5),
        ("a", 8, 3),
        ("007", 8, 5),
        ("7", 8, 7),
        ("user-1", 1_000, 595),
        ("名前", 1_000, 168),
        ("a\u{301}", 10_000, 2_147),
        ("a", 1, 1),
    ];

    #[test]
    fn a_user_is_in_the_part_that_everybody_can_compute() {
        for (user_id, count, index) in KNOWN {
            assert_eq!(Shard::of(user_id, count), index, "{user_id:?} of {count}");
        }
        assert_eq!(Shard::of(&"x".repeat(256), 7), 5);
    }

    #[test]
    fn a_part_is_written_as_it_is_read() {
        for text in ["1/1", "3/8", "8/8", "10000/10000"] {
            assert_eq!(
                text.parse::<Shard>().map(|shard| shard.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!("3/8".parse::<Shard>().map(Shard::in_names), Ok("3-of-8".to_owned()));
        assert_eq!("03/08".parse::<Shard>(), Shard::new(3, 8));
    }

    #[test]
    fn a_file_is_named_after_a_part_as_split_names_it() {
        assert_eq!(Shard::in_stem("users.3-of-8"), Shard::new(3, 8).ok());
        assert_eq!(Shard::in_stem("a.1-of-2.10-of-10"), Shard::new(10, 10).ok());
        for stem in [
            "users",
            "3-of-8",
            "users.9-of-8",
            "users.3/8",
            "users.03-of-8",
            "users.3-of-8.csv",
            "users.",
        ] {
            assert_eq!(Shard::in_stem(stem), None, "{stem}");
        }
    }

    #[test]
    fn what_is_no_part_is_refused_with_the_reason() {
        for text in [
            "",
            "3",
            "/8",
            "3/",
            "3/8/9",
            "-1/8",
            "+1/8",
            "1 / 8",
            "a/b",
            "1/99999999999",
        ] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError::Form), "{text:?}");
        }
        assert_eq!("1/0".parse::<Shard>(), Err(ShardError::Count(0)));
        assert_eq!("1/10001".parse::<Shard>(), Err(ShardError::Count(10_001)));
        for (index, count) in [(0, 8), (9, 8)] {
            assert_eq!(Shard::new(index, count), Err(ShardError::Index { index, count }));
        }
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn every_text_is_in_exactly_one_part(text in ".*", count in 1..=MAX_SHARDS) {
            let index = Shard::of(&text, count);
            let shard = Shard::new(index, count).unwrap();
            prop_assert!(shard.holds(&text));
            prop_assert_eq!(Shard::all(count).filter(|other| other.holds(&text)).count(), 1);
        }
    }
}
