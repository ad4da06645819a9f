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
/// either end.
pub(super) fn find_columns(
    template: &PhotoTemplate,
    columns: &Columns,
    header: &[&str],
    line: u64,
) -> Result<Vec<usize>, ManifestError> {
    let find = |column: &TemplateColumn| {
        find(column, columns, header).map_err(|problem| {
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
fn find(column: &TemplateColumn, columns: &Columns, header: &[&str]) -> Result<usize, &'static str> {
    let wanted = in_words(&column.name);
    let is_name = |other: &str| in_words(other) == wanted;
    let required = [("user_id", columns.user_id), ("user_created_at", columns.created_at)];
    if let Some((_, place)) = required.into_iter().find(|(name, _)| is_name(name)) {
        return Ok(place);
    }
    let mut places = (0..header.len()).filter(|place| header.get(*place).is_some_and(|name| is_name(name)));
    match (places.next(), places.next()) {
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
        let folder = self.options.photo_root.join(folder);
        Ok(match name {
            FilledName::Known(name) => PhotoPlace::File(folder.join(name)),
            FilledName::Pattern(name) => PhotoPlace::Pattern { folder, name },
        })
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
