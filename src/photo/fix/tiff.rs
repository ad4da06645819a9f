//! Decoding the first picture of a TIFF: gray, RGB and CMYK of 8 and 16 bits, plain or packed by LZW, Deflate or
//! PackBits. What cameras and scanners write for photos is among these; JPEG inside TIFF is not.

use std::io::Cursor;

use image::metadata::Orientation;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::FixError;
use super::fixer::MAX_MEMORY;
use super::head::{Head, Jpeg};
use super::picture::Picture;
use super::samples::{Layout, of_16_bits};

/// Most bytes of a tag's value: a colour profile.
const MAX_TAG_BYTES: usize = 2 * 1024 * 1024;

/// A picture whose directory is read.
pub(super) struct Opened<'a> {
    decoder: Decoder<Cursor<&'a [u8]>>,
    layout: Layout,
    bits: u8,
    pub(super) head: Head,
}

/// Reads the directory, and nothing of the pixels.
pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, FixError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_MEMORY as usize;
    limits.intermediate_buffer_size = MAX_MEMORY as usize;
    limits.ifd_value_size = MAX_TAG_BYTES;
    if claims_long_text(bytes) == Some(true) {
        return Err(FixError::Malformed(
            "it names a text that is longer than the file".into(),
        ));
    }
    let decoder = Decoder::new(Cursor::new(bytes)).map_err(undecodable)?;
    let mut decoder = decoder.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(undecodable)?;
    let (layout, bits) = layout(decoder.colortype().map_err(undecodable)?)?;
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation).unwrap_or_default();
    let orientation = orientation
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms);
    let jpeg = Jpeg::default();
    let head = Head {
        width,
        height,
        orientation,
        jpeg,
    };
    Ok(Opened {
        decoder,
        layout,
        bits,
        head,
    })
}

/// Whether an entry of the first directory is a text of more bytes than there are; none where the directory is cut.
///
/// The decoder refuses such an entry too, and writes a line for its own developers to stderr (tiff 0.11.3).
fn claims_long_text(bytes: &[u8]) -> Option<bool> {
    const TEXT: u64 = 2;
    const BIG: u64 = 43;
    let number = |at, width| number(bytes, at, width);
    // Where the directory is, and the widths of its counts and of an entry's.
    let (directory, wide, narrow) = match number(2, 2)? {
        BIG => (number(8, 8)?, 8, 8),
        _ => (number(4, 4)?, 2, 4),
    };
    let entry = 4 + 2 * narrow;
    let mut at = directory.checked_add(wide)?;
    for _ in 0..number(directory, wide)? {
        if number(at + 2, 2)? == TEXT && number(at + 4, narrow)? > bytes.len() as u64 {
            return Some(true);
        }
        at += entry;
    }
    Some(false)
}

/// In the order of bytes that the file has.
fn number(bytes: &[u8], at: u64, width: u64) -> Option<u64> {
    let (start, end) = (usize::try_from(at).ok()?, usize::try_from(at.checked_add(width)?).ok()?);
    let number = bytes.get(start..end)?.iter();
    let join = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
    Some(match bytes.starts_with(b"MM") {
        true => number.fold(0, join),
        false => number.rev().fold(0, join),
    })
}

fn layout(colors: ColorType) -> Result<(Layout, u8), FixError> {
    match colors {
        ColorType::Gray(bits @ (8 | 16)) => Ok((Layout::Gray, bits)),
        ColorType::GrayA(bits @ (8 | 16)) => Ok((Layout::GrayAlpha, bits)),
        ColorType::RGB(bits @ (8 | 16)) => Ok((Layout::Rgb, bits)),
        ColorType::RGBA(bits @ (8 | 16)) => Ok((Layout::RgbAlpha, bits)),
        ColorType::CMYK(bits @ (8 | 16)) => Ok((Layout::Cmyk, bits)),
        other => Err(FixError::Malformed(format!(
            "this kind of TIFF ({other:?}) cannot be decoded here; save the photo as a JPEG"
        ))),
    }
}

impl Opened<'_> {
    /// Most bytes that decoding takes: what the decoder gives, 8 bits of it, and that without alpha or inks.
    pub(super) fn memory(&self) -> u64 {
        let pixels = u64::from(self.head.width) * u64::from(self.head.height);
        let samples = self.layout.channels() as u64;
        pixels.saturating_mul(samples * u64::from(self.bits / 8) + samples + 3)
    }

    pub(super) fn decode(mut self) -> Result<Picture, FixError> {
        let profile = self.decoder.get_tag_u8_vec(Tag::IccProfile).ok();
        if self.decoder.image_buffer_layout().map_err(undecodable)?.planes > 1 {
            let detail = "a TIFF with its colours apart cannot be decoded here; save the photo as a JPEG";
            return Err(FixError::Malformed(detail.into()));
        }
        let samples = match self.decoder.read_image().map_err(undecodable)? {
            DecodingResult::U8(samples) => samples,
            DecodingResult::U16(samples) => of_16_bits(samples.into_iter()),
            _ => return Err(FixError::Malformed("its samples are no whole numbers".into())),
        };
        Picture::new((self.head.width, self.head.height), self.layout, samples, profile)
    }
}

fn undecodable(error: TiffError) -> FixError {
    match error {
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            FixError::Truncated("the picture's data end too early".into())
        }
        TiffError::LimitsExceeded => FixError::TooLarge("decoding it would take too much memory".into()),
        TiffError::UnsupportedError(kind) => FixError::Malformed(format!(
            "this kind of TIFF cannot be decoded here ({kind}); save the photo as a JPEG"
        )),
        error => FixError::Malformed(format!("the picture cannot be decoded: {error}")),
    }
}
