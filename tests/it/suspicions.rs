//! Rows that are well-formed and surely wrong: warned of, and `invalid` with `--strict` (contract, section 3).

use serde_json::Value;

use crate::harness::{Run, Server, png};

const HEADER: &str = "user_id,user_created_at,photo\n";

/// One row of each kind, and two that look alike; row 1 is on line 3.
const ROWS: &str = "\n1.23457E+11,2021-08-12,p.jpg\nNULL,2021-08-12,p.jpg\nann,2021-08-12,p.jpg\nANN,2021-08-12,p.jpg\n\
                    b,1970-01-01,p.jpg\nc,2021-08-12,p.jpg\n";

fn manifest() -> String {
    format!("{HEADER}{ROWS}")
}

#[test]
fn a_run_warns_before_it_sends_and_sends_all_the_same() {
    let server = Server::success();
    let run = Run::new(&server).manifest(&manifest());
    let mut done = run.go();
    done.code(0).all("enrolled").says(&[
        "warning: 1 user id looks spoilt by a spreadsheet: row 1 (line 3) \"1.23457E+11\"; --strict makes it invalid",
        "warning: 1 user id is a word for no value: row 2 (line 4) \"NULL\"",
        "warning: 2 user ids differ from another only in case, Unicode form or invisible characters: \
         row 3 (line 5) \"ann\", row 4 (line 6) \"ANN\"; --strict makes them invalid",
        "warning: 1 date is before 2010: row 5 (line 7) \"b\"",
    ]);
    let warned = done.stderr.find("warning:").unwrap();
    let begun = done.stderr.find("finished:").unwrap();
    done.check(warned < begun, "the warnings come first");
}

#[test]
fn a_run_of_good_rows_warns_of_nothing_and_a_quiet_one_neither() {
    let server = Server::success();
    let good = Run::new(&server)
        .manifest("user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nu2,2021-08-12,q.png\n")
        .file("q.png", &png(1));
    let mut done = good.go();
    let silent = !done.stderr.contains("warning");
    done.code(0).check(silent, "a warning");
    let quiet = Run::new(&server).manifest(&manifest()).flag("-q");
    let mut done = quiet.go();
    let silent = done.stderr.is_empty();
    done.code(0).check(silent, "something was said");
}

#[test]
fn strictly_they_are_invalid_and_the_results_come_out_the_same_again() {
    let server = Server::success();
    let run = Run::new(&server)
        .manifest(&manifest())
        .set("--ledger", "l.db")
        .flag("--strict");
    let mut done = run.go();
    done.code(1).rows([
        "invalid spoilt_user_id",
        "invalid placeholder_user_id",
        "invalid similar_user_ids",
        "invalid similar_user_ids",
        "invalid suspicious_date",
        "enrolled",
    ]);
    let silent = !done.stderr.contains("warning");
    done.check(silent, "a warning of what is invalid");
    let first = done.raw.clone();
    drop(done);
    assert_eq!(server.users(), ["c"]);
    let again = run.tool(&[
        "results",
        "--strict",
        "-o",
        "again.csv",
        "--ledger",
        "l.db",
        "manifest.csv",
    ]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(std::fs::read(run.path("again.csv")).unwrap(), first);
}

#[test]
fn programs_get_an_object_for_each_kind_with_users_only_where_asked_for() {
    for (flags, user) in [(&[][..], Value::Null), (&["-v"][..], "1.23457E+11".into())] {
        let server = Server::success();
        let run = Run::new(&server).manifest(&manifest()).set("--log-format", "json");
        let done = run.go_with(flags);
        let objects = done
            .stderr
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let warnings: Vec<_> = objects
            .filter(|object| object["event"] == "warning" && object["reason"].is_string())
            .collect();
        let reasons: Vec<_> = warnings
            .iter()
            .map(|warning| warning["reason"].as_str().unwrap())
            .collect();
        assert_eq!(
            reasons,
            [
                "spoilt_user_id",
                "placeholder_user_id",
                "similar_user_ids",
                "suspicious_date"
            ]
        );
        assert_eq!((&warnings[0]["count"], &warnings[2]["count"]), (&1.into(), &2.into()));
        let example = &warnings[0]["examples"][0];
        assert_eq!(
            (&example["row"], &example["line"], &example["user_id"]),
            (&1.into(), &3.into(), &user)
        );
    }
}

#[test]
fn check_tells_of_them_all_and_strictly_ends_with_1() {
    let run = Run::bare().manifest(&manifest());
    let words = [
        "spoilt_user_id",
        "placeholder_user_id",
        "similar_user_ids",
        "suspicious_date",
    ];
    for (flags, severity, code) in [(&[][..], "warning", 0), (&["--strict"][..], "invalid", 1)] {
        let arguments = [&["check", "--no-photos", "-o", "found.csv"], flags, &["manifest.csv"]].concat();
        let output = run.tool(&arguments);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        for word in words {
            assert!(
                output.stderr.contains(&format!("{severity} {word}")),
                "{}",
                output.stderr
            );
        }
        assert!(
            output.stderr.contains("row 1 (line 3), user 1.23457E+11"),
            "{}",
            output.stderr
        );
        let found = std::fs::read_to_string(run.path("found.csv")).unwrap();
        assert_eq!(found.lines().count(), 6, "{found}");
        assert!(found.contains("4,6,ANN,similar_user_ids,"), "{found}");
        std::fs::remove_file(run.path("found.csv")).unwrap();
    }
}

#[test]
fn a_manifest_without_rows_is_a_warning_and_strictly_an_error() {
    let server = Server::success();
    let run = Run::new(&server).manifest(HEADER);
    run.go().code(0).says(&["warning: the manifest has no rows"]);
    run.go_with(&["--strict"]).code(9).says(&["no rows", "--strict"]);
    for (arguments, code) in [(&["check"][..], 0), (&["check", "-q"], 0), (&["check", "--strict"], 9)] {
        let output = run.tool(&[arguments, &["manifest.csv"]].concat());
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert!(output.stderr.contains("no rows"), "{}", output.stderr);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_strict_run_sends_no_photo_that_another_user_has() {
    let server = Server::success();
    let run = Run::new(&server)
        .manifest("user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nu2,2021-08-12,q.png\n")
        .file("q.png", &png(9));
    run.go().code(0).all("enrolled");
    // The second of them has the photo of a user that the run before has enrolled.
    run.write(
        "manifest.csv",
        b"user_id,user_created_at,photo\nu3,2021-08-12,q.png\nu1,2021-08-12,p.jpg\n",
    );
    run.go_with(&["--strict"])
        .code(1)
        .rows(["invalid shared_photo", "enrolled"])
        .says(&["row 1", "same photo"]);
    run.go().code(0).all("enrolled");
}
