//! One row: a record that is right by itself, or the reason why it is not.

use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::Manifest;
use crate::domain::{
    created_at::{CreatedAt, CreatedAtError},
    outcome::{RESULT_COLUMNS, Reason},
    text::one_line,
    user_id::{MAX_USER_ID_CHARS, UserId},
};

/// A row that may be sent, as far as the manifest alone can tell.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) user_id: UserId,
    pub(crate) created_at: CreatedAt,
    pub(crate) photo: PathBuf,
}

/// Why a row is `invalid` by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowFault {
    pub(crate) reason: Reason,
    /// For people: the value and the remedy.
    pub(crate) detail: String,
}

/// From here on a cell of nothing but base64 letters is taken for a photo's text: a path so long has a dot in it.
const LONG_CELL: usize = 256;

impl RowFault {
    fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl Manifest {
    /// Judges a record by itself: its width, its id, its date, its photo's path.
    pub(crate) fn row(&self, number: u32, record: &StringRecord) -> Result<Row, RowFault> {
        self.check_width(record)?;
        Ok(Row {
            number,
            user_id: self.user_id(record)?,
            created_at: self.created_at(record)?,
            photo: self.photo(record)?,
        })
    }

    /// The cells that come back in the results: one for each of the manifest's own columns.
    pub(crate) fn own_cells<'a>(&self, record: &'a StringRecord) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self.columns.own.len();
        (0..own).map(|place| record.get(place).unwrap_or_default())
    }

    /// The user of a record as it stands there, whatever that is.
    pub(crate) fn raw_user<'a>(&self, record: &'a StringRecord) -> &'a str {
        record.get(self.columns.user_id).unwrap_or_default()
    }

    /// The user of a record for people.
    pub(crate) fn shown_user(&self, record: &StringRecord) -> String {
        one_line(self.raw_user(record), MAX_USER_ID_CHARS)
    }

    fn check_width(&self, record: &StringRecord) -> Result<(), RowFault> {
        let width = self.columns.width;
        let detail = if record.len() != width {
            format!(
                "the row has {} fields, the header {width}; quote a field that holds a comma",
                record.len()
            )
        } else if self.was_of_another_width(record) {
            "the row had too few or too many fields in the manifest that these are the results of; mend it there".into()
        } else {
            return Ok(());
        };
        Err(RowFault::new(Reason::WrongFieldCount, detail))
    }

    /// Results cut or pad such a row to the header's width; it must not pass for a right one when they are the manifest.
    fn was_of_another_width(&self, record: &StringRecord) -> bool {
        let ours = RESULT_COLUMNS.iter().position(|column| *column == "reason");
        let reason = ours.filter(|_| self.columns.own.len() < self.columns.width);
        let cell = reason.and_then(|place| record.get(self.columns.own.len() + place));
        cell == Some(Reason::WrongFieldCount.word())
    }

    /// The user of a record that has the right width and a good id, whatever else is wrong with it.
    pub(super) fn user_of(&self, record: &StringRecord) -> Option<UserId> {
        self.check_width(record).and_then(|()| self.user_id(record)).ok()
    }

    fn user_id(&self, record: &StringRecord) -> Result<UserId, RowFault> {
        let cell = record.get(self.columns.user_id).unwrap_or_default();
        UserId::parse(cell).map_err(|error| RowFault::new(Reason::BadUserId, format!("{}: {error}", shown(cell))))
    }

    fn created_at(&self, record: &StringRecord) -> Result<CreatedAt, RowFault> {
        let cell = record.get(self.columns.created_at).unwrap_or_default();
        CreatedAt::parse(cell, self.now).map_err(|error| {
            let reason = match error {
                CreatedAtError::Form | CreatedAtError::Impossible => Reason::BadDate,
                CreatedAtError::Future => Reason::DateInFuture,
            };
            RowFault::new(reason, format!("{}: {error}", shown(cell)))
        })
    }

    fn photo(&self, record: &StringRecord) -> Result<PathBuf, RowFault> {
        let cell = record.get(self.columns.photo).unwrap_or_default();
        if cell.is_empty() {
            return Err(RowFault::new(Reason::PhotoNotGiven, "the photo's path is empty"));
        }
        if is_data_uri(cell) || is_base64(cell) {
            let detail = format!(
                "{}: the cell holds the photo itself; write the path of its file",
                shown(cell)
            );
            return Err(RowFault::new(Reason::PhotoIsNotAPath, detail));
        }
        // `./a.jpg` is `a.jpg`, also where the root is the empty path, so that equal rows are seen as equal.
        let path = Path::new(cell);
        let plain = path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty());
        Ok(self.photo_root.join(plain.unwrap_or(path)))
    }

    /// The cells that tell two rows of one user apart, where the row is not right by itself.
    pub(super) fn raw_cells<'a>(&self, record: &'a StringRecord) -> (&'a str, &'a str) {
        let cell = |place| record.get(place).unwrap_or_default();
        (cell(self.columns.created_at), cell(self.columns.photo))
    }
}

fn is_data_uri(cell: &str) -> bool {
    cell.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("data:"))
}

/// The first letters of a JPEG's or a PNG's base64, or a text too long for a file's name.
fn is_base64(cell: &str) -> bool {
    let letters = || {
        cell.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\n'))
    };
    let magic = (cell.starts_with("/9j/") && cell.len() > 64) || cell.starts_with("iVBORw0KGgo");
    (magic || cell.len() >= LONG_CELL) && letters()
}

/// A cell for people: quoted, control characters escaped, at most 40 characters.
fn shown(cell: &str) -> String {
    match cell.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", cell.get(..end).unwrap_or_default()),
        None => format!("{cell:?}"),
    }
}
