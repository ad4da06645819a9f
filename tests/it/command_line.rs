//! Endpoints, file names and the plain words of the command line (contract, section 2).

use crate::harness::{PARTNER, Run, Server};

#[test]
fn an_endpoint_is_https_or_loopback_and_nothing_but_a_base() {
    let server = Server::success();
    for url in [
        "http://testapi.smileidentity.com",
        "http://192.0.2.1",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "https://127.0.0.1/?x=1",
        "https://127.0.0.1/#x",
        "https://user:hunter2@127.0.0.1/",
        "",
    ] {
        let run = Run::new(&server).rows(1).set("--endpoint", url);
        let mut done = run.go();
        let shown = done.stderr.contains("hunter2");
        done.code(2)
            .says(&["--endpoint"])
            .check(!shown, "the password is shown")
            .left_nothing();
    }
}

#[test]
fn the_path_follows_the_base_whatever_its_slashes() {
    for (base, path) in [
        ("", "/v1/backfill_users"),
        ("/", "/v1/backfill_users"),
        ("/gateway", "/gateway/v1/backfill_users"),
        ("/gateway/", "/gateway/v1/backfill_users"),
    ] {
        let server = Server::success();
        let run = Run::new(&server).rows(1).set("--endpoint", &(server.url() + base));
        run.go().code(0);
        assert_eq!(server.requests()[0].head.line, format!("POST {path} HTTP/1.1"));
    }
}

/// The proxy refuses every connection, so that nothing leaves this machine.
fn connects(run: impl FnOnce(Run<'static>) -> Run<'static>) -> (Vec<String>, i32) {
    let proxy = Server::success();
    let base = Run::bare()
        .rows(1)
        .set("--partner-id", PARTNER)
        .set("--api-key-file", "key.txt");
    let run = run(base.set("--max-outage", "0s").env("HTTPS_PROXY", &proxy.url()));
    let code = run.go().all("pending connect_failed").code;
    let heads = proxy.strange();
    let lines = heads.iter().map(|head| head.lines().next().unwrap().to_owned());
    (lines.collect(), code)
}

#[test]
fn each_environment_has_its_own_host_and_proxies_are_used() {
    for (env, host) in [
        (None, "testapi.smileidentity.com"),
        (Some("sandbox"), "testapi.smileidentity.com"),
        (Some("production"), "api.smileidentity.com"),
    ] {
        let (lines, code) = connects(|run| match env {
            None => run,
            Some(env) => run.set("--env", env).flag("--yes"),
        });
        assert_eq!(
            (lines, code),
            (vec![format!("CONNECT {host}:443 HTTP/1.1")], 6),
            "{env:?}"
        );
    }
}

#[test]
fn loopback_goes_past_every_proxy() {
    let (server, proxy) = (Server::success(), Server::success());
    let run = Run::new(&server)
        .rows(1)
        .env("HTTP_PROXY", &proxy.url())
        .env("HTTPS_PROXY", &proxy.url())
        .env("ALL_PROXY", &proxy.url());
    run.go().code(0);
    assert_eq!((server.count(), proxy.connections()), (1, 0));
}

#[test]
fn results_stand_beside_the_manifest_and_the_ledger_in_the_folder_for_state() {
    for env in ["sandbox", "production"] {
        let server = Server::success();
        let run = Run::new(&server)
            .named("data/june.users.csv")
            .set("--env", env)
            .set("--photo-root", ".")
            .flag("--yes")
            .rows(1);
        run.go().code(0);
        let results = run.path(&format!("data/june.users.{env}.results.csv"));
        assert!(results.is_file() && run.ledger().is_file(), "{env}");
        let beside = run.path("data").read_dir().unwrap();
        assert_eq!(beside.count(), 2, "{env}: manifest and results");
    }
}

#[test]
fn results_and_ledger_stand_where_they_are_named() {
    for option in ["-o", "--results"] {
        let server = Server::success();
        let run = Run::new(&server)
            .rows(1)
            .set(option, "out.csv")
            .set("--ledger", "book.db");
        run.go().code(0).all("enrolled").equal("option", option, option);
        assert!(run.path("out.csv").is_file() && run.path("book.db").is_file());
        assert!(!run.path("manifest.sandbox.results.csv").exists());
        assert!(!run.ledger().exists());
    }
}

#[test]
fn standard_input_needs_names_for_all_that_stands_beside_a_file() {
    let server = Server::success();
    let whole = || {
        Run::new(&server)
            .named("-")
            .stdin(b"user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\n")
            .set("--results", "r.csv")
            .set("--ledger", "l.db")
            .set("--photo-root", ".")
    };
    for option in ["--results", "--ledger", "--photo-root"] {
        whole().without(option).go().code(2).says(&[option]);
    }
    assert_eq!(server.count(), 0);
    whole().go().code(0).all("enrolled");
}

#[test]
fn nothing_is_written_over_the_manifest_or_over_each_other() {
    let server = Server::success();
    let before = Run::new(&server).rows(1);
    let text = std::fs::read(before.path("manifest.csv")).unwrap();
    for (option, path) in [
        ("-o", "manifest.csv"),
        ("-o", "./manifest.csv"),
        ("--ledger", "manifest.csv"),
        ("--summary", "manifest.csv"),
    ] {
        let run = Run::new(&server).rows(1).set(option, path);
        let output = run.tool(&arguments(&server, option, path));
        assert_eq!(output.code, Some(2), "{option} {path}: {}", output.stderr);
        assert!(output.stderr.contains("manifest"), "{}", output.stderr);
        assert_eq!(
            std::fs::read(run.path("manifest.csv")).unwrap(),
            text,
            "{option} {path}"
        );
    }
    for (results, ledger) in [("one.db", "one.db"), ("one.db", "./one.db")] {
        let run = Run::new(&server)
            .rows(1)
            .set("--results", results)
            .set("--ledger", ledger);
        run.go().code(2).says(&["--results", "--ledger"]);
    }
    assert_eq!(server.count(), 0);
}

/// The plainest run with one option more, as words.
fn arguments<'a>(server: &Server, option: &'a str, path: &'a str) -> Vec<&'a str> {
    let url: &'static str = server.url().leak();
    let mut words = vec!["--endpoint", url, "--partner-id", PARTNER, "--api-key-file", "key.txt"];
    words.extend([option, path, "manifest.csv"]);
    words
}

#[test]
fn values_out_of_range_are_usage_errors() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    for words in [
        ["--concurrency", "0"],
        ["--concurrency", "257"],
        ["--rate", "20"],
        ["--rate", "0/s"],
        ["--rate", "5/d"],
        ["--timeout", "0s"],
        ["--timeout", "5"],
        ["--connect-timeout", "soon"],
        ["--retries", "-1"],
        ["--limit", "0"],
        ["--max-failures", "0"],
        ["--stop-after", "0s"],
        ["--env", "staging"],
        ["--progress", "loud"],
        ["--log-format", "xml"],
        ["--no-such-option", "1"],
    ] {
        let run = if run_has(words[0]) {
            Run::new(&server).rows(1).without(words[0])
        } else {
            Run::new(&server).rows(1)
        };
        run.go_with(&words).code(2).left_nothing();
    }
    drop(run);
    assert_eq!(server.count(), 0);
}

/// Options that every run has already.
fn run_has(option: &str) -> bool {
    ["--env", "--progress"].contains(&option)
}

#[test]
fn a_local_run_brings_its_own_endpoint() {
    let run = Run::bare()
        .rows(1)
        .set("--env", "local")
        .set("--endpoint", "http://127.0.0.1:9");
    run.go().code(2).says(&["--env local", "--endpoint"]).left_nothing();
}

#[test]
fn help_and_version_are_data_and_end_well() {
    let run = Run::bare();
    for (words, texts) in [
        (vec!["--version"], vec!["image-enroll ", env!("CARGO_PKG_VERSION")]),
        (vec!["-h"], vec!["Usage", "--partner-id", "check", "simulator"]),
        (vec!["--help"], vec!["Examples", "Exit codes", "SMILE_SANDBOX_API_KEY"]),
        (vec!["check", "--help"], vec!["--no-photos"]),
        (vec!["results", "--help"], vec!["--ledger"]),
        (
            vec!["simulator", "--help"],
            vec!["--fail-rate", "--seed", "--latency", "--port"],
        ),
    ] {
        let output = run.tool(&words);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{words:?}");
        for part in texts {
            assert!(text.contains(part), "{words:?} does not show {part:?}: {text}");
        }
    }
    let nothing = run.tool(&[]);
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.stdout.is_empty() && nothing.stderr.contains("Usage"),
        "{}",
        nothing.stderr
    );
}
