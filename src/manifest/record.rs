//! One record: its cells, the line where it begins, and what is wrong with its form.

use csv::StringRecord;
use memchr::memchr2;

use super::members::Members;
use super::rfc4180::{FormError, fault, fields, unquoted};
use crate::domain::spreadsheet::unescape;

/// A record of the manifest. Its storage is used again for the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    cells: StringRecord,
    line: u64,
    fault: Option<(usize, FormError)>,
    /// The cells that were a number or another JSON value that is no string.
    literals: Vec<usize>,
}

impl Record {
    /// Takes the text of a record, without its line end. The cells of one that is not CSV stay as they are written, so
    /// that nobody takes a guess for what was meant.
    pub(super) fn fill(&mut self, text: &str, line: u64, delimiter: u8) {
        self.clear(line);
        if memchr2(b'"', b'\r', text.as_bytes()).is_none() {
            let fields = text.split(char::from(delimiter));
            return fields.for_each(|field| self.cells.push_field(field));
        }
        self.fault = fields(text, delimiter)
            .enumerate()
            .find_map(|(place, field)| Some((place, fault(field, delimiter)?)));
        for field in fields(text, delimiter) {
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

    /// Takes a line of JSON. One that is no object of ours stands in the first cell as it is written, and the others are
    /// empty.
    pub(super) fn fill_from_json(&mut self, text: &str, line: u64, members: &Members) {
        self.clear(line);
        let filled = members.each_cell(text, |place, cell, is_text| {
            self.cells.push_field(cell);
            if !is_text {
                self.literals.push(place);
            }
        });
        if let Err(error) = filled {
            self.clear(line);
            self.fault = Some((0, error));
            self.cells.push_field(text.trim_ascii());
            (1..members.len()).for_each(|_| self.cells.push_field(""));
        }
    }

    fn clear(&mut self, line: u64) {
        self.cells.clear();
        self.line = line;
        self.fault = None;
        self.literals.clear();
    }

    /// A cell by its place in the header.
    pub(crate) fn get(&self, place: usize) -> Option<&str> {
        self.cells.get(place)
    }

    pub(super) fn cells(&self) -> &StringRecord {
        &self.cells
    }

    /// Whether a cell holds a JSON value that is neither a string nor null.
    pub(super) fn is_literal(&self, place: usize) -> bool {
        self.literals.contains(&place)
    }

    /// The line on which it begins, as an editor counts them.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Why it is not of its form, and the field in which that shows.
    pub(super) fn fault(&self) -> Option<(&str, FormError)> {
        let (place, error) = self.fault?;
        Some((self.get(place).unwrap_or_default(), error))
    }
}
