//! From the bytes of the file to text in UTF-8: hashed as they lie, unpacked, decoded, a piece at a time.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::encoding::Encoded;
use crate::sys::read_at::read_at;

/// Bytes read at a time; large enough that the file system's cost per call does not count.
pub(super) const BUFFER_BYTES: usize = 256 * 1024;

/// Why there is no more text.
#[derive(Debug)]
pub(super) enum TextError {
    Read(io::Error),
    /// The gzip ends before its own end.
    GzipCutOff,
    GzipDamaged(io::Error),
    /// These bytes mean nothing in the encoding; `offset` is that of the first of them.
    Undecodable {
        encoding: &'static str,
        offset: u64,
        bytes: Vec<u8>,
    },
}

/// A pass over the text of a file.
pub(super) struct Text<'a> {
    bytes: Bytes<'a>,
    /// None where the bytes are UTF-8 as they are; whether they are, is looked at later.
    decoding: Option<Decoding>,
}

impl<'a> Text<'a> {
    pub(super) fn new(file: &'a File, encoded: Encoded) -> Self {
        Self {
            bytes: Bytes::new(file, encoded.gzip),
            decoding: encoded.encoding.map(Decoding::new),
        }
    }

    /// Puts more text behind what is in the buffer; false at the end of the file.
    pub(super) fn append(&mut self, buffer: &mut Vec<u8>) -> Result<bool, TextError> {
        match &mut self.decoding {
            None => Ok(self.bytes.append(buffer)? > 0),
            Some(decoding) => decoding.append(&mut self.bytes, buffer),
        }
    }

    /// Which share of the file has been read; what is in memory counts, though nobody may have seen it yet.
    pub(super) fn share_read(&self) -> f64 {
        let hashed = match &self.bytes {
            Bytes::Plain(hashed) => hashed,
            Bytes::Gzip(decoder) => decoder.get_ref(),
        };
        let length = hashed.file.metadata().map_or(0, |metadata| metadata.len());
        hashed.offset as f64 / length.max(hashed.offset).max(1) as f64
    }

    /// The hash of the file's bytes; call it at the end of the file.
    pub(super) fn sha256(self) -> [u8; 32] {
        let hashed = match self.bytes {
            Bytes::Plain(hashed) => hashed,
            Bytes::Gzip(decoder) => decoder.into_inner(),
        };
        hashed.sha256.finalize().into()
    }
}

/// A pass over the bytes of a file, unpacked.
pub(super) enum Bytes<'a> {
    Plain(Hashed<'a>),
    Gzip(MultiGzDecoder<Hashed<'a>>),
}

impl<'a> Bytes<'a> {
    pub(super) fn new(file: &'a File, gzip: bool) -> Self {
        let hashed = Hashed {
            file,
            offset: 0,
            sha256: Sha256::new(),
        };
        match gzip {
            true => Self::Gzip(MultiGzDecoder::new(hashed)),
            false => Self::Plain(hashed),
        }
    }

    /// Puts more bytes behind what is in the buffer, and says how many; none at the end of the file.
    pub(super) fn append(&mut self, buffer: &mut Vec<u8>) -> Result<usize, TextError> {
        let old = buffer.len();
        buffer.resize(old + BUFFER_BYTES, 0);
        let read = self.read(&mut buffer[old..]);
        buffer.truncate(old + read.as_ref().map_or(0, |count| *count));
        read
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TextError> {
        match self {
            Self::Plain(hashed) => hashed.read(buffer).map_err(TextError::Read),
            Self::Gzip(decoder) => decoder.read(buffer).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => TextError::GzipCutOff,
                ErrorKind::InvalidData | ErrorKind::InvalidInput => TextError::GzipDamaged(error),
                _ => TextError::Read(error),
            }),
        }
    }
}

/// The bytes of a file as they lie there, hashed as they go by.
pub(super) struct Hashed<'a> {
    file: &'a File,
    /// How far the file has been read.
    offset: u64,
    sha256: Sha256,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_at(self.file, buffer, self.offset)?;
        self.sha256.update(buffer.get(..count).unwrap_or_default());
        self.offset += count as u64;
        Ok(count)
    }
}

/// An encoding that is not UTF-8, on the way through the file.
struct Decoding {
    encoding: &'static Encoding,
    decoder: Decoder,
    /// What was read and is being decoded.
    piece: Vec<u8>,
    /// Bytes of all pieces before this one.
    before: u64,
    ended: bool,
}

impl Decoding {
    fn new(encoding: &'static Encoding) -> Self {
        Self {
            encoding,
            // The mark stays, and is taken away where that of UTF-8 is.
            decoder: encoding.new_decoder_without_bom_handling(),
            piece: Vec::new(),
            before: 0,
            ended: false,
        }
    }

    /// A character may begin in one piece and end in the next: the decoder keeps its beginning.
    fn append(&mut self, bytes: &mut Bytes<'_>, buffer: &mut Vec<u8>) -> Result<bool, TextError> {
        let old = buffer.len();
        while buffer.len() == old && !self.ended {
            self.before += self.piece.len() as u64;
            self.piece.clear();
            self.ended = bytes.append(&mut self.piece)? == 0;
            self.decode(buffer)?;
        }
        Ok(buffer.len() > old)
    }

    fn decode(&mut self, buffer: &mut Vec<u8>) -> Result<(), TextError> {
        let mut done = 0;
        loop {
            let rest = self.piece.get(done..).unwrap_or_default();
            let most = self.decoder.max_utf8_buffer_length_without_replacement(rest.len());
            let old = buffer.len();
            buffer.resize(old + most.unwrap_or(BUFFER_BYTES), 0);
            let into = buffer.get_mut(old..).unwrap_or_default();
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(rest, into, self.ended);
            buffer.truncate(old + written);
            done += read;
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, behind) => return Err(self.undecodable(done, length, behind)),
            }
        }
    }

    /// The malformed sequence has ended `behind` bytes before what was read; it may have begun in the piece before.
    fn undecodable(&self, done: usize, length: u8, behind: u8) -> TextError {
        let end = done.saturating_sub(behind.into());
        let bytes = self.piece.get(end.saturating_sub(length.into())..end);
        TextError::Undecodable {
            encoding: self.encoding.name(),
            offset: (self.before + end as u64).saturating_sub(length.into()),
            bytes: bytes.unwrap_or_default().to_vec(),
        }
    }
}
