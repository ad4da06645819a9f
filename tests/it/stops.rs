//! Answers after which nothing more may be sent (contract, sections 6 and 9): exit 5 and 6.

use serde_json::json;

use crate::harness::{OTHER_KEY, Reply, Run, Server};

/// A hundred rows against a server that always answers so: one request, and every row stays pending.
fn stops(reply: Reply, code: i32, word: &str) {
    let server = Server::new(move |_| reply.clone());
    let run = Run::new(&server).rows(100);
    let mut wanted = vec!["pending".to_owned(); 100];
    let mut done = run.go();
    let sent = server.count();
    let asked = server.users().first().cloned().unwrap_or_default();
    let number: usize = asked.trim_start_matches('u').parse().unwrap_or(1);
    wanted[number - 1] = "pending run_stopped".into();
    done.code(code)
        .rows(wanted)
        .summary("/stopped_by", word)
        .summary("/attempts", 1)
        .says(&["why:", "next:"])
        .check(sent == 1, &format!("{sent} requests"));
}

#[test]
fn a_refused_signature_stops_the_run_after_one_request() {
    let text = "You are not authorized to do that.";
    for reply in [
        Reply::error("2205", text),
        Reply::error("2405", text),
        Reply::json(400, json!({"error": text, "code": 2205})),
        Reply::json(200, json!({"error": text, "code": "2205"})),
        Reply::error("2204", "unauthorized"),
        Reply::error("2413", "You are not AUTHORIZED"),
        Reply::json(401, json!({"message": "Unauthorized"})),
        Reply::text(401, ""),
        Reply::json(403, json!({"message": "Forbidden"})),
        Reply::json(403, json!({"error": "A parameter is missing", "code": "2413"})),
    ] {
        stops(reply, 5, "credentials_refused");
    }
}

#[test]
fn a_refused_account_stops_the_run_after_one_request() {
    for code in ["2203", "2212", "2217", "2220", "1016"] {
        stops(Reply::error(code, "No"), 5, "account_refused");
    }
    stops(
        Reply::json(402, json!({"error": "Insufficient wallet balance"})),
        5,
        "payment_required",
    );
}

#[test]
fn what_is_not_the_api_stops_the_run_after_one_request() {
    for status in [404, 405, 415] {
        stops(Reply::text(status, "<html>nothing here</html>"), 6, "not_the_api");
        stops(Reply::json(status, json!({"message": "Not Found"})), 6, "not_the_api");
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let target = Server::success();
        let location = format!("{}/v1/backfill_users", target.url());
        stops(Reply::text(status, "").header("Location", &location), 6, "redirected");
        assert_eq!(target.connections(), 0, "{status}");
    }
}

#[test]
fn a_wrong_key_costs_one_request_and_the_words_say_what_to_look_at() {
    let server = Server::success();
    let run = Run::new(&server).rows(100).file("key.txt", b"a-key-that-nobody-knows");
    run.go()
        .code(5)
        .summary("/counts/pending", 100)
        .says(&["2205", "sandbox and production", "rotated", "085"]);
    assert_eq!((server.count(), server.held().len()), (1, 0));

    // Fixed, the same command goes on.
    run.write("key.txt", OTHER_KEY.as_bytes());
    run.go().code(0).all("enrolled");
}

#[test]
fn a_clock_that_is_off_is_named() {
    let server = Server::new(|_| {
        Reply::error("2205", "You are not authorized to do that.").header("Date", "Fri, 01 Jan 2100 00:00:00 GMT")
    });
    Run::new(&server)
        .rows(1)
        .go()
        .code(5)
        .says(&["clock is", "s behind the server's"]);
}

#[test]
fn a_stop_in_the_middle_keeps_what_is_settled() {
    let server = Server::new(|asked| match asked.order {
        1..=3 => Reply::success(),
        _ => Reply::json(402, json!({"error": "Insufficient wallet balance"})),
    });
    let run = Run::new(&server).rows(50).set("--concurrency", "1");
    run.go()
        .code(5)
        .summary("/counts/enrolled", 3)
        .summary("/counts/pending", 47)
        .says(&["wallet", "HTTP 402"]);
    assert_eq!(server.count(), 4);
}

#[test]
fn a_refusal_after_a_doubt_leaves_the_doubt() {
    let server = Server::in_order([Reply::lost(), Reply::text(401, "")]);
    let run = Run::new(&server).rows(1);
    run.go().code(5).rows(["in_doubt run_stopped"]);
    run.go().code(0).rows(["enrolled_inferred answer_lost"]);
}

#[test]
fn nothing_listens_at_the_endpoint() {
    let port = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap().port()
    };
    let server = Server::success();
    let run = Run::new(&server)
        .rows(3)
        .set("--endpoint", &format!("http://127.0.0.1:{port}"))
        .set("--max-outage", "50ms");
    run.go()
        .code(6)
        .summary("/counts/pending", 3)
        .summary("/stopped_by", "outage")
        .says(&["next:"]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn no_row_is_burnt_by_an_outage() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let run = Run::bare()
        .rows(1)
        .set("--endpoint", &format!("http://127.0.0.1:{port}"))
        .set("--partner-id", "085")
        .set("--api-key-file", "key.txt")
        .set("--retries", "0")
        .set("--max-outage", "300ms");
    run.go().code(6).rows(["pending connect_failed"]);
}
