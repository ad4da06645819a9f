//! Errors that name what was meant, and everything that is missing at once.

use crate::harness::{PARTNER, Run, Server};

/// What the tool says of these words, and its exit code.
fn said(run: &Run<'_>, words: &[&str]) -> (Option<i32>, String) {
    let output = run.tool(words);
    assert!(output.stdout.is_empty(), "{words:?}");
    (output.code, output.stderr)
}

#[track_caller]
fn says(run: &Run<'_>, words: &[&str], code: i32, parts: &[&str]) {
    let (found, text) = said(run, words);
    assert_eq!(found, Some(code), "{words:?}: {text}");
    for part in parts {
        assert!(text.contains(part), "{words:?}: {part:?} is not in {text}");
    }
}

#[test]
fn a_misspelt_command_is_told_from_a_manifest() {
    let run = Run::bare().rows(1);
    let similar = "a similar subcommand exists: 'check'";
    says(
        &run,
        &["chek", "manifest.csv"],
        2,
        &["unrecognized subcommand 'chek'", similar],
    );
    says(&run, &["chek", "--no-photos", "manifest.csv"], 2, &[similar]);
    says(&run, &["simulater", "--port", "0"], 2, &["'simulator'"]);
    let alone = "\"chek\" is neither a command nor a file; did you mean `image-enroll check`?";
    says(&run, &["chek"], 2, &[alone]);
    says(
        &run,
        &["--env", "sandbox", "check", "manifest.csv"],
        2,
        &["a command stands first: image-enroll check"],
    );
}

#[test]
fn a_second_manifest_is_told_what_to_do_with_two() {
    let run = Run::bare()
        .rows(1)
        .file("extra.csv", b"user_id,user_created_at,photo\n");
    for arguments in [
        &["manifest.csv", "extra.csv"][..],
        &["manifest.csv", "extract.csv"],
        &["--env", "local", "manifest.csv", "extra.csv"],
        &["check", "manifest.csv", "extra.csv"],
    ] {
        let other = arguments.last().unwrap();
        let said = format!("one manifest is taken at a time, and '{other}' is another one");
        says(
            &run,
            arguments,
            2,
            &[&said, "the same ledger", &format!("(cat FIRST; tail -n +2 {other})")],
        );
    }
    says(
        &run,
        &["simulator", "extra.csv"],
        2,
        &["unexpected argument 'extra.csv'"],
    );
}

#[test]
fn a_file_that_is_there_is_a_manifest_whatever_it_is_called() {
    let run = Run::bare()
        .named("chek")
        .rows(1)
        .set("--env", "local")
        .set("--results", "r.csv");
    run.go().code(0).all("enrolled");
}

#[test]
fn a_misspelt_file_gets_the_name_of_the_one_that_is_there() {
    let server = Server::success();
    let run = Run::new(&server).file("customers.csv", b"user_id,user_created_at,photo\n");
    let wanted = "manifest \"custmers.csv\": there is no such file; did you mean \"customers.csv\"?";
    says(&run, &["check", "custmers.csv"], 9, &[wanted]);
    run.named("custmers.csv").go().code(9).says(&[wanted]);
    let run = Run::new(&server)
        .file("data/customers.csv", b"")
        .named("data/customer.csv");
    run.go().code(9).says(&["did you mean \"data/customers.csv\"?"]);
    let far = Run::bare();
    let (code, text) = said(&far, &["check", "other.csv"]);
    assert_eq!(
        (code, text.as_str()),
        (Some(9), "error: manifest \"other.csv\": there is no such file\n")
    );
}

#[test]
fn a_flag_of_other_tools_leads_to_check() {
    let run = Run::bare().rows(1);
    for flag in ["--dry-run", "--validate", "--check"] {
        says(
            &run,
            &[flag, "manifest.csv"],
            2,
            &[flag, "image-enroll check <MANIFEST>"],
        );
    }
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let run = Run::bare().file("customers.csv", b"");
    let account = [
        "no partner id: give --partner-id",
        "no API key: give --api-key-file or set SMILE_SANDBOX_API_KEY",
    ];
    let three = "error: cannot begin: 3 things are missing:\n  - no manifest";
    says(&run, &["--env", "sandbox"], 2, &[&[three][..], &account].concat());
    let gone = "no file \"custmers.csv\"; did you mean \"customers.csv\"?";
    says(&run, &["custmers.csv"], 2, &[&[three, gone][..], &account].concat());
    says(
        &run,
        &["customers.csv"],
        2,
        &[&["2 things are missing"][..], &account].concat(),
    );
    // One by itself reads as a sentence.
    let key = "error: cannot begin: no API key: give ";
    says(&run, &["--partner-id", PARTNER, "customers.csv"], 2, &[key]);
    says(
        &run,
        &["--env", "local"],
        2,
        &["error: cannot begin: no manifest: name the CSV file"],
    );
    says(&run, &["check"], 2, &["<MANIFEST>", "Usage:"]);
}

#[test]
fn a_run_that_lacks_everything_leaves_a_summary_too() {
    let run = Run::bare();
    says(
        &run,
        &["--env", "sandbox", "--summary", "s.json"],
        2,
        &["3 things are missing"],
    );
    let summary = std::fs::read_to_string(run.path("s.json")).unwrap();
    assert!(summary.contains("\"stopped_by\": \"configuration\""), "{summary}");
}
