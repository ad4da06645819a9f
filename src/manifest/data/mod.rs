//! The data file of Postman's runner: users with their photos as base64, as CSV, as one JSON array of objects, or as JSON
//! Lines. It is read row by row and never kept in memory; photos are not decoded here, and stand in no error.

mod csv_rows;
mod json_rows;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use super::{ManifestError, RowFault, source::open_file};
use crate::sys::read_at::read_at;

/// Most bytes of a record or an object: a photo may be several times as large as the API takes, and its row is still told.
const MAX_ROW_BYTES: usize = 32 * 1024 * 1024;

/// Bytes at the beginning of a file that say what it is.
const HEAD_BYTES: usize = 64 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What stands in an exported collection or environment and in no data file.
const COLLECTION: [&[u8]; 2] = [b"getpostman.com/json/collection", b"\"_postman_id\""];
const ENVIRONMENT: &[u8] = b"\"_postman_variable_scope\"";

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error(transparent)]
    File(#[from] ManifestError),
    #[error(
        "it is a Postman collection, which holds the requests; name the data file that the runner is given, with a photo in base64 for each user"
    )]
    Collection,
    #[error(
        "it is a Postman environment, which holds the variables; name the data file that the runner is given, with a photo in base64 for each user"
    )]
    Environment,
    #[error("line {line}, column {column}: it is not JSON here, or the file is cut off{hint}")]
    Json { line: u64, column: u64, hint: &'static str },
    #[error("row {row} (line {line}) is not a JSON object; a row has the form {{\"user_id\": \"…\", …}}")]
    NotAnObject { row: u32, line: u64 },
    #[error("row {row} (line {line}) has the member {name:?} twice")]
    RepeatedMember { row: u32, line: u64, name: String },
    #[error("it has no rows")]
    NoRows,
    #[error("{missing} missing: the file has {found}")]
    MissingColumns { missing: String, found: String },
}

/// A column of an error's text, so that no photo stands there for want of a header.
const MAX_NAME_CHARS: usize = 40;

/// The columns that are needed, wherever they stand.
const NEEDED: [&str; 3] = ["user_id", "user_created_at", "photo"];

/// An open data file.
#[derive(Debug)]
pub(crate) struct DataFile {
    file: File,
    kind: Kind,
    columns: Vec<String>,
    user_id: usize,
    photo: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Array,
    Lines,
}

/// A row of a data file, as it stands there.
pub(crate) struct DataRow<'a> {
    /// The first is 1.
    pub(crate) number: u32,
    /// The line on which it begins.
    pub(crate) line: u64,
    /// One cell for each column, or what is wrong with the row's form.
    pub(crate) cells: Result<Vec<Cow<'a, str>>, RowFault>,
}

impl DataFile {
    /// Opens a file, or standard input where `path` is `-`, and finds its columns. JSON is read whole for that.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = open_file(path)?;
        let kind = kind(&file)?;
        let columns = match kind {
            Kind::Csv => csv_rows::columns(&file)?,
            Kind::Array | Kind::Lines => json_rows::columns(&file, kind)?,
        };
        let place = |name: &str| columns.iter().position(|column| is_named(column, name));
        let (Some(user_id), Some(_), Some(photo)) = (place(NEEDED[0]), place(NEEDED[1]), place(NEEDED[2])) else {
            return Err(missing(&columns));
        };
        Ok(Self {
            file,
            kind,
            columns,
            user_id,
            photo,
        })
    }

    /// The names of the columns, as they stand.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where the id of the user stands among the cells of a row.
    pub(crate) fn user_id(&self) -> usize {
        self.user_id
    }

    /// Where the photo stands among the cells of a row.
    pub(crate) fn photo(&self) -> usize {
        self.photo
    }

    /// Hands over every row. A file that is found out to be none on the way has handed over those before.
    pub(crate) fn each_row<E: From<DataError>>(
        &self,
        hand_over: impl FnMut(DataRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.kind {
            Kind::Csv => csv_rows::each_row(&self.file, self.columns.len(), hand_over),
            Kind::Array | Kind::Lines => json_rows::each_row(&self.file, self.kind, &self.columns, hand_over),
        }
    }
}

fn kind(file: &File) -> Result<Kind, DataError> {
    let mut head = vec![0; HEAD_BYTES];
    let count = read_at(file, &mut head, 0).map_err(ManifestError::Read)?;
    head.truncate(count);
    let text = head.strip_prefix(BOM).unwrap_or(&head).trim_ascii_start();
    let holds = |sign: &[u8]| memchr::memmem::find(text, sign).is_some();
    match text.first() {
        Some(b'{') if COLLECTION.iter().any(|sign| holds(sign)) => Err(DataError::Collection),
        Some(b'{') if holds(ENVIRONMENT) => Err(DataError::Environment),
        Some(b'{') => Ok(Kind::Lines),
        Some(b'[') => Ok(Kind::Array),
        _ => Ok(Kind::Csv),
    }
}

/// As in a manifest's header.
fn is_named(column: &str, name: &str) -> bool {
    column.trim().eq_ignore_ascii_case(name)
}

fn missing(columns: &[String]) -> DataError {
    let is_missing = |name: &&str| !columns.iter().any(|column| is_named(column, name));
    let missing: Vec<&str> = NEEDED.into_iter().filter(is_missing).collect();
    let shown = |name: &String| match name.chars().count() {
        ..=MAX_NAME_CHARS => format!("{name:?}"),
        count => format!("one of {count} characters"),
    };
    let found: Vec<String> = columns.iter().take(20).map(shown).collect();
    let verb = if missing.len() == 1 { "is" } else { "are" };
    DataError::MissingColumns {
        missing: format!("{} {verb}", missing.join(", ")),
        found: found.join(", "),
    }
}
