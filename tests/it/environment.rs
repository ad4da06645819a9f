//! Flags by variables of the environment, and keys that were copied or kept carelessly (contract, section 2).

use crate::harness::{KEY, OTHER_KEY, PARTNER, Run, Server};

#[test]
fn a_container_names_everything_by_its_environment() {
    let server = Server::success();
    let variables = [
        ("IMAGE_ENROLL_ENDPOINT", server.url()),
        ("SMILE_PARTNER_ID", PARTNER.into()),
        ("IMAGE_ENROLL_API_KEY_FILE", "key.txt".into()),
        ("IMAGE_ENROLL_LEDGER", "l.db".into()),
        ("IMAGE_ENROLL_RESULTS", "out.csv".into()),
        ("IMAGE_ENROLL_QUIET", "true".into()),
        ("IMAGE_ENROLL_CONCURRENCY", "3".into()),
        ("IMAGE_ENROLL_RATE", String::new()),
        ("IMAGE_ENROLL_YES", String::new()),
    ];
    let run = variables
        .iter()
        .fold(Run::bare().rows(2), |run, (name, value)| run.env(name, value));
    let output = run.tool(&["manifest.csv"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    assert!(run.path("l.db").is_file() && run.path("out.csv").is_file());
    assert_eq!(server.count(), 2);
}

#[test]
fn what_is_typed_wins_over_the_environment() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).env("IMAGE_ENROLL_QUIET", "1");
    run.go_with(&["-v"])
        .code(0)
        .says(&["row 1 (line 2): attempt 1", "finished: 1 row"]);
    let run = Run::new(&server)
        .users(["other"])
        .env("IMAGE_ENROLL_PARTNER_ID", "nobody")
        .env("SMILE_PARTNER_ID", "nobody")
        .env("IMAGE_ENROLL_LIMIT", "0");
    run.go_with(&["--limit", "7"]).code(0);
    run.go()
        .code(2)
        .says(&["invalid value '0' for '--limit <N> (from IMAGE_ENROLL_LIMIT)'"]);
    assert!(server.requests().iter().all(|seen| seen.field("partner_id") == PARTNER));
}

#[test]
fn the_help_names_the_variables_and_shows_no_value() {
    let run = Run::bare()
        .env("IMAGE_ENROLL_API_KEY_FILE", "marked")
        .env("SMILE_PARTNER_ID", "marked");
    for command in [&["--help"][..], &["check", "--help"], &["help", "results"]] {
        let help = String::from_utf8(run.tool(command).stdout).unwrap();
        assert!(
            help.contains("[env: IMAGE_ENROLL_STRICT]") && !help.contains("marked"),
            "{help}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let said = "the key file \"key.txt\" (mode 0644)";
    let mut tidy = run.go();
    let is_silent = !tidy.stderr.contains("key file");
    tidy.code(0).check(is_silent, "a tidy key is warned of");
    drop(tidy);
    std::fs::set_permissions(run.path("key.txt"), std::fs::Permissions::from_mode(0o644)).unwrap();
    run.go().code(0).says(&[said]);
    let mut quiet = run.go_with(&["-q"]);
    let is_silent = quiet.stderr.is_empty();
    quiet.code(0).check(is_silent, "-q is not quiet");
}

#[test]
fn a_key_that_was_copied_with_its_surroundings_is_refused_without_being_shown() {
    let server = Server::success();
    for (text, said) in [
        (format!("\"{KEY}\"\n"), "quotes around it"),
        (format!("SMILE_API_KEY={KEY}\n"), "a name and `=` before it"),
        (format!(" {KEY}\n"), "white space around it"),
    ] {
        let run = Run::new(&server).rows(1).file("key.txt", text.as_bytes());
        let mut done = run.go();
        let is_hidden = !done.stderr.contains(KEY);
        done.code(2)
            .says(&[said])
            .check(is_hidden, "the key is shown")
            .left_nothing();
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_key_of_the_other_environment_is_recognised_by_its_variable() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).without("--api-key-file");
    run.env("SMILE_PRODUCTION_API_KEY", KEY)
        .go()
        .code(2)
        .says(&["SMILE_PRODUCTION_API_KEY is set", "set SMILE_SANDBOX_API_KEY"])
        .left_nothing();
    let run = Run::new(&server).rows(1).env("SMILE_PRODUCTION_API_KEY", KEY);
    run.go()
        .code(2)
        .says(&["key.txt", "is the one that SMILE_PRODUCTION_API_KEY holds"])
        .left_nothing();
    let run = Run::new(&server).rows(1).env("SMILE_PRODUCTION_API_KEY", OTHER_KEY);
    run.go().code(0);
}
