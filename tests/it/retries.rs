//! Requests that were not processed: wait, and try again (contract, section 6).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Latch, Reply, Run, Server, padded};

/// Not processed, and no reason to wait.
fn again(status: u16) -> Reply {
    Reply::json(status, json!({"message": "later"})).header("Retry-After", "0")
}

#[test]
fn throttling_and_business_are_tried_again() {
    for status in [408, 425, 429] {
        let server = Server::in_order([again(status), again(status)]);
        let run = Run::new(&server).rows(1);
        run.go()
            .code(0)
            .all("enrolled")
            .cell(1, "attempts", "3")
            .summary("/retries", 2);
    }
}

#[test]
fn the_code_of_throttling_counts_under_any_4xx() {
    let server = Server::in_order([Reply::error("2222", "blocked, too many submissions").header("Retry-After", "0")]);
    Run::new(&server)
        .rows(1)
        .go()
        .code(0)
        .all("enrolled")
        .cell(1, "attempts", "2");
}

#[test]
fn what_is_given_up_is_failed_and_taken_up_by_the_next_run() {
    for (status, reason) in [(408, "server_busy"), (425, "server_busy")] {
        let server = Server::in_order([again(status)]);
        let run = Run::new(&server).rows(1).set("--retries", "0");
        run.go()
            .code(3)
            .rows([format!("failed {reason}")])
            .cell(1, "http_status", &status.to_string())
            .says(&["run again; only what is not settled is sent"]);
        run.go().code(0).all("enrolled").cell(1, "attempts", "2");
    }
}

#[test]
fn a_row_has_its_retries_and_one_more_round() {
    let server = Server::new(|_| again(408));
    let run = Run::new(&server).rows(1).set("--retries", "2");
    run.go().code(3).rows(["failed server_busy"]).cell(1, "attempts", "6");
}

#[test]
fn a_refusal_of_something_in_front_of_the_api_is_not_the_rows_fault() {
    for reply in [
        Reply::text(400, "<html>Bad Request</html>"),
        Reply::text(400, ""),
        Reply::text(431, ""),
    ] {
        let server = Server::in_order([reply]);
        let run = Run::new(&server).rows(1);
        run.go().code(0).all("enrolled").cell(1, "attempts", "2");
    }
}

#[test]
fn retry_after_holds_the_whole_run() {
    let server = Server::in_order([
        Reply::success(),
        Reply::json(429, json!({"message": "slow down"})).header("Retry-After", "1"),
    ]);
    let started = Instant::now();
    Run::new(&server)
        .rows(6)
        .set("--concurrency", "1")
        .go()
        .code(0)
        .all("enrolled");
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn retry_after_may_be_a_date_against_the_answers_own() {
    let date = "Wed, 01 Jan 2020 00:00:00 GMT";
    let server = Server::in_order([Reply::text(429, "").header("Date", date).header("Retry-After", date)]);
    Run::new(&server).rows(1).go().code(0).all("enrolled");
    let until = "Wed, 01 Jan 2020 01:00:00 GMT";
    let server = Server::new(move |_| Reply::text(429, "").header("Date", date).header("Retry-After", until));
    let run = Run::new(&server).rows(3).set("--max-outage", "30m");
    run.go()
        .code(6)
        .summary("/stopped_by", "outage")
        .summary("/counts/pending", 3);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_wait_beyond_the_runs_patience_stops_it_at_once() {
    let server = Server::new(|_| Reply::text(429, "").header("Retry-After", "86400"));
    let run = Run::new(&server).rows(3);
    run.go()
        .code(6)
        .summary("/stopped_by", "outage")
        .summary("/counts/pending", 3);
    assert_eq!(server.count(), 1);
}

#[test]
fn endless_throttling_ends_with_the_runs_patience() {
    let server = Server::new(|_| again(429));
    let run = Run::new(&server)
        .rows(2)
        .set("--max-outage", "100ms")
        .set("--retries", "1000");
    run.go()
        .code(6)
        .summary("/stopped_by", "outage")
        .summary("/counts/pending", 2)
        .summary("/counts/failed", 0);
}

#[test]
fn throttling_that_asks_for_no_wait_fails_no_row_and_backs_off() {
    let server = Server::new(|_| again(429));
    let run = Run::new(&server)
        .rows(3)
        .set("--max-outage", "3s")
        .set("--retries", "0");
    run.go()
        .code(6)
        .summary("/stopped_by", "outage")
        .summary("/counts/pending", 3);
    assert!(server.count() < 30, "{} requests in 3 s", server.count());
}

#[test]
fn a_dropped_connection_is_tried_again() {
    let server = Server::script([("u2", vec![Reply::close_early()])]);
    let run = Run::new(&server).rows(3).file("p.jpg", &padded(5_000_000));
    run.go().code(0).all("enrolled").cell(2, "attempts", "2");
}

#[test]
fn the_run_begins_with_one_request_and_grows_after_the_first_settled_row() {
    let begun = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&begun);
    let server = Server::new(move |asked| {
        book.lock().unwrap().push(Instant::now());
        if asked.order == 1 {
            Reply::silence()
        } else {
            Reply::success()
        }
    });
    let timeout = Duration::from_millis(200);
    let run = Run::new(&server)
        .rows(40)
        .set("--concurrency", "8")
        .set("--timeout", "200ms");
    run.go().code(0);
    let begun = begun.lock().unwrap();
    let alone = begun[1].duration_since(begun[0]);
    // The first one was signed and sent a moment before the server could look at its clock.
    assert!(
        alone > timeout / 2,
        "the second request left {alone:?} after the first, which was never answered"
    );
}

#[test]
fn as_many_requests_are_in_flight_as_the_limit_allows() {
    let latch = Latch::new();
    let later = latch.clone();
    let server = Server::new(move |asked| match asked.order {
        1..=30 => Reply::success(),
        _ => Reply::success().after(&later),
    });
    let run = Run::new(&server).rows(60).set("--concurrency", "4");
    let running = run.start();
    server.wait_for(34);
    latch.release();
    run.finish(running).code(0).all("enrolled");
    assert_eq!(server.most_in_flight(), 4);
}
