//! Decoding a JPEG, at once at half, a quarter or an eighth of its size where that is enough.

use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::FixError;
use super::head::{Head, Jpeg};
use super::picture::Picture;
use super::samples::{Layout, of_16_bits};
use super::scans::Scans;

/// Most scans of a JPEG: cameras and web sites use up to a dozen. Each may go over all of the picture, so that a small
/// file with thousands of them would take hours.
const MAX_SCANS: usize = 256;

/// Decodes it with sides not shorter than `wanted`, as far as the decoder can scale.
pub(super) fn decode(bytes: &[u8], head: &Head, wanted: (u32, u32)) -> Result<Picture, FixError> {
    if memchr::memmem::find_iter(bytes, b"\xFF\xDA").nth(MAX_SCANS).is_some() {
        return Err(FixError::Malformed(format!("it has more than {MAX_SCANS} scans")));
    }
    let mut decoder = Decoder::new(Scans::of(bytes));
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    decoder.scale(side(wanted.0), side(wanted.1)).map_err(undecodable)?;
    let colors = head.jpeg.colors().filter(|_| head.jpeg.components == 3);
    if colors.is_some() {
        // The samples as they stand, YCC among them.
        decoder.set_color_transform(ColorTransform::RGB);
    }
    let samples = decoder.decode().map_err(undecodable)?;
    let info = decoder
        .info()
        .ok_or_else(|| FixError::Malformed("it has no frame".into()))?;
    let sides = (info.width.into(), info.height.into());
    let (layout, samples) = match info.pixel_format {
        PixelFormat::L8 => (Layout::Gray, samples),
        PixelFormat::L16 => (
            Layout::Gray,
            of_16_bits(samples.as_chunks().0.iter().copied().map(u16::from_ne_bytes)),
        ),
        PixelFormat::RGB24 => (colors.unwrap_or(Layout::Rgb), samples),
        PixelFormat::CMYK32 => (Layout::Cmyk, inks(samples, head.jpeg)),
    };
    Picture::new(sides, layout, samples, decoder.icc_profile())
}

/// The decoder takes all CMYK for inverted, as Adobe writes it and says so; without its word the inks stand as they are.
fn inks(mut samples: Vec<u8>, jpeg: Jpeg) -> Vec<u8> {
    if jpeg.adobe.is_none() {
        samples.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    samples
}

/// Most bytes that decoding takes.
pub(super) fn memory(head: &Head, wanted: (u32, u32)) -> u64 {
    let components = u64::from(head.jpeg.components);
    let samples = u64::from(head.width) * u64::from(head.height) * components;
    // The scales are powers of two; the next one would be too small.
    let (wide, narrow) = (head.width.max(head.height), wanted.0.max(wanted.1).max(1));
    let scale = u64::from((wide / narrow).clamp(1, 8));
    let scale = 1 << scale.ilog2();
    // The planes, then the pixels of them; and of what is not baseline all coefficients, of two bytes each.
    let coefficients = if head.jpeg.progressive { samples * 2 } else { 0 };
    samples / (scale * scale) * 2 + coefficients
}

fn undecodable(error: Error) -> FixError {
    match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            FixError::Truncated("the picture's data end too early".into())
        }
        Error::Unsupported(feature) => FixError::Malformed(format!(
            "this kind of JPEG cannot be decoded here ({feature:?}); save the photo anew as a common JPEG"
        )),
        error => FixError::Malformed(format!("the picture's data are damaged: {error}")),
    }
}
