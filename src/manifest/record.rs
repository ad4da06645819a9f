//! One record: its cells, the line where it begins, and what is wrong with its form.

use csv::StringRecord;
use memchr::memchr2;

use super::rfc4180::{FormError, fault, fields, unquoted};
use crate::domain::spreadsheet::unescape;

/// A record of the manifest. Its storage is used again for the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    cells: StringRecord,
    line: u64,
    fault: Option<(usize, FormError)>,
}

impl Record {
    /// Takes the text of a record, without its line end. The cells of one that is not CSV stay as they are written, so
    /// that nobody takes a guess for what was meant.
    pub(super) fn fill(&mut self, text: &str, line: u64) {
        self.cells.clear();
        self.line = line;
        self.fault = None;
        if memchr2(b'"', b'\r', text.as_bytes()).is_none() {
            return text.split(',').for_each(|field| self.cells.push_field(field));
        }
        self.fault = fields(text)
            .enumerate()
            .find_map(|(place, field)| Some((place, fault(field)?)));
        for field in fields(text) {
            match self.fault {
                None => self.cells.push_field(&unquoted(field)),
                Some(_) => self.cells.push_field(field),
            }
        }
    }

    /// Takes away what a failures file has put before cells for the sake of spreadsheets. What is no CSV stays as it is.
    pub(super) fn unescape(&mut self) {
        if self.fault.is_none() && self.cells.iter().any(|cell| unescape(cell) != cell) {
            self.cells = self.cells.iter().map(unescape).collect();
        }
    }

    /// A cell by its place in the header.
    pub(crate) fn get(&self, place: usize) -> Option<&str> {
        self.cells.get(place)
    }

    pub(super) fn cells(&self) -> &StringRecord {
        &self.cells
    }

    /// The line on which it begins, as an editor counts them.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Why it is not CSV, and the field in which that shows.
    pub(super) fn fault(&self) -> Option<(&str, FormError)> {
        let (place, error) = self.fault?;
        Some((self.get(place).unwrap_or_default(), error))
    }
}
