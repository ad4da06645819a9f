//! The walk over a JPEG's segments: it ends, never panics, and goes by what it has passed alone.
//!
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz jpeg -- -max_total_time=600 -rss_limit_mb=2048`

#![no_main]

use image_enroll::fuzzing::{Photo, inspect_photo};
use image_enroll_fuzz::{assert_judged_from_front_to_back, plant};
use jpeg_encoder::{ColorType, Encoder};
use libfuzzer_sys::fuzz_target;

/// A frame of one component that leaves its height to the DNL segment behind the scan, with fill bytes and a restart.
const LATE_HEIGHT: &[u8] = b"\xFF\xD8\xFF\xFF\xC0\0\x0B\x08\0\0\0\x08\x01\x01\x11\0\
    \xFF\xDA\0\x08\x01\x01\0\0\0\0\x5A\xFF\0\xA5\xFF\xD0\x01\xFF\xDC\0\x04\0\x08\xFF\xD9";

/// A hierarchical picture of two arithmetic frames, with a comment.
const TWO_FRAMES: &[u8] = b"\xFF\xD8\xFF\xFE\0\x04hi\xFF\xDE\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0\
    \xFF\xC9\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\0\0\
    \xFF\xCD\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\0\0\x01\xFF\xD9";

fuzz_target!(init: plant("jpeg", &seeds()), |bytes: &[u8]| {
    if inspect_photo(bytes) == Photo::Jpeg {
        assert!(bytes.starts_with(b"\xFF\xD8"), "not the beginning of a JPEG");
        assert!(bytes.windows(2).any(|pair| pair == b"\xFF\xD9"), "no end of the picture");
    }
    assert_judged_from_front_to_back(bytes);
});

fn seeds() -> Vec<Vec<u8>> {
    let drawn = [false, true].map(|progressive| {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 60);
        encoder.set_progressive(progressive);
        encoder.set_restart_interval(1);
        let pixels: Vec<u8> = (0..16 * 8 * 3).map(|place| place as u8).collect();
        encoder.encode(&pixels, 16, 8, ColorType::Rgb).expect("a picture");
        bytes
    });
    let [baseline, progressive] = drawn;
    vec![baseline, progressive, LATE_HEIGHT.to_vec(), TWO_FRAMES.to_vec()]
}
