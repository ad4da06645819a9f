//! A decoded picture: scaled, turned upright, encoded.

use std::f64::consts::PI;

use fast_image_resize as resize;
use image::{DynamicImage, ImageBuffer, metadata::Orientation};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, EncodingError, SamplingFactor};
use resize::images::Image;
use resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::FixError;
use super::samples::{Layout, flatten};
use crate::domain::photo::MAX_PHOTO_BYTES;

/// Quality of a fixed photo, and the second one where the first has too many bytes for the API.
const QUALITIES: [u8; 2] = [90, 75];
/// Largest colour profile that is kept; those of screens and cameras have 500 bytes to some 100 kB.
const MAX_PROFILE_BYTES: usize = 1024 * 1024;

/// A picture without alpha, 8 bits a sample.
pub(super) struct Picture {
    width: u32,
    height: u32,
    /// One byte for each sample of a pixel. What is decoded from YCC stays so: it is scaled and turned as well as RGB, and
    /// nothing is lost on the way there and back.
    colors: ColorType,
    samples: Vec<u8>,
    profile: Option<Vec<u8>>,
}

impl Picture {
    /// Of a decoder's samples. A profile for other colours than those that are left, such as one of CMYK, is dropped.
    pub(super) fn new(
        (width, height): (u32, u32),
        layout: Layout,
        samples: Vec<u8>,
        profile: Option<Vec<u8>>,
    ) -> Result<Self, FixError> {
        let pixels = width as usize * height as usize;
        if pixels == 0 || samples.len() != pixels * layout.channels() {
            return Err(FixError::Malformed(
                "its decoder gave another number of samples than pixels".into(),
            ));
        }
        let (colors, space) = match layout {
            Layout::Gray | Layout::GrayAlpha => (ColorType::Luma, b"GRAY"),
            Layout::Ycc => (ColorType::Ycbcr, b"RGB "),
            Layout::Rgb | Layout::RgbAlpha | Layout::Cmyk => (ColorType::Rgb, b"RGB "),
        };
        let fits =
            |profile: &Vec<u8>| profile.len() <= MAX_PROFILE_BYTES && profile.get(16..20) == Some(space.as_slice());
        Ok(Self {
            width,
            height,
            colors,
            samples: flatten(samples, layout),
            profile: profile.filter(fits),
        })
    }

    /// With these sides, by Lanczos' filter.
    pub(super) fn scaled(self, (width, height): (u32, u32)) -> Result<Self, FixError> {
        if (self.width, self.height) == (width, height) {
            return Ok(self);
        }
        let pixels = if self.is_gray() { PixelType::U8 } else { PixelType::U8x3 };
        let source = Image::from_vec_u8(self.width, self.height, self.samples, pixels).map_err(defect)?;
        let mut scaled = Image::new(width, height, pixels);
        let filter = resize::Filter::new("Lanczos3", lanczos3, 3.0).map_err(defect)?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Custom(filter)));
        Resizer::new().resize(&source, &mut scaled, &options).map_err(defect)?;
        Ok(Self {
            width,
            height,
            samples: scaled.into_vec(),
            ..self
        })
    }

    /// Turned as `orientation` asks.
    pub(super) fn turned(self, orientation: Orientation) -> Result<Self, FixError> {
        if orientation == Orientation::NoTransforms {
            return Ok(self);
        }
        let (width, height) = (self.width, self.height);
        let image = match self.is_gray() {
            true => ImageBuffer::from_raw(width, height, self.samples).map(DynamicImage::ImageLuma8),
            // The places of three samples, whatever their colours are.
            false => ImageBuffer::from_raw(width, height, self.samples).map(DynamicImage::ImageRgb8),
        };
        let mut image = image.ok_or_else(|| defect("a picture that is not whole"))?;
        image.apply_orientation(orientation);
        Ok(Self {
            width: image.width(),
            height: image.height(),
            samples: image.into_bytes(),
            ..self
        })
    }

    /// As a JPEG that the API takes, without any metadata but the colour profile.
    pub(super) fn encoded(&self) -> Result<Vec<u8>, FixError> {
        for quality in QUALITIES {
            let jpeg = self.encoded_at(quality).map_err(defect)?;
            if jpeg.len() as u64 <= MAX_PHOTO_BYTES {
                return Ok(jpeg);
            }
        }
        Err(FixError::TooLarge(format!(
            "as a JPEG of {}x{} pixels it still has more than {MAX_PHOTO_BYTES} bytes; name a smaller --max-side",
            self.width, self.height
        )))
    }

    fn encoded_at(&self, quality: u8) -> Result<Vec<u8>, EncodingError> {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, quality);
        // As cameras do: a face is told by its light, of which nothing is left out.
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        if let Some(profile) = &self.profile {
            encoder.add_icc_profile(profile)?;
        }
        encoder.encode(&self.samples, side(self.width), side(self.height), self.colors)?;
        Ok(jpeg)
    }

    fn is_gray(&self) -> bool {
        self.colors == ColorType::Luma
    }
}

/// The sides of a picture that is scaled, if it has to be, so that the longer one has at most `max_side` pixels.
pub(super) fn fit((width, height): (u32, u32), max_side: u16) -> (u32, u32) {
    let (longer, most) = (u64::from(width.max(height)), u64::from(max_side));
    if longer <= most {
        return (width, height);
    }
    let scaled = |side: u32| ((u64::from(side) * most + longer / 2) / longer).max(1) as u32;
    (scaled(width), scaled(height))
}

/// The encoder refuses a side of no pixels.
fn side(pixels: u32) -> u16 {
    u16::try_from(pixels).unwrap_or_default()
}

/// The same on every machine, which the sine of the system's library is not.
fn lanczos3(x: f64) -> f64 {
    const LOBES: f64 = 3.0;
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { libm::sin(x * PI) / (x * PI) };
    if (-LOBES..LOBES).contains(&x) {
        sinc(x) * sinc(x / LOBES)
    } else {
        0.0
    }
}

fn defect(error: impl std::fmt::Display) -> FixError {
    FixError::Malformed(format!("the picture could not be encoded anew: {error}"))
}
