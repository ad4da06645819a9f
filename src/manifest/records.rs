//! One pass over the records of a manifest, with the hash of every byte that went by.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use csv::{Position, Reader, ReaderBuilder, StringRecord};
use sha2::{Digest, Sha256};

use super::ManifestError;

/// Bytes read at a time; large enough that the file system's cost per call does not count.
const BUFFER_BYTES: usize = 256 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A pass over a manifest. Records are numbered from 1, the first after the header.
pub(crate) struct Records<'a> {
    reader: Reader<Hashing<'a>>,
    record: StringRecord,
    number: u32,
    /// Where the latest record begins; before the first one, the header.
    begin: Position,
}

impl<'a> Records<'a> {
    pub(super) fn new(file: &'a File) -> Result<Self, ManifestError> {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Hashing {
                file,
                sha256: Sha256::new(),
                chunk: Vec::new(),
                end: 0,
            });
        // Read by itself, so that the first record's place is not taken for the header's.
        reader.headers()?;
        Ok(Self {
            reader,
            record: StringRecord::new(),
            number: 0,
            begin: Position::new(),
        })
    }

    pub(super) fn header(&mut self) -> Result<StringRecord, ManifestError> {
        let header = self.reader.headers()?.clone();
        if header.is_empty() {
            return Err(ManifestError::NoHeader);
        }
        Ok(header)
    }

    /// The next record with its number, or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, &StringRecord)>, ManifestError> {
        if !self.reader.read_record(&mut self.record)? {
            return Ok(None);
        }
        if let Some(position) = self.record.position() {
            self.begin = position.clone();
        }
        self.number = self.number.checked_add(1).ok_or(ManifestError::TooManyRows)?;
        Ok(Some((self.number, &self.record)))
    }

    /// The line on which the latest record begins, as an editor counts them.
    ///
    /// It is counted back from the record's end: what the reader of CSV calls a record's place is the end of the
    /// one before it, and blank lines may stand in between.
    pub(crate) fn line(&self) -> u64 {
        let end = self.reader.position();
        let last = end.byte().checked_sub(1).and_then(|at| self.reader.get_ref().byte(at));
        let quoted = memchr::memchr_iter(b'\n', self.record.as_slice().as_bytes()).count() as u64;
        end.line() - quoted - u64::from(last == Some(b'\n'))
    }

    /// The hash of the whole file; call it after the last record.
    pub(crate) fn sha256(self) -> [u8; 32] {
        self.reader.into_inner().sha256.finalize().into()
    }

    /// The reader of CSV takes a quote that is never closed for one endless field, silently, so the
    /// last record is looked at once more; call it after the last record.
    pub(super) fn check_last_quote(&mut self) -> Result<(), ManifestError> {
        let mut file = self.reader.get_ref().file;
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(self.begin.byte()))
            .map_err(ManifestError::Read)?;
        file.read_to_end(&mut text).map_err(ManifestError::Read)?;
        // A record's place is the end of the one before it, so that line ends may stand in front of it.
        let bom = if self.begin.byte() == 0 { BOM } else { b"" };
        let text = text.strip_prefix(bom).unwrap_or(&text);
        let blank = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let line = self.begin.line() + blank.filter(|byte| **byte == b'\n').count() as u64;
        match ends_in_quote(text) {
            true => Err(ManifestError::OpenQuote { line }),
            false => Ok(()),
        }
    }
}

/// Whether the text ends inside a quoted field; a quote opens one only at the field's beginning.
fn ends_in_quote(text: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum At {
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }
    let end = text.iter().fold(At::FieldStart, |at, byte| match (at, byte) {
        (At::FieldStart, b'"') | (At::QuoteInQuoted, b'"') => At::Quoted,
        (At::Quoted, b'"') => At::QuoteInQuoted,
        (At::Quoted, _) => At::Quoted,
        (_, b',' | b'\n' | b'\r') => At::FieldStart,
        _ => At::Plain,
    });
    end == At::Quoted
}

/// Hashes what passes through.
struct Hashing<'a> {
    file: &'a File,
    sha256: Sha256,
    /// What was read last. The last byte of the latest record lies in it, since no more is read before it is needed.
    chunk: Vec<u8>,
    /// Bytes read so far.
    end: u64,
}

impl Hashing<'_> {
    /// A byte of the latest chunk by its place in the file.
    fn byte(&self, at: u64) -> Option<u8> {
        let begin = self.end - self.chunk.len() as u64;
        let place = usize::try_from(at.checked_sub(begin)?).ok()?;
        self.chunk.get(place).copied()
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(read @ [_, ..]) = buffer.get(..count) {
            self.sha256.update(read);
            self.chunk.clear();
            self.chunk.extend_from_slice(read);
            self.end += count as u64;
        }
        Ok(count)
    }
}
