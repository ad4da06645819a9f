//! What holds for photos of both formats: recognition, truncation, and hostile input.

use super::PhotoDefect::{Empty, Malformed, NotJpegOrPng, Truncated};
use super::{PhotoDefect, PhotoFormat, inspect, jpeg, png};

type Photo = (&'static str, Vec<u8>);

fn good_photos() -> Vec<Photo> {
    let mut photos = jpeg::tests::good_photos();
    photos.extend(png::tests::good_photos());
    photos
}

/// Deterministic and good enough to scatter mutations (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(5) {
            0 => bytes[at] = 0xFF,
            1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes.insert(at, self.below(256) as u8),
            3 => drop(bytes.remove(at)),
            _ => bytes[at] = self.below(256) as u8,
        }
    }
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
    for (name, bytes) in good_photos() {
        assert_eq!(inspect(&bytes[..0]), Err(Empty));
        for cut in 1..bytes.len() {
            assert_eq!(inspect(&bytes[..cut]), Err(Truncated), "{name} cut at {cut}");
        }
    }
}

#[test]
fn refuses_a_photo_whose_tail_was_never_written() {
    for (name, bytes) in good_photos() {
        let mut hollow = bytes[..bytes.len() - 2].to_vec();
        hollow.resize(bytes.len() + 4096, 0);
        assert!(inspect(&hollow).is_err(), "{name}");
    }
}

#[test]
fn accepts_bytes_after_the_end() {
    for (name, bytes) in good_photos() {
        for tail in [b"\0".as_slice(), b"\xFF", b"\xFF\xD8\xFF", b"MotionPhoto_Data"] {
            assert!(inspect(&[&bytes, tail].concat()).is_ok(), "{name} then {tail:?}");
        }
    }
}

/// The assertion is that nothing panics or hangs; a mutation may well leave a photo sound.
#[test]
fn survives_random_mutations_and_truncations() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (_, good) in good_photos() {
        for _ in 0..400 {
            let mut bytes = good.clone();
            (0..=random.below(4)).for_each(|_| random.mutate(&mut bytes));
            bytes.truncate(random.below(2 * bytes.len()));
            let _ = inspect(&bytes);
        }
    }
}

#[test]
fn survives_noise_behind_either_magic() {
    let mut random = Random(42);
    for magic in [jpeg::START_OF_IMAGE.as_slice(), &png::SIGNATURE] {
        for length in 0..400 {
            let noise = (0..length).map(|_| [0xFF, 0, 0xD0, random.below(256) as u8]);
            let noise = noise.map(|choice| choice[length % 4]).collect::<Vec<_>>();
            assert!(inspect(&[magic, &noise].concat()).is_err());
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
