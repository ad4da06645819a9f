//! From what decoders give to plain samples of 8 bits: 16 bits rounded, alpha over white, inks to light.

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    /// Light and two differences of colour, as a JPEG holds them (ITU-T T.871).
    Ycc,
    RgbAlpha,
    /// Inks: 0 is none of it.
    Cmyk,
}

impl Layout {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::Ycc => 3,
            Self::RgbAlpha | Self::Cmyk => 4,
        }
    }
}

/// Gray, RGB or YCC without alpha, one byte each.
pub(super) fn flatten(samples: Vec<u8>, layout: Layout) -> Vec<u8> {
    match layout {
        Layout::Gray | Layout::Rgb | Layout::Ycc => samples,
        Layout::GrayAlpha => each(&samples, |&[gray, alpha]| [over_white(gray, alpha)]),
        Layout::RgbAlpha => each(&samples, |&[r, g, b, alpha]| {
            [r, g, b].map(|light| over_white(light, alpha))
        }),
        Layout::Cmyk => each(&samples, |&[c, m, y, k]| [c, m, y].map(|ink| light(ink, k))),
    }
}

/// The nearest of 256 levels.
pub(super) fn of_16_bits(samples: impl Iterator<Item = u16>) -> Vec<u8> {
    samples
        .map(|sample| ((u32::from(sample) * 255 + 32_767) / 65_535) as u8)
        .collect()
}

fn each<const FROM: usize, const TO: usize>(samples: &[u8], convert: impl Fn(&[u8; FROM]) -> [u8; TO]) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<FROM>();
    let mut converted = Vec::with_capacity(pixels.len() * TO);
    for pixel in pixels {
        converted.extend_from_slice(&convert(pixel));
    }
    converted
}

fn over_white(light: u8, alpha: u8) -> u8 {
    255 - scaled(255 - light, alpha)
}

/// What a colour ink and black leave of white paper, without regard to a profile.
fn light(ink: u8, black: u8) -> u8 {
    scaled(255 - ink, 255 - black)
}

/// The product of two shares of 255, rounded.
fn scaled(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_lies_over_white_and_inks_take_light_away() {
        assert_eq!(flatten(vec![10, 0, 10, 255, 0, 128], Layout::GrayAlpha), [255, 10, 127]);
        assert_eq!(
            flatten(vec![200, 0, 0, 0, 200, 0, 0, 255], Layout::RgbAlpha),
            [255, 255, 255, 200, 0, 0]
        );
        let inks = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255];
        assert_eq!(
            flatten(inks, Layout::Cmyk),
            [255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn sixteen_bits_are_rounded_to_the_nearest_level() {
        let levels = of_16_bits([0, 128, 129, 257, 32_768, 65_406, 65_407, 65_535].into_iter());
        assert_eq!(levels, [0, 0, 1, 1, 128, 254, 255, 255]);
    }
}
