//! The six text fields of a request body, borrowed from it.
//!
//! Knows JSON and the names of the fields; must not judge what stands in them. A photo of megabytes is
//! not copied, unless it is written with escapes (`\/` in place of `/`).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

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

/// Reads the body. A field that is absent and one that is empty are both missing.
pub(super) fn read(body: &[u8]) -> Result<Texts<'_>, Refusal> {
    let fields: Fields<'_> = serde_json::from_slice(body).map_err(|_| Refusal::NotJson)?;
    if let Some(name) = fields.mistyped {
        return Err(Refusal::WrongType(name));
    }
    match NAMES.iter().zip(&fields.texts).find(|(_, text)| text.is_empty()) {
        Some((name, _)) => Err(Refusal::Missing(name)),
        None => Ok(fields.texts),
    }
}

#[derive(Default)]
struct Fields<'a> {
    texts: Texts<'a>,
    /// The first field that the API does not know, or that is not a text.
    mistyped: Option<String>,
}

impl<'a> Fields<'a> {
    /// Of a field that is there twice the last counts, as with most readers of JSON.
    fn put(&mut self, name: &str, value: Text<'a>) {
        let slot = NAMES.iter().position(|known| *known == name);
        match (slot.and_then(|index| self.texts.get_mut(index)), value.0) {
            (Some(slot), Some(text)) => *slot = text,
            _ => self.reject(name),
        }
    }

    fn reject(&mut self, name: &str) {
        self.mistyped
            .get_or_insert_with(|| name.chars().take(MAX_NAME_CHARS).collect());
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Text(name)) = map.next_key()? {
            let value = map.next_value()?;
            fields.put(&name.unwrap_or_default(), value);
        }
        Ok(fields)
    }
}

/// A text, or nothing where the JSON value is of another type.
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
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
