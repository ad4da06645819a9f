//! The fixing of photos, in every format that it decodes: it ends, within its memory, and what it makes is a good photo.
//!
//! A decoder's panic is caught and harms nothing, so it is none of what is looked for here.
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz fix -- -max_total_time=600 -rss_limit_mb=2048 -timeout=60`

#![no_main]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbaImage};
use image_enroll::fuzzing::{Photo, fix_photo, inspect_photo};
use image_enroll_fuzz::plant;
use jpeg_encoder::{ColorType, Encoder};
use libfuzzer_sys::fuzz_target;
use tiff::encoder::{Compression, TiffEncoder, colortype};

const MAX_SIDE: u16 = 64;
const SIDE: u32 = 24;

fuzz_target!(init: plant("fix", &seeds()), |bytes: &[u8]| {
    match fix_photo(bytes, MAX_SIDE) {
        None => {}
        Some(Err(detail)) => assert!(!detail.is_empty(), "a refusal without a word"),
        Some(Ok(photo)) => {
            assert_eq!(inspect_photo(&photo), Photo::Jpeg);
            assert!(photo.len() <= 5_000_000);
            assert_eq!(fix_photo(&photo, MAX_SIDE), None, "what is fixed is good");
            assert_eq!(fix_photo(bytes, MAX_SIDE), Some(Ok(photo)), "the same bytes give the same photo");
        }
    }
});

fn picture() -> DynamicImage {
    RgbaImage::from_fn(SIDE, SIDE, |x, y| {
        [(x * 9) as u8, (y * 9) as u8, (x * y) as u8, (200 + x) as u8].into()
    })
    .into()
}

fn seeds() -> Vec<Vec<u8>> {
    let written = |image: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("a picture");
        bytes.into_inner()
    };
    let (alpha, plain) = (picture(), DynamicImage::from(picture().into_rgb8()));
    let large = plain.resize_exact(100, 80, image::imageops::FilterType::Nearest);
    let mut seeds = vec![
        written(&alpha, ImageFormat::WebP),
        written(&plain, ImageFormat::WebP),
        written(&alpha, ImageFormat::Gif),
        written(&plain, ImageFormat::Bmp),
        written(&large, ImageFormat::Png),
        written(&DynamicImage::from(large.to_rgba16()), ImageFormat::Png),
    ];
    for colors in [ColorType::Luma, ColorType::Rgb, ColorType::Cmyk, ColorType::CmykAsYcck] {
        seeds.push(jpeg(colors, |_| {}));
        seeds.push(jpeg(colors, |encoder| encoder.set_progressive(true)));
        seeds.push(jpeg(colors, |encoder| encoder.set_restart_interval(1)));
    }
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Packbits] {
        seeds.push(tiff::<colortype::RGB8>(
            compression,
            &vec![90; (SIDE * SIDE * 3) as usize],
        ));
        seeds.push(tiff::<colortype::CMYK8>(
            compression,
            &vec![90; (SIDE * SIDE * 4) as usize],
        ));
        seeds.push(tiff::<colortype::Gray16>(
            compression,
            &vec![9_000; (SIDE * SIDE) as usize],
        ));
    }
    seeds.push(tiff::<colortype::RGB8>(
        Compression::Deflate(Default::default()),
        &vec![1; (SIDE * SIDE * 3) as usize],
    ));
    seeds
}

/// Turned by its metadata.
fn jpeg(colors: ColorType, set_up: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    encoder
        .add_exif_metadata(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
        .expect("metadata");
    set_up(&mut encoder);
    let samples: Vec<u8> = (0..SIDE * SIDE * 4).map(|place| (place * place / 7) as u8).collect();
    encoder
        .encode(&samples, SIDE as u16, SIDE as u16, colors)
        .expect("a picture");
    bytes
}

fn tiff<C: colortype::ColorType>(compression: Compression, samples: &[C::Inner]) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes)
        .expect("a header")
        .with_compression(compression);
    encoder.write_image::<C>(SIDE, SIDE, samples).expect("a picture");
    bytes.into_inner()
}
