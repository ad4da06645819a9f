//! CSV to the letter of RFC 4180: where a record ends, what its fields are, and what is wrong with its form.
//!
//! Readers of CSV guess at what the grammar forbids: they glue the text behind a closing quote to the field, or take a
//! carriage return for a line's end. A guess must never be enrolled, so that such a record is found here, and where it
//! ends is still agreed on with those readers: no other record is harmed. The contract's two liberties are kept: LF
//! ends a record as CRLF does, and text is any Unicode. Nothing here reads a file.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

/// Why a record is not CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("text follows a closing quote; within a quoted field a quote is written twice: \"\"")]
    TextBehindQuote,
    #[error("a quote is in a field that is not quoted; quote the whole field, and write that quote twice: \"\"")]
    QuoteInText,
    #[error("a carriage return is by itself; lines end in LF or CRLF")]
    BareCarriageReturn,
    #[error("the line is no JSON object; write {{\"user_id\": \"…\", …}}, one object a line")]
    NoObject,
    #[error("the line is no JSON from its byte {column} on")]
    NotJson { column: u32 },
    #[error("one of the members user_id, user_created_at and photo is there twice")]
    RepeatedMember,
    #[error("a string holds half a surrogate pair, which is no character")]
    LoneSurrogate,
}

/// Where a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote that closes the field, unless another one follows.
    QuoteInQuoted,
}

impl At {
    fn next(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::FieldStart | Self::QuoteInQuoted, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::QuoteInQuoted,
            (Self::Quoted, _) => Self::Quoted,
            (_, byte) if byte == delimiter => Self::FieldStart,
            _ => Self::Unquoted,
        }
    }

    /// What is wrong with a byte here.
    fn fault(self, byte: u8) -> Option<FormError> {
        match (self, byte) {
            (Self::Quoted, _) | (Self::FieldStart | Self::QuoteInQuoted, b'"') => None,
            (_, b'\r') => Some(FormError::BareCarriageReturn),
            (Self::QuoteInQuoted, _) => Some(FormError::TextBehindQuote),
            (Self::Unquoted, b'"') => Some(FormError::QuoteInText),
            (Self::FieldStart | Self::Unquoted, _) => None,
        }
    }
}

/// Where the LF stands that ends the first record, if the record ends in these bytes.
pub(super) fn end_of_record(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let first = memchr2(b'"', b'\n', bytes)?;
    if bytes.get(first) == Some(&b'\n') {
        return Some(first);
    }
    let mut at = At::FieldStart;
    bytes.iter().position(|byte| {
        let ends = *byte == b'\n' && at != At::Quoted;
        at = at.next(*byte, delimiter);
        ends
    })
}

/// Where the quote stands that is open at the end of these bytes, which begin with a record.
pub(super) fn open_quote(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let (mut at, mut opened) = (At::FieldStart, 0);
    for (place, byte) in bytes.iter().enumerate() {
        if at == At::FieldStart {
            opened = place;
        }
        at = at.next(*byte, delimiter);
    }
    (at == At::Quoted).then_some(opened)
}

/// The fields of a record, which is given without its line end; each as it is written, quotes included.
pub(super) fn fields(record: &str, delimiter: u8) -> impl Iterator<Item = &str> {
    let mut at = At::FieldStart;
    record.split(move |character| {
        // All that counts is ASCII; whatever else stands there is text.
        let byte = u8::try_from(character).unwrap_or(b'x');
        at = at.next(byte, delimiter);
        byte == delimiter && at == At::FieldStart
    })
}

/// What is wrong with the form of a field: the first fault of it.
pub(super) fn fault(field: &str, delimiter: u8) -> Option<FormError> {
    let mut at = At::FieldStart;
    field.bytes().find_map(|byte| {
        let fault = at.fault(byte);
        at = at.next(byte, delimiter);
        fault
    })
}

/// What a well-formed field says.
pub(super) fn unquoted(field: &str) -> Cow<'_, str> {
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        None => Cow::Borrowed(field),
        Some(text) if memmem::find(text.as_bytes(), b"\"\"").is_none() => Cow::Borrowed(text),
        Some(text) => Cow::Owned(text.replace("\"\"", "\"")),
    }
}
