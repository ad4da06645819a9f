//! The records as they are written: what is made of them is read in the same way.

use proptest::prelude::*;

use super::{HEADER, cells, file, manifest, now, rows, survey};
use crate::domain::testing::cases;
use crate::manifest::{Format, Manifest, ManifestError, ManifestOptions, Piece};

/// The head, and the records with their numbers and users.
type Pieces = (Vec<u8>, Vec<(u32, String, Vec<u8>)>);

fn pieces(manifest: &Manifest) -> Pieces {
    let (mut head, mut records) = (Vec::new(), Vec::new());
    let read = manifest.each_piece(|piece, bytes| {
        match piece {
            Piece::Head => head = bytes.to_vec(),
            Piece::Record(number, user) => records.push((number, user.to_owned(), bytes.to_vec())),
        }
        Ok::<_, ManifestError>(())
    });
    read.unwrap();
    (head, records)
}

/// All pieces of a manifest, put together again.
fn whole(manifest: &Manifest) -> Vec<u8> {
    let (mut bytes, records) = pieces(manifest);
    bytes.extend(records.into_iter().flat_map(|(_, _, record)| record));
    bytes
}

fn texts(manifest: &Manifest) -> (String, Vec<String>) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (head, records) = pieces(manifest);
    (
        text(head),
        records.into_iter().map(|(_, _, record)| text(record)).collect(),
    )
}

#[test]
fn each_record_is_as_it_is_written_with_its_own_line_end() {
    let text = format!("\u{feff}{HEADER}a,2021-08-12,\"x\r\ny\"\r\n\n\r\n b ,x\n\"c\",2021-08-12,c.jpg");
    let (head, records) = texts(&manifest(text));
    assert_eq!(head, format!("\u{feff}{HEADER}"));
    assert_eq!(
        records,
        [
            "a,2021-08-12,\"x\r\ny\"\r\n",
            " b ,x\n",
            // The last one gets a line end, since it may not be the last one there.
            "\"c\",2021-08-12,c.jpg\n",
        ]
    );
}

#[test]
fn users_are_those_that_a_run_places() {
    let text = format!("{HEADER}a,2021-08-12,a.jpg\n\" b\",2021-08-12\n,2021-08-12,a.jpg\nx\n");
    let (_, records) = pieces(&manifest(text));
    let users: Vec<_> = records
        .iter()
        .map(|(number, user, _)| (*number, user.as_str()))
        .collect();
    assert_eq!(users, [(1, "a"), (2, " b"), (3, ""), (4, "x")]);
}

#[test]
fn what_stands_before_the_header_belongs_to_the_head() {
    let header = "user_id;user_created_at;photo\r\n";
    for (text, wanted) in [
        (format!("sep=;\r\n{header}"), format!("sep=;\r\n{header}")),
        (
            format!("\u{feff}sep=;\r\n{header}"),
            format!("\u{feff}sep=;\r\n{header}"),
        ),
        // The line of PowerShell says nothing of the form, and is passed over wherever it is read.
        (format!("#TYPE System.Data.DataRow\r\n{header}"), header.to_owned()),
        (header.trim_end().to_owned(), header.replace("\r\n", "\n")),
    ] {
        let (head, records) = texts(&manifest(&text));
        assert_eq!((head, records), (wanted, Vec::new()), "{text:?}");
    }
}

/// Behind the last record there may be no line end, and then a carriage return is a fault of its row; a line feed behind it would
/// make a good row of that.
#[test]
fn a_carriage_return_at_the_very_end_is_not_made_a_line_end() {
    let all = manifest(format!("{HEADER}a,2021-08-12,a.jpg\nb,2021-08-12,b.jpg\r"));
    let (_, records) = texts(&all);
    let part = manifest(format!("{HEADER}{}", records[1]));
    let of_all = rows(&all).remove(1).map_err(|fault| fault.reason);
    assert_eq!(rows(&part).remove(0).map_err(|fault| fault.reason), of_all);
}

#[test]
fn the_bytes_are_in_the_manifests_own_encoding() {
    let text = "\u{feff}user_id\tuser_created_at\tphoto\r\nZoë\t2021-08-12\t🙂.jpg\r\n";
    for encode in [|unit: u16| unit.to_le_bytes(), |unit: u16| unit.to_be_bytes()] {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(encode).collect();
        assert_eq!(whole(&manifest(&bytes)), bytes);
    }
    let bytes = b"user_id,user_created_at,photo\nM\xfcller,2021-08-12,\x80.jpg\n";
    let options = ManifestOptions {
        encoding: encoding_rs::Encoding::for_label(b"windows-1252"),
        ..ManifestOptions::in_folder("/photos")
    };
    let manifest = Manifest::open(file(bytes).path(), options, now()).unwrap();
    assert_eq!(whole(&manifest), bytes);
}

#[test]
fn json_lines_have_no_head_and_are_not_written_anew() {
    let text = "{\"user_id\": \"a\",  \"user_created_at\":\"2021-08-12\",\"photo\":\"\\u0061.jpg\"}\n\nno object\r\n{\"user_id\":7}";
    let options = ManifestOptions {
        format: Format::JsonLines,
        ..ManifestOptions::in_folder("/photos")
    };
    let manifest = Manifest::open(file(text).path(), options, now()).unwrap();
    let (head, records) = pieces(&manifest);
    assert_eq!(head, b"");
    let users: Vec<_> = records.iter().map(|(_, user, _)| user.as_str()).collect();
    assert_eq!(users[..2], ["a", ""]);
    let joined = records.into_iter().flat_map(|(_, _, record)| record).collect();
    assert_eq!(String::from_utf8(joined), Ok(text.replace("\n\n", "\n") + "\n"));
}

#[test]
fn the_hash_is_that_of_the_whole_file() {
    let text = format!("{HEADER}a,2021-08-12,a.jpg\n\n");
    let read = manifest(&text).each_piece(|_, _| Ok::<_, ManifestError>(()));
    assert_eq!(read.unwrap(), survey(&text).unwrap().sha256);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn what_is_put_together_again_has_the_same_rows(text in "(\u{feff})?(sep=,\n)?user_id,user_created_at,photo(\r\n|\n)[abé,\"'\r\n ]{0,40}") {
        let all = manifest(&text);
        if let Ok(surveyed) = survey(&text) {
            let again = whole(&all);
            let made = manifest(&again);
            prop_assert_eq!(cells(&made), cells(&all));
            let judged = |manifest: &Manifest| -> Vec<_> {
                rows(manifest).into_iter().map(|row| row.map_err(|fault| fault.reason)).collect()
            };
            prop_assert_eq!(judged(&made), judged(&all));
            prop_assert_eq!(survey(&again).unwrap().rows(), surveyed.rows());
            // What was made of it is made of that once more.
            prop_assert_eq!(whole(&made), again);
        }
    }
}
