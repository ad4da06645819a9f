//! What a sound JPEG or PNG says of itself before its pixels: enough to know whether it is good as it lies.
//!
//! Nothing is decoded here. Both walks go over structures that `inspect` has found whole; what they do not understand
//! ends them.

use image::metadata::Orientation;

use super::samples::Layout;

/// Begins the metadata of cameras in an APP1 segment (Exif 2.32, 4.7.2).
const EXIF: &[u8] = b"Exif\0\0";

/// What is known of a picture before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) width: u32,
    pub(super) height: u32,
    /// How it has to be turned to stand upright.
    pub(super) orientation: Orientation,
    pub(super) jpeg: Jpeg,
}

/// What only a JPEG has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Jpeg {
    pub(super) components: u8,
    /// Neither baseline nor extended: all of its coefficients are in memory at once.
    pub(super) progressive: bool,
    /// Neither transformed nor with losses: its components are red, green and blue.
    lossless: bool,
    /// What the first three components are called.
    ids: [u8; 3],
    jfif: bool,
    /// Adobe's word on how the colours are transformed; where it stands, CMYK is inverted.
    pub(super) adobe: Option<u8>,
}

impl Jpeg {
    /// What three components mean: as libjpeg tells it, whose word most of those pictures were looked at by. None for the
    /// names of wide gamuts, of which nothing is known but that they are other colours.
    pub(super) fn colors(&self) -> Option<Layout> {
        match (self.ids, self.adobe) {
            ([1, 34, 35] | [b'r', b'g', b'b'], _) => None,
            _ if self.lossless => Some(Layout::Rgb),
            _ if self.jfif => Some(Layout::Ycc),
            (_, Some(0)) | ([b'R', b'G', b'B'], None) => Some(Layout::Rgb),
            _ => Some(Layout::Ycc),
        }
    }
}

impl Head {
    fn upright() -> Self {
        Self {
            width: 0,
            height: 0,
            orientation: Orientation::NoTransforms,
            jpeg: Jpeg::default(),
        }
    }

    /// Of a sound JPEG.
    pub(super) fn of_jpeg(bytes: &[u8]) -> Self {
        let mut head = Self::upright();
        let mut exif = None;
        let mut rest = bytes.get(2..).unwrap_or_default();
        while let Some((marker, segment, behind)) = next_segment(rest) {
            match marker {
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => head.frame(marker, segment),
                0xE1 if exif.is_none() => exif = segment.strip_prefix(EXIF),
                0xE0 => head.jpeg.jfif |= segment.starts_with(b"JFIF\0"),
                0xEE if segment.starts_with(b"Adobe") => head.jpeg.adobe = segment.get(11).copied(),
                // The picture begins; all that is asked for here stands before it.
                0xDA => break,
                _ => {}
            }
            rest = behind;
        }
        head.turned(exif)
    }

    /// Of a sound PNG. Its metadata may stand before or behind the picture.
    pub(super) fn of_png(bytes: &[u8]) -> Self {
        let mut head = Self::upright();
        let mut exif = None;
        let mut rest = bytes.get(8..).unwrap_or_default();
        while let Some((kind, chunk, behind)) = next_chunk(rest) {
            match (kind, chunk) {
                (b"IHDR", &[a, b, c, d, e, f, g, h, ..]) => {
                    head.width = u32::from_be_bytes([a, b, c, d]);
                    head.height = u32::from_be_bytes([e, f, g, h]);
                }
                (b"eXIf", chunk) if exif.is_none() => exif = Some(chunk),
                (b"IEND", _) => break,
                _ => {}
            }
            rest = behind;
        }
        head.turned(exif)
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) {
        if let &[_, y1, y0, x1, x0, components, ref each @ ..] = segment {
            self.width = u16::from_be_bytes([x1, x0]).into();
            self.height = u16::from_be_bytes([y1, y0]).into();
            self.jpeg.components = components;
            self.jpeg.progressive = marker > 0xC1;
            self.jpeg.lossless = marker & 3 == 3;
            if let &[first, _, _, second, _, _, third, ..] = each {
                self.jpeg.ids = [first, second, third];
            }
        }
    }

    /// An orientation that is none of the eight turns nothing.
    fn turned(self, exif: Option<&[u8]>) -> Self {
        let orientation = exif.and_then(Orientation::from_exif_chunk);
        Self {
            orientation: orientation.unwrap_or(self.orientation),
            ..self
        }
    }
}

/// A segment's marker, its parameters, and what follows it; none at the end or where there is no segment.
pub(super) fn next_segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[0xFF])?;
    let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
    let (&marker, rest) = rest.get(fill..)?.split_first()?;
    match marker {
        0x01 | 0xD0..=0xD7 => Some((marker, &[], rest)),
        0x00 | 0xD8 | 0xD9 => None,
        _ => {
            let (length, rest) = rest.split_first_chunk()?;
            let (segment, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)).checked_sub(2)?)?;
            Some((marker, segment, rest))
        }
    }
}

/// A chunk's type, its data, and what follows its checksum.
fn next_chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
    Some((kind, data, rest.get(4..)?))
}
