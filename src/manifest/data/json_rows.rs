//! Rows of a data file that is JSON: one array of objects, or an object on each line. One object is in memory at a time.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};

use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{BOM, DataError, DataRow, Kind, MAX_ROW_BYTES};
use crate::domain::outcome::Reason;
use crate::manifest::{ManifestError, RowFault, text::BUFFER_BYTES};

/// Behind an object that does not end on its line.
const FORM_HINT: &str = "; a data file of JSON is one array of objects, or has a whole object on each line";

/// The members of an object in their order, each with its value as it is written.
type Members = Vec<(String, Box<RawValue>)>;

/// Every member that any object has, in the order in which they come up.
pub(super) fn columns(file: &File, kind: Kind) -> Result<Vec<String>, DataError> {
    let mut columns: Vec<String> = Vec::new();
    each_object(file, kind, |_, _, members| {
        for (name, _) in members {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        Ok::<(), DataError>(())
    })?;
    match columns.is_empty() {
        true => Err(DataError::NoRows),
        false => Ok(columns),
    }
}

pub(super) fn each_row<E: From<DataError>>(
    file: &File,
    kind: Kind,
    columns: &[String],
    mut hand_over: impl FnMut(DataRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    each_object(file, kind, |number, line, members| {
        let cells = columns.iter().map(|column| cell(column, &members)).collect();
        hand_over(DataRow { number, line, cells })
    })
}

/// A text as it is, nothing for a member that is not there or null, and any other value as it is written. The user has to
/// be a text: a number has lost its leading zeros before anybody could see them.
fn cell<'a>(column: &str, members: &'a Members) -> Result<Cow<'a, str>, RowFault> {
    let Some((_, value)) = members.iter().find(|(name, _)| name == column) else {
        return Ok(Cow::Borrowed(""));
    };
    match value.get() {
        "null" => Ok(Cow::Borrowed("")),
        text if text.starts_with('"') => match serde_json::from_str::<String>(text) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(fault(
                Reason::BadQuotes,
                "a text holds half a character, as \\ud83d alone is",
            )),
        },
        _ if super::is_named(column, super::NEEDED[0]) => {
            Err(fault(Reason::BadUserId, "the user_id is no text; write it in quotes"))
        }
        other => Ok(Cow::Borrowed(other)),
    }
}

fn fault(reason: Reason, detail: &str) -> RowFault {
    RowFault {
        reason,
        detail: detail.to_owned(),
    }
}

fn each_object<E: From<DataError>>(
    file: &File,
    kind: Kind,
    hand_over: impl FnMut(u32, u64, Members) -> Result<(), E>,
) -> Result<(), E> {
    let reader = beginning(file).map_err(|error| DataError::from(ManifestError::Read(error)))?;
    match kind {
        Kind::Lines => each_line(reader, hand_over),
        Kind::Array | Kind::Csv => each_element(reader, hand_over),
    }
}

/// The file from its beginning, behind a byte order mark.
fn beginning(mut file: &File) -> io::Result<BufReader<&File>> {
    file.rewind()?;
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    if reader.fill_buf()?.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    Ok(reader)
}

fn each_line<E: From<DataError>>(
    mut reader: impl BufRead,
    mut hand_over: impl FnMut(u32, u64, Members) -> Result<(), E>,
) -> Result<(), E> {
    let (mut text, mut row, mut line) = (Vec::new(), 0, 0);
    loop {
        text.clear();
        line += 1;
        let most = MAX_ROW_BYTES as u64 + 1;
        let count = reader.by_ref().take(most).read_until(b'\n', &mut text);
        match count.map_err(|error| DataError::from(ManifestError::Read(error)))? {
            0 => return Ok(()),
            count if count as u64 == most => return Err(too_long(line).into()),
            _ if text.trim_ascii().is_empty() => continue,
            _ => row += 1,
        }
        let raw = serde_json::from_slice::<&RawValue>(&text).map_err(|error| DataError::Json {
            line,
            column: error.column() as u64,
            hint: FORM_HINT,
        })?;
        hand_over(row, line, members(raw, row, line)?)?;
    }
}

fn too_long(line: u64) -> DataError {
    let limit = MAX_ROW_BYTES;
    ManifestError::LongRecord { line, limit }.into()
}

/// Where the reader of an array is, which the parser cannot be asked.
#[derive(Default)]
struct Position {
    /// Line feeds that have been read.
    lines: Cell<u64>,
    /// Bytes since the last element.
    bytes: Cell<usize>,
}

/// Counts what goes by, and stops at an element that is too large to be one.
struct Counted<'a, R> {
    inner: R,
    position: &'a Position,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Position { lines, bytes } = self.position;
        if bytes.get() > MAX_ROW_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        lines.set(lines.get() + memchr::memchr_iter(b'\n', read).count() as u64);
        bytes.set(bytes.get() + count);
        Ok(count)
    }
}

/// The parser takes one byte at a time, so that the position is its own.
fn each_element<E: From<DataError>>(
    reader: impl Read,
    hand_over: impl FnMut(u32, u64, Members) -> Result<(), E>,
) -> Result<(), E> {
    let position = Position::default();
    let mut stopped = None;
    let counted = Counted {
        inner: reader,
        position: &position,
    };
    let mut parser = serde_json::Deserializer::from_reader(counted);
    let elements = Elements {
        hand_over,
        position: &position,
        stopped: &mut stopped,
    };
    let parsed = parser.deserialize_seq(elements).and_then(|()| parser.end());
    match (stopped, parsed) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(described(error, &position).into()),
    }
}

/// Without the parser's own words, which may hold what it has read.
fn described(error: serde_json::Error, position: &Position) -> DataError {
    let (line, column) = (error.line() as u64, error.column() as u64);
    match error.io_error_kind() {
        Some(ErrorKind::FileTooLarge) => too_long(position.lines.get() + 1),
        Some(_) => ManifestError::Read(error.into()).into(),
        None => DataError::Json { line, column, hint: "" },
    }
}

struct Elements<'a, F, E> {
    hand_over: F,
    position: &'a Position,
    stopped: &'a mut Option<E>,
}

impl<'de, E: From<DataError>, F: FnMut(u32, u64, Members) -> Result<(), E>> Visitor<'de> for Elements<'_, F, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut row = 0;
        while let Some(raw) = elements.next_element::<Box<RawValue>>()? {
            row += 1;
            let within = memchr::memchr_iter(b'\n', raw.get().as_bytes()).count() as u64;
            let line = self.position.lines.get() + 1 - within;
            self.position.bytes.set(0);
            let taken = members(&raw, row, line).map_err(E::from);
            if let Err(error) = taken.and_then(|members| (self.hand_over)(row, line, members)) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// The members of an object whose JSON is right.
fn members(raw: &RawValue, row: u32, line: u64) -> Result<Members, DataError> {
    if !raw.get().starts_with('{') {
        return Err(DataError::NotAnObject { row, line });
    }
    let mut parser = serde_json::Deserializer::from_str(raw.get());
    let members = parser.deserialize_map(Object).map_err(|error| DataError::Json {
        line: line + error.line() as u64 - 1,
        column: error.column() as u64,
        hint: "",
    })?;
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(DataError::RepeatedMember {
            row,
            line,
            name: pair[0].chars().take(super::MAX_NAME_CHARS).collect(),
        }),
        None => Ok(members),
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
