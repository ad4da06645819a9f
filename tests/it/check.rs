//! `check`: all that can be known without sending (contract, section 2).

use crate::harness::{Run, Server, padded};

const HEADER: &str = "user_id,user_created_at,photo\n";

#[test]
fn a_clean_manifest_needs_no_credentials_and_leaves_nothing() {
    let run = Run::bare().rows(3);
    let before = names(&run);
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!((output.code, output.stdout.len()), (Some(0), 0), "{}", output.stderr);
    assert!(output.stderr.contains("3 rows, 0 invalid"), "{}", output.stderr);
    assert_eq!(names(&run), before);
}

fn names(run: &Run<'_>) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(run.path(".")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn all_findings_are_told_with_row_reason_and_value() {
    let server = Server::success();
    let run = Run::new(&server)
        .manifest(&format!(
            "{HEADER} u1,2021-08-12,p.jpg\nu2,03/04/2021,p.jpg\nu3,2021-08-12,none.jpg\nu4,2021-08-12\n\
             u5,2021-08-12,p.jpg\nu5,2021-08-13,p.jpg\nu6,2021-08-12,p.jpg\nu6,2021-08-12,p.jpg\nu7,2021-08-12,half.jpg\n\
             u8,2999-01-01,p.jpg\nu9,2021-08-12,big.jpg\n"
        ))
        .file("half.jpg", &crate::harness::jpeg()[..200])
        .file("big.jpg", &padded(4_600_000));
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for part in [
        "row 1: bad_user_id: \" u1\"",
        "row 2: bad_date: \"03/04/2021\"",
        "row 3: photo_not_found: \"none.jpg\"",
        "row 4: wrong_field_count",
        "row 5: conflicting_rows: row 6",
        "row 6: conflicting_rows: row 5",
        "row 9: photo_truncated: \"half.jpg\"",
        "row 10: date_in_future: \"2999-01-01\"",
        "row 11: warning",
        "11 rows, 8 invalid",
        "1 that repeat another",
        "1 large photos",
    ] {
        assert!(output.stderr.contains(part), "{part:?} is not in {}", output.stderr);
    }
    // The run comes to the same findings.
    run.go()
        .code(1)
        .summary("/counts/invalid", 8)
        .summary("/counts/enrolled", 3);
}

#[test]
fn without_photos_only_the_rows_are_looked_at() {
    let run = Run::bare().manifest(&format!("{HEADER}u1,2021-08-12,none.jpg\nu2,2021-02-30,p.jpg\n"));
    let output = run.tool(&["check", "--no-photos", "manifest.csv"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("2 rows, 1 invalid"), "{}", output.stderr);
    let run = Run::bare().manifest(&format!("{HEADER}u1,2021-08-12,none.jpg\n"));
    assert_eq!(run.tool(&["check", "--no-photos", "manifest.csv"]).code, Some(0));
    assert_eq!(run.tool(&["check", "manifest.csv"]).code, Some(1));
}

#[test]
fn standard_input_and_a_photo_root() {
    let text = format!("{HEADER}u1,2021-08-12,p.jpg\n");
    let run = Run::bare().stdin(text.as_bytes());
    assert_eq!(run.tool(&["check", "-"]).code, Some(2));
    assert_eq!(run.tool(&["check", "--photo-root", ".", "-"]).code, Some(0));
    assert_eq!(run.tool(&["check", "--photo-root", "none", "-"]).code, Some(1));
    assert_eq!(run.tool(&["check", "--no-photos", "-"]).code, Some(0));
}

#[test]
fn a_check_without_a_manifest_is_a_usage_error() {
    assert_eq!(Run::bare().tool(&["check"]).code, Some(2));
}
