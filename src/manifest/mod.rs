//! The manifest: a file of users and photos, CSV or JSON Lines, read as often as needed and never kept in memory.
//!
//! [`Manifest`] is the open file, [`Records`] one pass over it, [`Row`] a record that is right by
//! itself, and [`Survey`] what the first pass over all rows finds out; [`Surveyed`] is the file, its path and its survey
//! as one. Nothing here opens a photo.

mod columns;
mod data;
mod delimiter;
mod encoding;
mod error;
mod foreign;
mod input;
mod layout;
mod marks;
mod members;
mod options;
mod parts;
mod record;
mod records;
mod rfc4180;
mod row;
mod settled;
mod source;
mod survey;
mod surveyed;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod warnings;

pub(crate) use data::{DataError, DataFile, DataRow};
pub(crate) use delimiter::Delimiter;
pub(crate) use error::ManifestError;
use foreign::Foreign;
pub(crate) use layout::CsvForm;
pub(crate) use marks::Marks;
pub(crate) use options::{Format, Headers, ManifestOptions};
pub(crate) use parts::Piece;
pub(crate) use record::Record;
pub(crate) use records::Records;
pub(crate) use row::{Row, RowFault};
pub(crate) use source::{Manifest, Stamp};
pub(crate) use survey::{Role, Survey};
pub(crate) use surveyed::{Opened, Surveyed, UnusableManifest};
pub(crate) use warnings::Warning;
