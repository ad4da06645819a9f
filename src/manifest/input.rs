//! The text of a manifest, record by record: where one begins, on which line, and how its line ends.

use std::fs::File;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::layout::{Form, Layout};
use super::text::Text;
use super::{ManifestError, rfc4180};

/// Most bytes of a record without its line end (contract, section 3), so that a quote that is never closed does not
/// take the memory of the whole file.
pub(super) const MAX_RECORD_BYTES: usize = 1024 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// How the line begins that `Export-Csv` of Windows PowerShell 5.1 writes without `-NoTypeInformation`.
const POWERSHELL_TYPE: &[u8] = b"#TYPE ";
/// Bytes in which a mark and a line such as `sep=;` have ended.
const PREAMBLE_BYTES: usize = 16;

/// The text as it is read: what is in memory begins with the next record.
pub(super) struct Input<'a> {
    text: Text<'a>,
    form: &'a Form,
    /// Most bytes of a record.
    limit: usize,
    buffer: Vec<u8>,
    /// How many bytes of text have left the buffer.
    gone: u64,
    /// Where in the buffer the next record begins, and its line.
    start: usize,
    line: u64,
    /// What the line `sep=` says that Excel reads.
    pub(super) sep: Option<char>,
}

/// A record as it is written, without its line end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'b> {
    pub(super) text: &'b str,
    /// Where it begins, as an editor counts.
    pub(super) line: u64,
    /// Whether it ends in CRLF.
    pub(super) crlf: bool,
}

impl<'a> Input<'a> {
    /// A record has at most `limit` bytes.
    pub(super) fn new(file: &'a File, layout: &'a Layout, limit: usize) -> Result<Self, ManifestError> {
        let mut input = Self {
            text: Text::new(file, layout.encoded),
            form: &layout.form,
            limit,
            buffer: Vec::new(),
            gone: 0,
            start: 0,
            line: 1,
            sep: None,
        };
        while input.buffer.len() < PREAMBLE_BYTES && input.read_more()? {}
        if input.buffer.starts_with(BOM) {
            input.start = BOM.len();
        }
        if let Form::Csv(_) = layout.form {
            input.skip_type()?;
            input.skip_sep();
        }
        Ok(input)
    }

    /// A line such as `#TYPE System.Data.DataRow`, which Windows PowerShell writes before the header, is none.
    fn skip_type(&mut self) -> Result<(), ManifestError> {
        if self.rest().starts_with(POWERSHELL_TYPE) {
            self.advance()?;
        }
        Ok(())
    }

    /// A line `sep=;` says how the file is to be read, and is no header.
    fn skip_sep(&mut self) {
        let rest = self.rest();
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let first = rest.get(..end.min(PREAMBLE_BYTES)).unwrap_or_default();
        let Ok(first) = str::from_utf8(first) else { return };
        let first = first.strip_suffix('\r').unwrap_or(first);
        let is_sep = first.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("sep="));
        let mut said = first.chars().skip(4);
        if let (true, Some(sep), None) = (is_sep, said.next(), said.next()) {
            self.sep = Some(sep);
            self.start += end + 1;
            self.line += 1;
        }
    }

    /// The next record that is no blank line; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Written<'_>>, ManifestError> {
        let Some((line, crlf, bytes)) = self.advance()? else {
            return Ok(None);
        };
        self.check_length(bytes.len(), line)?;
        let offset = self.gone + bytes.start as u64;
        let text = text(&self.buffer[bytes], line, offset)?;
        Ok(Some(Written { text, line, crlf }))
    }

    /// Passes by the next record that is no blank line; false at the end of the file.
    pub(super) fn skip(&mut self) -> Result<bool, ManifestError> {
        Ok(self.advance()?.is_some())
    }

    /// Passes by the next record: its line, whether it ends in CRLF, and where it stands in the buffer.
    fn advance(&mut self) -> Result<Option<(u64, bool, Range<usize>)>, ManifestError> {
        while let Some(end) = self.find_end()? {
            let (start, line) = (self.start, self.line);
            let bytes = &self.buffer[start..end];
            self.line += memchr_iter(b'\n', bytes).count() as u64 + 1;
            self.start = end + 1;
            // Behind the last record there may be no line end, and then a carriage return is text.
            let crlf = end < self.buffer.len() && bytes.ends_with(b"\r");
            let end = end - usize::from(crlf);
            if !self.form.is_blank(&self.buffer[start..end]) {
                return Ok(Some((line, crlf, start..end)));
            }
        }
        Ok(None)
    }

    /// Where the next record ends in the buffer; none where there is no further one.
    fn find_end(&mut self) -> Result<Option<usize>, ManifestError> {
        loop {
            let rest = self.rest();
            if let Some(end) = self.form.end_of_record(rest) {
                return Ok(Some(self.start + end));
            }
            // Its line end, of two bytes, may still be on its way.
            self.check_length(rest.len().saturating_sub(1), self.line)?;
            if !self.read_more()? {
                return self.end_of_last();
            }
        }
    }

    /// The last record need not have a line end; a quote that is still open is never guessed at.
    fn end_of_last(&self) -> Result<Option<usize>, ManifestError> {
        let rest = self.rest();
        if let Some(place) = self.form.open_quote(rest) {
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
        let done = self.start.min(self.buffer.len());
        self.buffer.drain(..done);
        self.gone += done as u64;
        self.start = 0;
        self.text.append(&mut self.buffer).map_err(|error| {
            let line = self.line + memchr_iter(b'\n', &self.buffer).count() as u64;
            ManifestError::of_text(error, line)
        })
    }

    fn check_length(&self, bytes: usize, line: u64) -> Result<(), ManifestError> {
        match (bytes > self.limit, self.form) {
            (false, _) => Ok(()),
            (true, Form::Csv(_)) => Err(ManifestError::LongRecord {
                line,
                limit: self.limit,
            }),
            (true, Form::JsonLines(_)) => Err(ManifestError::LongLine { line }),
        }
    }

    /// As [`Text::share_read`].
    pub(super) fn share_read(&self) -> f64 {
        self.text.share_read()
    }

    /// The hash of the whole file; call it after the last record.
    pub(super) fn sha256(self) -> [u8; 32] {
        self.text.sha256()
    }
}

impl Form {
    /// Where the LF stands that ends the first record, if the record ends in these bytes.
    fn end_of_record(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Csv(delimiter) => rfc4180::end_of_record(bytes, delimiter.byte()),
            Self::JsonLines(_) => memchr(b'\n', bytes),
        }
    }

    fn open_quote(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Csv(delimiter) => rfc4180::open_quote(bytes, delimiter.byte()),
            Self::JsonLines(_) => None,
        }
    }

    /// Whether a line is no record at all.
    fn is_blank(&self, line: &[u8]) -> bool {
        match self {
            Self::Csv(_) => line.is_empty(),
            Self::JsonLines(_) => line.trim_ascii().is_empty(),
        }
    }
}

/// The text of a record that begins on `line` and at `offset`.
fn text(bytes: &[u8], line: u64, offset: u64) -> Result<&str, ManifestError> {
    str::from_utf8(bytes).map_err(|error| {
        let (before, rest) = bytes.split_at(error.valid_up_to());
        ManifestError::NotUtf8 {
            line: line + memchr_iter(b'\n', before).count() as u64,
            offset: offset + before.len() as u64,
            byte: rest.first().copied().unwrap_or_default(),
        }
    })
}
