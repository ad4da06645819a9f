//! Photos drawn by code: no real person, and small.

use std::sync::OnceLock;

/// A JPEG of a few hundred bytes.
pub(crate) fn jpeg() -> Vec<u8> {
    static JPEG: OnceLock<Vec<u8>> = OnceLock::new();
    JPEG.get_or_init(|| {
        let pixels: Vec<u8> = (0..16 * 16 * 3).map(|n| (n * 7 % 251) as u8).collect();
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
        encoder.encode(&pixels, 16, 16, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes
    })
    .clone()
}

/// A JPEG of these sides, whose metadata ask for this orientation: 1 is upright. The same arguments give the same bytes.
#[cfg(feature = "fix-photos")]
pub(crate) fn photo(width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3)
        .map(|place| (place / 3 % usize::from(width) * 255 / usize::from(width)) as u8)
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    let exif = [
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation],
        &[0; 6],
    ]
    .concat();
    encoder.add_exif_metadata(&exif).unwrap();
    encoder
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

/// A grayscale PNG whose pixels depend on `seed`, so that photos can be told apart.
pub(crate) fn png(seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 8);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..64u8).map(|n| n.wrapping_mul(37) ^ seed).collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The JPEG with bytes after its end, up to this size.
pub(crate) fn padded(size: usize) -> Vec<u8> {
    let mut bytes = jpeg();
    assert!(bytes.len() <= size, "the photo itself has {} bytes", bytes.len());
    bytes.extend((bytes.len()..size).map(|n| (n % 253) as u8));
    bytes
}
