//! Why a manifest cannot be used at all (exit 9).

use std::io;

use super::rfc4180::FormError;

/// A fault of the whole file. One of a single row is a [`super::RowFault`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("cannot open it")]
    Open(#[source] io::Error),
    #[error("it is a directory; name the CSV file in it")]
    Directory,
    #[error("cannot keep a copy of standard input")]
    Spool(#[source] io::Error),
    #[error("cannot read it")]
    Read(#[source] io::Error),
    #[error("line {line}: the text is not UTF-8; save the file as UTF-8")]
    NotUtf8 { line: u64 },
    #[error("line 1: there is no header; the first line names the columns user_id, user_created_at and photo")]
    NoHeader,
    #[error("line {line}: the header is not CSV")]
    HeaderForm {
        line: u64,
        #[source]
        source: FormError,
    },
    #[error("line {line}: the column {name} is missing; the header has: {found}{hint}")]
    MissingColumn {
        line: u64,
        name: &'static str,
        found: String,
        hint: &'static str,
    },
    #[error("line {line}: the header has the same column twice: {name}{hint}")]
    RepeatedColumn {
        line: u64,
        name: &'static str,
        hint: &'static str,
    },
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
    #[error("it has no rows, and --strict asks for some")]
    NoRows,
    #[error("it has more than 4,294,967,295 rows; cut it into several files")]
    TooManyRows,
    #[error("it was changed while it was being read; run again when nothing writes to it")]
    Changed,
}
