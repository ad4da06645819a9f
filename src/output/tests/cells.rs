//! Every cell of a row.

use strum::VariantArray;

use super::{Fixture, full, of};
use crate::domain::outcome::{Facts, FixedDigest, Outcome, PhotoDigest, Reason, ResultColumns, Status};
use crate::manifest::{ManifestOptions, Opened};

#[test]
fn the_header_is_the_manifests_own_and_the_contracts_sixteen() {
    let fixture = Fixture::new("Note, user_id ,user_created_at,PHOTO_PATH\nx,a,2021-08-12,a.jpg\n");
    assert_eq!(
        fixture.text().lines().next(),
        Some(
            "Note, user_id ,user_created_at,PHOTO_PATH,row,status,reason,http_status,result_code,result_text,\
             smile_job_id,job_id,confidence,attempts,photo_sha256,photo_bytes,sent_at,finished_at,duration_ms,run_id"
        )
    );
}

#[test]
fn every_cell_stands_in_its_column() {
    let mut fixture = Fixture::of(&["a"]);
    fixture.record("a", full());
    let table = fixture.table();
    let photo = "ab".repeat(32);
    let wanted = [
        "a",
        "2021-08-12",
        "a.jpg",
        "1",
        "provisional",
        "human_review",
        "200",
        "0842",
        "Needs review, \"soon\"",
        "0000056574",
        "job-1",
        "97.5",
        "3",
        &photo,
        "50000",
        "2023-02-13T15:07:42.004Z",
        "2023-02-13T15:07:43.000Z",
        "996",
        "run-1",
    ];
    assert_eq!(table[1], wanted);
}

#[test]
fn what_is_not_known_is_an_empty_cell() {
    let fixture = Fixture::of(&["a"]);
    let wanted = ["1", "pending", "", "", "", "", "", "", "", "0", "", "", "", "", "", ""];
    assert_eq!(fixture.table()[1][3..], wanted);
}

#[test]
fn own_cells_come_back_verbatim_whatever_is_in_them() {
    let own = [
        "=1+1",
        "+x",
        "@y",
        "a,b",
        "say \"no\"",
        "one\ntwo\r\nthree",
        " spaced ",
        "",
        "名前",
        "\t",
        "'",
        "-",
    ];
    let header: Vec<String> = (0..own.len()).map(|place| format!("c{place}")).collect();
    let quoted: Vec<String> = own
        .iter()
        .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
        .collect();
    let fixture = Fixture::new(&format!(
        "{},user_id,user_created_at,photo\n{},a,2021-08-12,a.jpg\n",
        header.join(","),
        quoted.join(",")
    ));
    assert_eq!(fixture.table()[1][..own.len()], own);
}

#[test]
fn a_providers_text_is_never_a_formula() {
    for text in ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)"] {
        let mut fixture = Fixture::of(&["a"]);
        let facts = Facts {
            http_status: Some(400),
            result_code: Some(text.into()),
            result_text: Some(text.into()),
            smile_job_id: Some(text.into()),
            job_id: Some(text.into()),
            confidence: Some(text.into()),
        };
        fixture.record("a", Outcome { facts, ..full() });
        for column in ["result_code", "result_text", "smile_job_id", "job_id", "confidence"] {
            assert_eq!(fixture.cell(1, column), format!("'{text}"), "{column}");
        }
    }
}

#[test]
fn rows_stand_in_the_manifests_order_with_its_numbers() {
    let mut fixture = Fixture::of(&["c", "a", "b"]);
    for user in ["a", "b", "c"] {
        fixture.record(user, of(Status::Enrolled));
    }
    let rows: Vec<_> = fixture.table()[1..]
        .iter()
        .map(|row| (row[0].clone(), row[3].clone()))
        .collect();
    let wanted = [("c", "1"), ("a", "2"), ("b", "3")].map(|(user, row)| (user.to_owned(), row.to_owned()));
    assert_eq!(rows, wanted);
}

#[test]
fn an_intent_that_nobody_closed_is_in_doubt() {
    let mut fixture = Fixture::of(&["a", "b", "c"]);
    fixture.intend("a", 1);
    fixture.record("b", of(Status::Rejected));
    fixture.intend("b", 1);
    fixture.record("c", of(Status::Enrolled));
    fixture.intend("c", 1);
    let statuses: Vec<_> = (1..=3).map(|row| fixture.cell(row, "status")).collect();
    assert_eq!(statuses, ["in_doubt", "in_doubt", "enrolled"]);
    assert_eq!(
        (fixture.cell(1, "reason"), fixture.cell(1, "attempts")),
        ("interrupted".into(), "1".into())
    );
    assert_eq!(fixture.cell(1, "sent_at"), "2023-02-13T15:07:42.004Z");
}

#[test]
fn rows_that_are_wrong_repeated_or_in_conflict_are_reported_each() {
    let mut fixture = Fixture::new(
        "user_id,user_created_at,photo\na,2021-08-12,a.jpg\na,2021-08-12,a.jpg\nb,2021-08-12,b.jpg\n\
         b,2021-08-12,c.jpg\nc,never,c.jpg\nd,2021-08-12\ne,2021-08-12,e.jpg,more\n",
    );
    fixture.record("a", of(Status::Enrolled));
    let found: Vec<_> = (1..=7)
        .map(|row| (fixture.cell(row, "status"), fixture.cell(row, "reason")))
        .collect();
    let wanted = [
        ("enrolled", ""),
        ("enrolled", ""),
        ("invalid", "conflicting_rows"),
        ("invalid", "conflicting_rows"),
        ("invalid", "bad_date"),
        ("invalid", "wrong_field_count"),
        ("invalid", "wrong_field_count"),
    ];
    assert_eq!(
        found,
        wanted.map(|(status, reason)| (status.to_owned(), reason.to_owned()))
    );
}

#[test]
fn what_the_ledger_knows_of_a_row_that_is_wrong_now_is_not_told_of_it() {
    let mut fixture = Fixture::new("user_id,user_created_at,photo\na,2021-08-12,a.jpg\na,2021-08-13,a.jpg\n");
    fixture.record("a", of(Status::Rejected));
    assert_eq!(fixture.cell(1, "status"), "invalid");
}

/// The results as a manifest, with the results of that.
fn again(fixture: &Fixture, text: &str, columns: ResultColumns) -> (String, Vec<Vec<String>>) {
    let path = fixture.folder.path().join("results.csv");
    std::fs::write(&path, text).unwrap();
    let now = chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let manifest = Opened::open(&path, &ManifestOptions::in_folder("/photos"), now).unwrap();
    let manifest = manifest.survey().unwrap();
    let mut bytes = Vec::new();
    crate::output::write(&manifest, &fixture.ledger, columns, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let own = manifest.manifest.own_columns().to_vec();
    (text, vec![own])
}

#[test]
fn the_results_are_a_manifest_whose_results_are_the_same_with_and_without_fixes() {
    let mut fixture =
        Fixture::new("note,user_id,user_created_at,photo\n\"x, y\",a,2021-08-12,a.jpg\nz,b,2021-08-12,b.jpg\n");
    fixture.record("a", full());
    let (plain, fixes) = (ResultColumns::Plain, ResultColumns::WithFixes);
    let first = fixture.text();
    let (second, own) = again(&fixture, &first, plain);
    assert_eq!(second, first);
    assert_eq!(own, [["note", "user_id", "user_created_at", "photo"]]);
    let (with_fixes, _) = again(&fixture, &first, fixes);
    assert_eq!(again(&fixture, &with_fixes, fixes), (with_fixes.clone(), own.clone()));
    assert_eq!(again(&fixture, &with_fixes, plain), (first, own));
}

#[test]
fn what_was_done_to_a_photo_stands_behind_the_rest() {
    let mut fixture = Fixture::of(&["a", "b", "c"]);
    fixture.record("a", full());
    let fixed = FixedDigest {
        fixes: "rotated scaled".parse().unwrap(),
        sha256: [0xCD; 32],
        bytes: 4_000,
    };
    let photo = super::photo();
    let photo = Some(PhotoDigest {
        fixed: Some(fixed),
        ..photo
    });
    fixture.record("b", Outcome { photo, ..full() });
    let (text, _) = again(&fixture, &fixture.text(), ResultColumns::WithFixes);
    let ends: Vec<_> = text
        .lines()
        .take(3)
        .map(|line| line.rsplit_once("run").unwrap().1)
        .collect();
    let (lies, sent) = ("ab".repeat(32), "cd".repeat(32));
    assert_eq!(
        ends,
        [
            "_id,photo_fixes,sent_sha256,sent_bytes",
            &format!("-1,,{lies},50000"),
            &format!("-1,rotated scaled,{sent},4000"),
        ]
    );
    assert!(text.ends_with(",,,,,,,\n"), "{text}");
    assert_eq!(text.matches(&lies).count(), 3, "the source's hash stays");
}

#[test]
fn the_same_ledger_gives_the_same_bytes() {
    let mut fixture = Fixture::of(&["a", "b"]);
    fixture.record("b", full());
    assert_eq!(fixture.text(), fixture.text());
}

#[test]
fn a_manifest_that_was_changed_meanwhile_is_an_error_and_not_a_report() {
    let fixture = Fixture::of(&["a", "b"]);
    let path = fixture.folder.path().join("m.csv");
    for text in [
        "user_id,user_created_at,photo\na,2021-08-12,a.jpg\n",
        "user_id,user_created_at,photo\na,2021-08-12,a.jpg\nx,2021-08-12,b.jpg\n",
        "user_id,user_created_at,photo\na,2021-08-12,a.jpg\nb,2021-08-12,b.jpg\nc,2021-08-12,c.jpg\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let found = fixture.write_to(std::io::sink());
        assert!(matches!(found, Err(crate::output::ResultsError::Manifest(_))), "{text}");
    }
}

#[test]
fn every_reason_and_status_is_written_as_its_word() {
    let mut fixture = Fixture::of(&["a"]);
    for status in Status::ALL {
        for reason in Reason::VARIANTS {
            fixture.record(
                "a",
                Outcome {
                    reason: Some(*reason),
                    ..of(*status)
                },
            );
            let row = &fixture.table()[1];
            assert_eq!((row[4].as_str(), row[5].as_str()), (status.word(), reason.word()));
        }
    }
}
