//! SIGHUP, SIGINT and SIGTERM: heard to the end, drained, reported, and right either way (contract, section 9).
#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Latch, Reply, Run, Server, sha256};

/// Signals with their exit codes and words.
const SIGNALS: [(&str, i32, &str); 3] = [
    ("HUP", 129, "hung_up"),
    ("INT", 130, "interrupted"),
    ("TERM", 143, "terminated"),
];
/// Rows whose results are more than any pipe takes unread, and more than is written at a time.
const ROWS: usize = 800;

/// A run of them, with a column that makes each line long.
fn wide(server: &Server) -> Run<'_> {
    let line = |row| format!("u{row},2021-08-12,p.jpg,{}\n", "x".repeat(1_000));
    let lines: String = (1..=ROWS).map(line).collect();
    Run::new(server).manifest(&format!("user_id,user_created_at,photo,comment\n{lines}"))
}

/// A server that holds the answers to one user back.
fn holding(latch: &Latch) -> Server {
    Server::script([("u1", vec![Reply::success().after(latch)])])
}

#[test]
fn the_first_signal_drains_what_is_in_flight() {
    for (signal, code, word) in SIGNALS {
        let latch = Latch::new();
        let server = holding(&latch);
        let run = Run::new(&server).rows(20);
        let running = run.start();
        server.wait_for(1);
        let asked = server.users()[0].clone();
        let row: usize = asked[1..].parse().unwrap();
        // Whichever row came first: only the first user's answer is held back.
        running.signal(signal);
        running.wait_stderr(&format!("stopping: {word}"));
        latch.release();
        let mut done = run.finish(running);
        done.code(code)
            .summary("/stopped_by", word)
            .cell(row, "status", "enrolled")
            .says(&["run again to go on:\n  ", "--env sandbox"]);
        drop(done);
        run.go().code(0).all("enrolled");
        assert_eq!(server.count(), 20, "nobody is sent twice");
    }
}

#[test]
fn the_second_signal_ends_at_once_and_leaves_a_doubt() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let latch = Latch::new();
        let server = Server::new({
            let latch = latch.clone();
            move |asked| match asked.nth {
                1 => Reply::success().after(&latch),
                _ => Reply::success(),
            }
        });
        let run = Run::new(&server).rows(3);
        let running = run.start();
        server.wait_for(1);
        let row: usize = server.users()[0][1..].parse().unwrap();
        running.signal(signal);
        running.wait_stderr("stopping: ");
        running.signal(signal);
        // The answer is never let go: only the second signal can end the run.
        let mut done = run.finish(running);
        done.code(code)
            .cell(row, "status", "in_doubt")
            .cell(row, "reason", "interrupted")
            .summary("/counts/in_doubt", 1)
            .summary("/counts/pending", 2);
        drop(done);
        latch.release();
        run.go()
            .code(0)
            .cell(row, "status", "enrolled_inferred")
            .summary("/counts/enrolled", 2);
        assert!(
            server
                .held()
                .values()
                .all(|photo| *photo == sha256(&crate::harness::jpeg()))
        );
    }
}

#[test]
fn a_signal_during_a_wait_ends_the_run_at_once() {
    let server = Server::new(|_| Reply::text(429, "").header("Retry-After", "300"));
    let run = Run::new(&server).rows(2);
    let running = run.start();
    server.wait_for(1);
    running.signal("TERM");
    run.finish(running).code(143).summary("/counts/pending", 2);
}

#[test]
fn a_signal_during_an_outage_ends_the_run_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = Server::success();
    let run = Run::new(&server)
        .rows(2)
        .set("--endpoint", &format!("http://127.0.0.1:{port}"))
        .flag("-v");
    let running = run.start();
    running.wait_stderr("connect_failed");
    running.signal("INT");
    run.finish(running).code(130).summary("/counts/pending", 2);
}

#[test]
fn a_closed_terminal_hangs_up_twice_and_still_drains() {
    let latch = Latch::new();
    let server = Server::new({
        let latch = latch.clone();
        move |_| Reply::success().after(&latch)
    });
    let run = Run::new(&server).rows(3);
    let running = run.start();
    server.wait_for(1);
    running.signal("HUP");
    running.wait_stderr("stopping: hung_up");
    running.signal("HUP");
    latch.release();
    run.finish(running)
        .code(129)
        .summary("/counts/in_doubt", 0)
        .summary("/counts/enrolled", 1);
}

#[test]
fn a_hang_up_that_is_ignored_from_the_beginning_stays_ignored() {
    let latch = Latch::new();
    let server = holding(&latch);
    let run = Run::new(&server).users(["u1"]).ignoring("HUP");
    let running = run.start();
    server.wait_for(1);
    running.signal("HUP");
    running.signal("INT");
    let said = running.wait_stderr("stopping: ");
    assert!(said.contains("stopping: interrupted"), "{said}");
    latch.release();
    run.finish(running).code(130).all("enrolled");
}

/// A pipe in the run's folder, and what is read from it once somebody writes to it.
fn pipe(run: &Run<'_>) -> PathBuf {
    let path = run.path("pipe");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

/// The names in the run's folder.
/// What stands in the folder, but for lock files, which stay and say nothing.
fn names(run: &Run<'_>) -> Vec<String> {
    let entries = std::fs::read_dir(run.path(".")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name: &String| !name.ends_with(".lock") && !name.contains(".status.json"))
        .collect();
    names.sort();
    names
}

fn summary(run: &Run<'_>) -> Value {
    serde_json::from_slice(&std::fs::read(run.path("summary.json")).unwrap()).unwrap()
}

#[test]
fn a_signal_during_the_final_writing_gives_it_up_and_the_rest_is_right() {
    for (signal, code, word) in SIGNALS {
        let server = Server::success();
        let run = wide(&server).set("-o", "pipe");
        let path = pipe(&run);
        let running = run.start();
        // Opening it for reading waits for the writer, who then waits for somebody to read.
        let unread = File::open(path).unwrap();
        running.signal(signal);
        let output = running.wait();
        drop(unread);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert!(
            output.stderr.contains("the results were not written"),
            "{}",
            output.stderr
        );
        let summary = summary(&run);
        let told = [
            &summary["stopped_by"],
            &summary["exit_code"],
            &summary["counts"]["enrolled"],
        ];
        assert_eq!(told, [&Value::from(word), &code.into(), &ROWS.into()]);
        std::fs::remove_file(run.path("pipe")).unwrap();
        run.set("-o", "results.csv").go().code(0).all("enrolled");
        assert_eq!(server.count(), ROWS, "nobody is sent twice");
    }
}

#[test]
fn after_a_drain_the_next_signal_gives_up_the_final_writing() {
    let latch = Latch::new();
    let server = Server::new({
        let latch = latch.clone();
        move |asked| match asked.order == ROWS {
            true => Reply::success().after(&latch),
            false => Reply::success(),
        }
    });
    let run = wide(&server).set("-o", "pipe");
    let path = pipe(&run);
    let running = run.start();
    server.wait_for(ROWS);
    running.signal("TERM");
    running.wait_stderr("stopping: terminated");
    latch.release();
    let unread = File::open(path).unwrap();
    running.signal("INT");
    let output = running.wait();
    drop(unread);
    assert_eq!(output.code, Some(143), "{}", output.stderr);
    assert_eq!(summary(&run)["counts"]["enrolled"], ROWS);
}

#[test]
fn a_run_that_hangs_is_ended_by_the_signals_after_the_first() {
    let latch = Latch::new();
    let server = holding(&latch);
    // What it says of the first signal is a write that never comes back.
    let run = Run::new(&server).users(["u1"]).full_stderr(true);
    let running = run.start();
    server.wait_for(1);
    for signal in ["TERM", "INT", "TERM"] {
        running.signal(signal);
    }
    assert_eq!(running.wait().code, Some(143));
    latch.release();
    let run = run.full_stderr(false);
    run.results(&[]);
    let results = std::fs::read_to_string(run.path("manifest.sandbox.results.csv")).unwrap();
    assert!(results.contains("u1,2021-08-12,p.jpg,1,in_doubt,"), "{results}");
}

#[test]
fn results_that_are_interrupted_end_at_once_and_leave_nothing() {
    let server = Server::success();
    let run = wide(&server);
    run.go().code(0);
    let before = std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap();
    let path = pipe(&run);
    let there = names(&run);
    for (signal, code, _) in SIGNALS {
        let running = run.spawn(&[
            "results",
            "--ledger",
            run.ledger().to_str().unwrap(),
            "-o",
            "pipe",
            "manifest.csv",
        ]);
        let unread = File::open(&path).unwrap();
        running.signal(signal);
        let output = running.wait();
        drop(unread);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert_eq!(names(&run), there);
    }
    let output = run.results(&[]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap(), before);
}

#[test]
fn what_hangs_where_nothing_can_be_put_away_ends_at_once() {
    // More than a pipe takes: when all of it is written, the tool is reading, and waits for the rest.
    let text = format!(
        "user_id,user_created_at,photo\n{}",
        "u,2021-08-12,p.jpg\n".repeat(20_000)
    );
    for (signal, code, _) in SIGNALS {
        for command in ["check", "enroll"] {
            let run = Run::bare();
            let there = names(&run);
            let mut tool = Command::new(env!("CARGO_BIN_EXE_image-enroll"));
            match command {
                "check" => tool.arg("check"),
                _ => tool.args(["--env", "local", "-o", "results.csv", "--ledger", "ledger.db"]),
            };
            tool.args(["--photo-root", ".", "-"]).current_dir(run.path("."));
            let mut child = tool.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(text.as_bytes()).unwrap();
            let arguments = [format!("-{signal}"), child.id().to_string()];
            assert!(Command::new("kill").args(arguments).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{command}");
            assert_eq!(names(&run), there);
        }
    }
}
