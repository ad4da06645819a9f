//! The columns of `--photo-template` in a header, and the place that a row's cells make of it.

use super::{
    Manifest, ManifestError, Record, RowFault,
    columns::{Columns, in_words},
    error::TemplateColumnError,
    row::shown,
};
use crate::domain::{
    outcome::Reason,
    photo::{CellFault, Filled, FilledName, PhotoPlace, PhotoTemplate, TemplateColumn},
};

/// Where the columns of a template stand, in the order in which it names them. `header`: names without white space at
/// either end; `photo`: where the column of that name stands, which need not be there.
pub(super) fn find_columns(
    template: &PhotoTemplate,
    columns: &Columns,
    photo: Option<usize>,
    header: &[&str],
    line: u64,
) -> Result<Vec<usize>, ManifestError> {
    let find = |column: &TemplateColumn| {
        find(column, columns, photo, header).map_err(|problem| {
            ManifestError::TemplateColumn(Box::new(TemplateColumnError {
                line,
                template: template.text().to_owned(),
                name: column.name.clone(),
                at: column.at,
                problem,
                found: header.join(", ").escape_debug().take(300).collect(),
            }))
        })
    };
    template.columns().map(find).collect()
}

/// A column by its name. The contract's names stand for their columns, whatever the header calls them.
fn find(
    column: &TemplateColumn,
    columns: &Columns,
    photo: Option<usize>,
    header: &[&str],
) -> Result<usize, &'static str> {
    let is_name = |other: &str| column.name.eq_ignore_ascii_case(other);
    let is_alike = |other: &str| in_words(&column.name) == in_words(other);
    let named = [
        ("user_id", Some(columns.user_id)),
        ("user_created_at", Some(columns.created_at)),
        ("photo", photo),
    ];
    let named = named.into_iter().find(|(name, _)| is_name(name));
    if let Some(place) = named.and_then(|(_, place)| place) {
        return Ok(place);
    }
    let all = |is_it: &dyn Fn(&str) -> bool| {
        let places = header.iter().enumerate().filter(|(_, name)| is_it(name));
        places.map(|(place, _)| place).collect::<Vec<_>>()
    };
    // A name that is there to the letter wins over one that is only alike.
    let exactly = all(&is_name);
    let places = if exactly.is_empty() { all(&is_alike) } else { exactly };
    match (places.first().copied(), places.get(1)) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err("has it twice"),
        (None, _) => Err("has no such column"),
    }
}

impl Manifest {
    pub(super) fn photo_by_template(&self, template: &PhotoTemplate, record: &Record) -> Result<PhotoPlace, RowFault> {
        let cells = || {
            let places = self.columns.template.iter();
            places.map(|place| record.get(*place).unwrap_or_default())
        };
        let Filled { folder, name } = template.fill(cells()).map_err(|(column, fault)| {
            let place = template.columns().position(|other| std::ptr::eq(other, column));
            let cell = place.and_then(|place| cells().nth(place)).unwrap_or_default();
            cell_fault(&column.name, cell, fault)
        })?;
        let roots = &self.options.photo_roots;
        match (roots.base(), name) {
            (Some(base), FilledName::Known(name)) => Ok(PhotoPlace::File(base.join(folder).join(name))),
            (Some(base), FilledName::Pattern(name)) => Ok(PhotoPlace::Pattern {
                folder: base.join(folder),
                name,
            }),
            (None, FilledName::Known(name)) => self.photo_in_store(&joined(&folder, &name)),
            // `config` lets no pattern through where photos are in a store.
            (None, FilledName::Pattern(name)) => self.photo_in_store(&joined(&folder, &name.to_string())),
        }
    }

    fn photo_in_store(&self, name: &str) -> Result<PhotoPlace, RowFault> {
        let place = self.options.photo_roots.place(name);
        place.map_err(|error| RowFault {
            reason: error.reason(),
            detail: format!("{}: {error}", shown(name)),
        })
    }
}

fn joined(folder: &str, name: &str) -> String {
    match folder.trim_end_matches('/') {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

fn cell_fault(column: &str, cell: &str, fault: CellFault) -> RowFault {
    let (reason, cell) = match fault {
        CellFault::Empty => (Reason::PhotoNotGiven, String::new()),
        CellFault::Character | CellFault::Separator | CellFault::Elsewhere => {
            (Reason::BadPhotoPath, format!("{}: ", shown(cell)))
        }
    };
    let detail = format!("{cell}the column {column:?} of --photo-template {fault}");
    RowFault { reason, detail }
}
