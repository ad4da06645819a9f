//! RFC 4180 to the letter: what other readers guess at is a fault of its row, and of no other.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{HEADER, cells, file, manifest, open, rows, survey};
use crate::domain::outcome::{RESULT_COLUMNS, Reason};
use crate::domain::testing::cases;
use crate::manifest::rfc4180::FormError;
use crate::manifest::{ManifestError, Role};

const MIB: usize = 1024 * 1024;

/// The reasons of the rows between two good ones, which must stay good, wherever a row ends.
fn reasons_between(rows_text: &str, end: &str) -> Vec<Option<Reason>> {
    let text = format!("{HEADER}first,2021-08-12,a.jpg\n{rows_text}{end}last,2021-08-12,a.jpg\n").replace("\\e", end);
    let all = rows(&manifest(&text));
    let users: Vec<_> = [all.first(), all.last()]
        .map(|row| row.unwrap().as_ref().unwrap().0.clone())
        .to_vec();
    assert_eq!(users, ["first", "last"], "{text:?}");
    let between = &all[1..all.len() - 1];
    between
        .iter()
        .map(|row| row.as_ref().err().map(|fault| fault.reason))
        .collect()
}

#[test]
fn what_the_grammar_forbids_is_the_fault_of_its_row_alone() {
    use Reason::{BadLineEnd, BadQuotes};
    for (row, reason) in [
        // Text behind a closing quote.
        ("\"u1\"x,2021-08-12,a.jpg", BadQuotes),
        ("\"u\\\"1\",2021-08-12,a.jpg", BadQuotes),
        ("\"u1\" ,2021-08-12,a.jpg", BadQuotes),
        ("\"u1\"\",\"2021-08-12\"x,a.jpg", BadQuotes),
        ("u1,2021-08-12,\"a\"x.jpg", BadQuotes),
        ("u1,2021-08-12,\"a\".jpg", BadQuotes),
        ("u1,2021-08-12,\"\"a.jpg", BadQuotes),
        ("u1,2021-08-12,\"a.jpg\"x", BadQuotes),
        ("u1,2021-08-12,\"a\\eb\"x", BadQuotes),
        ("u1,2021-08-12,a.jpg,\"x\"y", BadQuotes),
        // A quote in a field that is not quoted.
        ("a\"b,2021-08-12,a.jpg", BadQuotes),
        ("u1\",2021-08-12,a.jpg", BadQuotes),
        (" \"u1\",2021-08-12,a.jpg", BadQuotes),
        ("u1,2021-08-12,5\" disk.jpg", BadQuotes),
        ("u1,2021-08-12,a\"\".jpg", BadQuotes),
        ("u1,2021-08-12,a.jpg\"", BadQuotes),
        ("é\"b,2021-08-12,a.jpg", BadQuotes),
        // A carriage return that ends no line.
        ("u1,2021-08-12,a.jpg\rb.jpg", BadLineEnd),
        ("u1\r,2021-08-12,a.jpg", BadLineEnd),
        ("u1,2021-08-12,a.jpg\ru2,2021-08-12,b.jpg", BadLineEnd),
        ("u1,2021-08-12,\"a.jpg\"\rx", BadLineEnd),
        ("\"u1\"\r,2021-08-12,a.jpg", BadLineEnd),
        ("\ru1,2021-08-12,a.jpg", BadLineEnd),
        ("u1,2021-08-12,a.jpg\r", BadLineEnd),
    ] {
        // With LF as the line end, a carriage return at the end of the row is that of a CRLF.
        let ends: &[&str] = if row.ends_with('\r') {
            &["\r\n"]
        } else {
            &["\n", "\r\n"]
        };
        for end in ends {
            assert_eq!(reasons_between(row, end), [Some(reason)], "{row:?} {end:?}");
        }
    }
}

#[test]
fn what_the_grammar_allows_is_no_fault() {
    for row in [
        "\"u1\",2021-08-12,a.jpg",
        "u1,\"2021-08-12\",\"a.jpg\"",
        "\"\"\"u1\"\"\",2021-08-12,\"a \"\"x\"\".jpg\"",
        "\"\"\"\",2021-08-12,a.jpg",
        "u1,2021-08-12,\"a\\e\\eb\r.jpg\"",
        "\"u,1\",2021-08-12,\"a,\\e,b\"",
        "u'1,2021-08-12,a\\b.jpg",
    ] {
        for end in ["\n", "\r\n"] {
            assert_eq!(reasons_between(row, end), [None], "{row:?} {end:?}");
        }
    }
}

#[test]
fn a_malformed_row_is_shown_and_stays_as_it_is_written() {
    let text = format!("{HEADER}\n\"a\n\"x,2021-08-12,\"b,c\"\nd,2021-08-12,d.jpg\n");
    let manifest = manifest(text);
    let fault = rows(&manifest).remove(0).unwrap_err();
    assert_eq!(
        fault.detail,
        format!("{:?}: {}", "\"a\n\"x", FormError::TextBehindQuote)
    );
    assert_eq!(cells(&manifest)[0].1, ["\"a\n\"x", "2021-08-12", "\"b,c\""]);
}

#[test]
fn a_malformed_row_contradicts_nobody_and_does_not_come_back_as_a_right_one() {
    let rows_text = "\"a\"x,2021-08-12,a.jpg\na,2021-08-12,a.jpg\n\"a\"x,2021-08-12,a.jpg\n";
    let survey = survey(format!("{HEADER}{rows_text}")).unwrap();
    let roles: Vec<_> = (1..=3).map(|row| survey.role(row).unwrap()).collect();
    assert_eq!(roles, [Role::Invalid, Role::First, Role::Invalid]);

    let header = format!("{},{}", HEADER.trim_end(), RESULT_COLUMNS.join(","));
    for reason in [Reason::BadQuotes, Reason::BadLineEnd] {
        let row = format!("\"\"\"a\"\"x\",2021-08-12,a.jpg,1,invalid,{reason},,,,,,,0,,,,,,");
        let fault = rows(&manifest(format!("{header}\n{row}\n"))).remove(0).unwrap_err();
        assert_eq!(fault.reason, reason);
    }
}

#[test]
fn a_malformed_header_is_no_header() {
    for header in [
        "\"user_id\"x,user_created_at,photo",
        "user_id,user_created_at,photo,no\"te",
        "user_id,user_created_at,photo\rx",
        "user_id,user_created_at,photo\ru1,2021-08-12,a.jpg\r",
    ] {
        let found = open(file(format!("\n{header}\n")).path());
        let refused = matches!(found, Err(ManifestError::HeaderForm { line: 2, .. }));
        assert!(refused, "{header:?}: {found:?}");
    }
}

#[test]
fn a_record_has_at_most_one_mebibyte() {
    let row = |bytes: usize| format!("u1,2021-08-12,{}", "x".repeat(bytes - "u1,2021-08-12,".len()));
    for end in ["", "\n", "\r\n"] {
        let text = format!("{HEADER}{}{end}", row(MIB));
        assert_eq!(survey(text).unwrap().rows(), 1, "{end:?}");
        let text = format!("{HEADER}a,b,c\n{}{end}", row(MIB + 1));
        let found = survey(text);
        assert!(
            matches!(found, Err(ManifestError::LongRecord { line: 3, .. })),
            "{found:?}"
        );
    }
}

#[test]
fn an_endless_quote_ends_at_the_limit_and_names_the_line_where_it_begins() {
    let mut text = format!("{HEADER}a,2021-08-12,a.jpg\nb,2021-08-12,\"b.jpg\n");
    for number in 0..60_000 {
        writeln!(text, "u{number},2021-08-12,u{number}.jpg").unwrap();
    }
    assert!(text.len() > MIB);
    let error = survey(text).unwrap_err();
    assert!(matches!(error, ManifestError::LongRecord { line: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("never closed"), "{error}");
}

/// A cell with what makes CSV difficult.
fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z0-9 ]{1,6}",
        1 => Just("\"".to_owned()),
        1 => Just(",".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\r".to_owned()),
        1 => Just("é用🙂".to_owned()),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Well-formed text: cells that need quotes have them, others may; either line end, blank lines, perhaps none at the end.
fn well_formed() -> impl Strategy<Value = String> {
    let cell = (cell(), any::<bool>()).prop_map(|(cell, quote)| match quote || cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    });
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\r\n\n")];
    let record = (proptest::collection::vec(cell, 1..5), line_end);
    let records = proptest::collection::vec(record, 0..8);
    (any::<bool>(), records, any::<bool>()).prop_map(|(bom, records, cut)| {
        let mut text = if bom { "\u{feff}" } else { "" }.to_owned() + HEADER;
        for (cells, end) in records {
            text += &(cells.join(",") + end);
        }
        let end = if cut {
            text.trim_end_matches(['\r', '\n']).len()
        } else {
            text.len()
        };
        text[..end].to_owned()
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn well_formed_text_is_read_as_the_csv_crate_reads_it(text in well_formed()) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let wanted: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let manifest = manifest(&text);
        let found: Vec<Vec<String>> = cells(&manifest).into_iter().map(|(_, cells)| cells).collect();
        prop_assert_eq!(found, wanted);
        let mut records = manifest.records().unwrap();
        while let Some((_, record)) = records.next().unwrap() {
            prop_assert!(record.fault().is_none());
        }
    }

    #[test]
    fn no_text_makes_the_reading_fail_otherwise_than_it_may(tail in "[a\",\r\n]{0,40}") {
        let found = survey(format!("{HEADER}{tail}"));
        prop_assert!(matches!(found, Ok(_) | Err(ManifestError::OpenQuote { .. })), "{:?}", found);
    }

    #[test]
    fn records_end_where_the_csv_crate_ends_them(tail in "[a\",\n]{0,40}") {
        // Where a malformed record ends is agreed on, so that it harms no other one.
        let text = format!("{HEADER}{tail}");
        if survey(&text).is_ok() {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let wanted = reader.records().map(Result::unwrap).count();
            prop_assert_eq!(cells(&manifest(&text)).len(), wanted);
        }
    }
}
