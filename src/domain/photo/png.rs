//! Walks a PNG's chunks from its signature to IEND (PNG specification, third edition).
//!
//! It checks structure and checksums only: it must not decompress image data nor interpret
//! ancillary chunks, so animation, metadata and private chunks all pass.

use super::Cursor;
use super::PhotoDefect::{self, Malformed};

#[cfg(test)]
#[path = "png_tests.rs"]
pub(super) mod tests;

/// The eight bytes every PNG opens with.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1A\n";

const IHDR: [u8; 4] = *b"IHDR";
const PLTE: [u8; 4] = *b"PLTE";
const IDAT: [u8; 4] = *b"IDAT";
const IEND: [u8; 4] = *b"IEND";

/// Largest value of PNG's four-byte integers, for lengths and dimensions alike.
const MAX_INTEGER: u32 = 0x7FFF_FFFF;
const HEADER_BYTES: usize = 13;
const INDEXED_COLOUR: u8 = 3;
const MAX_PALETTE_BYTES: usize = 3 * 256;

/// Checks what follows the signature, up to and including IEND.
pub(super) fn check(mut cursor: Cursor) -> Result<(), PhotoDefect> {
    let mut picture = Picture::begin(&mut Chunk::next(&mut cursor)?)?;
    loop {
        let chunk = Chunk::next(&mut cursor)?;
        if chunk.kind == IEND {
            return picture.finish(&chunk);
        }
        picture.read(&chunk)?;
    }
}

/// A chunk whose checksum holds.
struct Chunk<'a> {
    kind: [u8; 4],
    length: usize,
    /// In front of the data.
    data: Cursor<'a>,
}

impl<'a> Chunk<'a> {
    fn next(cursor: &mut Cursor<'a>) -> Result<Self, PhotoDefect> {
        let length = u32::from_be_bytes(cursor.array()?);
        if length > MAX_INTEGER {
            return Err(Malformed("a chunk longer than PNG allows"));
        }
        let kind = cursor.array()?;
        // A length beyond the address space is certainly beyond the bytes at hand.
        let length = usize::try_from(length).map_err(|_| PhotoDefect::Truncated)?;
        let (data, mut crc) = (*cursor, crc32fast::Hasher::new());
        crc.update(&kind);
        cursor.pass(length, |data| crc.update(data))?;
        let chunk = Self { kind, length, data };
        chunk.check_crc(crc, u32::from_be_bytes(cursor.array()?))?;
        Ok(chunk)
    }

    /// A bad checksum condemns ancillary chunks too: the photo was damaged on its way, and what
    /// else the damage reached is unknown.
    fn check_crc(&self, crc: crc32fast::Hasher, stored: u32) -> Result<(), PhotoDefect> {
        match crc.finalize() == stored {
            true => Ok(()),
            false => Err(Malformed(self.checksum_defect())),
        }
    }

    fn checksum_defect(&self) -> &'static str {
        match self.kind {
            IHDR => "a wrong checksum in the header chunk",
            PLTE => "a wrong checksum in the palette chunk",
            IDAT => "a wrong checksum in an image data chunk",
            IEND => "a wrong checksum in the end chunk",
            _ if self.is_critical() => "a wrong checksum in an unknown chunk",
            _ => "a wrong checksum in an ancillary chunk",
        }
    }

    fn is_named_in_letters(&self) -> bool {
        self.kind.iter().all(u8::is_ascii_alphabetic)
    }

    /// A capital first letter says that the picture cannot be shown without the chunk.
    fn is_critical(&self) -> bool {
        let [first, ..] = self.kind;
        first.is_ascii_uppercase()
    }
}

/// How far the run of IDAT chunks, which nothing may interrupt, has come.
#[derive(PartialEq, Eq)]
enum ImageData {
    Awaited,
    Running,
    Ended,
}

/// What the chunks so far have told of the picture.
struct Picture {
    indexed: bool,
    has_palette: bool,
    image_data: ImageData,
    /// Some IDAT chunk holds a byte; empty ones are legal but make no picture.
    has_pixels: bool,
}

impl Picture {
    fn begin(header: &mut Chunk) -> Result<Self, PhotoDefect> {
        if header.kind != IHDR {
            return Err(Malformed("another chunk before the header chunk"));
        }
        Ok(Self {
            indexed: check_header(header)? == INDEXED_COLOUR,
            has_palette: false,
            image_data: ImageData::Awaited,
            has_pixels: false,
        })
    }

    fn read(&mut self, chunk: &Chunk) -> Result<(), PhotoDefect> {
        if chunk.kind == IDAT {
            return self.take_image_data(chunk.length);
        }
        if self.image_data == ImageData::Running {
            self.image_data = ImageData::Ended;
        }
        match chunk.kind {
            IHDR => Err(Malformed("a second header chunk")),
            PLTE => self.take_palette(chunk.length),
            _ if !chunk.is_named_in_letters() => Err(Malformed("a chunk not named in letters")),
            _ if chunk.is_critical() => Err(Malformed("an unknown critical chunk")),
            _ => Ok(()),
        }
    }

    /// Only an indexed picture depends on its palette. Elsewhere it is a mere suggestion that
    /// decoders ignore when it is odd, so its length and place are judged in the former only.
    fn take_palette(&mut self, length: usize) -> Result<(), PhotoDefect> {
        if self.has_palette {
            return Err(Malformed("a second palette"));
        }
        let legal = (3..=MAX_PALETTE_BYTES).contains(&length) && length.is_multiple_of(3);
        if self.indexed && !legal {
            return Err(Malformed("a palette of the wrong length"));
        }
        self.has_palette = true;
        Ok(())
    }

    fn take_image_data(&mut self, length: usize) -> Result<(), PhotoDefect> {
        if self.image_data == ImageData::Ended {
            return Err(Malformed("image data interrupted by another chunk"));
        }
        if self.indexed && !self.has_palette {
            return Err(Malformed("no palette before the image data that needs it"));
        }
        self.image_data = ImageData::Running;
        self.has_pixels |= length > 0;
        Ok(())
    }

    fn finish(&self, end: &Chunk) -> Result<(), PhotoDefect> {
        if end.length > 0 {
            return Err(Malformed("an end chunk that is not empty"));
        }
        if !self.has_pixels {
            return Err(Malformed("no image data"));
        }
        Ok(())
    }
}

/// Checks the fields of IHDR and tells the colour type.
fn check_header(header: &mut Chunk) -> Result<u8, PhotoDefect> {
    if header.length != HEADER_BYTES {
        return Err(Malformed("a header chunk of the wrong length"));
    }
    let [
        w3,
        w2,
        w1,
        w0,
        h3,
        h2,
        h1,
        h0,
        depth,
        colour,
        compression,
        filter,
        interlace,
    ] = header.data.array::<HEADER_BYTES>()?;
    check_dimension([w3, w2, w1, w0])?;
    check_dimension([h3, h2, h1, h0])?;
    check_depth(colour, depth)?;
    match (compression, filter, interlace) {
        (0, 0, 0 | 1) => Ok(colour),
        _ => Err(Malformed("an unknown compression, filter or interlace method")),
    }
}

fn check_dimension(bytes: [u8; 4]) -> Result<(), PhotoDefect> {
    match u32::from_be_bytes(bytes) {
        0 => Err(Malformed("a width or height of zero")),
        1..=MAX_INTEGER => Ok(()),
        _ => Err(Malformed("a width or height larger than PNG allows")),
    }
}

fn check_depth(colour: u8, depth: u8) -> Result<(), PhotoDefect> {
    match (colour, depth) {
        (0, 1 | 2 | 4 | 8 | 16) | (INDEXED_COLOUR, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8 | 16) => Ok(()),
        _ => Err(Malformed("an illegal pair of colour type and bit depth")),
    }
}
