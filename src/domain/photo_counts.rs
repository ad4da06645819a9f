//! How many photos were sent, by format and size.

use super::photo::{LARGE_PHOTO_BYTES, MAX_PHOTO_BYTES, PhotoFormat};

/// The most bytes of each size, from small to large; the last is the largest that can be sent.
pub(crate) const SIZES: [u64; 6] = [50_000, 200_000, 500_000, 1_000_000, LARGE_PHOTO_BYTES, MAX_PHOTO_BYTES];

/// A count for every format and size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PhotoCounts([[u64; SIZES.len()]; 2]);

impl PhotoCounts {
    pub(crate) fn add(&mut self, format: PhotoFormat, bytes: u64) {
        let size = SIZES.partition_point(|most| *most < bytes).min(SIZES.len() - 1);
        self.0[format as usize][size] += 1;
    }

    /// Photos of this format, one count for each of [`SIZES`].
    pub(crate) fn of(&self, format: PhotoFormat) -> [u64; SIZES.len()] {
        self.0[format as usize]
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().flatten().sum()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn a_photo_counts_once_under_its_format_and_the_first_size_that_holds_it() {
        let mut counts = PhotoCounts::default();
        for bytes in [0, 50_000, 50_001, 200_000, 4_500_000, 4_500_001, 5_000_000, 5_000_001] {
            counts.add(PhotoFormat::Png, bytes);
        }
        assert_eq!(counts.of(PhotoFormat::Png), [2, 2, 0, 0, 1, 3]);
        assert_eq!(counts.of(PhotoFormat::Jpeg), [0; 6]);
        assert_eq!(counts.total(), 8);
        let places: Vec<_> = PhotoFormat::VARIANTS.iter().map(|format| *format as usize).collect();
        assert_eq!(places, (0..counts.0.len()).collect::<Vec<_>>());
    }
}
