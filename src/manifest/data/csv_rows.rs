//! Rows of a data file that is CSV, by the grammar of the manifest.

use std::borrow::Cow;
use std::fs::File;

use super::{DataError, DataRow, MAX_ROW_BYTES, NEEDED, is_named};
use crate::domain::outcome::Reason;
use crate::manifest::encoding::Encoded;
use crate::manifest::layout::{Form, Layout};
use crate::manifest::{Delimiter, ManifestError, Record, Records, RowFault, row::form_reason};

/// UTF-8 with commas, as Postman's runner takes it.
fn layout() -> Layout {
    Layout {
        encoded: Encoded {
            gzip: false,
            encoding: None,
            bom: false,
        },
        form: Form::Csv(Delimiter::default()),
    }
}

/// The names in the header.
pub(super) fn columns(file: &File) -> Result<Vec<String>, DataError> {
    let layout = layout();
    let records = Records::with_limit(file, &layout, MAX_ROW_BYTES)?;
    let (header, line) = records.header()?;
    let repeated = |name: &&str| header.iter().filter(|column| is_named(column, name)).count() > 1;
    if let Some(name) = NEEDED.into_iter().find(repeated) {
        return Err(ManifestError::RepeatedColumn {
            line,
            name: name.to_owned(),
            hint: "",
        }
        .into());
    }
    Ok(header.iter().map(str::to_owned).collect())
}

pub(super) fn each_row<E: From<DataError>>(
    file: &File,
    width: usize,
    mut hand_over: impl FnMut(DataRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let layout = layout();
    let mut records = Records::with_limit(file, &layout, MAX_ROW_BYTES).map_err(DataError::from)?;
    while let Some((number, record)) = records.next().map_err(DataError::from)? {
        hand_over(DataRow {
            number,
            line: record.line(),
            cells: cells(record, width),
        })?;
    }
    Ok(())
}

/// The detail of a fault says nothing of what stands in the cells: that may be a photo.
fn cells(record: &Record, width: usize) -> Result<Vec<Cow<'_, str>>, RowFault> {
    let (reason, detail) = match (record.fault(), record.cells().len()) {
        (Some((_, error)), _) => (form_reason(error), error.to_string()),
        (None, found) if found != width => {
            let detail = format!("the row has {found} fields, the header {width}; quote a field that holds a comma");
            (Reason::WrongFieldCount, detail)
        }
        (None, _) => return Ok(record.cells().iter().map(Cow::Borrowed).collect()),
    };
    Err(RowFault { reason, detail })
}
