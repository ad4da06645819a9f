//! Pictures made to do harm: refused by what their headers say, and never by running out of memory or time.

use image::{DynamicImage, ImageFormat};
use jpeg_encoder::ColorType;

use super::drawing::{Drawing, encode_jpeg, encoded, jpeg, jpeg_with, tiff_with, with_exif};
use super::fix;
use crate::photo::fix::FixError;

fn put(bytes: &mut [u8], place: usize, value: &[u8]) {
    bytes[place..place + value.len()].copy_from_slice(value);
}

fn place_of(bytes: &[u8], text: &[u8]) -> usize {
    memchr::memmem::find(bytes, text).unwrap()
}

/// A PNG of these sides whose few bytes unpack to nothing like it.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = Drawing::of(8, 8).png();
    put(&mut png, 16, &width.to_be_bytes());
    put(&mut png, 20, &height.to_be_bytes());
    let checksum = crc32fast::hash(&png[12..29]).to_be_bytes();
    put(&mut png, 29, &checksum);
    png
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let gif = |width: u16, height: u16| {
        let mut gif = encoded(&Drawing::of(8, 8).image().into_rgba8().into(), ImageFormat::Gif);
        put(&mut gif, 6, &width.to_le_bytes());
        put(&mut gif, 8, &height.to_le_bytes());
        gif
    };
    let mut bmp = encoded(&Drawing::of(8, 8).image(), ImageFormat::Bmp);
    put(&mut bmp, 18, &30_000_u32.to_le_bytes());
    put(&mut bmp, 22, &30_000_u32.to_le_bytes());
    let mut jpeg = jpeg(&Drawing::of(8, 8));
    let frame = place_of(&jpeg, b"\xFF\xC0");
    put(&mut jpeg, frame + 5, &[0xFF; 4]);
    for (name, bomb) in [
        ("PNG", png_bomb(20_000, 20_000)),
        ("PNG of a line", png_bomb(2_000_000_000, 1)),
        ("GIF", gif(65_535, 65_535)),
        ("BMP", bmp),
        ("JPEG", jpeg),
    ] {
        let refused = fix(&bomb).err();
        assert!(
            matches!(&refused, Some(FixError::TooLarge(detail)) if detail.contains("pixels")),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn what_takes_too_much_memory_is_refused_before_it_is_decoded() {
    // 100 million pixels of four components, each with all coefficients.
    let drawing = Drawing::of(8, 8);
    let mut inks = encode_jpeg(&drawing, &[0; 256], ColorType::Cmyk, |encoder| {
        encoder.set_progressive(true)
    });
    let frame = place_of(&inks, b"\xFF\xC2");
    put(&mut inks, frame + 5, &[0x27, 0x10, 0x27, 0x10]);
    let mut deep = encoded(
        &DynamicImage::ImageRgb16(drawing.image().into_rgb16()),
        ImageFormat::Png,
    );
    put(&mut deep, 16, &[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    let checksum = crc32fast::hash(&deep[12..29]).to_be_bytes();
    put(&mut deep, 29, &checksum);
    for photo in [inks, deep] {
        let refused = fix(&photo).err();
        assert!(
            matches!(&refused, Some(FixError::TooLarge(detail)) if detail.contains("memory")),
            "{refused:?}"
        );
    }
}

#[test]
fn thousands_of_scans_are_refused() {
    let photo = jpeg_with(&Drawing::of(200, 200), |encoder| encoder.set_progressive(true));
    let scan = memchr::memmem::rfind(&photo, b"\xFF\xDA").unwrap();
    let (body, end) = (&photo[scan..photo.len() - 2], &photo[photo.len() - 2..]);
    let many = [&photo[..scan], &body.repeat(300), end].concat();
    let refused = fix(&many).err();
    assert!(
        matches!(&refused, Some(FixError::Malformed(detail)) if detail.contains("scans")),
        "{refused:?}"
    );
}

#[test]
fn a_photo_without_pixels_or_with_too_few_data_is_its_rows_fault() {
    let drawing = Drawing::of(80, 60);
    let mut empty = encoded(&drawing.image(), ImageFormat::Bmp);
    put(&mut empty, 18, &[0; 4]);
    assert!(fix(&empty).is_err());
    for format in [ImageFormat::WebP, ImageFormat::Bmp] {
        let whole = encoded(&drawing.image(), format);
        assert!(fix(&whole[..whole.len() / 2]).is_err(), "{format:?}");
    }
    let tiff = tiff_with(&drawing, None);
    assert!(fix(&tiff[..tiff.len() / 2]).is_err());
    // Not whole as a JPEG: nothing is made up, and the judgement of photos says what is wrong.
    let rotated = with_exif(&drawing, 6);
    assert!(matches!(fix(&rotated[..rotated.len() - 2]), Ok(None)));
}

/// Cut in its data, and closed as if it were whole: a decoder would fill up what is missing with gray.
#[test]
fn a_jpeg_whose_data_end_before_its_picture_is_never_made_up() {
    let drawing = Drawing::noise(200, 160);
    for (name, photo) in [
        ("baseline", jpeg(&drawing)),
        (
            "restarts",
            jpeg_with(&drawing, |encoder| encoder.set_restart_interval(40)),
        ),
        (
            "progressive",
            jpeg_with(&drawing, |encoder| encoder.set_progressive(true)),
        ),
        ("gray", gray(&drawing)),
    ] {
        assert!(fix(&photo).unwrap().is_some(), "{name}");
        let first = place_of(&photo, b"\xFF\xDA") + 14;
        let end = memchr::memmem::find(&photo[first..], b"\xFF\xDA").map_or(photo.len() - 2, |at| first + at);
        for part in [1, 5, 9] {
            let cut = [&photo[..first + (end - first) * part / 10], b"\0\xFF\xD9"].concat();
            assert!(fix(&cut).is_err(), "{name}, {part} tenths");
        }
    }
}

#[test]
fn a_jpeg_with_a_restart_interval_cut_short_is_never_made_up() {
    let photo = jpeg_with(&Drawing::noise(200, 160), |encoder| encoder.set_restart_interval(40));
    let (third, fourth) = (place_of(&photo, b"\xFF\xD2"), place_of(&photo, b"\xFF\xD3"));
    let cut = [&photo[..third + (fourth - third) / 2], &photo[fourth..]].concat();
    assert!(fix(&cut).is_err());
}

fn gray(drawing: &Drawing) -> Vec<u8> {
    let samples: Vec<u8> = drawing.samples.iter().copied().step_by(3).collect();
    encode_jpeg(drawing, &samples, ColorType::Luma, |_| {})
}

/// Every bit that can be wrong in a header, and much else: an answer comes, whatever it is.
#[test]
fn a_photo_with_any_byte_wrong_has_an_answer() {
    let drawing = Drawing::noise(40, 30);
    let webp = encoded(&drawing.image(), ImageFormat::WebP);
    let gif = encoded(&drawing.image().into_rgba8().into(), ImageFormat::Gif);
    let photos = [with_exif(&drawing, 6), webp, gif, tiff_with(&drawing, Some(6))];
    for photo in photos {
        for place in (0..photo.len()).filter(|place| *place < 120 || place % 97 == 0) {
            for value in [0x00, 0x7F, 0xFF] {
                let mut harmed = photo.clone();
                harmed[place] = value;
                drop(fix(&harmed));
            }
        }
    }
}
