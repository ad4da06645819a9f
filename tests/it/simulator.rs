//! The simulator as any HTTP client sees it, and the run against the one inside the process.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Reply, Run, Running, Server, base64, jpeg, sign};

const DEFAULT_KEY: &str = "simulator-key-not-a-secret";

/// The address that the simulator prints first.
fn address(running: &Running) -> String {
    let said = running.wait_stderr("until stopped");
    let first = said.lines().next().unwrap();
    first
        .strip_prefix("http://")
        .unwrap_or_else(|| panic!("{said}"))
        .to_owned()
}

/// A request as curl would write it; `None` where no answer comes.
fn post(address: &str, body: &Value) -> Option<(u16, Value)> {
    let body = body.to_string();
    let head = format!(
        "POST /v1/backfill_users HTTP/1.1\r\nHost: {address}\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
    // A simulator that drops the connection does so while this is written.
    stream.write_all((head + &body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((
        head.get(9..12)?.parse().ok()?,
        serde_json::from_str(body).unwrap_or(Value::Null),
    ))
}

fn request(key: &str, partner: &str, user_id: &str) -> Value {
    let timestamp = "2026-01-02T03:04:05.678Z";
    json!({"partner_id": partner, "timestamp": timestamp, "signature": sign(key, partner, timestamp), "user_id": user_id,
        "user_created_at": "2021-08-12", "photo": base64(&jpeg())})
}

#[test]
fn enrolls_once_and_refuses_the_second_time() {
    let folder = Run::bare();
    let running = folder.spawn(&["simulator", "--port", "0"]);
    let said = running.wait_stderr("until stopped");
    assert!(said.contains("partner id: 085") && said.contains(DEFAULT_KEY), "{said}");
    let address = address(&running);
    let (status, answer) = post(&address, &request(DEFAULT_KEY, "085", "007")).unwrap();
    assert_eq!((status, &answer["ResultCode"]), (200, &json!("0840")));
    assert_eq!(answer["PartnerParams"]["user_id"], "007");
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    assert_eq!(text("signature"), sign(DEFAULT_KEY, "085", text("timestamp")));
    let (status, answer) = post(&address, &request(DEFAULT_KEY, "085", "007")).unwrap();
    assert_eq!((status, &answer["code"]), (400, &json!("2209")));
    let (status, answer) = post(&address, &request("another", "085", "008")).unwrap();
    assert_eq!((status, &answer["code"]), (400, &json!("2205")));
}

#[test]
fn takes_partner_and_key_from_outside_and_does_not_show_the_key() {
    let folder = Run::bare().file("sim.key", b"a-key-of-its-own\n");
    let words = [
        "simulator",
        "--port",
        "0",
        "--partner-id",
        "0007",
        "--api-key-file",
        "sim.key",
        "--latency",
        "1ms",
    ];
    let running = folder.spawn(&words);
    let said = running.wait_stderr("until stopped");
    assert!(said.contains("0007") && !said.contains("a-key-of-its-own"), "{said}");
    let address = address(&running);
    let status = |key, partner| post(&address, &request(key, partner, "u1")).unwrap().0;
    assert_eq!(status(DEFAULT_KEY, "0007"), 400);
    assert_eq!(status("a-key-of-its-own", "7"), 400);
    assert_eq!(status("a-key-of-its-own", "0007"), 200);
}

/// How the first requests of a seed end: a status, or nothing.
fn statuses(seed: &str) -> Vec<Option<u16>> {
    let folder = Run::bare();
    let running = folder.spawn(&["simulator", "--port", "0", "--fail-rate", "0.6", "--seed", seed]);
    let address = address(&running);
    let answer = |number: usize| post(&address, &request(DEFAULT_KEY, "085", &format!("u{number}")));
    (0..40).map(|number| answer(number).map(|(status, _)| status)).collect()
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let first = statuses("5");
    assert_eq!(first, statuses("5"));
    assert_ne!(first, statuses("6"));
    for status in [Some(200), Some(429), Some(503), None] {
        assert!(first.contains(&status), "{status:?} is not among {first:?}");
    }
}

#[test]
fn a_run_gets_through_faults() {
    let folder = Run::bare();
    let running = folder.spawn(&["simulator", "--port", "0", "--fail-rate", "0.15", "--seed", "3"]);
    let url = format!("http://{}", address(&running));
    let run = Run::bare()
        .rows(25)
        .file("sim.key", DEFAULT_KEY.as_bytes())
        .set("--endpoint", &url)
        .set("--partner-id", "085")
        .set("--api-key-file", "sim.key")
        .set("--in-doubt-wait", "10ms");
    let mut done = run.go();
    let enrolled = done.summary["counts"]["enrolled"].as_u64().unwrap();
    let inferred = done.summary["counts"]["enrolled_inferred"].as_u64().unwrap();
    done.code(0).check(enrolled + inferred == 25, "not all are enrolled");
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_well() {
    for signal in ["TERM", "INT", "HUP"] {
        let running = Run::bare().spawn(&["simulator", "--port", "0"]);
        let address = address(&running);
        // An idle connection does not hold it back.
        let _idle = TcpStream::connect(&address).unwrap();
        running.signal(signal);
        let output = running.wait();
        assert_eq!(
            (output.code, output.stdout.len()),
            (Some(0), 0),
            "{signal}: {}",
            output.stderr
        );
        assert!(TcpStream::connect(&address).is_err());
    }
}

#[test]
fn a_port_in_use_is_named_with_what_to_type() {
    let taken = Server::new(|_| Reply::success());
    let port = taken.port().to_string();
    let output = Run::bare().tool(&["simulator", "--port", &port]);
    let wanted = format!(
        "error: port {port} is in use by another program; for a free one type: image-enroll simulator --port 0\n"
    );
    assert_eq!((output.code, output.stderr), (Some(2), wanted));
}

#[test]
fn values_out_of_range_are_errors() {
    let folder = Run::bare();
    for words in [
        vec!["simulator", "--port", "70000"],
        vec!["simulator", "--fail-rate", "1.5"],
        vec!["simulator", "--fail-rate", "-1"],
        vec!["simulator", "--partner-id", ""],
        vec!["simulator", "--api-key-file", "none"],
    ] {
        assert_eq!(folder.tool(&words).code, Some(2), "{words:?}");
    }
}

#[test]
fn a_local_run_needs_no_account_and_keeps_no_ledger() {
    let run = Run::bare().rows(20).set("--env", "local");
    run.go().code(0).all("enrolled").summary("/env", "local");
    assert!(run.path("manifest.local.results.csv").is_file());
    assert!(!run.path("manifest.local.ledger.db").exists() && !run.path("state").exists());
    // Its simulator has forgotten everything, and so has the run.
    run.go().code(0).all("enrolled").summary("/settled_before", 0);
    let output = run.tool(&["results", "--env", "local", "manifest.csv"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
}

#[test]
fn a_local_run_keeps_the_ledger_that_is_named() {
    let run = Run::bare().rows(3).set("--env", "local").set("--ledger", "kept.db");
    run.go().code(0).all("enrolled");
    run.go().code(0).summary("/settled_before", 3).summary("/attempts", 0);
}

#[test]
fn a_local_run_without_a_ledger_does_not_say_that_settled_rows_are_left_out() {
    let rows = "user_id,user_created_at,photo\ngood,2021-08-12,p.jpg\nbad,12/08/2021,p.jpg\n";
    let run = Run::bare().manifest(rows).set("--env", "local");
    let advice = "fix the rows named in the results; no ledger was kept, so every row is sent again";
    run.go().code(1).says(&[advice]);
    run.set("--log-format", "json").go().code(1).says(&[advice]);
}

#[test]
fn the_examples_are_enrolled_locally() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let text = std::fs::read_to_string(format!("{root}/manifest.csv")).unwrap();
    let run = Run::bare()
        .manifest(&text)
        .set("--env", "local")
        .set("--photo-root", root);
    run.go().code(0).all("enrolled");
    let text = std::fs::read_to_string(format!("{root}/manifest-with-errors.csv")).unwrap();
    let run = Run::bare()
        .manifest(&text)
        .set("--env", "local")
        .set("--photo-root", root);
    run.go()
        .code(1)
        .summary("/counts/invalid", 5)
        .summary("/counts/enrolled", 4);
}
