//! Why a manifest cannot be used at all (exit 9).

use std::io;
use std::path::{Path, PathBuf};

use super::columns::MissingColumns;
use super::rfc4180::FormError;
use super::{Delimiter, Foreign};
use crate::domain::row_at::RowAt;

/// A fault of the whole file. One of a single row is a [`super::RowFault`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("there is no such file{}", meant(like.as_deref()))]
    NotFound {
        /// One beside it with nearly the same name.
        like: Option<PathBuf>,
    },
    #[error("cannot open it")]
    Open(#[source] io::Error),
    #[error("it is a directory; name the CSV file in it")]
    Directory,
    #[error("cannot keep a copy of standard input")]
    Spool(#[source] io::Error),
    #[error("cannot read it")]
    Read(#[source] io::Error),
    #[error("it ends before the end of its gzip, behind line {line}: it is cut off; copy it again")]
    GzipCutOff { line: u64 },
    #[error("its gzip is damaged behind line {line}; copy it again, or look at it with gzip -t")]
    GzipDamaged {
        line: u64,
        #[source]
        source: io::Error,
    },
    #[error("{0}")]
    Foreign(Foreign),
    #[error("it seems to be UTF-16 without a byte order mark; say so with --encoding {encoding}")]
    Utf16WithoutMark { encoding: &'static str },
    #[error(
        "line {line}: the text is not UTF-8 (byte 0x{byte:02X} at offset {offset}); save the file as UTF-8, or say how it is encoded, for example with --encoding windows-1252"
    )]
    NotUtf8 { line: u64, offset: u64, byte: u8 },
    #[error(
        "line {line}: the bytes {bytes:02X?} at offset {offset} are no text in {encoding}; say with --encoding how it is encoded"
    )]
    Undecodable {
        line: u64,
        encoding: &'static str,
        offset: u64,
        bytes: Vec<u8>,
    },
    #[error("line 1: there is no header; the first line names the columns user_id, user_created_at and photo")]
    NoHeader,
    #[error("line {line}: the header is not CSV")]
    HeaderForm {
        line: u64,
        #[source]
        source: FormError,
    },
    #[error(
        "line 1: sep={sep} names no delimiter that is read here; they are ',', ';', '|' and a tab, and --delimiter says which"
    )]
    Sep { sep: char },
    #[error(
        "the header holds the columns with {one} between them as well as with {other}; say with --delimiter which is meant"
    )]
    TwoDelimiters { one: Delimiter, other: Delimiter },
    #[error("{0}")]
    MissingColumns(MissingColumns),
    #[error("line {line}: the header has the same column twice: {name}{hint}")]
    RepeatedColumn {
        line: u64,
        name: String,
        hint: &'static str,
    },
    #[error(transparent)]
    TemplateColumn(Box<TemplateColumnError>),
    #[error(
        "line {line}: there are columns behind row, line, status, reason and explanation, which this tool has added; move these to the end"
    )]
    MovedColumns { line: u64 },
    #[error("line {line}: a quote is opened here and never closed")]
    OpenQuote { line: u64 },
    #[error(
        "line {line}: the record that begins here is longer than {} MiB; a quote may be opened in it and never closed, or its lines end neither in LF nor in CRLF",
        limit >> 20
    )]
    LongRecord { line: u64, limit: usize },
    #[error("line {line}: the line is longer than 1 MiB; JSON Lines have one object a line")]
    LongLine { line: u64 },
    #[error("line {line} is no JSON object, and no other line is; with --format csv the file is read as CSV")]
    NotJsonLines {
        line: u64,
        #[source]
        source: FormError,
    },
    #[error("line {line}: there are more than 1,000 members of different names, and each is a column of the results")]
    TooManyMembers { line: u64 },
    #[error("it has no rows, and --strict asks for some")]
    NoRows,
    #[error(
        "user_ids look alike, as those of {row} and {other} do ({count} in all), and no part sees the rows of another; correct them, or split without --strict"
    )]
    SimilarRows { count: u32, row: RowAt, other: RowAt },
    #[error("it has more than 4,294,967,295 rows; cut it into several files")]
    TooManyRows,
    #[error("it was changed while it was being read; run again when nothing writes to it")]
    Changed,
}

/// A template that names a column which the header does not have, or has twice.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line}: --photo-template {template:?} names the column {name:?} at character {at}, and the header {problem}; it has: {found}"
)]
pub(crate) struct TemplateColumnError {
    pub(super) line: u64,
    pub(super) template: String,
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) problem: &'static str,
    pub(super) found: String,
}

fn meant(path: Option<&Path>) -> String {
    path.map(|path| format!("; did you mean {path:?}?")).unwrap_or_default()
}
