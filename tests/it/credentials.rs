//! Where key and partner come from, and which source wins (contract, section 2).

use crate::harness::{KEY, OTHER_KEY, PARTNER, Run, Server};

/// A run against `server` that has neither partner nor key.
fn anonymous(server: &Server) -> Run<'_> {
    Run::new(server)
        .without("--partner-id")
        .without("--api-key-file")
        .rows(1)
}

#[test]
fn without_a_partner_or_a_key_nothing_begins() {
    let server = Server::success();
    let run = anonymous(&server);
    run.go()
        .code(2)
        .says(&["--partner-id", "SMILE_PARTNER_ID"])
        .left_nothing();
    for (env, variable) in [
        ("sandbox", "SMILE_SANDBOX_API_KEY"),
        ("production", "SMILE_PRODUCTION_API_KEY"),
    ] {
        let run = anonymous(&server).set("--partner-id", PARTNER).set("--env", env);
        run.flag("--yes")
            .go()
            .code(2)
            .says(&["--api-key-file", variable, "SMILE_API_KEY"])
            .left_nothing();
    }
}

#[test]
fn the_partner_of_the_flag_wins_over_the_variable_and_both_keep_their_zeros() {
    for (flag, wanted) in [(None, "0012"), (Some("007"), "007")] {
        let server = Server::success();
        let mut run = anonymous(&server)
            .set("--api-key-file", "key.txt")
            .env("SMILE_PARTNER_ID", "0012");
        if let Some(flag) = flag {
            run = run.set("--partner-id", flag);
        }
        run.go().code(0).all("enrolled").summary("/partner_id", wanted);
        assert_eq!(server.requests()[0].field("partner_id"), wanted);
    }
}

#[test]
fn each_environment_has_its_own_key_variable_and_a_common_one() {
    const SANDBOX: &str = "SMILE_SANDBOX_API_KEY";
    const PRODUCTION: &str = "SMILE_PRODUCTION_API_KEY";
    const ANY: &str = "SMILE_API_KEY";
    let cases = [
        ("sandbox", vec![(SANDBOX, KEY)], KEY),
        ("production", vec![(PRODUCTION, KEY)], KEY),
        ("sandbox", vec![(ANY, KEY)], KEY),
        ("production", vec![(ANY, KEY)], KEY),
        ("sandbox", vec![(SANDBOX, KEY), (ANY, OTHER_KEY)], KEY),
        ("production", vec![(PRODUCTION, KEY), (ANY, OTHER_KEY)], KEY),
        ("sandbox", vec![(PRODUCTION, KEY), (ANY, OTHER_KEY)], OTHER_KEY),
        ("production", vec![(SANDBOX, KEY), (ANY, OTHER_KEY)], OTHER_KEY),
        ("production", vec![(SANDBOX, KEY), (PRODUCTION, OTHER_KEY)], OTHER_KEY),
    ];
    for (env, variables, wanted) in cases {
        let server = Server::success();
        let mut run = anonymous(&server).set("--partner-id", PARTNER).set("--env", env);
        run = run.flag("--yes");
        for (name, value) in &variables {
            run = run.env(name, value);
        }
        run.go().code(0).all("enrolled").check(
            server.requests()[0].key == Some(wanted),
            &format!("{env} {variables:?}"),
        );
    }
}

#[test]
fn the_key_of_the_other_environment_is_never_taken() {
    let server = Server::success();
    for (env, variable) in [
        ("sandbox", "SMILE_PRODUCTION_API_KEY"),
        ("production", "SMILE_SANDBOX_API_KEY"),
    ] {
        let run = anonymous(&server)
            .set("--partner-id", PARTNER)
            .set("--env", env)
            .flag("--yes")
            .env(variable, KEY);
        run.go().code(2).says(&["no API key"]).left_nothing();
    }
}

#[test]
fn the_key_file_wins_over_every_variable() {
    let server = Server::success();
    let run = anonymous(&server)
        .set("--partner-id", PARTNER)
        .set("--api-key-file", "key.txt")
        .env("SMILE_SANDBOX_API_KEY", OTHER_KEY)
        .env("SMILE_API_KEY", OTHER_KEY);
    run.go().code(0);
    assert_eq!(server.requests()[0].key, Some(KEY));
}

#[test]
fn the_line_end_after_a_key_is_dropped() {
    for end in ["", "\n", "\r\n"] {
        let server = Server::success();
        let text = format!("{KEY}{end}");
        Run::new(&server).rows(1).file("key.txt", text.as_bytes()).go().code(0);
        let variable = anonymous(&server)
            .set("--partner-id", PARTNER)
            .users(["other"])
            .env("SMILE_API_KEY", &text);
        variable.go().code(0);
        let keys: Vec<_> = server.requests().iter().map(|seen| seen.key).collect();
        assert_eq!(keys, [Some(KEY), Some(KEY)], "{end:?}");
    }
}

#[test]
fn a_key_that_is_empty_or_no_line_of_text_is_an_error_that_does_not_show_it() {
    let server = Server::success();
    for key in ["", "\n", "\r\n"] {
        let run = Run::new(&server).rows(1).file("key.txt", key.as_bytes());
        run.go().code(2).says(&["key.txt", "empty"]).left_nothing();
    }
    let run = anonymous(&server)
        .set("--partner-id", PARTNER)
        .env("SMILE_SANDBOX_API_KEY", "");
    run.env("SMILE_API_KEY", KEY)
        .go()
        .code(2)
        .says(&["SMILE_SANDBOX_API_KEY", "empty"])
        .left_nothing();
    for key in [
        "two words-of-a-secret",
        "line-of-a-secret\nline-of-a-secret",
        "clé-of-a-secret",
    ] {
        let run = Run::new(&server).rows(1).file("key.txt", key.as_bytes());
        let mut done = run.go();
        let shown = done.stderr.contains("of-a-secret");
        done.code(2)
            .says(&["key.txt"])
            .check(!shown, "the key is shown")
            .left_nothing();
    }
    let missing = Run::new(&server).rows(1).set("--api-key-file", "none.txt");
    missing.go().code(2).says(&["none.txt"]).left_nothing();
}

#[test]
fn there_is_no_flag_for_the_key_itself() {
    let server = Server::success();
    let run = anonymous(&server).set("--partner-id", PARTNER);
    for flag in ["--api-key", "--key"] {
        run.go_with(&[flag, KEY]).code(2).left_nothing();
    }
    let help = run.tool(&["--help"]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains("--api-key "));
}

#[test]
fn a_partner_id_with_white_space_is_an_error() {
    let server = Server::success();
    for partner in ["", " ", "08 5", "085\n"] {
        let run = Run::new(&server).rows(1).set("--partner-id", partner);
        run.go().code(2).says(&["partner id"]).left_nothing();
    }
}
