//! What stands between the fields, and what the header says of it.

use proptest::prelude::*;

use super::{cells, file, now, rows};
use crate::domain::outcome::Reason;
use crate::domain::testing::cases;
use crate::manifest::{CsvForm, Delimiter, Manifest, ManifestError, ManifestOptions, Survey};

fn open_with(text: &str, delimiter: Option<Delimiter>) -> Result<Manifest, ManifestError> {
    let options = ManifestOptions {
        delimiter,
        ..ManifestOptions::in_folder("/photos")
    };
    Manifest::open(file(text).path(), options, now())
}

fn open(text: &str) -> Result<Manifest, ManifestError> {
    open_with(text, None)
}

#[test]
fn it_is_the_one_under_which_the_header_holds_the_columns() {
    for delimiter in Delimiter::ALL {
        let d = char::from(delimiter.byte());
        let header = format!("\"a,b;c|d\te\"{d}user_id{d}\"user_created_at\"{d} Photo{d}\"x{d}y\"");
        let row = format!("1{d}u1{d}2021-08-12{d}\"a{d}b.jpg\"{d}\"say \"\"hi\"\"{d}\n\"");
        for text in [format!("{header}\n{row}\n"), format!("\u{feff}{header}\r\n{row}\r\n")] {
            for manifest in [open(&text).unwrap(), open_with(&text, Some(delimiter)).unwrap()] {
                let wanted = [
                    "1",
                    "u1",
                    "2021-08-12",
                    &format!("a{d}b.jpg"),
                    &format!("say \"hi\"{d}\n"),
                ];
                assert_eq!(cells(&manifest)[0].1, wanted, "{text:?}");
                assert_eq!(manifest.csv_form().delimiter, delimiter);
                assert!(rows(&manifest)[0].is_ok());
            }
        }
    }
}

#[test]
fn a_delimiter_that_is_said_is_the_only_one_that_is_tried() {
    let text = "user_id;user_created_at;photo\nu1;2021-08-12;a.jpg\n";
    let error = open_with(text, Some(Delimiter::Comma)).unwrap_err().to_string();
    assert!(error.contains("--delimiter") && error.contains("missing"), "{error}");
    // With `;` the header says other columns than with `,`.
    let both = "user_id,user_created_at,photo,x;user_id;user_created_at;photo;\n";
    let error = open(both).unwrap_err();
    assert!(
        matches!(
            error,
            ManifestError::TwoDelimiters {
                one: Delimiter::Comma,
                other: Delimiter::Semicolon
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("--delimiter"), "{error}");
    for delimiter in [Delimiter::Comma, Delimiter::Semicolon] {
        assert_eq!(
            open_with(both, Some(delimiter)).unwrap().csv_form().delimiter,
            delimiter
        );
    }
}

#[test]
fn what_is_missing_is_told_of_the_delimiter_that_comes_nearest() {
    let error = open("user_id;created;photo;a,b\n").unwrap_err().to_string();
    assert!(error.contains("the column user_created_at is missing"), "{error}");
    assert!(error.contains("there are: user_id, created, photo, a,b;"), "{error}");
}

#[test]
fn a_fault_of_the_form_names_the_delimiter_in_use() {
    let manifest = open("user_id;user_created_at;photo\nu1;2021-08-12\n").unwrap();
    let fault = rows(&manifest).remove(0).unwrap_err();
    assert_eq!(fault.reason, Reason::WrongFieldCount);
    assert!(
        fault.detail.ends_with("quote a field that holds a semicolon"),
        "{}",
        fault.detail
    );
}

#[test]
fn a_line_that_says_the_delimiter_is_no_header_and_counts_as_a_line() {
    for delimiter in Delimiter::ALL {
        let d = char::from(delimiter.byte());
        for (sep, bom) in [("sep=", ""), ("SEP=", "\u{feff}")] {
            for end in ["\n", "\r\n"] {
                let text = format!("{bom}{sep}{d}\nuser_id,user_created_at,photo\n\nu1,2021-08-12,a.jpg\n");
                let text = text.replace(',', &d.to_string()).replace('\n', end);
                let manifest = open(&text).unwrap();
                let wanted = CsvForm {
                    bom: !bom.is_empty(),
                    sep_line: true,
                    delimiter,
                    crlf: end == "\r\n",
                };
                assert_eq!(manifest.csv_form(), wanted);
                assert_eq!(rows(&manifest).len(), 1);
                let mut records = manifest.records().unwrap();
                assert_eq!(records.next().unwrap().unwrap().1.line(), 4, "{text:?}");
            }
        }
    }
}

#[test]
fn a_line_that_says_the_delimiter_wrongly_is_told() {
    let text = "sep=;\nuser_id,user_created_at,photo\nu1,2021-08-12,a.jpg\n";
    let error = open(text).unwrap_err().to_string();
    assert!(error.contains("missing") && error.contains("line 2"), "{error}");
    assert!(
        open_with(text, Some(Delimiter::Comma)).is_ok(),
        "the operator has the last word"
    );
    let error = open("sep=:\nuser_id:user_created_at:photo\n").unwrap_err();
    assert!(matches!(error, ManifestError::Sep { sep: ':' }), "{error:?}");
    for text in ["sep=;", "sep=,\r\n", "\u{feff}sep=|\n\n"] {
        assert!(matches!(open(text), Err(ManifestError::NoHeader)), "{text:?}");
    }
    for text in ["sep=", "sep=ab,user_id,user_created_at,photo", "sep=,,user_id"] {
        assert!(!matches!(open(text), Err(ManifestError::Sep { .. })), "{text:?}");
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn what_is_written_is_read_with_every_delimiter(
        table in proptest::collection::vec(proptest::collection::vec("[a,;|\t\"\r\né ]{0,4}", 2), 0..6),
        place in 0..4_usize,
        crlf in any::<bool>(),
    ) {
        let delimiter = Delimiter::ALL[place];
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter.byte())
            .terminator(terminator)
            .from_writer(Vec::new());
        writer.write_record(["user_id", "user_created_at", "photo", "one", "two"]).unwrap();
        for row in &table {
            writer.write_record(["u", "2021-08-12", "p.jpg", &row[0], &row[1]]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let manifest = open(&text).unwrap();
        prop_assert_eq!(manifest.csv_form().delimiter, delimiter);
        let found: Vec<Vec<String>> = cells(&manifest).into_iter().map(|(_, cells)| cells[3..].to_vec()).collect();
        prop_assert_eq!(found, table);
        prop_assert!(Survey::take(&manifest, |_, _| ()).is_ok());
    }
}
