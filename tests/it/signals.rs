//! SIGINT and SIGTERM: drained, reported, and right either way (contract, section 9).
#![cfg(unix)]

use crate::harness::{Latch, Reply, Run, Server, sha256};

/// A server that holds the answers to one user back.
fn holding(latch: &Latch) -> Server {
    Server::script([("u1", vec![Reply::success().after(latch)])])
}

#[test]
fn the_first_signal_drains_what_is_in_flight() {
    for (signal, code, word) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
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
