//! The six text fields of a request body, borrowed from it.
//!
//! Knows JSON and the names of the fields; must not judge what they hold. A photo of megabytes is
//! not copied, unless it is written with escapes (`\/` in place of `/`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::refusal::Refusal;

/// The fields of the API, all of them texts, none of them optional.
pub(super) const NAMES: [&str; 6] = [
    "partner_id",
    "timestamp",
    "signature",
    "user_id",
    "user_created_at",
    "photo",
];

/// Most characters of a foreign field's name that the refusal repeats.
const MAX_NAME_CHARS: usize = 64;

/// The texts in the order of [`NAMES`].
pub(super) type Texts<'a> = [Cow<'a, str>; NAMES.len()];

/// One value of the body; of a field that is there twice the last counts, as with most readers of JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

/// Reads the body. A field that is absent and one that is empty are both missing.
pub(super) fn read(body: &[u8]) -> Result<Texts<'_>, Refusal> {
    let fields: BTreeMap<String, Field<'_>> = serde_json::from_slice(body).map_err(|_| Refusal::NotJson)?;
    let mut texts = Texts::default();
    for (name, field) in fields {
        let known = NAMES.iter().position(|known| *known == name);
        match (known.and_then(|index| texts.get_mut(index)), field) {
            (Some(slot), Field::Text(text)) => *slot = text,
            _ => return Err(Refusal::WrongType(name.chars().take(MAX_NAME_CHARS).collect())),
        }
    }
    match NAMES.iter().zip(&texts).find(|(_, text)| text.is_empty()) {
        Some((name, _)) => Err(Refusal::Missing(name)),
        None => Ok(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        r#"{"partner_id":"1","timestamp":"2","signature":"3","user_id":"4","user_created_at":"5","photo":"6"}"#;

    #[test]
    fn the_texts_come_in_the_order_of_their_names_and_are_borrowed() {
        let texts = read(WHOLE.as_bytes());
        assert_eq!(texts, Ok(["1", "2", "3", "4", "5", "6"].map(Cow::Borrowed)));
        assert!(texts.is_ok_and(|texts| texts.iter().all(|text| matches!(text, Cow::Borrowed(_)))));
    }

    #[test]
    fn escapes_are_read() {
        let body = WHOLE.replace("\"6\"", r#""\/9j\u002f""#);
        assert!(read(body.as_bytes()).is_ok_and(|texts| texts[5] == "/9j/"));
    }

    #[test]
    fn of_a_field_that_is_there_twice_the_last_counts() {
        let body = WHOLE.replace("\"6\"", r#""6","photo":"7""#);
        assert!(read(body.as_bytes()).is_ok_and(|texts| texts[5] == "7"));
    }

    #[test]
    fn a_foreign_name_is_repeated_in_part() {
        let body = WHOLE.replace("photo", &"x".repeat(1000));
        assert_eq!(read(body.as_bytes()), Err(Refusal::WrongType("x".repeat(64))));
    }
}
