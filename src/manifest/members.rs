//! JSON Lines: one object a line, whose members are the columns.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ManifestError;
use super::columns::Columns;
use super::input::{Input, MAX_RECORD_BYTES};
use super::layout::Layout;
use super::rfc4180::FormError;

/// Most members of different names; each is a column of the results.
const MAX_MEMBERS: usize = 1_000;

/// The names of the members, each with the place of its column.
#[derive(Debug, Default)]
pub(super) struct Members {
    places: HashMap<String, usize>,
    /// So many of the first columns are read; of the others it does not matter which of two values is meant.
    read: usize,
}

impl Members {
    /// The columns in the order of their names, those that are read first.
    pub(super) fn new(columns: &Columns) -> Self {
        Self {
            places: columns.names().iter().cloned().zip(0..).collect(),
            read: columns.count_read(),
        }
    }

    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The names of all members of a file, in the order in which they first appear, and the file's hash. Lines that are
    /// no objects have none; a file of nothing else is no JSON Lines.
    pub(super) fn names(file: &File, layout: &Layout) -> Result<(Vec<String>, [u8; 32]), ManifestError> {
        let (mut names, mut known) = (Vec::new(), HashSet::new());
        let (mut first_fault, mut is_any) = (None, false);
        let mut input = Input::new(file, layout, MAX_RECORD_BYTES)?;
        while let Some(written) = input.next()? {
            let line = written.line;
            match Object::<IgnoredAny>::of(written.text) {
                Ok(Object(members)) => {
                    is_any = true;
                    let new = members.into_iter().filter(|(name, _)| !known.contains(&**name));
                    let new: Vec<String> = new.map(|(name, _)| name.into_owned()).collect();
                    // A name that is new may stand there twice.
                    names.extend(new.into_iter().filter(|name| known.insert(name.clone())));
                }
                Err(source) => first_fault = first_fault.or(Some(ManifestError::NotJsonLines { line, source })),
            }
            if names.len() > MAX_MEMBERS {
                return Err(ManifestError::TooManyMembers { line });
            }
        }
        match first_fault {
            Some(fault) if !is_any => Err(fault),
            _ => Ok((names, input.sha256())),
        }
    }

    /// Hands over each cell of a line by its place: what it says, and whether it is text. A string says itself, null and
    /// an absent member nothing, and any other value its JSON without white space, numbers to the digit.
    pub(super) fn each_cell(&self, line: &str, mut hand_over: impl FnMut(usize, &str, bool)) -> Result<(), FormError> {
        let Object(members) = Object::<&RawValue>::of(line)?;
        let mut values: Vec<Option<&str>> = vec![None; self.len()];
        for (name, value) in &members {
            // Names that the first pass has not seen are those of a file that has changed, which its hash tells.
            let Some(place) = self.places.get(&**name) else {
                continue;
            };
            if let Some(slot) = values.get_mut(*place)
                && slot.replace(value.get()).is_some()
                && *place < self.read
            {
                return Err(FormError::RepeatedMember);
            }
        }
        for (place, value) in values.into_iter().enumerate() {
            match value {
                None | Some("null") => hand_over(place, "", true),
                Some(json) if json.starts_with('"') => hand_over(place, &string(json)?, true),
                Some(json) => hand_over(place, &compact(json), false),
            }
        }
        Ok(())
    }
}

/// What a JSON string says.
fn string(json: &str) -> Result<Cow<'_, str>, FormError> {
    // It is known to be a string, so that only an escape can be wrong with it: half a pair of surrogates.
    let name: Result<Name<'_>, _> = serde_json::from_str(json);
    name.map(|Name(text)| text).map_err(|_| FormError::LoneSurrogate)
}

/// A JSON value without the white space between its parts.
fn compact(json: &str) -> Cow<'_, str> {
    if !json.contains([' ', '\t', '\r', '\n']) {
        return Cow::Borrowed(json);
    }
    let (mut in_string, mut escaped) = (false, false);
    let mut is_kept = |character: char| {
        let kept = in_string || !character.is_ascii_whitespace();
        in_string ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        kept
    };
    Cow::Owned(json.chars().filter(|character| is_kept(*character)).collect())
}

/// The members of an object in their order, as often as they stand there.
struct Object<'a, V>(Vec<(Cow<'a, str>, V)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a, V: Deserialize<'a>> Object<'a, V> {
    fn of(line: &'a str) -> Result<Self, FormError> {
        serde_json::from_str(line).map_err(|error| match error.is_data() {
            true => FormError::NoObject,
            false => FormError::NotJson {
                column: error.column() as u32,
            },
        })
    }
}

impl<'a, V: Deserialize<'a>> Deserialize<'a> for Object<'a, V> {
    fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(std::marker::PhantomData<V>);
        impl<'a, V: Deserialize<'a>> Visitor<'a> for Members<V> {
            type Value = Object<'a, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}
