//! One pass over the records of a manifest, with the hash of every byte that went by.

use std::fs::File;

use csv::StringRecord;

use super::input::{Input, MAX_RECORD_BYTES};
use super::layout::{Form, Layout};
use super::{ManifestError, Record};

/// A pass over a manifest. Records are numbered from 1, the first after the header.
pub(crate) struct Records<'a> {
    input: Input<'a>,
    form: &'a Form,
    record: Record,
    /// Whether the line of the latest record ends in CRLF.
    crlf: bool,
    number: u32,
    /// Whether the cells are escaped, as those of a failures file are.
    escaped: bool,
}

impl<'a> Records<'a> {
    /// Reads the header, where there is one, which [`Records::header`] gives as long as no record has been read.
    pub(super) fn new(file: &'a File, layout: &'a Layout) -> Result<Self, ManifestError> {
        Self::with_limit(file, layout, MAX_RECORD_BYTES)
    }

    /// The same where a record may have so many bytes.
    pub(super) fn with_limit(file: &'a File, layout: &'a Layout, limit: usize) -> Result<Self, ManifestError> {
        let mut records = Self {
            input: Input::new(file, layout, limit)?,
            form: &layout.form,
            record: Record::default(),
            crlf: false,
            number: 0,
            escaped: false,
        };
        if let Form::Csv(_) = records.form {
            records.read()?;
        }
        Ok(records)
    }

    /// Whether the records that follow have escaped cells, to be given as they were before that.
    pub(super) fn unescape(&mut self, escaped: bool) {
        self.escaped = escaped;
    }

    /// The header and its line.
    pub(super) fn header(&self) -> Result<(&StringRecord, u64), ManifestError> {
        let line = self.record.line();
        match self.record.fault() {
            Some((_, source)) => Err(ManifestError::HeaderForm { line, source }),
            None if self.record.cells().is_empty() => Err(ManifestError::NoHeader),
            None => Ok((self.record.cells(), line)),
        }
    }

    /// What the line `sep=` before the header says.
    pub(super) fn sep(&self) -> Option<char> {
        self.input.sep
    }

    /// Whether the line of the latest record ends in CRLF.
    pub(super) fn crlf(&self) -> bool {
        self.crlf
    }

    /// The next record with its number, or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, &Record)>, ManifestError> {
        if !self.read()? {
            return Ok(None);
        }
        if self.escaped {
            self.record.unescape();
        }
        self.number = self.number.checked_add(1).ok_or(ManifestError::TooManyRows)?;
        Ok(Some((self.number, &self.record)))
    }

    /// Passes by the next record without reading its cells; false at the end of the file. That its text is what it was
    /// shows in the hash.
    pub(crate) fn skip(&mut self) -> Result<bool, ManifestError> {
        if !self.input.skip()? {
            return Ok(false);
        }
        self.number = self.number.checked_add(1).ok_or(ManifestError::TooManyRows)?;
        Ok(true)
    }

    /// The number of the latest record; 0 before the first.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// How many records there are in all, if those to come are like those so far. Nothing may depend on it but speed.
    pub(super) fn expected(&self) -> usize {
        (f64::from(self.number) / self.input.share_read()) as usize
    }

    fn read(&mut self) -> Result<bool, ManifestError> {
        let Some(written) = self.input.next()? else {
            return Ok(false);
        };
        self.crlf = written.crlf;
        match self.form {
            Form::Csv(delimiter) => self.record.fill(written.text, written.line, delimiter.byte()),
            Form::JsonLines(members) => self.record.fill_from_json(written.text, written.line, members),
        }
        Ok(true)
    }

    /// The line on which the latest record begins, as an editor counts them.
    pub(crate) fn line(&self) -> u64 {
        self.record.line()
    }

    /// The hash of the whole file; call it after the last record.
    pub(crate) fn sha256(self) -> [u8; 32] {
        self.input.sha256()
    }
}
