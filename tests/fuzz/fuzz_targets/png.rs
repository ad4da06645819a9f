//! The walk over a PNG's chunks: it ends, never panics, and goes by what it has passed alone.
//!
//! Bytes changed by chance have wrong checksums, so each input is also tried with its checksums put right.
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz png -- -max_total_time=600 -rss_limit_mb=2048`

#![no_main]

use image_enroll::fuzzing::{Photo, inspect_photo};
use image_enroll_fuzz::{assert_judged_from_front_to_back, plant};
use libfuzzer_sys::fuzz_target;
use png::{BitDepth, ColorType, Encoder};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";
/// The end chunk, whole: length, name, checksum.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

fuzz_target!(init: plant("png", &seeds()), |bytes: &[u8]| {
    for photo in [bytes, &with_right_checksums(bytes)] {
        if inspect_photo(photo) == Photo::Png {
            assert!(photo.starts_with(SIGNATURE), "not the beginning of a PNG");
            assert!(photo.windows(END.len()).any(|chunk| chunk == END), "no end of the picture");
        }
        assert_judged_from_front_to_back(photo);
    }
});

/// The same chunks, each with the checksum that belongs to it, as far as chunks can be told.
fn with_right_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut photo = bytes.to_vec();
    let mut start = SIGNATURE.len();
    while let Some(end) = data_end(&photo, start) {
        let checksum = crc32fast::hash(&photo[start + 4..end]).to_be_bytes();
        let Some(place) = photo.get_mut(end..end + 4) else {
            break;
        };
        place.copy_from_slice(&checksum);
        start = end + 4;
    }
    photo
}

/// Where the data of the chunk at `start` ends, if it lies within the bytes.
fn data_end(photo: &[u8], start: usize) -> Option<usize> {
    let length = u32::from_be_bytes(*photo.get(start..)?.first_chunk()?);
    let end = start.checked_add(8)?.checked_add(length as usize)?;
    (end <= photo.len()).then_some(end)
}

fn seeds() -> Vec<Vec<u8>> {
    let kinds = [
        (ColorType::Grayscale, BitDepth::One, 1),
        (ColorType::Indexed, BitDepth::Four, 1),
        (ColorType::Rgba, BitDepth::Sixteen, 1),
        (ColorType::Rgb, BitDepth::Eight, 2),
    ];
    kinds.map(|(color, depth, frames)| drawn(color, depth, frames)).to_vec()
}

fn drawn(color: ColorType, depth: BitDepth, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 8, 2);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_palette((0..48).collect::<Vec<u8>>());
    if frames > 1 {
        encoder.set_animated(frames, 0).expect("an animation");
    }
    let line = color.samples() * 8 * depth as usize / 8;
    let mut writer = encoder.write_header().expect("a header");
    (0..frames).for_each(|_| writer.write_image_data(&vec![7; 2 * line]).expect("a picture"));
    writer.finish().expect("an end");
    bytes
}
