//! Pictures that tests draw, in every format, and how they are looked at afterwards.

use std::io::Cursor;

use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use tiff::encoder::{TiffEncoder, colortype::RGB8};
use tiff::tags::Tag;

/// The quarters, from the upper left one on, line by line.
pub(super) const COLORS: [[u8; 3]; 4] = [[220, 30, 30], [30, 200, 40], [40, 50, 210], [230, 220, 40]];
/// How far a colour may be from what was drawn: chroma is halved, and scaling mixes.
const TOLERANCE: u8 = 12;

/// A picture of RGB.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Vec<u8>,
}

impl Drawing {
    pub(super) fn by(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = pixels.flat_map(|(x, y)| color(x, y)).collect();
        Self { width, height, samples }
    }

    /// Four coloured quarters.
    pub(super) fn of(width: u32, height: u32) -> Self {
        Self::by(width, height, |x, y| {
            COLORS[usize::from(x >= width.div_ceil(2)) + 2 * usize::from(y >= height.div_ceil(2))]
        })
    }

    /// The quarters, hidden in noise.
    pub(super) fn noise(width: u32, height: u32) -> Self {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut drawing = Self::of(width, height);
        for sample in &mut drawing.samples {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *sample = sample.wrapping_add((state >> 32) as u8 & 0x7F);
        }
        drawing
    }

    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let place = (y * self.width + x) as usize * 3;
        self.samples[place..place + 3].try_into().unwrap()
    }

    /// As a camera stores what is seen like this. Exif 2.32, 4.6.5.4.1: which side of what is seen is the 0th row, and
    /// which the 0th column.
    pub(super) fn stored(&self, orientation: u8) -> Self {
        let (right, bottom) = (self.width - 1, self.height - 1);
        let (width, height) = match orientation {
            5..=8 => (self.height, self.width),
            _ => (self.width, self.height),
        };
        Self::by(width, height, |column, row| match orientation {
            1 => self.at(column, row),
            2 => self.at(right - column, row),
            3 => self.at(right - column, bottom - row),
            4 => self.at(column, bottom - row),
            5 => self.at(row, column),
            6 => self.at(right - row, column),
            7 => self.at(right - row, bottom - column),
            8 => self.at(row, bottom - column),
            _ => unreachable!("{orientation}"),
        })
    }

    pub(super) fn seen(bytes: &[u8]) -> Self {
        let image = super::decoded(bytes).into_rgb8();
        Self {
            width: image.width(),
            height: image.height(),
            samples: image.into_raw(),
        }
    }

    /// That it has these sides, and these colours in the middle of each quarter and near each corner.
    pub(super) fn is_like(&self, other: &Self, name: &str) {
        assert_eq!((self.width, self.height), (other.width, other.height), "{name}");
        for (x, y) in [(4, 4), (1, 1), (4, 1), (1, 4)].map(|(x, y)| (self.width * x / 5, self.height * y / 5)) {
            for (seen, drawn) in [(x.min(self.width - 1), y.min(self.height - 1))]
                .into_iter()
                .flat_map(|(x, y)| self.at(x, y).into_iter().zip(other.at(x, y)))
            {
                assert!(
                    seen.abs_diff(drawn) <= TOLERANCE,
                    "{name}: {:?} at {x}, {y}, drawn {:?}",
                    self.at(x, y),
                    other.at(x, y)
                );
            }
        }
    }

    pub(super) fn image(&self) -> DynamicImage {
        RgbImage::from_raw(self.width, self.height, self.samples.clone())
            .unwrap()
            .into()
    }

    pub(super) fn png(&self) -> Vec<u8> {
        encoded(&self.image(), ImageFormat::Png)
    }
}

pub(super) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn jpeg(drawing: &Drawing) -> Vec<u8> {
    jpeg_with(drawing, |_| {})
}

pub(super) fn jpeg_with(drawing: &Drawing, set_up: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    encode_jpeg(drawing, &drawing.samples, ColorType::Rgb, set_up)
}

pub(super) fn encode_jpeg(
    drawing: &Drawing,
    samples: &[u8],
    colors: ColorType,
    set_up: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    set_up(&mut encoder);
    encoder
        .encode(samples, drawing.width as u16, drawing.height as u16, colors)
        .unwrap();
    bytes
}

/// A JPEG whose metadata ask for this orientation.
pub(super) fn with_exif(drawing: &Drawing, orientation: u8) -> Vec<u8> {
    jpeg_with(drawing, |encoder| {
        encoder.add_exif_metadata(&exif(orientation)).unwrap()
    })
}

/// Exif metadata with nothing but an orientation, big-endian.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    [
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation],
        &[0; 6],
    ]
    .concat()
}

/// A PNG with one chunk more, before or behind its pixels.
pub(super) fn with_chunk(png: &[u8], kind: &[u8; 4], data: &[u8], behind: bool) -> Vec<u8> {
    let place = if behind { png.len() - 12 } else { 33 };
    let body = [kind.as_slice(), data].concat();
    let chunk = [
        &(data.len() as u32).to_be_bytes(),
        body.as_slice(),
        &crc32fast::hash(&body).to_be_bytes(),
    ]
    .concat();
    [&png[..place], &chunk, &png[place..]].concat()
}

pub(super) fn webp_with_exif(drawing: &Drawing, exif: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder
        .write_image(&drawing.samples, drawing.width, drawing.height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

pub(super) fn tiff_with(drawing: &Drawing, orientation: Option<u8>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<RGB8>(drawing.width, drawing.height).unwrap();
    if let Some(orientation) = orientation {
        image
            .encoder()
            .write_tag(Tag::Orientation, u16::from(orientation))
            .unwrap();
    }
    image.write_data(&drawing.samples).unwrap();
    bytes.into_inner()
}

pub(super) fn decode_jpeg(bytes: &[u8]) -> DynamicImage {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let samples = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    let (width, height) = (info.width.into(), info.height.into());
    match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => image::GrayImage::from_raw(width, height, samples).unwrap().into(),
        jpeg_decoder::PixelFormat::RGB24 => RgbImage::from_raw(width, height, samples).unwrap().into(),
        other => panic!("{other:?}"),
    }
}
