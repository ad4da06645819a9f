//! The identifier under which a user is enrolled, once and for ever.
//!
//! Byte-exact: nothing here trims, folds or normalises, because `007` and `7` are two users.

use std::fmt;

/// Most characters of a `user_id` (contract, section 3).
pub(crate) const MAX_USER_ID_CHARS: usize = 256;

/// A `user_id` that has passed [`UserId::check`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UserId(Box<str>);

/// Why a text is no `user_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UserIdError {
    #[error("the user_id is empty")]
    Empty,
    #[error("the user_id has more than {MAX_USER_ID_CHARS} characters")]
    TooLong,
    #[error("the user_id holds a control character")]
    Control,
    #[error("the user_id begins or ends with white space")]
    OuterSpace,
}

impl UserId {
    /// Judges a text without keeping it, for passes that only count.
    pub(crate) fn check(text: &str) -> Result<(), UserIdError> {
        if text.is_empty() {
            return Err(UserIdError::Empty);
        }
        if text.len() > MAX_USER_ID_CHARS && text.chars().count() > MAX_USER_ID_CHARS {
            return Err(UserIdError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(UserIdError::Control);
        }
        if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
            return Err(UserIdError::OuterSpace);
        }
        Ok(())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, UserIdError> {
        Self::check(text).map(|()| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_of_what_it_accepts() {
        let longest = "x".repeat(256);
        let wide = "é".repeat(256);
        for text in ["007", "a b", "ab-cd_1", "0", "名前", "a\u{301}", &longest, &wide] {
            assert_eq!(UserId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_what_the_contract_refuses() {
        let cases = [
            ("", UserIdError::Empty),
            (" a", UserIdError::OuterSpace),
            ("a ", UserIdError::OuterSpace),
            ("\u{a0}a", UserIdError::OuterSpace),
            ("a\tb", UserIdError::Control),
            ("a\nb", UserIdError::Control),
            ("a\u{7f}", UserIdError::Control),
            ("a\u{85}b", UserIdError::Control),
            ("a\0", UserIdError::Control),
        ];
        for (text, error) in cases {
            assert_eq!(UserId::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(UserId::parse(&"x".repeat(257)), Err(UserIdError::TooLong));
        assert_eq!(UserId::parse(&"é".repeat(257)), Err(UserIdError::TooLong));
    }
}
