//! What holds for photos of both formats: recognition, truncation, and hostile input.

use std::sync::LazyLock;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::PhotoDefect::{Empty, Malformed, NotJpegOrPng, Truncated};
use super::{PhotoDefect, PhotoFormat, inspect, inspect_pieces, jpeg, png};
use crate::domain::testing::cases;

type Photo = (&'static str, Vec<u8>);

static GOOD_PHOTOS: LazyLock<Vec<Photo>> =
    LazyLock::new(|| [jpeg::tests::good_photos(), png::tests::good_photos()].concat());

/// One piece of damage, at any place.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Set(u8),
    Flip(u8),
    Insert(u8),
    Remove,
}

impl Damage {
    fn apply(self, place: Index, bytes: &mut Vec<u8>) {
        let at = place.index(bytes.len());
        match self {
            Self::Set(byte) => bytes[at] = byte,
            Self::Flip(bit) => bytes[at] ^= 1 << bit,
            Self::Insert(byte) => bytes.insert(at, byte),
            Self::Remove => drop(bytes.remove(at)),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Set(0xFF)),
        (0..8_u8).prop_map(Damage::Flip),
        any::<u8>().prop_map(Damage::Insert),
        Just(Damage::Remove),
        any::<u8>().prop_map(Damage::Set),
    ]
}

/// Bytes as they stand around markers, and any other.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let byte = |(kind, other)| [0xFF, 0, 0xD0, other][kind];
    vec((0..4_usize, any::<u8>()).prop_map(byte), 0..400)
}

/// Pieces change nothing. A verdict falls once: a cut before it is truncated, and nothing that follows it changes it.
fn assert_judged_from_front_to_back(bytes: &[u8], cut: Index) -> Result<(), TestCaseError> {
    let pieces = bytes.chunks(cut.index(bytes.len().max(1)) + 1);
    let pieces: Vec<Bytes> = pieces.map(Bytes::copy_from_slice).collect();
    prop_assert_eq!(inspect_pieces(&pieces), inspect(bytes));
    let is_open = |verdict| matches!(verdict, Err(Empty | Truncated));
    let whole = inspect(bytes);
    let end = cut.index(bytes.len() + 1);
    let of_cut = inspect(&bytes[..end]);
    prop_assert!(
        is_open(of_cut) || of_cut == whole,
        "cut at {end}: {of_cut:?}, whole: {whole:?}"
    );
    for tail in [b"\xFF".as_slice(), b"\xFF\xD9", b"\0\0\0\0IEND\xAE\x42\x60\x82"] {
        let longer = inspect(&[bytes, tail].concat());
        prop_assert!(
            is_open(whole) || longer == whole,
            "then {tail:02X?}: {longer:?}, not {whole:?}"
        );
    }
    Ok(())
}

#[test]
fn tells_the_format_by_content() {
    for (name, bytes) in jpeg::tests::good_photos() {
        assert_eq!(inspect(&bytes), Ok(PhotoFormat::Jpeg), "{name}");
    }
    for (name, bytes) in png::tests::good_photos() {
        assert_eq!(inspect(&bytes), Ok(PhotoFormat::Png), "{name}");
    }
}

#[test]
fn refuses_what_is_no_photo() {
    assert_eq!(inspect(b""), Err(Empty));
    for other in [
        b"GIF89a".as_slice(),
        b"%PDF-1.7",
        b"RIFF....WEBP",
        b"\0",
        b"\x89PNG\n\x1A\n",
    ] {
        assert_eq!(inspect(other), Err(NotJpegOrPng), "{other:?}");
    }
}

#[test]
fn refuses_every_cut_of_a_good_photo_as_truncated() {
    for (name, bytes) in GOOD_PHOTOS.iter() {
        assert_eq!(inspect(&bytes[..0]), Err(Empty));
        for cut in 1..bytes.len() {
            assert_eq!(inspect(&bytes[..cut]), Err(Truncated), "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_photo_in_pieces_is_judged_as_a_whole_one() {
    for (name, bytes) in GOOD_PHOTOS.iter() {
        for length in 1..40 {
            for empty in [None, Some(Bytes::new())] {
                let pieces = bytes.chunks(length).map(Bytes::copy_from_slice);
                let pieces: Vec<Bytes> = pieces
                    .flat_map(|piece| [empty.clone(), Some(piece)])
                    .flatten()
                    .collect();
                assert_eq!(inspect_pieces(&pieces), inspect(bytes), "{name} in pieces of {length}");
                assert!(inspect_pieces(&pieces[..pieces.len() - 1]).is_err(), "{name}");
            }
        }
    }
}

#[test]
fn refuses_a_photo_whose_tail_was_never_written() {
    for (name, bytes) in GOOD_PHOTOS.iter() {
        let mut hollow = bytes[..bytes.len() - 2].to_vec();
        hollow.resize(bytes.len() + 4096, 0);
        assert!(inspect(&hollow).is_err(), "{name}");
    }
}

#[test]
fn accepts_bytes_after_the_end() {
    for (name, bytes) in GOOD_PHOTOS.iter() {
        for tail in [b"\0".as_slice(), b"\xFF", b"\xFF\xD8\xFF", b"MotionPhoto_Data"] {
            assert!(inspect(&[bytes, tail].concat()).is_ok(), "{name} then {tail:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_damaged_photo_is_judged_from_front_to_back(
        photo in 0..GOOD_PHOTOS.len(),
        damages in vec((any::<Index>(), damage()), 1..5),
        cut: Index,
    ) {
        let (name, mut bytes) = GOOD_PHOTOS[photo].clone();
        damages.iter().for_each(|(place, damage)| damage.apply(*place, &mut bytes));
        assert_judged_from_front_to_back(&bytes, cut).map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn noise_behind_either_magic_is_judged_from_front_to_back(noise in noise(), cut: Index) {
        for magic in [jpeg::START_OF_IMAGE.as_slice(), &png::SIGNATURE] {
            assert_judged_from_front_to_back(&[magic, &noise].concat(), cut)?;
        }
    }
}

#[test]
fn describes_defects_in_lowercase_fragments() {
    let texts = [Empty, Truncated, Malformed("no scan")].map(|defect: PhotoDefect| defect.to_string());
    assert_eq!(texts[0], "empty");
    assert_eq!(texts[1], "truncated: it stops before the end of the picture");
    assert_eq!(texts[2], "malformed: no scan");
    assert_eq!(NotJpegOrPng.to_string(), "neither JPEG nor PNG");
}
