//! JPEG fixtures, encoded where the encoder can make the kind and built by hand where it cannot.

use jpeg_encoder::{ColorType, Encoder};

use super::super::{PhotoDefect::Malformed, PhotoDefect::Truncated, PhotoFormat, inspect};

const SOI: &[u8] = b"\xFF\xD8";
const EOI: &[u8] = b"\xFF\xD9";
/// Some data, a stuffed 0xFF, and a zero for padding.
const DATA: &[u8] = b"\x5A\xFF\x00\xA5\x00";
const DC_ONLY: &[u8] = b"\0\0\0";

type Photo = (&'static str, Vec<u8>);

fn segment(marker: u8, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], length.as_slice(), parameters].concat()
}

fn sof(marker: u8, precision: u8, lines: u8, components: u8) -> Vec<u8> {
    let mut parameters = vec![precision, 0, lines, 0, 8, components];
    (1..=components).for_each(|id| parameters.extend([id, 0x11, 0]));
    segment(marker, &parameters)
}

fn sos(components: u8) -> Vec<u8> {
    let mut parameters = vec![components];
    (1..=components).for_each(|id| parameters.extend([id, 0]));
    segment(0xDA, &[&parameters, DC_ONLY].concat())
}

fn dnl(lines: u8) -> Vec<u8> {
    segment(0xDC, &[0, lines])
}

fn gray() -> Vec<u8> {
    sof(0xC0, 8, 8, 1)
}

fn scan() -> Vec<u8> {
    [sos(1).as_slice(), DATA].concat()
}

fn jpeg(parts: &[&[u8]]) -> Vec<u8> {
    [SOI, &parts.concat(), EOI].concat()
}

fn encoded(color: ColorType, set_up: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 70);
    set_up(&mut encoder);
    // Enough for the four components of CMYK; the encoder ignores what is left over.
    let samples = 24 * 17 * 4;
    let pixels = (0..samples).map(|i| (i * i / 7) as u8).collect::<Vec<_>>();
    encoder.encode(&pixels, 24, 17, color).unwrap();
    bytes
}

fn with_thumbnail() -> Vec<u8> {
    let thumbnail = [b"Exif\0\0".to_vec(), jpeg(&[&gray(), &scan()])].concat();
    encoded(ColorType::Rgb, |encoder| {
        encoder.add_app_segment(1, thumbnail.clone()).unwrap()
    })
}

fn encoded_photos() -> Vec<Photo> {
    vec![
        ("baseline", encoded(ColorType::Rgb, |_| {})),
        ("grayscale", encoded(ColorType::Luma, |_| {})),
        ("cmyk", encoded(ColorType::Cmyk, |_| {})),
        ("ycck", encoded(ColorType::CmykAsYcck, |_| {})),
        (
            "progressive",
            encoded(ColorType::Rgb, |encoder| encoder.set_progressive(true)),
        ),
        (
            "optimized",
            encoded(ColorType::Rgb, |encoder| encoder.set_optimized_huffman_tables(true)),
        ),
        (
            "restarts",
            encoded(ColorType::Rgb, |encoder| encoder.set_restart_interval(1)),
        ),
        ("thumbnail", with_thumbnail()),
    ]
}

fn photos_of_rare_processes() -> Vec<Photo> {
    let of = |sof: Vec<u8>| jpeg(&[&sof, &scan()]);
    vec![
        ("no tables at all", of(gray())),
        ("12-bit extended", of(sof(0xC1, 12, 8, 3))),
        ("lossless", of(sof(0xC3, 16, 8, 1))),
        (
            "arithmetic",
            jpeg(&[&segment(0xCC, &[0, 0x10]), &sof(0xC9, 8, 8, 1), &scan()]),
        ),
        (
            "arithmetic, progressive",
            jpeg(&[&sof(0xCA, 8, 8, 3), &scan(), &sos(1), DATA]),
        ),
        (
            "arithmetic, an empty scan",
            jpeg(&[&sof(0xCA, 8, 8, 3), &scan(), &sos(1)]),
        ),
        (
            "adobe cmyk",
            jpeg(&[
                &segment(0xEE, b"Adobe\0\x64\0\0\0\0\0"),
                &sof(0xC0, 8, 8, 4),
                &sos(4),
                DATA,
            ]),
        ),
        ("lines defined late", jpeg(&[&sof(0xC0, 8, 0, 1), &scan(), &dnl(8)])),
        ("lines defined twice", jpeg(&[&gray(), &scan(), &dnl(8)])),
        (
            "hierarchical",
            jpeg(&[
                &sof(0xDE, 8, 8, 1),
                &gray(),
                &scan(),
                &segment(0xDF, &[0x11]),
                &sof(0xC5, 8, 8, 1),
                &sos(1),
            ]),
        ),
    ]
}

fn photos_of_odd_layout() -> Vec<Photo> {
    let (gray, scan) = (gray(), scan());
    let tables = [segment(0xDB, &[0; 65]), segment(0xC4, &[0; 17]), segment(0xDD, &[0, 4])].concat();
    let restarts = b"\xFF\xD0\x01\xFF\xD1\x02\xFF\xFF\xD7\x03";
    vec![
        ("tables before the frame", jpeg(&[&tables, &gray, &scan])),
        (
            "tables between scans",
            jpeg(&[&gray, &scan, &tables, &segment(0xFE, b"note"), &scan]),
        ),
        (
            "fill bytes",
            jpeg(&[b"\xFF\xFF", &gray, b"\xFF", &scan, b"\xFF\xFF\xFF"]),
        ),
        ("padding after a scan", jpeg(&[&gray, &scan, &[0; 64]])),
        ("restart markers", jpeg(&[&gray, &scan, restarts])),
        ("parameterless markers", jpeg(&[b"\xFF\x01\xFF\xD3", &gray, &scan])),
        ("empty comment", jpeg(&[&segment(0xFE, b""), &gray, &scan])),
        (
            "the longest segment there is",
            jpeg(&[&segment(0xE2, &[0xFF; 65_533]), &gray, &scan]),
        ),
        (
            "lines defined behind fill bytes",
            jpeg(&[&sof(0xC0, 8, 0, 1), &scan, b"\xFF\xFF", &dnl(8), &scan]),
        ),
        (
            "lines defined anywhere else",
            jpeg(&[&gray, &dnl(8), &scan, &tables, &dnl(8)]),
        ),
    ]
}

pub(in super::super) fn good_photos() -> Vec<Photo> {
    [encoded_photos(), photos_of_rare_processes(), photos_of_odd_layout()].concat()
}

fn assert_malformed(what: &'static str, parts: &[&[u8]]) {
    assert_eq!(inspect(&jpeg(parts)), Err(Malformed(what)), "{parts:02X?}");
}

#[test]
fn refuses_a_picture_without_frame_or_scan() {
    assert_malformed("no frame header", &[]);
    assert_malformed("no scan", &[&gray()]);
    assert_malformed("a scan before the frame header", &[&scan(), &gray()]);
    assert_malformed("no scan", &[&sof(0xDE, 8, 8, 1), &gray(), &gray(), &scan()]);
}

#[test]
fn refuses_a_second_image_or_frame() {
    assert_malformed("a second frame header", &[&gray(), &gray(), &scan()]);
    let what = "a second start of image inside the picture";
    assert_malformed(what, &[SOI, &gray(), &scan()]);
    assert_malformed(what, &[&gray(), &scan(), &jpeg(&[&gray(), &scan()])]);
}

#[test]
fn refuses_dimensions_of_zero() {
    let no_width = segment(0xC0, &[8, 0, 8, 0, 0, 1, 1, 0x11, 0]);
    assert_malformed("a width of zero", &[&no_width, &scan()]);
    let no_height = sof(0xC0, 8, 0, 1);
    let what = "a height of zero, which no DNL segment behind the first scan replaces";
    assert_malformed(what, &[&no_height, &scan()]);
    assert_malformed(what, &[&no_height, &scan(), &dnl(0)]);
    assert_malformed(what, &[&no_height, &dnl(8), &scan()]);
    assert_malformed(what, &[&no_height, &scan(), &segment(0xFE, b"note"), &dnl(8)]);
    assert_malformed(what, &[&no_height, &scan(), &scan(), &dnl(8)]);
    let what = "a DNL segment of the wrong length";
    assert_malformed(what, &[&no_height, &scan(), &segment(0xDC, &[8])]);
}

#[test]
fn refuses_bytes_between_segments() {
    let (gray, scan) = (gray(), scan());
    let comment = segment(0xFE, b"note");
    for stray in [
        b"\0".as_slice(),
        b"stray",
        b"\xFF\0",
        b"\xFF\xFF\0",
        b"\xFE\xFF",
        b"\xD9",
    ] {
        for parts in [
            [stray, &comment, &gray, &scan],
            [&comment, stray, &gray, &scan],
            [&comment, &gray, stray, &scan],
            [&gray, &scan, &comment, stray],
        ] {
            assert_malformed("bytes between segments that belong to none", &parts);
        }
    }
}

#[test]
fn refuses_a_third_byte_that_begins_no_marker() {
    for third in 0..0xFF {
        let defect = inspect(&[SOI, &[third], &gray(), &scan(), EOI].concat());
        let what = "bytes between segments that belong to none";
        assert_eq!(defect, Err(Malformed(what)), "{third:02X}");
    }
}

/// Every encoded photo with its height moved from the frame header into a DNL segment behind the first scan.
#[test]
fn accepts_a_height_that_follows_the_first_scan() {
    for (name, good) in encoded_photos() {
        let frame = good
            .windows(2)
            .rposition(|at| matches!(at, b"\xFF\xC0" | b"\xFF\xC2"))
            .unwrap();
        let end = first_scan_end(&good);
        let height = &good[frame + 5..frame + 7].to_vec();
        let zeroed = [&good[..frame + 5], b"\0\0", &good[frame + 7..end]].concat();
        let moved = [&zeroed, segment(0xDC, height).as_slice(), &good[end..]].concat();
        assert_eq!(inspect(&moved), Ok(PhotoFormat::Jpeg), "{name}");
        assert!(inspect(&[&zeroed, &good[end..]].concat()).is_err(), "{name}");
        for cut in 1..moved.len() {
            assert_eq!(inspect(&moved[..cut]), Err(Truncated), "{name} cut at {cut}");
        }
    }
}

/// Where the marker stands that ends the scan after the last frame header.
fn first_scan_end(photo: &[u8]) -> usize {
    let frame = photo
        .windows(2)
        .rposition(|at| matches!(at, b"\xFF\xC0" | b"\xFF\xC2"))
        .unwrap();
    let scan = frame + photo[frame..].windows(2).position(|at| at == b"\xFF\xDA").unwrap() + 2;
    let ends = |at: &[u8]| at[0] == 0xFF && !matches!(at[1], 0 | 0xD0..=0xD7);
    scan + photo[scan..].windows(2).position(ends).unwrap()
}

#[test]
fn refuses_frame_headers_of_the_wrong_length() {
    let what = "a frame header of the wrong length";
    let long = segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0]);
    let short = segment(0xC0, &[8, 0, 8, 0, 8, 2, 1, 0x11, 0]);
    for header in [long, short, sof(0xC0, 8, 8, 0), segment(0xC0, &[8])] {
        assert_malformed(what, &[&header, &scan()]);
    }
}

#[test]
fn refuses_impossible_samples() {
    for (marker, precision) in [(0xC0, 0), (0xC0, 9), (0xC2, 16), (0xC3, 1), (0xC3, 17)] {
        let frame = sof(marker, precision, 8, 1);
        assert_malformed("an impossible sample precision", &[&frame, &scan()]);
    }
    for factors in [0x00, 0x10, 0x01, 0x51, 0x15] {
        let frame = segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, factors, 0]);
        assert_malformed("an impossible sampling factor", &[&frame, &scan()]);
    }
}

#[test]
fn refuses_insane_scan_headers() {
    let what = "a scan header of the wrong length";
    for header in [&[] as &[u8], &[1, 1, 0], &[1, 1, 0, 0, 0, 0, 0], &[255, 0, 0]] {
        assert_malformed(what, &[&gray(), &segment(0xDA, header), DATA]);
    }
    let what = "a scan with an impossible number of components";
    for (of_frame, of_scan) in [(1, 0), (1, 2), (3, 4), (5, 5)] {
        assert_malformed(what, &[&sof(0xC0, 8, 8, of_frame), &sos(of_scan), DATA]);
    }
}

#[test]
fn refuses_a_huffman_scan_without_data() {
    for nothing in [&[] as &[u8], b"\xFF\xFF", b"\xFF\xD0\xFF\xD1"] {
        assert_malformed("a scan without image data", &[&gray(), &sos(1), nothing]);
    }
}

#[test]
fn refuses_segments_too_short_for_their_length() {
    let what = "a segment shorter than its own length field";
    for marker in [0xC0, 0xC4, 0xDA, 0xE1, 0xFE] {
        assert_malformed(what, &[&[0xFF, marker, 0, 1], &gray(), &scan()]);
    }
}

#[test]
fn refuses_reserved_markers() {
    for marker in [0x02, 0xBF, 0xC8, 0xF0, 0xF7, 0xFD] {
        let reserved = segment(marker, &[0; 4]);
        assert_malformed("a marker that no JPEG photo uses", &[&reserved, &gray(), &scan()]);
        assert_malformed("a marker that no JPEG photo uses", &[&gray(), &scan(), &reserved]);
    }
}

/// As phones write them: an index of both in the first one's APP2, then the second, whole, behind the first.
#[test]
fn judges_the_first_of_several_pictures() {
    let first = jpeg(&[&segment(0xE2, b"MPF\0MM\0*"), &gray(), &scan()]);
    for second in [jpeg(&[&gray(), &scan()]), jpeg(&[&gray()]), SOI.to_vec()] {
        let both = [first.as_slice(), &second].concat();
        assert_eq!(inspect(&both), Ok(PhotoFormat::Jpeg), "then {second:02X?}");
    }
    let unfinished = [&first[..first.len() - 2], &jpeg(&[&gray(), &scan()])].concat();
    let what = "a second start of image inside the picture";
    assert_eq!(inspect(&unfinished), Err(Malformed(what)));
}

#[test]
fn does_not_take_a_thumbnail_for_the_end() {
    let photo = with_thumbnail();
    let inner_end = photo.windows(2).position(|pair| pair == EOI).unwrap() + 2;
    assert!(inner_end < photo.len() / 2);
    assert_eq!(inspect(&photo[..inner_end]), Err(Truncated));
    assert_eq!(inspect(&photo), Ok(PhotoFormat::Jpeg));
}
