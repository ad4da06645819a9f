//! The partner in whose name requests are sent.

use std::fmt;

/// A partner id, kept to the letter: leading zeros belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartnerId(Box<str>);

/// Why a text is no partner id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the partner id {0:?} holds white space or control characters, or is empty")]
pub(crate) struct PartnerIdError(String);

impl PartnerId {
    /// Refuses what cannot be seen in a terminal or a report.
    pub(crate) fn parse(text: &str) -> Result<Self, PartnerIdError> {
        if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(PartnerIdError(text.to_owned()));
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_to_the_letter_and_one_that_cannot_be_seen_is_refused() {
        for text in ["085", "85", "a/b", "ä:"] {
            assert_eq!(PartnerId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "085 ", "0 85", "085\n", "\u{85}", "\u{a0}"] {
            assert!(PartnerId::parse(text).is_err(), "{text:?}");
        }
    }
}
