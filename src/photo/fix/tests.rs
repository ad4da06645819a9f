//! What is made of photos: pictures with four coloured quarters, looked at after the fixing.

mod drawing;
mod formats;
mod hostile;

use image::DynamicImage;

use super::{FixError, FixSettings, Fixed, Fixer};
use crate::domain::photo::{PhotoFormat, inspect};
use crate::photo::Kind;
use drawing::{Drawing, exif, jpeg, jpeg_with, with_exif};

const MAX_SIDE: u16 = 96;

fn fix(bytes: &[u8]) -> Result<Option<Fixed>, FixError> {
    fix_to(MAX_SIDE, bytes)
}

fn fix_to(max_side: u16, bytes: &[u8]) -> Result<Option<Fixed>, FixError> {
    Fixer::new(FixSettings { max_side }).unwrap().fix(bytes, None)
}

fn fixed(bytes: &[u8]) -> (Drawing, String) {
    let fixed = fix(bytes).unwrap().expect("it is fixed");
    assert_eq!(inspect(&fixed.bytes), Ok(PhotoFormat::Jpeg));
    // What is fixed is good.
    assert!(fix(&fixed.bytes).unwrap().is_none());
    (Drawing::seen(&fixed.bytes), fixed.fixes.to_string())
}

#[test]
fn a_good_photo_is_not_touched() {
    let drawing = Drawing::of(96, 72);
    for (name, photo) in [
        ("as it is", jpeg(&drawing)),
        ("upright by its metadata", with_exif(&drawing, 1)),
        ("with an orientation that there is not", with_exif(&drawing, 9)),
        (
            "progressive",
            jpeg_with(&drawing, |encoder| encoder.set_progressive(true)),
        ),
        ("a PNG", drawing.png()),
    ] {
        assert!(fix(&photo).unwrap().is_none(), "{name}");
    }
}

#[test]
fn every_orientation_is_turned_upright_and_none_is_left() {
    let drawing = Drawing::of(80, 60);
    for orientation in 2..=8 {
        let stored = drawing.stored(orientation);
        for (name, photo) in [
            ("JPEG", with_exif(&stored, orientation)),
            (
                "PNG",
                drawing::with_chunk(&stored.png(), b"eXIf", &exif(orientation), false),
            ),
            (
                "PNG, behind its pixels",
                drawing::with_chunk(&stored.png(), b"eXIf", &exif(orientation), true),
            ),
            ("WebP", drawing::webp_with_exif(&stored, &exif(orientation))),
            ("TIFF", drawing::tiff_with(&stored, Some(orientation))),
        ] {
            let (seen, fixes) = fixed(&photo);
            seen.is_like(&drawing, &format!("{name}, {orientation}"));
            let wanted = if name == "JPEG" { "rotated" } else { "rotated converted" };
            assert_eq!(fixes, wanted, "{name}, {orientation}");
        }
    }
}

#[test]
fn what_is_turned_and_too_large_is_scaled_by_its_upright_sides() {
    for orientation in [1, 3, 6] {
        let drawing = Drawing::of(300, 400);
        let (seen, fixes) = fixed(&with_exif(&drawing.stored(orientation), orientation));
        seen.is_like(&Drawing::of(72, 96), &orientation.to_string());
        assert_eq!(fixes, if orientation == 1 { "scaled" } else { "rotated scaled" });
    }
}

#[test]
fn every_ratio_of_sides_is_kept_down_to_a_line() {
    for ((width, height), wanted) in [
        ((97, 97), (96, 96)),
        ((192, 10), (96, 5)),
        ((4_000, 3), (96, 1)),
        ((3, 4_000), (1, 96)),
        ((97, 96), (96, 95)),
    ] {
        let (seen, _) = fixed(&jpeg(&Drawing::of(width, height)));
        assert_eq!((seen.width, seen.height), wanted);
    }
}

#[test]
fn what_has_too_many_bytes_is_encoded_anew_and_once_more_at_less() {
    // Noise is what a JPEG makes least of; padding is nothing of the picture.
    let mut padded = jpeg(&Drawing::of(96, 72));
    padded.resize(5_000_001, 0);
    assert_eq!(fixed(&padded).1, "converted");
    let side = 2_400;
    let noise = Drawing::noise(side, side);
    let large = jpeg_with(&noise, |encoder| encoder.set_quality(98));
    assert!(large.len() > 5_000_000);
    let less = fix_to(side as u16, &large).unwrap().unwrap();
    assert!(
        (1_000_000..5_000_000).contains(&less.bytes.len()),
        "{}",
        less.bytes.len()
    );
    let side = 3_400;
    let larger = jpeg_with(&Drawing::noise(side, side), |encoder| encoder.set_quality(90));
    let refused = fix_to(side as u16, &larger);
    assert!(
        matches!(&refused, Err(FixError::TooLarge(detail)) if detail.contains("--max-side")),
        "{:?}",
        refused.err()
    );
}

#[test]
fn metadata_are_left_out_and_a_profile_of_the_same_colours_is_kept() {
    let profile = |space: &[u8]| {
        let mut profile = vec![0; 300];
        profile[16..20].copy_from_slice(space);
        profile
    };
    let drawing = Drawing::of(80, 60);
    for (space, is_kept) in [(b"RGB ", true), (b"GRAY", false), (b"CMYK", false)] {
        let photo = jpeg_with(&drawing.stored(6), |encoder| {
            encoder.add_exif_metadata(&exif(6)).unwrap();
            encoder.add_icc_profile(&profile(space)).unwrap();
            encoder
                .add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0where it was taken".to_vec())
                .unwrap();
        });
        let made = fix(&photo).unwrap().unwrap().bytes;
        let holds = |text: &[u8]| memchr::memmem::find(&made, text).is_some();
        assert_eq!(holds(&profile(space)), is_kept);
        assert!(!holds(b"Exif") && !holds(b"taken"));
    }
}

/// The bytes of a version are the same on every machine, so that a repeat sends the same photo. When this changes, a
/// crate has changed what it makes; say so in the change log.
#[test]
fn the_bytes_that_are_made_are_these() {
    use sha2::Digest as _;
    let noise = Drawing::noise(400, 300);
    let made: Vec<String> = [
        with_exif(&noise.stored(5), 5),
        jpeg_with(&noise, |encoder| encoder.set_progressive(true)),
        noise.png(),
        drawing::tiff_with(&noise, None),
    ]
    .iter()
    .map(|photo| crate::domain::text::hex(&sha2::Sha256::digest(fix(photo).unwrap().unwrap().bytes))[..16].to_owned())
    .collect();
    assert_eq!(
        made,
        [
            "94a307606bcb606d",
            "c65555b95d0ec174",
            "4c691e9308eda3c9",
            "4c691e9308eda3c9"
        ]
    );
}

fn decoded(bytes: &[u8]) -> DynamicImage {
    // Another decoder than the one that is used: ours is the one under test.
    let kind = Kind::of(bytes);
    assert_eq!(kind, Some(Kind::Jpeg));
    drawing::decode_jpeg(bytes)
}
