//! PNG fixtures, encoded where the encoder can make the kind and built by hand where it cannot.

use png::{BitDepth, ColorType, Encoder};

use super::super::{PhotoDefect::Malformed, PhotoDefect::Truncated, inspect};
use super::SIGNATURE;

type Photo = (&'static str, Vec<u8>);

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let named = [kind.as_slice(), data].concat();
    let crc = crc32fast::hash(&named).to_be_bytes();
    [length.as_slice(), &named, &crc].concat()
}

fn ihdr(depth: u8, colour: u8, interlace: u8) -> Vec<u8> {
    chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, depth, colour, 0, 0, interlace])
}

fn idat() -> Vec<u8> {
    chunk(b"IDAT", b"\x78\x01pixels")
}

fn iend() -> Vec<u8> {
    chunk(b"IEND", b"")
}

fn png_of(chunks: &[&[u8]]) -> Vec<u8> {
    [SIGNATURE.as_slice(), &chunks.concat()].concat()
}

/// A picture with `between` after the header and in front of the image data.
fn with(header: &[u8], between: &[u8]) -> Vec<u8> {
    png_of(&[header, between, &idat(), &iend()])
}

fn encoded(color: ColorType, depth: BitDepth, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 8, 4);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_palette((0..48).collect::<Vec<u8>>());
    if frames > 1 {
        encoder.set_animated(frames, 0).unwrap();
    }
    let line = color.samples() * 8 * depth as usize / 8;
    let pixels = (0..line * 4).map(|i| (i * 37) as u8).collect::<Vec<_>>();
    let mut writer = encoder.write_header().unwrap();
    (0..frames).for_each(|_| writer.write_image_data(&pixels).unwrap());
    writer.finish().unwrap();
    bytes
}

fn encoded_photos() -> Vec<Photo> {
    vec![
        ("bilevel", encoded(ColorType::Grayscale, BitDepth::One, 1)),
        ("grayscale", encoded(ColorType::Grayscale, BitDepth::Eight, 1)),
        (
            "grayscale with alpha",
            encoded(ColorType::GrayscaleAlpha, BitDepth::Eight, 1),
        ),
        ("truecolour", encoded(ColorType::Rgb, BitDepth::Eight, 1)),
        ("16-bit", encoded(ColorType::Rgba, BitDepth::Sixteen, 1)),
        ("indexed", encoded(ColorType::Indexed, BitDepth::Four, 1)),
        ("animated", encoded(ColorType::Rgb, BitDepth::Eight, 3)),
    ]
}

fn handmade_photos() -> Vec<Photo> {
    let rgb = ihdr(8, 2, 0);
    let empty = chunk(b"IDAT", b"");
    let private = [chunk(b"prVt", b"anything"), chunk(b"tEXt", b"")].concat();
    let late = [idat(), chunk(b"tIME", &[0; 7]), chunk(b"zzZz", b"?")].concat();
    vec![
        ("interlaced", with(&ihdr(16, 6, 1), b"")),
        ("ancillary chunks", with(&rgb, &private)),
        (
            "empty image data chunks",
            png_of(&[&rgb, &empty, &idat(), &empty, &idat(), &iend()]),
        ),
        ("chunks after the image data", png_of(&[&rgb, &late, &iend()])),
        ("a suggested palette", with(&rgb, &chunk(b"PLTE", &[0; 6]))),
        (
            "a palette no gray needs",
            with(&ihdr(8, 0, 0), &chunk(b"PLTE", b"odd!")),
        ),
    ]
}

pub(in super::super) fn good_photos() -> Vec<Photo> {
    [encoded_photos(), handmade_photos()].concat()
}

fn assert_malformed(what: &'static str, photo: &[u8]) {
    assert_eq!(inspect(photo), Err(Malformed(what)));
}

fn header_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut fields = [0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0];
    fields[at..at + bytes.len()].copy_from_slice(bytes);
    with(&chunk(b"IHDR", &fields), b"")
}

#[test]
fn refuses_any_single_damaged_byte() {
    for (name, good) in good_photos() {
        for at in 0..good.len() {
            for damage in [0x01, 0x20, 0x80, 0xFF] {
                let mut bytes = good.clone();
                bytes[at] ^= damage;
                assert!(inspect(&bytes).is_err(), "{name} at {at}");
            }
        }
    }
}

#[test]
fn names_the_chunk_whose_checksum_is_wrong() {
    let good = [
        ihdr(8, 3, 0),
        chunk(b"PLTE", &[0; 3]),
        chunk(b"tEXt", b"k"),
        idat(),
        iend(),
    ];
    let names = [
        "the header chunk",
        "the palette chunk",
        "an ancillary chunk",
        "an image data chunk",
        "the end chunk",
    ];
    for (index, name) in names.iter().enumerate() {
        let mut chunks = good.clone();
        *chunks[index].last_mut().unwrap() ^= 1;
        let defect = inspect(&png_of(&[&chunks.concat()])).unwrap_err();
        assert_eq!(defect.to_string(), format!("malformed: a wrong checksum in {name}"));
    }
}

#[test]
fn refuses_illegal_headers() {
    for at in [0, 4] {
        assert_malformed("a width or height of zero", &header_with(at, &[0, 0, 0, 0]));
        let what = "a width or height larger than PNG allows";
        assert_malformed(what, &header_with(at, &[0x80, 0, 0, 0]));
        assert!(inspect(&header_with(at, &[0x7F, 0xFF, 0xFF, 0xFF])).is_ok(), "at {at}");
    }
    for field in [(10, 1), (11, 1), (11, 64), (12, 2)] {
        let what = "an unknown compression, filter or interlace method";
        assert_malformed(what, &header_with(field.0, &[field.1]));
    }
    let what = "a header chunk of the wrong length";
    assert_malformed(what, &with(&chunk(b"IHDR", &[0; 12]), b""));
    assert_malformed(what, &with(&chunk(b"IHDR", &[0; 14]), b""));
}

#[test]
fn allows_just_the_legal_colour_types_and_depths() {
    let legal = "0:1 0:2 0:4 0:8 0:16 2:8 2:16 3:1 3:2 3:4 3:8 4:8 4:16 6:8 6:16 ";
    let palette = chunk(b"PLTE", &[0; 3]);
    let mut passed = String::new();
    for (colour, depth) in (0..=8).flat_map(|colour| (0..=32).map(move |depth| (colour, depth))) {
        if inspect(&with(&ihdr(depth, colour, 0), &palette)).is_ok() {
            passed += &format!("{colour}:{depth} ");
        }
    }
    assert_eq!(passed, legal);
}

#[test]
fn refuses_palettes_an_indexed_picture_cannot_use() {
    let indexed = ihdr(8, 3, 0);
    assert_malformed("no palette before the image data that needs it", &with(&indexed, b""));
    for length in [0, 4, 769, 771] {
        let palette = chunk(b"PLTE", &vec![0; length]);
        assert_malformed("a palette of the wrong length", &with(&indexed, &palette));
    }
    let palette = chunk(b"PLTE", &[0; 768]);
    assert!(inspect(&with(&indexed, &palette)).is_ok());
    assert_malformed("a second palette", &with(&indexed, &palette.repeat(2)));
}

#[test]
fn refuses_chunks_out_of_place() {
    let (rgb, idat, iend) = (ihdr(8, 2, 0), idat(), iend());
    let text = chunk(b"tEXt", b"k");
    assert_malformed(
        "another chunk before the header chunk",
        &png_of(&[&text, &rgb, &idat, &iend]),
    );
    assert_malformed("a second header chunk", &with(&rgb, &rgb));
    let split = png_of(&[&rgb, &idat, &text, &idat, &iend]);
    assert_malformed("image data interrupted by another chunk", &split);
    assert_malformed("no image data", &png_of(&[&rgb, &iend]));
    assert_malformed("no image data", &png_of(&[&rgb, &chunk(b"IDAT", b""), &iend]));
    let what = "an end chunk that is not empty";
    assert_malformed(what, &png_of(&[&rgb, &idat, &chunk(b"IEND", b"x")]));
}

#[test]
fn refuses_chunks_it_cannot_know() {
    let rgb = ihdr(8, 2, 0);
    assert_malformed("an unknown critical chunk", &with(&rgb, &chunk(b"CgBI", b"")));
    assert_malformed("a chunk not named in letters", &with(&rgb, &chunk(b"t\0Xt", b"")));
}

#[test]
fn tells_an_illegal_length_from_a_truncation() {
    let rgb = ihdr(8, 2, 0);
    assert_malformed("a chunk longer than PNG allows", &png_of(&[&rgb, b"\x80\0\0\0IDAT"]));
    assert_eq!(inspect(&png_of(&[&rgb, b"\x7F\xFF\xFF\xFFIDAT"])), Err(Truncated));
}
