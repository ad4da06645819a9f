//! What stands between the fields of a CSV.

use std::fmt;

/// What stands between the fields of a CSV.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Delimiter {
    #[default]
    Comma,
    Semicolon,
    Tab,
    Pipe,
}

impl Delimiter {
    /// Every one, in the order in which they are tried.
    pub(crate) const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    pub(crate) fn of(character: char) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|delimiter| char::from(delimiter.byte()) == character)
    }
}

/// For people.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => "a comma",
            Self::Semicolon => "a semicolon",
            Self::Tab => "a tab",
            Self::Pipe => "a '|'",
        })
    }
}
