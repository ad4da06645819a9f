//! Walks a JPEG's segments from the start of image to the end of image (ITU-T T.81, annex B).
//!
//! It checks structure only: it must not decode entropy-coded data nor look inside application
//! segments, whose thumbnails are JPEGs of their own. Every coding process of T.81 is accepted.

use std::borrow::Cow;

use super::Cursor;
use super::PhotoDefect::{self, Malformed};

#[cfg(test)]
#[path = "jpeg_tests.rs"]
pub(super) mod tests;

/// The marker every JPEG opens with.
pub(super) const START_OF_IMAGE: [u8; 2] = [MARKER_PREFIX, SOI];

const MARKER_PREFIX: u8 = 0xFF;
/// A zero after 0xFF is no marker: it makes the 0xFF a byte of data.
const STUFFING: u8 = 0x00;
const TEM: u8 = 0x01;
const SOF0: u8 = 0xC0;
const SOF3: u8 = 0xC3;
const DHT: u8 = 0xC4;
const SOF5: u8 = 0xC5;
const SOF7: u8 = 0xC7;
const SOF9: u8 = 0xC9;
const SOF11: u8 = 0xCB;
const DAC: u8 = 0xCC;
const SOF13: u8 = 0xCD;
const SOF15: u8 = 0xCF;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DNL: u8 = 0xDC;
const DRI: u8 = 0xDD;
const DHP: u8 = 0xDE;
const EXP: u8 = 0xDF;
const APP0: u8 = 0xE0;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

/// Checks what follows the start of image, up to and including the end of image.
pub(super) fn check(mut cursor: Cursor) -> Result<(), PhotoDefect> {
    let mut picture = Picture::default();
    loop {
        match next_marker(&mut cursor)? {
            EOI => return picture.finish(),
            marker => picture.read(marker, &mut cursor)?,
        }
    }
}

/// What the segments so far have told of the picture.
#[derive(Default)]
struct Picture {
    frame: Option<Frame>,
    /// A DHP segment was met, so several frames may build the picture up.
    hierarchical: bool,
}

impl Picture {
    fn read(&mut self, marker: u8, cursor: &mut Cursor) -> Result<(), PhotoDefect> {
        match marker {
            // Neither has parameters, and decoders skip a restart that strayed out of a scan.
            TEM | RST0..=RST7 => Ok(()),
            SOI => Err(Malformed("a second start of image inside the picture")),
            SOS => self.scan(cursor),
            SOF0..=SOF3 | SOF5..=SOF7 | SOF9..=SOF11 | SOF13..=SOF15 => {
                self.begin_frame(Frame::parse(marker, &segment(cursor)?)?)
            }
            DHP => {
                self.hierarchical = true;
                segment(cursor).map(drop)
            }
            // Decoders pass over a DNL that does not stand right behind the first scan, where the frame takes it.
            DHT | DAC | DQT | DNL | DRI | EXP | APP0..=APP15 | COM => segment(cursor).map(drop),
            // What is left is reserved (RES, JPG, JPG0 to JPG13, JPEG-LS among them): common
            // decoders refuse it, and after corrupt data it is what chance leaves behind.
            _ => Err(Malformed("a marker that no JPEG photo uses")),
        }
    }

    fn begin_frame(&mut self, frame: Frame) -> Result<(), PhotoDefect> {
        match &self.frame {
            Some(_) if !self.hierarchical => return Err(Malformed("a second frame header")),
            Some(previous) => previous.finish()?,
            None => {}
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn scan(&mut self, cursor: &mut Cursor) -> Result<(), PhotoDefect> {
        let header = segment(cursor)?;
        let frame = self.frame.as_mut();
        let frame = frame.ok_or(Malformed("a scan before the frame header"))?;
        frame.check_scan_header(&header)?;
        if !skip_entropy_coded_data(cursor)? && frame.huffman {
            return Err(Malformed("a scan without image data"));
        }
        if !frame.scanned {
            frame.take_lines(cursor)?;
        }
        frame.scanned = true;
        Ok(())
    }

    fn finish(&self) -> Result<(), PhotoDefect> {
        let frame = self.frame.as_ref();
        frame.ok_or(Malformed("no frame header"))?.finish()
    }
}

/// A frame header and how far its scans have come.
struct Frame {
    components: u8,
    /// False while the height is zero, which leaves it to a DNL segment behind the first scan.
    lines_known: bool,
    /// Non-differential Huffman coding spends at least a bit on every scan; an arithmetic coder
    /// may drop its trailing zeros and so leave a scan of a plain picture without a byte.
    huffman: bool,
    scanned: bool,
}

impl Frame {
    fn parse(marker: u8, segment: &[u8]) -> Result<Self, PhotoDefect> {
        let &[precision, y1, y0, x1, x0, components, ref specs @ ..] = segment else {
            return Err(Malformed("a frame header of the wrong length"));
        };
        check_precision(marker, precision)?;
        check_component_specs(components, specs)?;
        if (x1, x0) == (0, 0) {
            return Err(Malformed("a width of zero"));
        }
        Ok(Self {
            components,
            lines_known: (y1, y0) != (0, 0),
            huffman: marker <= SOF3,
            scanned: false,
        })
    }

    fn check_scan_header(&self, header: &[u8]) -> Result<(), PhotoDefect> {
        let (&count, rest) = header.split_first().unwrap_or((&0, &[]));
        // A selector of two bytes for each component, then Ss, Se, and Ah with Al.
        if rest.len() != 2 * usize::from(count) + 3 {
            return Err(Malformed("a scan header of the wrong length"));
        }
        if !(1..=self.components.min(4)).contains(&count) {
            return Err(Malformed("a scan with an impossible number of components"));
        }
        Ok(())
    }

    /// Takes the DNL segment that may follow the first scan and nothing else (B.2.5): the height, where it was
    /// left open.
    fn take_lines(&mut self, cursor: &mut Cursor) -> Result<(), PhotoDefect> {
        let mut ahead = *cursor;
        if next_marker(&mut ahead)? != DNL {
            return Ok(());
        }
        let [high, low] = *segment(&mut ahead)? else {
            return Err(Malformed("a DNL segment of the wrong length"));
        };
        *cursor = ahead;
        self.lines_known |= (high, low) != (0, 0);
        Ok(())
    }

    fn finish(&self) -> Result<(), PhotoDefect> {
        if !self.scanned {
            return Err(Malformed("no scan"));
        }
        if !self.lines_known {
            return Err(Malformed(
                "a height of zero, which no DNL segment behind the first scan replaces",
            ));
        }
        Ok(())
    }
}

/// Baseline strictly has 8 bits, yet 12 passes there too: libjpeg does not hold it against a
/// frame that it is labelled baseline, so such a photo opens where 12-bit photos open at all.
fn check_precision(marker: u8, precision: u8) -> Result<(), PhotoDefect> {
    let lossless = marker & 0b11 == 0b11;
    match precision {
        8 | 12 => Ok(()),
        2..=16 if lossless => Ok(()),
        _ => Err(Malformed("an impossible sample precision")),
    }
}

/// Each specification is an identifier, two sampling factors in one byte, and a table selector.
fn check_component_specs(components: u8, specs: &[u8]) -> Result<(), PhotoDefect> {
    if components == 0 || specs.len() != 3 * usize::from(components) {
        return Err(Malformed("a frame header of the wrong length"));
    }
    let factors = specs.iter().skip(1).step_by(3);
    let legal = |factor: u8| (1..=4).contains(&factor);
    if !factors.map(|f| (f >> 4, f & 0xF)).all(|(h, v)| legal(h) && legal(v)) {
        return Err(Malformed("an impossible sampling factor"));
    }
    Ok(())
}

/// Takes the parameters of a segment, whose length counts its own two bytes.
fn segment<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, [u8]>, PhotoDefect> {
    let length = u16::from_be_bytes(cursor.array()?);
    let parameters = length.checked_sub(2);
    let parameters = parameters.ok_or(Malformed("a segment shorter than its own length field"))?;
    cursor.take(usize::from(parameters))
}

/// Takes the marker that stands here. Segments follow each other without a gap, but for fill bytes, which
/// belong to the marker (B.1.1.2); a stuffed zero is legal in a scan only.
fn next_marker(cursor: &mut Cursor) -> Result<u8, PhotoDefect> {
    const GAP: PhotoDefect = Malformed("bytes between segments that belong to none");
    if cursor.array()? != [MARKER_PREFIX] {
        return Err(GAP);
    }
    match marker_code(cursor)? {
        STUFFING => Err(GAP),
        code => Ok(code),
    }
}

/// Skips a scan's data and restart markers, stops in front of the marker that ends the scan, and
/// tells whether there was any data.
fn skip_entropy_coded_data(cursor: &mut Cursor) -> Result<bool, PhotoDefect> {
    let mut any = false;
    loop {
        any |= cursor.skip_to(MARKER_PREFIX)? > 0;
        let marker = *cursor;
        match marker_code(cursor)? {
            STUFFING => any = true,
            RST0..=RST7 => {}
            _ => {
                *cursor = marker;
                return Ok(any);
            }
        }
    }
}

/// Takes a marker's prefix, which fill bytes may repeat any number of times, and its code.
fn marker_code(cursor: &mut Cursor) -> Result<u8, PhotoDefect> {
    loop {
        let [byte] = cursor.array()?;
        if byte != MARKER_PREFIX {
            return Ok(byte);
        }
    }
}
