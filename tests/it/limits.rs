//! Ends that the command line asks for, exit codes of the machine, and the lock (contract, sections 7 and 9).

use serde_json::Value;

use crate::harness::{Latch, Reply, Run, Server};

#[test]
fn a_limit_sends_so_many_rows_and_the_next_run_the_rest() {
    let server = Server::success();
    let run = Run::new(&server).rows(7);
    for (limit, enrolled, code, word) in [
        ("3", 3, 10, "limit".into()),
        ("3", 6, 10, "limit".into()),
        ("3", 7, 0, Value::Null),
    ] {
        run.go_with(&["--limit", limit])
            .code(code)
            .summary("/stopped_by", word)
            .summary("/counts/enrolled", enrolled);
    }
    assert_eq!(server.count(), 7);
    let exact = Run::new(&server).users(["a", "b"]).set("--limit", "2");
    exact.go().code(0).all("enrolled");
}

#[test]
fn rows_that_are_not_sent_do_not_use_the_limit_up() {
    let server = Server::success();
    let run = Run::new(&server)
        .manifest("user_id,user_created_at,photo\nu1,2021-08-12,none.jpg\n,2021-08-12,p.jpg\nu2,2021-08-12,p.jpg\nu3,2021-08-12,p.jpg\n")
        .set("--limit", "1");
    run.go()
        .code(10)
        .summary("/counts/enrolled", 1)
        .summary("/counts/pending", 1)
        .summary("/counts/invalid", 2);
}

#[test]
fn too_many_failures_stop_the_run() {
    let server = Server::new(|_| Reply::result("0941", "No face found"));
    let run = Run::new(&server)
        .rows(50)
        .set("--max-failures", "3")
        .set("--concurrency", "1");
    run.go()
        .code(10)
        .summary("/stopped_by", "max_failures")
        .summary("/counts/rejected", 3)
        .summary("/counts/pending", 47);
    let server = Server::new(|_| Reply::text(425, "").header("Retry-After", "0"));
    let run = Run::new(&server)
        .rows(10)
        .set("--max-failures", "1")
        .set("--retries", "0");
    run.go()
        .code(10)
        .summary("/stopped_by", "max_failures")
        .summary("/counts/failed", 1);
}

#[test]
fn twenty_refusals_alike_with_no_success_stop_the_run() {
    let server = Server::new(|_| Reply::error("2213", "A required parameter is missing"));
    let run = Run::new(&server).rows(60).set("--concurrency", "1");
    run.go()
        .code(10)
        .summary("/stopped_by", "refusals_alike")
        .summary("/counts/rejected", 20);
    assert_eq!(server.count(), 20);
}

#[test]
fn refusals_that_differ_or_with_a_success_between_them_stop_nothing() {
    let server = Server::new(|asked| match asked.order % 10 {
        0 => Reply::success(),
        _ => Reply::result("0941", "No face found"),
    });
    let run = Run::new(&server).rows(60).set("--concurrency", "1");
    run.go()
        .code(1)
        .summary("/counts/rejected", 54)
        .summary("/counts/enrolled", 6);
    let server = Server::new(|asked| match asked.order % 10 {
        0 => Reply::result("0942", "Poor quality"),
        _ => Reply::result("0941", "No face found"),
    });
    let run = Run::new(&server).rows(60).set("--concurrency", "1");
    run.go().code(1).summary("/counts/rejected", 60);
}

#[test]
fn a_window_that_ends_admits_no_more_and_drains() {
    let latch = Latch::new();
    let later = latch.clone();
    let server = Server::new(move |_| Reply::success().after(&later));
    let run = Run::new(&server).rows(5).set("--stop-after", "300ms");
    let running = run.start();
    server.wait_for(1);
    running.wait_stderr("stopping: stop_after");
    latch.release();
    run.finish(running)
        .code(10)
        .summary("/stopped_by", "stop_after")
        .summary("/counts/enrolled", 1)
        .summary("/counts/pending", 4);
    run.go_with(&[]).summary("/settled_before", 1);
}

#[test]
fn a_second_run_on_the_ledger_ends_at_once() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server).rows(2);
    let running = run.start();
    server.wait_for(1);
    let second = run.tool(&[
        "--endpoint",
        &server.url(),
        "--partner-id",
        "085",
        "--api-key-file",
        "key.txt",
        "-o",
        "second.csv",
        "manifest.csv",
    ]);
    let results = run.results(&["-o", "third.csv"]);
    latch.release();
    assert_eq!(
        (second.code, results.code),
        (Some(8), Some(8)),
        "{} {}",
        second.stderr,
        results.stderr
    );
    assert!(second.stderr.contains("085.ledger.db"), "{}", second.stderr);
    assert!(!run.path("second.csv").exists() && !run.path("third.csv").exists());
    run.finish(running).code(0).all("enrolled");
    assert_eq!(server.count(), 2);
}

#[test]
fn a_ledger_belongs_to_one_endpoint_and_one_partner() {
    let (server, other) = (Server::success(), Server::success());
    let run = Run::new(&server).rows(1).set("--ledger", "l.db");
    run.go().code(0);
    let url = server.url();
    for (endpoint, partner) in [
        (other.url(), "085"),
        (url.clone(), "85"),
        (format!("{url}/gateway"), "085"),
    ] {
        let words = [
            "--endpoint",
            &endpoint,
            "--partner-id",
            partner,
            "--api-key-file",
            "key.txt",
            "--ledger",
            "l.db",
            "manifest.csv",
        ];
        let output = run.tool(&words);
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        for part in [url.as_str(), "085"] {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
    }
    assert_eq!((server.count(), other.connections()), (1, 0));
}

#[test]
fn a_ledger_that_is_none_is_not_touched() {
    let server = Server::success();
    for bytes in [
        b"not a database at all, only text that is long enough to look at".to_vec(),
        vec![0xff; 4096],
    ] {
        let run = Run::new(&server).rows(1).file("l.db", &bytes).without("--summary");
        let path = run.path("l.db");
        let output = run.results(&["--ledger", "l.db"]);
        assert_eq!(output.code, Some(7), "{}", output.stderr);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_summary_that_cannot_be_written_is_told_before_anything_is_sent() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).without("--summary");
    run.go_with(&["--summary", "no/such/folder/s.json"])
        .code(7)
        .says(&["no/such/folder/s.json"]);
    assert_eq!(server.count(), 0);
}

#[cfg(unix)]
#[test]
fn a_summary_goes_into_a_pipe_without_taking_its_place() {
    use std::os::unix::fs::FileTypeExt;
    let server = Server::success();
    let run = Run::new(&server).rows(1).without("--summary");
    let pipe = run.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let path = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(path).unwrap());
    run.go_with(&["--summary", "pipe"]).code(0);
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
    assert!(reader.join().unwrap().contains("\"exit_code\": 0"));
}
