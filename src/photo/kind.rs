//! What a photo's file is, by its first bytes: for the decoders, and so that people hear what they have.

/// The formats that people hold photos in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    Gif,
    WebP,
    Bmp,
    Tiff,
    Heic,
    Avif,
}

/// Most brands of an ISO media file that are looked at; real ones have five or six.
const MOST_BRANDS: usize = 16;
/// Sizes of the headers that BMP files have: the two of OS/2, and Windows' from version 1 to 5.
const BMP_HEADERS: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];

impl Kind {
    /// The format of a file that begins with these bytes; none where it is none of these.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            [b'B', b'M', ..] => is_bmp(bytes).then_some(Self::Bmp),
            [a, b, c, d, b'f', b't', b'y', b'p', brands @ ..] => {
                of_brands(u32::from_be_bytes([*a, *b, *c, *d]), brands)
            }
            _ => None,
        }
    }

    /// Its name, and what to do with such a file; none for what the API takes.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            Self::Jpeg | Self::Png => None,
            Self::Gif => Some("it is a GIF; --fix-photos converts its first frame"),
            Self::WebP => Some("it is a WebP; --fix-photos converts it"),
            Self::Bmp => Some("it is a BMP; --fix-photos converts it"),
            Self::Tiff => Some("it is a TIFF; --fix-photos converts it"),
            Self::Heic => Some(
                "it is a HEIC picture, as iPhones take them, which this tool cannot decode; convert it with \
                 `heif-convert`, or on macOS with `sips -s format jpeg`",
            ),
            Self::Avif => Some(
                "it is an AVIF picture, which this tool cannot decode; convert it with `avifdec`, or on macOS with \
                 `sips -s format jpeg`",
            ),
        }
    }
}

/// Two letters begin many a text, so the size of the header has to be one there is.
fn is_bmp(bytes: &[u8]) -> bool {
    let header = bytes.get(14..18).and_then(|size| size.first_chunk());
    header.is_some_and(|size| BMP_HEADERS.contains(&u32::from_le_bytes(*size)))
}

/// The major brand, a version, and the brands that the file is compatible with (ISO 14496-12; HEIF: ISO 23008-12).
fn of_brands(size: u32, rest: &[u8]) -> Option<Kind> {
    let size = usize::try_from(size).ok()?.saturating_sub(8).min(rest.len());
    let brands = || {
        let (brands, _) = rest.get(..size).unwrap_or_default().as_chunks::<4>();
        brands.iter().take(MOST_BRANDS)
    };
    let is_avif = |brand: &[u8; 4]| matches!(brand, b"avif" | b"avis");
    let is_heic = |brand: &[u8; 4]| {
        matches!(
            brand,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1"
        )
    };
    if brands().any(is_avif) {
        return Some(Kind::Avif);
    }
    brands().any(is_heic).then_some(Kind::Heic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_formats_by_their_first_bytes() {
        let bmp = [b"BM".as_slice(), &[0; 12], &40_u32.to_le_bytes(), &[0; 36]].concat();
        for (bytes, kind) in [
            (b"\xFF\xD8\xFF\xE0".as_slice(), Some(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1A\n", Some(Kind::Png)),
            (b"GIF89a", Some(Kind::Gif)),
            (b"GIF88a", None),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(Kind::WebP)),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"II*\0", Some(Kind::Tiff)),
            (b"MM\0*", Some(Kind::Tiff)),
            (&bmp, Some(Kind::Bmp)),
            (b"BMW is not a picture, whatever it says", None),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Kind::Heic)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Some(Kind::Avif)),
            (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", None),
            (b"\0\0\0\x10ftypisom\0\0\0\0heicheic", None),
            (b"", None),
        ] {
            assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
        }
    }
}
