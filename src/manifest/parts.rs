//! The records of a manifest as they are written, each with the text by which it is placed in a part: what a file is made
//! of that holds some of its records and is read in the same way.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::input::{Input, MAX_RECORD_BYTES, Written};
use super::layout::Form;
use super::{Manifest, ManifestError, Record};

/// What a manifest consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// All that stands before the first record: a byte order mark, a line such as `sep=;`, the header.
    Head,
    /// A record with its number, and the user as it stands there.
    Record(u32, &'a str),
}

impl Manifest {
    /// Hands over head and records in the manifest's own encoding, each record with its line end; blank lines are left out,
    /// and the last record gets a line end unless that would change it. Gives back the hash of the file.
    pub(crate) fn each_piece<E: From<ManifestError>>(
        &self,
        mut hand_over: impl FnMut(Piece<'_>, &[u8]) -> Result<(), E>,
    ) -> Result<[u8; 32], E> {
        let mut input = Input::new(self.file(), self.layout(), MAX_RECORD_BYTES)?;
        let mut bytes = Vec::new();
        self.head(&mut input, &mut bytes)?;
        hand_over(Piece::Head, &bytes)?;
        let (mut record, mut number) = (Record::default(), 0_u32);
        while let Some(written) = input.next()? {
            number = number.checked_add(1).ok_or(ManifestError::TooManyRows)?;
            self.fill(&mut record, written);
            bytes.clear();
            self.encode_line(written, &mut bytes);
            hand_over(Piece::Record(number, self.placed_user(&record)), &bytes)?;
        }
        Ok(input.sha256())
    }

    fn head(&self, input: &mut Input<'_>, bytes: &mut Vec<u8>) -> Result<(), ManifestError> {
        if self.layout().encoded.bom {
            self.encode("\u{feff}", bytes);
        }
        if let Form::JsonLines(_) = self.layout().form {
            return Ok(());
        }
        let sep = input.sep;
        let header = input.next()?.ok_or(ManifestError::NoHeader)?;
        if let Some(sep) = sep {
            let end = line_end(header.crlf);
            self.encode(&format!("sep={sep}{end}"), bytes);
        }
        self.encode_line(header, bytes);
        Ok(())
    }

    fn fill(&self, record: &mut Record, written: Written<'_>) {
        match &self.layout().form {
            Form::Csv(delimiter) => record.fill(written.text, written.line, delimiter.byte()),
            Form::JsonLines(members) => record.fill_from_json(written.text, written.line, members),
        }
        if self.columns.is_escaped() {
            record.unescape();
        }
    }

    fn encode_line(&self, written: Written<'_>, bytes: &mut Vec<u8>) {
        self.encode(written.text, bytes);
        // At the very end of the file a carriage return is text, and a line feed behind it would make a line end of it.
        if written.crlf || !written.text.ends_with('\r') {
            self.encode(line_end(written.crlf), bytes);
        }
    }

    fn encode(&self, text: &str, bytes: &mut Vec<u8>) {
        match self.layout().encoded.encoding {
            None => bytes.extend_from_slice(text.as_bytes()),
            Some(encoding) => encode(encoding, text, bytes),
        }
    }
}

fn line_end(crlf: bool) -> &'static str {
    if crlf { "\r\n" } else { "\n" }
}

/// The text came out of this encoding, and so goes into it. The standard has no encoder of UTF-16.
fn encode(encoding: &'static Encoding, text: &str, bytes: &mut Vec<u8>) {
    match encoding {
        encoding if encoding == UTF_16LE => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
        encoding if encoding == UTF_16BE => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        encoding => bytes.extend_from_slice(&encoding.encode(text).0),
    }
}
