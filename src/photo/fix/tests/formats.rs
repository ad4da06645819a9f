//! Every format and kind of colours comes out as what was drawn.

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbaImage};
use jpeg_encoder::ColorType;
use tiff::encoder::{Compression, TiffEncoder, colortype};

use super::drawing::{COLORS, Drawing, encode_jpeg, encoded, exif, jpeg_with, tiff_with};
use super::{fix, fixed};
use crate::photo::fix::FixError;

fn drawing() -> Drawing {
    Drawing::of(80, 60)
}

/// Larger than is wanted, so that it is decoded at half its size where that can be.
fn large() -> Drawing {
    Drawing::of(400, 300)
}

fn comes_out(name: &str, photo: &[u8], wanted: &Drawing) {
    let (seen, fixes) = fixed(photo);
    seen.is_like(wanted, name);
    assert_eq!(fixes, "converted", "{name}");
}

#[test]
fn webp_bmp_tiff_and_gif_are_converted() {
    for format in [ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif] {
        let image = match format {
            ImageFormat::Gif => DynamicImage::ImageRgba8(drawing().image().into_rgba8()),
            _ => drawing().image(),
        };
        comes_out(&format!("{format:?}"), &encoded(&image, format), &drawing());
    }
    comes_out("TIFF", &tiff_with(&drawing(), None), &drawing());
}

#[test]
fn what_is_converted_is_scaled_too_where_it_is_too_large() {
    let (seen, fixes) = fixed(&encoded(&large().image(), ImageFormat::Bmp));
    seen.is_like(&Drawing::of(96, 72), "BMP");
    assert_eq!(fixes, "scaled converted");
    assert_eq!(fixed(&large().png()).1, "scaled converted");
}

#[test]
fn a_gif_shows_its_first_frame() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for drawing in [drawing(), Drawing::by(80, 60, |_, _| [0; 3])] {
        encoder.encode_frame(Frame::new(drawing.image().into_rgba8())).unwrap();
    }
    drop(encoder);
    comes_out("GIF", &bytes, &drawing());
}

#[test]
fn jpegs_of_every_kind_come_out_right() {
    let (drawn, wanted) = (large(), Drawing::of(96, 72));
    let rotated = |set_up: &dyn Fn(&mut jpeg_encoder::Encoder<&mut Vec<u8>>)| jpeg_with(&drawn, set_up);
    for (name, photo) in [
        ("baseline", rotated(&|_| {})),
        ("progressive", rotated(&|encoder| encoder.set_progressive(true))),
        ("restarts", rotated(&|encoder| encoder.set_restart_interval(3))),
        (
            "4:2:0",
            rotated(&|encoder| encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0)),
        ),
        (
            "4:2:2",
            rotated(&|encoder| encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_2)),
        ),
        (
            "4:1:1",
            rotated(&|encoder| encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_1_1)),
        ),
    ] {
        let (seen, fixes) = fixed(&photo);
        seen.is_like(&wanted, name);
        assert_eq!(fixes, "scaled", "{name}");
    }
}

fn inks(drawing: &Drawing) -> Vec<u8> {
    let (pixels, _) = drawing.samples.as_chunks::<3>();
    pixels
        .iter()
        .flat_map(|[r, g, b]| [255 - r, 255 - g, 255 - b, 0])
        .collect()
}

#[test]
fn cmyk_comes_out_right_inverted_or_not() {
    let drawn = large();
    for (name, colors) in [("CMYK", ColorType::Cmyk), ("YCCK", ColorType::CmykAsYcck)] {
        let photo = encode_jpeg(&drawn, &inks(&drawn), colors, |_| {});
        assert!(memchr::memmem::find(&photo, b"Adobe").is_some());
        fixed(&photo).0.is_like(&Drawing::of(96, 72), name);
    }
    // Without Adobe's word the inks stand as they are: the same file, inks inverted and the word taken out.
    let inverted: Vec<u8> = inks(&drawn).iter().map(|ink| 255 - ink).collect();
    let mut photo = encode_jpeg(&drawn, &inverted, ColorType::Cmyk, |_| {});
    let word = memchr::memmem::find(&photo, b"Adobe").unwrap();
    photo[word..word + 5].copy_from_slice(b"other");
    fixed(&photo).0.is_like(&Drawing::of(96, 72), "CMYK without a word");
}

/// What three components mean is told by the segments before them, as libjpeg tells it.
#[test]
fn red_green_and_blue_that_are_not_transformed_come_out_right() {
    let drawn = large();
    // The encoder's YCC is what it is given.
    let rgb = encode_jpeg(&drawn, &drawn.samples, ColorType::Ycbcr, |_| {});
    let ycc = jpeg_with(&drawn, |_| {});
    let adobe = |transform: u8| [b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat();
    let names = |jpeg: &[u8], names: &[u8; 3]| {
        let mut jpeg = jpeg.to_vec();
        for (marker, first, step) in [(b"\xFF\xC0", 10, 3), (b"\xFF\xDA", 5, 2)] {
            let at = memchr::memmem::find(&jpeg, marker).unwrap() + first;
            (0..3).for_each(|n| jpeg[at + n * step] = names[n]);
        }
        jpeg
    };
    let jfif = &rgb[2..20];
    assert!(jfif.starts_with(b"\xFF\xE0\0\x10JFIF\0"));
    for (name, segments, jpeg) in [
        ("Adobe's word", adobe(0), &rgb),
        ("Adobe's other word", adobe(1), &ycc),
        ("JFIF beside Adobe's word", [jfif, &adobe(0)].concat(), &ycc),
        ("their names", vec![], &names(&rgb, b"RGB")),
        ("JFIF beside their names", jfif.to_vec(), &names(&ycc, b"RGB")),
        ("names of no meaning", vec![], &names(&ycc, b"xyz")),
    ] {
        let photo = [&jpeg[..2], &segments, &jpeg[20..]].concat();
        fixed(&photo).0.is_like(&Drawing::of(96, 72), name);
    }
    let wide = [&rgb[..2], &names(&rgb, b"rgb")[20..]].concat();
    assert!(matches!(fix(&wide), Err(FixError::Malformed(detail)) if detail.contains("cannot be decoded here")));
}

#[test]
fn gray_stays_gray() {
    let drawn = Drawing::by(200, 150, |x, _| [if x < 100 { 40 } else { 220 }; 3]);
    let gray = drawn.image().into_luma8();
    let wanted = Drawing::by(96, 72, |x, _| [if x < 48 { 40 } else { 220 }; 3]);
    let photo = encode_jpeg(&drawn, &gray, ColorType::Luma, |_| {});
    for (name, photo) in [
        ("JPEG", photo),
        ("PNG", encoded(&gray.clone().into(), ImageFormat::Png)),
        (
            "PNG, 16 bits",
            encoded(&DynamicImage::from(gray).into_luma16().into(), ImageFormat::Png),
        ),
    ] {
        let made = fix(&photo).unwrap().unwrap().bytes;
        assert!(matches!(super::decoded(&made), DynamicImage::ImageLuma8(_)), "{name}");
        Drawing::seen(&made).is_like(&wanted, name);
    }
}

#[test]
fn sixteen_bits_and_palettes_come_out_right() {
    let wanted = Drawing::of(96, 72);
    let deep = encoded(
        &DynamicImage::ImageRgb16(large().image().into_rgb16()),
        ImageFormat::Png,
    );
    fixed(&deep).0.is_like(&wanted, "16 bits");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 400, 300);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(COLORS.concat());
    let places: Vec<u8> = (0..300)
        .flat_map(|y| (0..400).map(move |x| u8::from(x >= 200) + 2 * u8::from(y >= 150)))
        .collect();
    encoder.write_header().unwrap().write_image_data(&places).unwrap();
    fixed(&bytes).0.is_like(&wanted, "a palette");
}

#[test]
fn alpha_lies_over_white() {
    let clear = |pixel: [u8; 3], x: u32| [pixel[0], pixel[1], pixel[2], if x < 40 { 0 } else { 255 }];
    let drawn = drawing();
    let (pixels, _) = drawn.samples.as_chunks::<3>();
    let samples = pixels
        .iter()
        .zip(0..)
        .flat_map(|(pixel, place)| clear(*pixel, place % 80))
        .collect();
    let image = DynamicImage::from(RgbaImage::from_raw(80, 60, samples).unwrap());
    let wanted = Drawing::by(80, 60, |x, y| match (x < 40, y < 30) {
        (true, _) => [255; 3],
        (false, true) => COLORS[1],
        (false, false) => COLORS[3],
    });
    for format in [ImageFormat::WebP, ImageFormat::Gif] {
        comes_out(&format!("{format:?}"), &encoded(&image, format), &wanted);
    }
    let png = encoded(&image, ImageFormat::Png);
    let turned = super::drawing::with_chunk(&png, b"eXIf", &exif(2), false);
    let mirrored = Drawing::by(80, 60, |x, y| match (x < 40, y < 30) {
        (false, _) => [255; 3],
        (true, true) => COLORS[1],
        (true, false) => COLORS[3],
    });
    fixed(&turned).0.is_like(&mirrored, "PNG");
}

#[test]
fn tiffs_of_scanners_and_cameras_come_out_right() {
    let drawn = drawing();
    let samples16: Vec<u16> = drawn.samples.iter().map(|sample| u16::from(*sample) * 257).collect();
    for (name, compression) in [
        ("plain", Compression::Uncompressed),
        ("LZW", Compression::Lzw),
        ("PackBits", Compression::Packbits),
        ("Deflate", Compression::Deflate(Default::default())),
    ] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression);
        encoder.write_image::<colortype::RGB16>(80, 60, &samples16).unwrap();
        comes_out(name, &bytes.into_inner(), &drawn);
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<colortype::CMYK8>(80, 60, &inks(&drawn)).unwrap();
    comes_out("CMYK", &bytes.into_inner(), &drawn);
}

#[test]
fn heic_and_avif_and_what_is_no_picture_are_left_to_the_judgement() {
    for bytes in [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(),
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
        b"user_id,photo\n",
        b"",
    ] {
        assert!(matches!(fix(bytes), Ok(None)));
    }
}

#[test]
fn a_kind_that_cannot_be_decoded_is_named() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<colortype::Gray32Float>(2, 2, &[0.0; 4]).unwrap();
    let refused = fix(&bytes.into_inner()).err();
    assert!(
        matches!(&refused, Some(FixError::Malformed(detail)) if detail.contains("this kind of TIFF")),
        "{refused:?}"
    );
}
