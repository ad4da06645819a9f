//! One pass over the records of a manifest, with the hash of every byte that went by.

use std::fs::File;

use csv::StringRecord;
use memchr::memchr_iter;
use sha2::{Digest, Sha256};

use super::{ManifestError, Record, rfc4180};
use crate::sys::read_at::read_at;

/// Bytes read at a time; large enough that the file system's cost per call does not count.
pub(super) const BUFFER_BYTES: usize = 256 * 1024;

/// Most bytes of a record without its line end (contract, section 3), so that a quote that is never closed does not
/// take the memory of the whole file.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A pass over a manifest. Records are numbered from 1, the first after the header.
pub(crate) struct Records<'a> {
    input: Input<'a>,
    record: Record,
    number: u32,
    /// Whether the cells are escaped, as those of a failures file are.
    escaped: bool,
}

impl<'a> Records<'a> {
    /// Reads the header, which [`Records::header`] gives as long as no record has been read.
    pub(super) fn new(file: &'a File) -> Result<Self, ManifestError> {
        Self::with_limit(file, MAX_RECORD_BYTES)
    }

    /// The same where a record may have so many bytes.
    pub(super) fn with_limit(file: &'a File, limit: usize) -> Result<Self, ManifestError> {
        let mut records = Self {
            input: Input::new(file, limit)?,
            record: Record::default(),
            number: 0,
            escaped: false,
        };
        records.input.read_record(&mut records.record)?;
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

    /// The next record with its number, or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, &Record)>, ManifestError> {
        if !self.input.read_record(&mut self.record)? {
            return Ok(None);
        }
        if self.escaped {
            self.record.unescape();
        }
        self.number = self.number.checked_add(1).ok_or(ManifestError::TooManyRows)?;
        Ok(Some((self.number, &self.record)))
    }

    /// The line on which the latest record begins, as an editor counts them.
    pub(crate) fn line(&self) -> u64 {
        self.record.line()
    }

    /// The hash of the whole file; call it after the last record.
    pub(crate) fn sha256(self) -> [u8; 32] {
        self.input.sha256.finalize().into()
    }
}

/// The file as it is read: what is in memory begins with the next record.
struct Input<'a> {
    file: &'a File,
    /// Most bytes of a record.
    limit: usize,
    /// How far the file has been read.
    offset: u64,
    sha256: Sha256,
    buffer: Vec<u8>,
    /// Where in the buffer the next record begins, and its line.
    start: usize,
    line: u64,
}

impl<'a> Input<'a> {
    fn new(file: &'a File, limit: usize) -> Result<Self, ManifestError> {
        let mut input = Self {
            file,
            limit,
            offset: 0,
            sha256: Sha256::new(),
            buffer: Vec::new(),
            start: 0,
            line: 1,
        };
        while input.buffer.len() < BOM.len() && input.read_more()? {}
        if input.buffer.starts_with(BOM) {
            input.start = BOM.len();
        }
        Ok(input)
    }

    /// Reads the next record that is no blank line; false at the end of the file.
    fn read_record(&mut self, record: &mut Record) -> Result<bool, ManifestError> {
        while let Some(end) = self.find_end()? {
            let (start, line) = (self.start, self.line);
            let bytes = &self.buffer[start..end];
            self.line += memchr_iter(b'\n', bytes).count() as u64 + 1;
            self.start = end + 1;
            // Behind the last record there may be no line end, and then a carriage return is text.
            let has_line_end = end < self.buffer.len();
            let bytes = bytes.strip_suffix(b"\r").filter(|_| has_line_end).unwrap_or(bytes);
            if bytes.is_empty() {
                continue;
            }
            check_length(bytes.len(), self.limit, line)?;
            record.fill(text(bytes, line)?, line);
            return Ok(true);
        }
        Ok(false)
    }

    /// Where the next record ends in the buffer; none where there is no further one.
    fn find_end(&mut self) -> Result<Option<usize>, ManifestError> {
        loop {
            let rest = self.rest();
            if let Some(end) = rfc4180::end_of_record(rest) {
                return Ok(Some(self.start + end));
            }
            // Its line end, of two bytes, may still be on its way.
            check_length(rest.len().saturating_sub(1), self.limit, self.line)?;
            if !self.read_more()? {
                return self.end_of_last();
            }
        }
    }

    /// The last record need not have a line end; a quote that is still open is never guessed at.
    fn end_of_last(&self) -> Result<Option<usize>, ManifestError> {
        let rest = self.rest();
        if let Some(place) = rfc4180::open_quote(rest) {
            let before = &rest[..place];
            let line = self.line + memchr_iter(b'\n', before).count() as u64;
            return Err(ManifestError::OpenQuote { line });
        }
        Ok((!rest.is_empty()).then_some(self.buffer.len()))
    }

    fn rest(&self) -> &[u8] {
        // Behind a last record without a line end, the next one would begin past the end.
        &self.buffer[self.start.min(self.buffer.len())..]
    }

    /// Reads more behind what is there; false at the end of the file.
    fn read_more(&mut self) -> Result<bool, ManifestError> {
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.start = 0;
        let old = self.buffer.len();
        self.buffer.resize(old + BUFFER_BYTES, 0);
        let count = read_at(self.file, &mut self.buffer[old..], self.offset).map_err(ManifestError::Read)?;
        self.buffer.truncate(old + count);
        self.sha256.update(&self.buffer[old..]);
        self.offset += count as u64;
        Ok(count > 0)
    }
}

fn check_length(bytes: usize, limit: usize, line: u64) -> Result<(), ManifestError> {
    match bytes > limit {
        true => Err(ManifestError::LongRecord { line, limit }),
        false => Ok(()),
    }
}

/// The text of a record that begins on `line`.
fn text(bytes: &[u8], line: u64) -> Result<&str, ManifestError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = line + memchr_iter(b'\n', before).count() as u64;
        ManifestError::NotUtf8 { line }
    })
}
