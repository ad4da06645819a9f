//! CSV as RFC 4180 has it, and what is no CSV in UTF-8.

use sha2::{Digest, Sha256};

use super::{HEADER, cells, file, manifest, open, rows, survey};
use crate::manifest::{ManifestError, Survey};

const ROW: &str = "a,2021-08-12,a.jpg";

#[test]
fn a_bom_and_both_line_ends_are_the_same_manifest() {
    let plain = format!("{HEADER}{ROW}\nb,2021-08-13,b.jpg\n");
    let wanted = rows(&manifest(&plain));
    assert_eq!(wanted.len(), 2);
    for text in [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{}", plain.replace('\n', "\r\n")),
        plain.trim_end().to_owned(),
        plain.replace("b,", "\n\n\r\nb,"),
    ] {
        assert_eq!(rows(&manifest(&text)), wanted, "{text:?}");
    }
}

#[test]
fn a_quoted_bom_header_is_read_too() {
    let text = format!("\u{feff}\"user_id\",\"user_created_at\",\"photo\"\r\n{ROW}\r\n");
    assert_eq!(rows(&manifest(text)).len(), 1);
}

#[test]
fn a_quoted_cell_may_hold_commas_quotes_and_line_ends() {
    let text = "note,user_id,user_created_at,photo\n\"one, \"\"two\"\"\r\nthree\n\",a,2021-08-12,\"a, b.jpg\"\nx,b,2021-08-12,b.jpg\n";
    let all = cells(&manifest(text));
    assert_eq!(all.len(), 2);
    assert_eq!(
        all[0],
        (
            1,
            ["one, \"two\"\r\nthree\n", "a", "2021-08-12", "a, b.jpg"]
                .map(String::from)
                .to_vec()
        )
    );
    assert_eq!(all[1].0, 2, "records are counted and not lines");
}

#[test]
fn blank_lines_are_no_rows() {
    let survey = survey(format!("{HEADER}\n\r\n{ROW}\n\n\n")).unwrap();
    assert_eq!(survey.rows(), 1);
}

#[test]
fn a_header_alone_is_a_manifest_of_no_rows() {
    for text in [HEADER, HEADER.trim_end()] {
        assert_eq!(survey(text).unwrap().rows(), 0);
    }
}

#[test]
fn an_empty_file_has_no_header() {
    for text in ["", "\u{feff}", "\n\n", "\r\n"] {
        assert!(
            matches!(survey(text), Err(ManifestError::NoHeader)),
            "{text:?}: {:?}",
            survey(text)
        );
    }
}

#[test]
fn a_quote_that_is_never_closed_is_found_with_its_line() {
    for (text, wanted) in [
        (format!("{HEADER}{ROW}\nb,2021-08-12,\"b.jpg\nc,2021-08-12,c.jpg\n"), 3),
        (format!("{HEADER}\"a,2021-08-12,a.jpg\n"), 2),
        (format!("\u{feff}{HEADER}\"a,2021-08-12,a.jpg\nb,2021-08-12,b.jpg\n"), 2),
        (format!("{HEADER}\"a,2021-08-12,a.jpg"), 2),
        (format!("{HEADER}{ROW}\nb,2021-08-12,\""), 3),
        (format!("{HEADER}{ROW}\nb,2021-08-12,\"b\"\""), 3),
        (format!("{HEADER}{ROW}\r\nb,2021-08-12,\"b.jpg\r\n\r\n"), 3),
        (format!("{HEADER}\"a\n\nx\",2021-08-12,\"a.jpg\n"), 4),
        (format!("{HEADER}\"u\"1\",2021-08-12,\"a.jpg\n{ROW}\n"), 2),
    ] {
        match survey(&text) {
            Err(ManifestError::OpenQuote { line }) => assert_eq!(line, wanted, "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn a_quote_opened_in_the_header_and_never_closed_is_found() {
    for text in [
        format!("user_id,user_created_at,photo,\"note\n{ROW},x\nb,2021-08-12,b.jpg,x\n"),
        format!("\u{feff}user_id,user_created_at,photo,\"note\n{ROW},x\n"),
    ] {
        let found = survey(&text);
        assert!(
            matches!(found, Err(ManifestError::OpenQuote { line: 1 })),
            "{text:?}: {found:?}"
        );
    }
    assert!(survey(format!("\"user_id,user_created_at,photo\n{ROW}\n")).is_err());
}

#[test]
fn what_is_not_utf8_is_named_with_its_line_and_its_place_in_the_file() {
    let rows = format!("{HEADER}{ROW}\n{ROW}\n");
    for (before, wanted) in [("", 1), (HEADER, 2), (&rows, 4), (&format!("\u{feff}{rows}"), 4)] {
        let mut bytes = before.as_bytes().to_vec();
        bytes.extend_from_slice(b"caf\xe9,2021-08-12,a.jpg\nz,2021-08-12,z.jpg\n");
        match survey(&bytes) {
            Err(error @ ManifestError::NotUtf8 { line, offset, byte }) => {
                assert_eq!((line, offset, byte), (wanted, before.len() as u64 + 3, 0xE9));
                assert!(error.to_string().contains("--encoding windows-1252"), "{error}");
            }
            other => panic!("line {wanted}: {other:?}"),
        }
    }
}

#[test]
fn a_directory_or_nothing_is_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(ManifestError::Directory)));
    assert!(matches!(
        open(&folder.path().join("none.csv")),
        Err(ManifestError::NotFound { like: None })
    ));
}

#[test]
fn the_hash_is_that_of_the_file_and_of_every_pass() {
    for rows in [0, 1, 20_000] {
        let text = format!("\u{feff}{HEADER}{}", format!("{ROW}\n").repeat(rows));
        let file = file(&text);
        let manifest = open(file.path()).unwrap();
        let wanted: [u8; 32] = Sha256::digest(&text).into();
        assert_eq!(Survey::take(&manifest, |_, _| ()).unwrap().sha256, wanted, "{rows}");
        let mut records = manifest.records().unwrap();
        while records.next().unwrap().is_some() {}
        assert_eq!(records.sha256(), wanted, "{rows}");
    }
}

#[test]
fn a_file_changed_between_two_passes_has_another_hash() {
    let file = file(format!("{HEADER}{ROW}\n"));
    let manifest = open(file.path()).unwrap();
    let before = Survey::take(&manifest, |_, _| ()).unwrap();
    std::fs::write(file.path(), format!("{HEADER}{ROW}\nb,2021-08-12,b.jpg\n")).unwrap();
    let mut records = manifest.records().unwrap();
    while records.next().unwrap().is_some() {}
    assert_ne!(records.sha256(), before.sha256);
}

#[test]
fn a_header_that_changes_after_the_columns_were_found_is_told() {
    let file = file(format!("{HEADER}{ROW}\n"));
    let manifest = open(file.path()).unwrap();
    // Of the same length: nothing but the header says that the columns have changed places.
    std::fs::write(file.path(), format!("photo,user_created_at,user_id\n{ROW}\n")).unwrap();
    let found = Survey::take(&manifest, |_, _| ());
    assert!(matches!(found, Err(ManifestError::Changed)), "{found:?}");
}

#[test]
fn every_pass_gives_the_same_rows() {
    let text: String = (0..5_000).map(|row| format!("u{row},2021-08-12,{row}.jpg\n")).collect();
    let manifest = manifest(format!("{HEADER}{text}"));
    let first = cells(&manifest);
    assert_eq!(first.len(), 5_000);
    for _ in 0..2 {
        assert_eq!(cells(&manifest), first);
    }
    // A pass that is given up half-way does not disturb the next one.
    let mut half = manifest.records().unwrap();
    for _ in 0..10 {
        half.next().unwrap();
    }
    drop(half);
    assert_eq!(cells(&manifest), first);
}
