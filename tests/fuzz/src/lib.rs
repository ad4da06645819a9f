//! What the fuzz targets share: planting seeds, and the property that holds for photos of both formats.

use std::path::Path;

use image_enroll::fuzzing::{Photo, inspect_photo};

/// Writes a target's seeds into its corpus. A target draws them when it starts, before the fuzzer reads the corpus.
pub fn plant(target: &str, seeds: &[Vec<u8>]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("the corpus can be written");
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).expect("the corpus can be written");
    }
}

/// A photo is judged from front to back: until its verdict falls every cut is a cut photo, and from then on nothing
/// that follows can change the verdict. So a cut photo is never taken for a whole one, nor for one that is wrong.
pub fn assert_judged_from_front_to_back(photo: &[u8]) {
    let verdict = inspect_photo(photo);
    let mut fallen = false;
    for end in cuts(photo.len()) {
        let of_cut = inspect_photo(&photo[..end]);
        let open = of_cut == Photo::Cut;
        assert!(
            open || of_cut == verdict,
            "{of_cut:?} at {end} of {}, then {verdict:?}",
            photo.len()
        );
        assert!(!(open && fallen), "open again at {end} of {}", photo.len());
        fallen = !open;
    }
    if verdict == Photo::Cut {
        return;
    }
    for tail in [
        b"\0".as_slice(),
        b"\xFF",
        b"\xFF\xD9",
        b"\xFF\xD8\xFF",
        b"IEND\xAE\x42\x60\x82",
        photo,
    ] {
        assert_eq!(inspect_photo(&[photo, tail].concat()), verdict, "then {tail:02X?}");
    }
}

/// Every length of a short photo; of a longer one the first and last, and as many in between.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    const EACH: usize = 24;
    let step = (length / EACH).max(1);
    (0..length).filter(move |end| *end < EACH || length - end <= EACH || end % step == 0)
}
