//! `check`: all that can be known without sending (contract, section 2).

use serde_json::{Value, json};

use crate::harness::{RESULT_COLUMNS, Run, Server, jpeg, padded, png};

const HEADER: &str = "user_id,user_created_at,photo\n";

/// A manifest with many kinds of faults, and with its photos.
fn faulty(run: Run<'_>) -> Run<'_> {
    run.manifest(&format!(
        "{HEADER} u1,2021-08-12,p.jpg\nu2,03/04/2021,p.jpg\n\nu3,2021-08-12,none.jpg\nu4,2021-08-12\n\
         u5,2021-08-12,p.jpg\nu5,2021-08-13,p.jpg\nu6,2021-08-12,p.jpg\nu6,2021-08-12,p.jpg\nu7,2021-08-12,half.jpg\n\
         \"u\n8\",2021-08-12,p.jpg\nu9,2999-01-01,p.jpg\nu10,2021-08-12,big.jpg\nu11,2021-08-12,p.jpg\n\
         u7,2021-08-12,half.jpg\n"
    ))
    .file("half.jpg", &jpeg()[..200])
    .file("big.jpg", &padded(4_600_000))
}

fn names(run: &Run<'_>) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(run.path(".")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

/// Rows of a CSV text, the header first.
fn table(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let rows = reader.records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_clean_manifest_needs_no_credentials_and_leaves_nothing() {
    let run = Run::bare().rows(1);
    let before = names(&run);
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!((output.code, output.stdout.len()), (Some(0), 0), "{}", output.stderr);
    assert_eq!(output.stderr, "checked: 1 row, 0 invalid\n");
    assert_eq!(names(&run), before);
    for options in [&["-q"][..], &["-q", "--log-format", "json"]] {
        let output = run.tool(&[&["check", "manifest.csv"], options].concat());
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn all_findings_are_told_with_row_line_user_reason_and_value() {
    let server = Server::success();
    let run = faulty(Run::new(&server));
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for part in [
        "checked: 14 rows, 10 invalid, 3 warnings, 2 repeat others and are sent once\n",
        "invalid bad_user_id: 2\n  row 1 (line 2), user  u1: bad_user_id: \" u1\": ",
        "  row 10 (line 12), user u\\n8: bad_user_id: \"u\\n8\": ",
        "invalid bad_date: 1\n  row 2 (line 3), user u2: bad_date: \"03/04/2021\": the date can be read in ",
        "invalid photo_not_found: 1\n  row 3 (line 5), user u3: photo_not_found: \"none.jpg\": ",
        "invalid wrong_field_count: 1\n  row 4 (line 6), user u4: wrong_field_count: ",
        "invalid conflicting_rows: 2\n  row 5 (line 7), user u5: conflicting_rows: row 6 (line 8) has ",
        "  row 6 (line 8), user u5: conflicting_rows: row 5 (line 7) has ",
        "  row 9 (line 11), user u7: photo_truncated: \"half.jpg\": ",
        "  row 14 (line 17), user u7: photo_truncated: \"half.jpg\": ",
        "  row 11 (line 14), user u9: date_in_future: \"2999-01-01\": ",
        "warning large_photo: 1\n  row 12 (line 15), user u10: large_photo: the photo has 4600000 bytes; ",
        "warning shared_photo: 2\n  row 7 (line 9), user u6: shared_photo: \"p.jpg\": row 13 (line 16) is another user ",
        "  row 13 (line 16), user u11: shared_photo: \"p.jpg\": row 7 (line 9) is another user ",
    ] {
        assert!(output.stderr.contains(part), "{part:?} is not in {}", output.stderr);
    }
    // The run comes to the same findings.
    run.go()
        .code(1)
        .summary("/counts/invalid", 10)
        .summary("/counts/enrolled", 4);
}

#[test]
fn findings_of_one_kind_stand_together_and_only_five_are_shown() {
    let rows: String = (1..=1_234).map(|n| format!("u{n},03/04/2021,p.jpg\n")).collect();
    let run = Run::bare().manifest(&format!("{HEADER}{rows}"));
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!(output.code, Some(1));
    let lines: Vec<_> = output.stderr.lines().collect();
    assert_eq!(
        lines[..2],
        ["checked: 1,234 rows, 1,234 invalid", "invalid bad_date: 1,234"]
    );
    assert!(lines[2].starts_with("  row 1 (line 2), user u1: ") && lines[6].starts_with("  row 5 (line 6), user u5: "));
    assert_eq!(
        lines[7..],
        ["  and 1,229 more", "all of them: check again with -o FILE"]
    );
    let output = run.tool(&["check", "-o", "all.csv", "manifest.csv"]);
    assert!(
        output.stderr.ends_with("  and 1,229 more\nfindings: all.csv\n"),
        "{}",
        output.stderr
    );
    let found = table(&std::fs::read(run.path("all.csv")).unwrap());
    assert!(
        found
            .iter()
            .skip(1)
            .map(|row| row[0].clone())
            .eq((1..=1_234).map(|n| n.to_string()))
    );
}

#[test]
fn all_findings_go_to_a_file() {
    let run = faulty(Run::bare());
    let output = run.tool(&["check", "-o", "found.csv", "manifest.csv"]);
    assert_eq!((output.code, output.stdout.len()), (Some(1), 0), "{}", output.stderr);
    let found = table(&std::fs::read(run.path("found.csv")).unwrap());
    assert_eq!(found[0], ["row", "line", "user_id", "reason", "detail"]);
    let brief: Vec<_> = found[1..].iter().map(|row| row[..4].join("|")).collect();
    assert_eq!(
        brief,
        [
            "1|2| u1|bad_user_id",
            "2|3|u2|bad_date",
            "3|5|u3|photo_not_found",
            "4|6|u4|wrong_field_count",
            "5|7|u5|conflicting_rows",
            "6|8|u5|conflicting_rows",
            "9|11|u7|photo_truncated",
            "10|12|u\n8|bad_user_id",
            "11|14|u9|date_in_future",
            "12|15|u10|large_photo",
            "14|17|u7|photo_truncated",
            "7|9|u6|shared_photo",
            "13|16|u11|shared_photo",
        ]
    );
    assert!(found[1..].iter().all(|row| row.len() == 5 && !row[4].is_empty()));
    let stdout = run.tool(&["check", "-o", "-", "manifest.csv"]);
    assert_eq!((stdout.code, table(&stdout.stdout)), (Some(1), found));
    assert!(stdout.stderr.starts_with("checked: 14 rows") && !stdout.stderr.contains("findings:"));
}

#[cfg(unix)]
#[test]
fn the_file_of_findings_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = faulty(Run::bare());
    run.tool(&["check", "-o", "found.csv", "manifest.csv"]);
    let mode = std::fs::metadata(run.path("found.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A device is written to as it stands.
    let output = run.tool(&["check", "-o", "/dev/null", "manifest.csv"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
}

#[test]
fn a_clean_check_leaves_no_earlier_findings_and_a_failed_one_does() {
    let run = Run::bare().rows(1);
    let earlier = b"row,line,user_id,reason,detail\n1,2,u1,bad_date,no date\n";
    run.write("found.csv", earlier);
    run.write("broken.csv", format!("{HEADER}u1,2021-08-12,\"p.jpg\n").as_bytes());
    let before = names(&run);
    let output = run.tool(&["check", "-o", "found.csv", "broken.csv"]);
    assert_eq!(output.code, Some(9), "{}", output.stderr);
    assert_eq!(std::fs::read(run.path("found.csv")).unwrap(), earlier);
    let output = run.tool(&["check", "-q", "-o", "found.csv", "manifest.csv"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    let text = std::fs::read_to_string(run.path("found.csv")).unwrap();
    assert_eq!(text, "row,line,user_id,reason,detail\n");
    assert_eq!(names(&run), before);
}

#[test]
fn findings_are_not_written_over_the_manifest_or_where_nothing_can_be() {
    let run = Run::bare().rows(2);
    let manifest = std::fs::read(run.path("manifest.csv")).unwrap();
    for path in ["manifest.csv", "./manifest.csv"] {
        let output = run.tool(&["check", "-o", path, "manifest.csv"]);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(output.stderr.contains("--findings") && output.stderr.contains("is the manifest itself"));
    }
    assert_eq!(std::fs::read(run.path("manifest.csv")).unwrap(), manifest);
    for path in [".", "none/found.csv", "p.jpg/found.csv"] {
        let output = run.tool(&["check", "-o", path, "manifest.csv"]);
        assert_eq!(output.code, Some(7), "{}", output.stderr);
        assert!(output.stderr.starts_with("error: findings \""), "{}", output.stderr);
    }
}

#[test]
fn findings_replace_no_photo_no_results_and_nothing_else_that_are_no_findings() {
    let run = Run::bare().rows(2);
    let results = format!("user_id,{}\n", RESULT_COLUMNS.join(","));
    run.write("r.csv", results.as_bytes());
    run.write("notes.txt", b"row,line\n");
    for name in ["p.jpg", "r.csv", "notes.txt"] {
        let before = std::fs::read(run.path(name)).unwrap();
        let output = run.tool(&["check", "-o", name, "manifest.csv"]);
        assert_eq!(output.code, Some(2), "{name}: {}", output.stderr);
        let told = format!("error: findings \"{name}\": it is no earlier file of findings");
        assert!(output.stderr.starts_with(&told), "{}", output.stderr);
        assert!(std::fs::read(run.path(name)).unwrap() == before, "{name}");
    }
    run.write("empty", b"");
    assert_eq!(run.tool(&["check", "-o", "empty", "manifest.csv"]).code, Some(0));
}

#[test]
fn json_is_an_object_for_each_finding_and_one_at_the_end() {
    let run = faulty(Run::bare());
    let output = run.tool(&["check", "--log-format", "json", "-o", "found.csv", "manifest.csv"]);
    assert_eq!(output.code, Some(1));
    let objects: Vec<Value> = output
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        objects
            .iter()
            .all(|object| object["at"].as_str().is_some_and(|at| at.ends_with('Z')))
    );
    let (end, found) = objects.split_last().unwrap();
    let file = table(&std::fs::read(run.path("found.csv")).unwrap());
    assert_eq!(found.len(), file.len() - 1);
    for (object, row) in found.iter().zip(&file[1..]) {
        assert_eq!(object["event"], "finding");
        assert_eq!(
            [&object["row"].to_string(), &object["line"].to_string()],
            [&row[0], &row[1]]
        );
        assert_eq!((&object["reason"], &object["detail"]), (&json!(row[3]), &json!(row[4])));
    }
    assert_eq!(
        (&found[1]["user_id"], &found[1]["severity"]),
        (&json!("u2"), &json!("invalid"))
    );
    assert_eq!(found.last().unwrap()["severity"], "warning");
    let wanted = json!({"event": "checked", "exit_code": 1, "rows": 14, "repeats": 2, "invalid": 10, "warnings": 3,
        "findings": "found.csv", "reasons": {"bad_user_id": 2, "bad_date": 1, "photo_not_found": 1,
        "wrong_field_count": 1, "conflicting_rows": 2, "photo_truncated": 2, "date_in_future": 1, "large_photo": 1,
        "shared_photo": 2}});
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&end[key], value, "{key}");
    }
}

#[test]
fn an_error_has_the_form_that_the_commands_own_flag_asks_for() {
    let output = Run::bare().tool(&["check", "--log-format", "json", "none.csv"]);
    assert_eq!(output.code, Some(9));
    let object: Value = serde_json::from_str(&output.stderr).unwrap();
    assert_eq!(object["event"], "error");
    assert!(object["message"].as_str().unwrap().contains("none.csv"));
}

#[test]
fn quiet_is_a_short_summary() {
    let run = faulty(Run::bare());
    let output = run.tool(&["check", "-q", "manifest.csv"]);
    assert_eq!(output.code, Some(1));
    assert_eq!(
        output.stderr,
        "checked: 14 rows, 10 invalid, 3 warnings, 2 repeat others and are sent once\n  \
         1 invalid wrong_field_count, 2 invalid bad_user_id, 1 invalid bad_date, 1 invalid date_in_future, \
         2 invalid conflicting_rows, 1 invalid photo_not_found, 2 invalid photo_truncated, 2 warning shared_photo, \
         1 warning large_photo\n"
    );
    let output = run.tool(&["check", "-q", "--log-format", "json", "manifest.csv"]);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("\"event\":\"checked\""));
}

#[test]
fn one_photo_for_different_users_is_a_warning_and_with_strict_a_fault() {
    let run = Run::bare()
        .manifest(&format!(
            "{HEADER}u1,2021-08-12,a.jpg\nu2,2021-08-12,b.jpg\nu3,2021-08-12,other.jpg\nu4,2021-08-12,a.jpg\n"
        ))
        .file("a.jpg", &png(1))
        .file("b.jpg", &png(1))
        .file("other.jpg", &png(2));
    let output = run.tool(&["check", "manifest.csv"]);
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.stderr,
        "checked: 4 rows, 0 invalid, 3 warnings\nwarning shared_photo: 3\n  \
         row 1 (line 2), user u1: shared_photo: \"a.jpg\": row 2 (line 3) is another user with the same photo\n  \
         row 2 (line 3), user u2: shared_photo: \"b.jpg\": row 1 (line 2) is another user with the same photo\n  \
         row 4 (line 5), user u4: shared_photo: \"a.jpg\": row 1 (line 2) is another user with the same photo\n"
    );
    let strict = run.tool(&["check", "--strict", "manifest.csv"]);
    assert_eq!(strict.code, Some(1));
    assert!(
        strict
            .stderr
            .starts_with("checked: 4 rows, 3 invalid\ninvalid shared_photo: 3\n")
    );
    let blind = run.tool(&["check", "--strict", "--no-photos", "manifest.csv"]);
    assert_eq!(blind.code, Some(0), "{}", blind.stderr);
}

#[test]
fn rows_of_one_user_share_no_photo() {
    let row = "u1,2021-08-12,p.jpg\n";
    let run = Run::bare().manifest(&format!("{HEADER}{row}{row}{row}"));
    let output = run.tool(&["check", "--strict", "manifest.csv"]);
    assert_eq!(output.code, Some(0));
    assert_eq!(
        output.stderr,
        "checked: 3 rows, 0 invalid, 2 repeat others and are sent once\n"
    );
}

#[test]
fn a_large_photo_is_a_warning_even_when_strict() {
    let run = Run::bare().rows(1).file("p.jpg", &padded(4_500_001));
    let output = run.tool(&["check", "--strict", "manifest.csv"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output
            .stderr
            .starts_with("checked: 1 row, 0 invalid, 1 warning\nwarning large_photo: 1\n")
    );
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
