//! Decoding PNG, WebP, BMP, and the first frame of a GIF.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageResult, Limits};

use super::fixer::MAX_MEMORY;
use super::head::{Head, Jpeg};
use super::picture::Picture;
use super::samples::{Layout, of_16_bits};
use super::{super::kind::Kind, FixError};

/// A picture whose header is read.
pub(super) struct Opened<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    pub(super) head: Head,
}

/// Reads the header, and nothing of the pixels.
pub(super) fn open(kind: Kind, bytes: &[u8]) -> Result<Opened<'_>, FixError> {
    open_any(kind, Cursor::new(bytes)).map_err(undecodable)
}

fn open_any(kind: Kind, bytes: Cursor<&[u8]>) -> ImageResult<Opened<'_>> {
    let mut decoder: Box<dyn ImageDecoder> = match kind {
        Kind::WebP => Box::new(WebPDecoder::new(bytes)?),
        Kind::Bmp => Box::new(BmpDecoder::new(bytes)?),
        Kind::Gif => Box::new(GifDecoder::new(bytes)?),
        _ => Box::new(PngDecoder::with_limits(bytes, limits())?),
    };
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation()?;
    let jpeg = Jpeg::default();
    let head = Head {
        width,
        height,
        orientation,
        jpeg,
    };
    Ok(Opened { decoder, head })
}

impl Opened<'_> {
    /// Most bytes that decoding takes: what the decoder works in, what it gives, and that without alpha.
    pub(super) fn memory(&self) -> u64 {
        let plain = match self.decoder.color_type() {
            ColorType::L8 | ColorType::Rgb8 => 0,
            _ => u64::from(self.head.width) * u64::from(self.head.height) * 3,
        };
        self.decoder.total_bytes().saturating_mul(2).saturating_add(plain)
    }

    pub(super) fn decode(mut self) -> Result<Picture, FixError> {
        let profile = self.decoder.icc_profile().unwrap_or_default();
        self.decoder.set_limits(limits()).map_err(undecodable)?;
        let colors = self.decoder.color_type();
        let mut samples = vec![0; usize::try_from(self.decoder.total_bytes()).unwrap_or_default()];
        self.decoder.read_image_boxed(&mut samples).map_err(undecodable)?;
        let wide = |samples: Vec<u8>| of_16_bits(samples.as_chunks().0.iter().copied().map(u16::from_ne_bytes));
        let (layout, samples) = match colors {
            ColorType::L8 => (Layout::Gray, samples),
            ColorType::La8 => (Layout::GrayAlpha, samples),
            ColorType::Rgb8 => (Layout::Rgb, samples),
            ColorType::Rgba8 => (Layout::RgbAlpha, samples),
            ColorType::L16 => (Layout::Gray, wide(samples)),
            ColorType::La16 => (Layout::GrayAlpha, wide(samples)),
            ColorType::Rgb16 => (Layout::Rgb, wide(samples)),
            ColorType::Rgba16 => (Layout::RgbAlpha, wide(samples)),
            other => {
                return Err(FixError::Malformed(format!(
                    "its colours ({other:?}) are none of a photo"
                )));
            }
        };
        Picture::new((self.head.width, self.head.height), layout, samples, profile)
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

fn undecodable(error: ImageError) -> FixError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            FixError::Truncated("the picture's data end too early".into())
        }
        ImageError::Limits(_) => FixError::TooLarge("decoding it would take too much memory".into()),
        error => FixError::Malformed(format!("the picture cannot be decoded: {error}")),
    }
}
