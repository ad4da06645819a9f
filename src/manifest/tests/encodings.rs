//! What lies between the bytes of the file and its text: encodings and gzip.

use std::io::Write;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_16LE, WINDOWS_1252};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{HEADER, cells, file, now, rows};
use crate::manifest::{Manifest, ManifestError, ManifestOptions, Survey};

const TEXT: &str = "user_id,user_created_at,photo,name\nZoë,2021-08-12,a.jpg,用户🙂\nb,2021-08-12,b.jpg,\"x\n,y\"\n";

fn utf16(text: &str, of: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(of).collect()
}

fn utf16_le(text: &str) -> Vec<u8> {
    utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn open(bytes: &[u8], encoding: Option<&'static Encoding>) -> Result<Manifest, ManifestError> {
    let options = ManifestOptions {
        encoding,
        ..ManifestOptions::in_folder("/photos")
    };
    Manifest::open(file(bytes).path(), options, now())
}

fn survey(bytes: &[u8], encoding: Option<&'static Encoding>) -> Result<Survey, ManifestError> {
    Survey::take(&open(bytes, encoding)?, |_, _| ())
}

#[test]
fn one_text_is_one_manifest_however_it_is_encoded_and_packed() {
    let wanted = cells(&open(TEXT.as_bytes(), None).unwrap());
    let marked = format!("\u{feff}{TEXT}").into_bytes();
    let big_endian = utf16(&format!("\u{feff}{TEXT}"), u16::to_be_bytes);
    for bytes in [marked, utf16_le(TEXT), big_endian] {
        for bytes in [
            gzip(&bytes),
            [gzip(&bytes[..1]), gzip(b""), gzip(&bytes[1..])].concat(),
            bytes,
        ] {
            // A mark is right whatever is said.
            for encoding in [None, Some(WINDOWS_1252), Some(UTF_16LE)] {
                let manifest = open(&bytes, encoding).unwrap();
                assert_eq!(cells(&manifest), wanted);
                assert!(manifest.csv_form().bom);
                let sha256: [u8; 32] = Sha256::digest(&bytes).into();
                assert_eq!(Survey::take(&manifest, |_, _| ()).unwrap().sha256, sha256);
            }
        }
    }
    let plain = open(TEXT.as_bytes(), Some(encoding_rs::UTF_8)).unwrap();
    assert_eq!(cells(&plain), wanted);
    assert!(!plain.csv_form().bom);
}

#[test]
fn an_encoding_without_a_mark_is_said() {
    for (encoding, text) in [
        (
            WINDOWS_1252,
            "user_id,user_created_at,photo,name\nZoë,2021-08-12,a.jpg,€ß\n",
        ),
        (
            SHIFT_JIS,
            "user_id,user_created_at,photo,name\nu1,2021-08-12,a.jpg,表ソ|能\n",
        ),
    ] {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy);
        let manifest = open(&bytes, Some(encoding)).unwrap();
        assert_eq!(cells(&manifest), cells(&open(text.as_bytes(), None).unwrap()));
        assert!(manifest.csv_form().bom, "the results are UTF-8 that shows that it is");
        assert!(matches!(
            survey(&bytes, None),
            Err(ManifestError::NotUtf8 { line: 2, .. })
        ));
    }
    let bare = utf16(TEXT, u16::to_le_bytes);
    assert_eq!(cells(&open(&bare, Some(UTF_16LE)).unwrap()).len(), 2);
    for (bytes, name) in [(bare, "utf-16le"), (utf16(TEXT, u16::to_be_bytes), "utf-16be")] {
        let error = open(&bytes, None).unwrap_err().to_string();
        assert!(error.contains(&format!("--encoding {name}")), "{error}");
    }
}

#[test]
fn bytes_that_mean_nothing_in_the_encoding_are_named_by_line_and_place() {
    let mut bytes = format!("{HEADER}a,2021-08-12,a.jpg\n").into_bytes();
    let offset = bytes.len() as u64;
    bytes.extend(b"\x81\xff,2021-08-12,b.jpg\n");
    match survey(&bytes, Some(SHIFT_JIS)) {
        Err(ManifestError::Undecodable {
            line: 3,
            encoding: "Shift_JIS",
            offset: found,
            bytes,
        }) => assert_eq!((found, bytes[0]), (offset, 0x81)),
        other => panic!("{other:?}"),
    }
    // Half a pair of surrogates, in the middle and at the end.
    let lone: Vec<u8> = [utf16_le(HEADER), vec![0x3D, 0xD8], utf16("x\n", u16::to_le_bytes)].concat();
    let cut: Vec<u8> = [utf16_le(&format!("{HEADER}a,b,c\n")), vec![0x3D, 0xD8]].concat();
    let odd: Vec<u8> = [utf16_le(&format!("{HEADER}a,b,c\n")), vec![0x61]].concat();
    for (bytes, wanted) in [(lone, 2), (cut, 3), (odd, 3)] {
        let found = survey(&bytes, None);
        assert!(
            matches!(found, Err(ManifestError::Undecodable { line, .. }) if line == wanted),
            "{wanted}: {found:?}"
        );
    }
}

#[test]
fn nothing_is_lost_where_the_reader_fills_its_buffer() {
    // Two, three and four bytes a character, at every place about the edge of a piece, with either line end.
    for (before, end) in (0..4).zip(["\n", "\r\n"].into_iter().cycle()) {
        let row = |number: usize| format!("u{number},2021-08-12,é用🙂{}.jpg{end}", "p".repeat(number % 7));
        let rows: String = (0..9_000).map(row).collect();
        let text =
            format!("user_id,user_created_at,photo,{}{end}{rows}", "x".repeat(before)).replace("用", "用\u{301}");
        assert!(text.len() > 256 * 1024);
        let wanted = cells(&open(text.as_bytes(), None).unwrap());
        assert_eq!(wanted.len(), 9_000);
        for bytes in [utf16_le(&text), gzip(text.as_bytes()), gzip(&utf16_le(&text))] {
            assert!(cells(&open(&bytes, None).unwrap()) == wanted, "{before}");
        }
    }
}

#[test]
fn a_gzip_that_is_cut_off_or_damaged_is_no_manifest() {
    let rows: String = (0..50_000)
        .map(|row| format!("u{row},2021-08-12,{}.jpg\n", row * 7919))
        .collect();
    let whole = gzip(format!("{HEADER}{rows}").as_bytes());
    for length in [10, 100, whole.len() / 2, whole.len() - 1] {
        let found = survey(&whole[..length], None);
        assert!(
            matches!(found, Err(ManifestError::GzipCutOff { .. })),
            "{length}: {found:?}"
        );
    }
    let mut damaged = whole.clone();
    let end = damaged.len();
    damaged[end - 6] ^= 1;
    let behind = [whole.as_slice(), b"and more behind it"].concat();
    for bytes in [damaged, behind] {
        let found = survey(&bytes, None);
        assert!(matches!(found, Err(ManifestError::GzipDamaged { .. })), "{found:?}");
    }
}

#[test]
fn what_is_empty_has_no_header_however_it_is_packed() {
    for bytes in [
        gzip(b""),
        utf16_le(""),
        gzip(&utf16_le("")),
        b"\xef\xbb\xbf\r\n".to_vec(),
    ] {
        assert!(
            matches!(survey(&bytes, None), Err(ManifestError::NoHeader)),
            "{bytes:?}"
        );
    }
    for bytes in [gzip(HEADER.as_bytes()), utf16_le(HEADER), utf16_le(HEADER.trim_end())] {
        assert_eq!(survey(&bytes, None).unwrap().rows(), 0);
    }
}

#[test]
fn a_bomb_is_read_a_piece_at_a_time() {
    // 64 MiB of one line: it is refused as soon as it is longer than a record may be.
    let bomb = gzip(&[HEADER.as_bytes(), &vec![b'x'; 64 * 1024 * 1024]].concat());
    assert!(bomb.len() < 100_000);
    assert!(matches!(
        survey(&bomb, None),
        Err(ManifestError::LongRecord { line: 2, .. })
    ));
}

#[test]
fn a_change_shows_in_the_hash_of_the_bytes_as_they_lie() {
    for bytes in [gzip(TEXT.as_bytes()), utf16_le(TEXT)] {
        let file = file(&bytes);
        let manifest = Manifest::open(file.path(), ManifestOptions::in_folder("/photos"), now()).unwrap();
        let survey = Survey::take(&manifest, |_, _| ()).unwrap();
        let mut seen = (0, None);
        assert!(manifest.is_unchanged(&mut seen, &survey.sha256).unwrap());
        assert_eq!(rows(&manifest).len(), 2);
        let mut other = bytes.clone();
        let end = other.len();
        other[end - 1] ^= 1;
        std::fs::write(file.path(), other).unwrap();
        let mut seen = (0, None);
        assert!(!manifest.is_unchanged(&mut seen, &survey.sha256).unwrap());
    }
}

#[test]
fn the_number_of_rows_is_expected_however_they_are_encoded_and_packed() {
    let rows: usize = 60_000;
    let row = |number: usize| {
        format!(
            "u{number},2021-08-12,{:x}.jpg\n",
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        )
    };
    let text: String = std::iter::once(HEADER.to_owned()).chain((0..rows).map(row)).collect();
    for bytes in [gzip(text.as_bytes()), utf16_le(&text), text.into_bytes()] {
        let manifest = open(&bytes, None).unwrap();
        let mut records = manifest.records().unwrap();
        while records.number() < 50_000 {
            records.next().unwrap();
        }
        let expected = records.expected();
        assert!((rows * 7 / 8..rows * 9 / 8).contains(&expected), "{expected}");
    }
}
