//! One row: a record that is right by itself, or the reason why it is not.

use super::{Manifest, Record, rfc4180::FormError};
use crate::domain::{
    columns::Form,
    created_at::{CreatedAt, CreatedAtError},
    outcome::Reason,
    photo::{PhotoPlace, is_url},
    suspicion::Suspicion,
    text::one_line,
    user_id::{MAX_USER_ID_CHARS, UserId},
};

/// A row that may be sent, as far as the manifest alone can tell.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) number: u32,
    /// On which it begins, as an editor counts them.
    pub(crate) line: u64,
    pub(crate) user_id: UserId,
    pub(crate) created_at: CreatedAt,
    pub(crate) photo: PhotoPlace,
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

/// Reasons that are a fault of the whole row and of no cell.
const FORM_REASONS: [Reason; 4] = [
    Reason::WrongFieldCount,
    Reason::BadQuotes,
    Reason::BadLineEnd,
    Reason::BadJson,
];

pub(super) fn form_reason(error: FormError) -> Reason {
    match error {
        FormError::TextBehindQuote | FormError::QuoteInText => Reason::BadQuotes,
        FormError::BareCarriageReturn => Reason::BadLineEnd,
        FormError::NoObject | FormError::NotJson { .. } | FormError::RepeatedMember | FormError::LoneSurrogate => {
            Reason::BadJson
        }
    }
}

impl RowFault {
    fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl Row {
    /// What looks wrong with the row by itself.
    pub(super) fn suspicions(&self) -> impl Iterator<Item = Suspicion> {
        let of_user_id = Suspicion::of_user_id(self.user_id.as_str());
        of_user_id
            .into_iter()
            .chain(Suspicion::of_date(self.created_at.as_str()))
    }

    /// A suspicion for people, with the value that arouses it.
    pub(crate) fn fault(&self, suspicion: Suspicion) -> RowFault {
        let value = match suspicion {
            Suspicion::ZeroDate | Suspicion::EarlyDate => self.created_at.as_str(),
            Suspicion::SpoiltUserId | Suspicion::PlaceholderUserId | Suspicion::SimilarUserId { .. } => {
                self.user_id.as_str()
            }
        };
        RowFault::new(suspicion.reason(), format!("{}: {suspicion}", shown(value)))
    }
}

impl Manifest {
    /// Judges a record by itself: its form, its id, its date, its photo's path.
    pub(crate) fn row(&self, number: u32, record: &Record) -> Result<Row, RowFault> {
        self.check_form(record)?;
        let row = Row {
            number,
            line: record.line(),
            user_id: self.user_id(record)?,
            created_at: self.created_at(record)?,
            photo: self.photo(record)?,
        };
        let suspicion = if self.options.strict {
            row.suspicions().next()
        } else {
            None
        };
        suspicion.map_or(Ok(()), |suspicion| Err(row.fault(suspicion)))?;
        Ok(row)
    }

    /// The cells that come back in the results: one for each of the manifest's own columns.
    pub(crate) fn own_cells<'a>(&self, record: &'a Record) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self.columns.own.len();
        (0..own).map(|place| record.get(place).unwrap_or_default())
    }

    /// The user of a record as it stands there, whatever that is.
    pub(crate) fn raw_user<'a>(&self, record: &'a Record) -> &'a str {
        record.get(self.columns.user_id).unwrap_or_default()
    }

    /// What decides in which part a record is: the user as it stands there, whatever that is. A line that is no JSON object
    /// has none, since which of its columns holds the line depends on the other lines.
    pub(crate) fn placed_user<'a>(&self, record: &'a Record) -> &'a str {
        match self.is_json() && record.fault().is_some() {
            true => "",
            false => self.raw_user(record),
        }
    }

    /// The user of a record for people.
    pub(crate) fn shown_user(&self, record: &Record) -> String {
        one_line(self.raw_user(record), MAX_USER_ID_CHARS)
    }

    /// Whether the record is CSV at all, and has as many fields as the header.
    fn check_form(&self, record: &Record) -> Result<(), RowFault> {
        if let Some((field, error)) = record.fault() {
            let detail = format!("{}: {error}", shown(field));
            return Err(RowFault::new(form_reason(error), detail));
        }
        let (found, width) = (record.cells().len(), self.columns.width);
        if found != width {
            let delimiter = self.csv_form().delimiter;
            let detail =
                format!("the row has {found} fields, the header {width}; quote a field that holds {delimiter}");
            return Err(RowFault::new(Reason::WrongFieldCount, detail));
        }
        self.form_in_ours(record).map_or(Ok(()), Err)
    }

    /// Results and failures cut or pad a row of another width, and hold the cells of a malformed one as they were written;
    /// it must not pass for a right one when they are the manifest, until a person says that it is. Nor must a number pass
    /// for text that it was not.
    fn form_in_ours(&self, record: &Record) -> Option<RowFault> {
        let appended = self.columns.appended?;
        let cell = record.get(self.columns.own.len() + appended.place("reason")?)?;
        let is_literal = |place| record.get(place).is_some_and(is_json_literal);
        let reason = match FORM_REASONS.into_iter().find(|reason| reason.word() == cell) {
            Some(reason) => reason,
            None if cell == Reason::BadUserId.word() && is_literal(self.columns.user_id) => Reason::BadUserId,
            None if cell == Reason::PhotoIsNotAPath.word() && self.columns.photo.is_some_and(is_literal) => {
                Reason::PhotoIsNotAPath
            }
            None => return None,
        };
        let detail = match appended.form {
            Form::Results => {
                "the row was malformed in the manifest that these are the results of; fix it there, or here and empty the \
                 cell of the reason"
            }
            Form::Failures => {
                "the row was malformed in the manifest that these are the failures of; fix its cells, then empty the one \
                 for the reason"
            }
        };
        Some(RowFault::new(reason, detail))
    }

    /// The user of a record of the right form that has a good id, whatever else is wrong with it.
    pub(super) fn user_of(&self, record: &Record) -> Option<UserId> {
        self.check_form(record).and_then(|()| self.user_id(record)).ok()
    }

    fn user_id(&self, record: &Record) -> Result<UserId, RowFault> {
        let cell = record.get(self.columns.user_id).unwrap_or_default();
        if record.is_literal(self.columns.user_id) {
            let detail = format!(
                "{}: it is no string, and as numbers 7 and 007 could not be told apart; write it in quotes",
                one_line(cell, SHOWN_CHARS)
            );
            return Err(RowFault::new(Reason::BadUserId, detail));
        }
        UserId::parse(cell).map_err(|error| RowFault::new(Reason::BadUserId, format!("{}: {error}", shown(cell))))
    }

    fn created_at(&self, record: &Record) -> Result<CreatedAt, RowFault> {
        let cell = record.get(self.columns.created_at).unwrap_or_default();
        self.options.dates.read(cell, self.now).map_err(|error| {
            let reason = match error {
                CreatedAtError::Future => Reason::DateInFuture,
                _ => Reason::BadDate,
            };
            RowFault::new(reason, format!("{}: {error}", shown(cell)))
        })
    }

    fn photo(&self, record: &Record) -> Result<PhotoPlace, RowFault> {
        if let Some(template) = &self.options.photo_template {
            return self.photo_by_template(template, record);
        }
        let cell = self.photo_cell(record);
        if cell.is_empty() {
            return Err(RowFault::new(Reason::PhotoNotGiven, "the photo's path is empty"));
        }
        if self.is_literal_photo(record) {
            let detail = format!(
                "{}: it is no string; write the path of a file in quotes",
                one_line(cell, SHOWN_CHARS)
            );
            return Err(RowFault::new(Reason::PhotoIsNotAPath, detail));
        }
        if is_data_uri(cell) || is_base64(cell) {
            let detail = format!(
                "{}: the cell holds the photo itself; write the path of its file",
                shown(cell)
            );
            return Err(RowFault::new(Reason::PhotoIsNotAPath, detail));
        }
        if let Some(place) = self.windows_path(cell) {
            return Ok(place);
        }
        let place = self.options.photo_roots.place(cell);
        place.map_err(|error| RowFault::new(error.reason(), format!("{}: {error}", shown(without_secrets(cell)))))
    }

    fn is_literal_photo(&self, record: &Record) -> bool {
        self.columns.photo.is_some_and(|place| record.is_literal(place))
    }

    /// The cell of the photo, if the manifest needs one.
    fn photo_cell<'a>(&self, record: &'a Record) -> &'a str {
        let place = self.columns.photo;
        place.and_then(|place| record.get(place)).unwrap_or_default()
    }

    /// A path that Windows has written, on another machine. Whether a file has it for its name shows when it is read.
    fn windows_path(&self, cell: &str) -> Option<PhotoPlace> {
        let roots = &self.options.photo_roots;
        let is_absolute = is_absolute_on_windows(cell);
        if cfg!(windows) || !(is_absolute || cell.contains('\\')) || is_url(cell) {
            return None;
        }
        Some(PhotoPlace::FromWindows {
            written: roots.below(cell)?,
            separated: roots.below(&cell.replace('\\', "/")).filter(|_| !is_absolute),
        })
    }

    /// The cells that tell two rows of one user apart, where the row is not right by itself.
    pub(super) fn raw_cells<'a>(&self, record: &'a Record) -> (&'a str, &'a str) {
        let created_at = record.get(self.columns.created_at).unwrap_or_default();
        (created_at, self.photo_cell(record))
    }
}

/// `C:\photos`, `C:/photos`, `\\server\photos`, and `\photos` on whichever drive.
fn is_absolute_on_windows(cell: &str) -> bool {
    let is_drive = matches!(cell.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    is_drive || cell.starts_with('\\')
}

/// A URL without what may hold a password or a signature.
fn without_secrets(cell: &str) -> &str {
    let behind = cell.find("://").map_or(0, |at| at + "://".len());
    let end = cell[behind..].find(['@', '?', '#']).filter(|_| behind > 0);
    match end.map(|end| cell.split_at(behind + end)) {
        Some((start, rest)) if rest.starts_with('@') => &start[..behind],
        Some((start, _)) => start,
        None => cell,
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

/// Whether a cell is what a JSON value that is no string looks like.
fn is_json_literal(cell: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(cell).is_ok_and(|value| !value.is_string() && !value.is_null())
}

/// Characters of a cell that are shown.
const SHOWN_CHARS: usize = 40;

/// A cell for people: quoted, control characters escaped, not too long.
pub(super) fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}…", &cell[..end]),
        None => format!("{cell:?}"),
    }
}
