//! A photo that stands in a cell as base64: what is read as one, and what is damaged.
//!
//! Accepted are the standard alphabet and the URL-safe one, but not both in one cell; line breaks anywhere; padding that is
//! whole or absent; a `data:…;base64,` before it. A space is no line break: a `+` that went through a URL comes out as one.
//! An error says lengths and places, and never the text, which is the photo.

use base64::{
    DecodeError, Engine,
    alphabet::{Alphabet, STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Why a cell is no base64. Places count characters of the base64 itself from 1, without line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Base64Error {
    #[error("a data: URI without ;base64, before its text")]
    DataUri,
    #[error("character {place} of {length} is not one of base64's, or of its other alphabet")]
    Character { place: usize, length: usize },
    #[error("{length} characters are not the length of a base64 text; it may be cut off")]
    Length { length: usize },
    #[error("the last character of {length} cannot stand there; the text may be cut off")]
    LastCharacter { length: usize },
    #[error("the padding with = at the end of {length} characters is not whole")]
    Padding { length: usize },
}

/// The bytes that a cell says.
pub(crate) fn decode(cell: &str) -> Result<Vec<u8>, Base64Error> {
    let mut text = without_prefix(cell)?.as_bytes().to_vec();
    text.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    let first = text.iter().find(|byte| matches!(byte, b'+' | b'/' | b'-' | b'_'));
    let is_url_safe = first.is_some_and(|byte| matches!(byte, b'-' | b'_'));
    check_letters(&text, if is_url_safe { b"-_" } else { b"+/" })?;
    let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    let padding = match text.ends_with(b"=") {
        true => DecodePaddingMode::RequireCanonical,
        false => DecodePaddingMode::RequireNone,
    };
    engine(alphabet, padding)
        .decode(&text)
        .map_err(|error| described(error, &text))
}

/// Finds the first character that is none of the alphabet's, which the decoder does not promise.
fn check_letters(text: &[u8], others: &[u8]) -> Result<(), Base64Error> {
    let length = text.len();
    let is_letter = |place: usize, byte: u8| {
        byte.is_ascii_alphanumeric() || others.contains(&byte) || (byte == b'=' && place + 2 >= length)
    };
    match text
        .iter()
        .enumerate()
        .position(|(place, byte)| !is_letter(place, *byte))
    {
        None => Ok(()),
        Some(place) => Err(Base64Error::Character {
            place: place + 1,
            length,
        }),
    }
}

/// The text behind a data URI's head.
fn without_prefix(cell: &str) -> Result<&str, Base64Error> {
    let is_uri = cell.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("data:"));
    if !is_uri {
        return Ok(cell);
    }
    let (head, text) = cell.split_once(',').ok_or(Base64Error::DataUri)?;
    let kind = head.len().checked_sub(";base64".len()).and_then(|at| head.get(at..));
    let is_base64 = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(";base64"));
    is_base64.then_some(text).ok_or(Base64Error::DataUri)
}

/// Bits that stand behind the last byte have to be zero: others are the trace of a cut.
fn engine(alphabet: &Alphabet, padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(alphabet, config)
}

fn described(error: DecodeError, text: &[u8]) -> Base64Error {
    let length = text.len();
    match error {
        DecodeError::InvalidByte(place, b'=') if place + 2 >= length => Base64Error::Padding { length },
        DecodeError::InvalidByte(place, _) => Base64Error::Character {
            place: place + 1,
            length,
        },
        DecodeError::InvalidLength(_) => Base64Error::Length { length },
        DecodeError::InvalidLastSymbol { .. } => Base64Error::LastCharacter { length },
        DecodeError::InvalidPadding => Base64Error::Padding { length },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn every_form_of_base64_gives_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for alphabet in [&STANDARD, &URL_SAFE] {
                let text = GeneralPurpose::new(alphabet, GeneralPurposeConfig::new()).encode(&bytes);
                let lines: Vec<&str> = text.as_bytes().chunks(7).filter_map(|line| std::str::from_utf8(line).ok()).collect();
                for form in [
                    text.clone(), text.trim_end_matches('=').to_owned(), lines.join("\r\n"), lines.join("\n") + "\n",
                    format!("data:image/jpeg;base64,{text}"), format!("DATA:;Base64,{text}"),
                ] {
                    let decoded = decode(&form);
                    prop_assert_eq!(decoded.as_deref(), Ok(&*bytes), "{}", form);
                }
            }
        }

        #[test]
        fn an_error_never_holds_the_text(cell in "[A-Za-z0-9+/_=-]{20,60}[ .!{]") {
            let said = decode(&cell).unwrap_err().to_string();
            prop_assert!(!said.contains(&cell[..20]), "{}", said);
        }
    }

    #[test]
    fn what_is_damaged_is_said_with_its_place() {
        for (cell, said) in [
            ("AA AA", "character 3 of 5 "),
            ("AAAA{{photo}}", "character 5 of 13 "),
            ("AA+-", "character 4 of 4 "),
            ("photos/a.jpg", "character 9 of 12 "),
            ("AAAAA", "5 characters "),
            ("AAF", "the last character of 3 "),
            ("AA=", "the padding with = at the end of 3 "),
            ("AAA==", "the padding with = at the end of 5 "),
            ("AA==AAAA", "character 3 of 8 "),
            ("data:image/jpeg,AAAA", "a data: URI without"),
            ("data:image/jpeg;base64", "a data: URI without"),
        ] {
            let found = decode(cell).map_err(|error| error.to_string());
            assert!(
                found.as_ref().is_err_and(|text| text.starts_with(said)),
                "{cell}: {found:?}"
            );
        }
    }
}
