//! What is done to a photo before it is sent, by the words of the results (contract, section 8).

use std::fmt;
use std::str::FromStr;

/// What was done to a photo; with none of it the photo was sent as it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fixes {
    /// Turned upright, by the orientation that its metadata ask for.
    pub(crate) rotated: bool,
    /// Made smaller in its sides.
    pub(crate) scaled: bool,
    /// Encoded as a JPEG from another format, or anew as it was, because it had too many bytes.
    pub(crate) converted: bool,
}

/// Some text that is not a list of these words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no list of what can be done to a photo")]
pub(crate) struct UnknownFixes(String);

const WORDS: [&str; 3] = ["rotated", "scaled", "converted"];

/// The words, joined by a space, which is a separator in no locale's CSV.
impl fmt::Display for Fixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = [self.rotated, self.scaled, self.converted];
        let words: Vec<_> = WORDS.into_iter().zip(done).filter(|(_, done)| *done).collect();
        let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Fixes {
    type Err = UnknownFixes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fixes = Self::default();
        for word in text.split_ascii_whitespace() {
            match word {
                "rotated" => fixes.rotated = true,
                "scaled" => fixes.scaled = true,
                "converted" => fixes.converted = true,
                _ => return Err(UnknownFixes(text.to_owned())),
            }
        }
        Ok(fixes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts and ledgers depend on these words.
    #[test]
    fn the_words_are_these_and_lead_back() {
        let all = Fixes {
            rotated: true,
            scaled: true,
            converted: true,
        };
        assert_eq!(all.to_string(), "rotated scaled converted");
        assert_eq!(Fixes::default().to_string(), "");
        for bits in 0..8 {
            let fixes = Fixes {
                rotated: bits & 1 > 0,
                scaled: bits & 2 > 0,
                converted: bits & 4 > 0,
            };
            assert_eq!(fixes.to_string().parse(), Ok(fixes));
        }
        assert!("rotated, scaled".parse::<Fixes>().is_err());
    }
}
