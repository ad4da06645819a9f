//! `status`: beside a running run, after its end, and after a kill (contract, sections 2 and 10).

use serde_json::Value;

use crate::harness::{Latch, Output, PARTNER, Reply, Run, Server};

/// The status of the run's default ledger.
fn status(run: &Run<'_>, server: &Server, more: &[&str]) -> Output {
    let url = server.url();
    let whose = ["status", "--endpoint", &url, "--partner-id", PARTNER];
    run.tool(&[&whose, more].concat())
}

/// The same as an object.
fn object(run: &Run<'_>, server: &Server) -> (Option<i32>, Value) {
    let output = status(run, server, &["--format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    (
        output.code,
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} {}", output.stderr)),
    )
}

/// Asks until the status says so; the run it is about cannot go on meanwhile.
fn wait_for(run: &Run<'_>, server: &Server, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2_000 {
        let (code, status) = object(run, server);
        assert_eq!(code, Some(0), "{status}");
        if holds(&status) {
            return status;
        }
    }
    panic!("the status never came");
}

/// A server that lets the first user through and holds the answers to all others back.
fn holding(latch: &Latch) -> Server {
    let latch = latch.clone();
    Server::new(move |asked| match asked.order {
        1 => Reply::success(),
        _ => Reply::success().after(&latch),
    })
}

#[test]
fn a_running_run_is_told_of_beside_it_and_its_end_with_its_exit_code() {
    let latch = Latch::new();
    let server = holding(&latch);
    let run = Run::new(&server).rows(5);
    let running = run.start();
    server.wait_for(2);
    let seen = wait_for(&run, &server, |status| status["done"] == 1);
    assert_eq!((&seen["state"], &seen["rows"]), (&"running".into(), &5.into()));
    assert_eq!(seen["counts"]["enrolled"], 1);
    assert_eq!(seen["process"].as_u64(), Some(running.id().into()));
    assert!(
        seen["in_flight"].as_u64() >= Some(1) && seen["exit_code"].is_null(),
        "{seen}"
    );
    let page = status(&run, &server, &[]);
    let text = String::from_utf8(page.stdout).unwrap();
    assert!(
        text.starts_with("running for ") && text.contains("1 of 5 (20%)"),
        "{text}"
    );
    assert!(text.lines().count() < 24 && text.contains("manifest.csv"), "{text}");
    latch.release();
    let mut done = run.finish(running);
    done.code(0);
    let (code, ended) = object(&run, &server);
    assert_eq!(
        (code, &ended["state"], &ended["exit_code"]),
        (Some(0), &"ended".into(), &0.into())
    );
    for field in [
        "run_id",
        "counts",
        "attempts",
        "retries",
        "photo_bytes_sent",
        "rows",
        "version",
        "endpoint",
    ] {
        assert_eq!(ended[field], done.summary[field], "{field}");
    }
}

#[test]
fn a_run_that_was_killed_has_died_and_the_next_one_takes_its_place() {
    let latch = Latch::new();
    let server = holding(&latch);
    let run = Run::new(&server).rows(3);
    let running = run.start();
    server.wait_for(2);
    wait_for(&run, &server, |status| status["done"] == 1);
    drop(running);
    let (code, died) = object(&run, &server);
    assert_eq!(
        (code, &died["state"], &died["done"]),
        (Some(3), &"died".into(), &1.into())
    );
    assert_eq!(
        (&died["seconds_left"], &died["rows_per_second"]),
        (&Value::Null, &0.0.into())
    );
    let text = String::from_utf8(status(&run, &server, &[]).stdout).unwrap();
    assert!(
        text.starts_with("died: ") && text.contains("last heard of at"),
        "{text}"
    );
    latch.release();
    run.go().code(0);
    assert_eq!(object(&run, &server).0, Some(0));
}

#[test]
fn it_ends_with_the_runs_own_exit_code_also_of_one_that_never_began() {
    let server = Server::new(|_| Reply::error("2205", "You are not authorized to do that."));
    let run = Run::new(&server).rows(2);
    run.go().code(5);
    let (code, ended) = object(&run, &server);
    assert_eq!((code, &ended["stopped_by"]), (Some(5), &"credentials_refused".into()));
    run.write("manifest.csv", b"user_id,photo\n");
    run.go().code(9);
    let (code, ended) = object(&run, &server);
    assert_eq!((code, &ended["stopped_by"]), (Some(9), &"manifest_unusable".into()));
}

#[test]
fn a_run_that_finds_the_ledger_taken_leaves_the_others_status_alone() {
    let latch = Latch::new();
    let server = holding(&latch);
    let run = Run::new(&server).rows(3);
    let running = run.start();
    server.wait_for(2);
    let before = wait_for(&run, &server, |status| status["done"] == 1);
    run.go().code(8);
    let (_, after) = object(&run, &server);
    assert_eq!(
        (&after["run_id"], &after["state"]),
        (&before["run_id"], &before["state"])
    );
    latch.release();
    run.finish(running).code(0);
}

#[test]
fn a_run_is_followed_to_its_end() {
    let latch = Latch::new();
    let server = holding(&latch);
    let run = Run::new(&server).rows(3).set("--ledger", "l.db");
    let running = run.start();
    server.wait_for(2);
    let watching = run.spawn(&["status", "--ledger", "l.db", "--watch"]);
    latch.release();
    run.finish(running).code(0);
    let output = watching.wait();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.code, Some(0), "{text}");
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains("ended with exit code 0, 3 of 3 (100%)"),
        "{text}"
    );
}

#[test]
fn without_a_status_it_says_where_none_is() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let none = status(&run, &server, &[]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("no run has left its status"), "{}", none.stderr);
    let local = run.tool(&["status", "--env", "local"]);
    assert_eq!(local.code, Some(2));
    assert!(local.stderr.contains("--ledger"), "{}", local.stderr);
}

#[cfg(unix)]
#[test]
fn a_status_that_cannot_be_written_is_warned_of_once_and_stops_nothing() {
    let server = Server::success();
    let run = Run::new(&server).rows(3).set("--ledger", "l.db");
    std::fs::create_dir(run.path("l.db.status.json")).unwrap();
    let mut done = run.go();
    let warnings = done.stderr.matches("cannot write the status").count();
    done.code(0)
        .all("enrolled")
        .equal("warnings", &warnings.to_string(), "1");
}
