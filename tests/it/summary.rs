//! The summary JSON, field by field (contract, section 10), and the diagnostics around it.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::harness::{PARTNER, Reply, Run, Server, jpeg, sha256};

const FIELDS: [&str; 23] = [
    "attempts",
    "counts",
    "endpoint",
    "env",
    "exit_code",
    "failures",
    "finished_at",
    "latency_ms",
    "manifest",
    "manifest_sha256",
    "partner_id",
    "photo_bytes_sent",
    "reasons",
    "retries",
    "rows",
    "rows_per_second",
    "run_id",
    "schema",
    "settled_before",
    "shard",
    "started_at",
    "stopped_by",
    "version",
];

#[test]
fn every_field_is_there_and_right() {
    let server = Server::script([
        ("u2", vec![Reply::result("0941", "No face")]),
        ("u3", vec![Reply::text(503, "").header("Retry-After", "0")]),
    ]);
    let run = Run::new(&server).users(["u1", "u2", "u3", "", "u1"]);
    let mut done = run.go();
    let manifest = std::fs::read(run.path("manifest.csv")).unwrap();
    let names: Vec<_> = done.summary.as_object().unwrap().keys().cloned().collect();
    done.equal("fields", &names.join(" "), &FIELDS.join(" "))
        .code(1)
        .summary("/schema", 1)
        .summary("/version", env!("CARGO_PKG_VERSION"))
        .summary("/env", "sandbox")
        .summary("/endpoint", server.url())
        .summary("/partner_id", PARTNER)
        .summary("/manifest", "manifest.csv")
        .summary("/manifest_sha256", sha256(&manifest))
        .summary("/exit_code", 1)
        .summary("/stopped_by", Value::Null)
        .summary("/rows", 5)
        .summary("/settled_before", 0)
        .summary("/attempts", 4)
        .summary("/retries", 1)
        .summary("/photo_bytes_sent", 4 * jpeg().len())
        .summary("/reasons", json!({"bad_user_id": 1, "no_face_found": 1}))
        .summary(
            "/counts",
            json!({"enrolled": 3, "enrolled_inferred": 0, "provisional": 0, "already_enrolled": 0, "rejected": 1,
                "invalid": 1, "failed": 0, "in_doubt": 0, "pending": 0}),
        );
    let summary = done.summary.clone();
    let time = |name: &str| DateTime::parse_from_rfc3339(summary[name].as_str().unwrap()).unwrap();
    done.check(time("started_at") < time("finished_at"), "the times");
    let latency = ["p50", "p90", "p99", "max"].map(|name| summary["latency_ms"][name].as_u64().unwrap());
    done.check(latency.is_sorted(), "the latencies");
    done.check(summary["rows_per_second"].as_f64().unwrap() > 0.0, "the rate");
    let run_id = summary["run_id"].as_str().unwrap().to_owned();
    done.cell(1, "run_id", &run_id);
    drop(done);

    run.go()
        .code(1)
        .summary("/settled_before", 2)
        .summary("/attempts", 0)
        .summary("/counts/enrolled", 3)
        .summary("/latency_ms", json!({"p50": 0, "p90": 0, "p99": 0, "max": 0}));
}

#[test]
fn two_runs_have_two_ids() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let [first, second] = [(); 2].map(|()| run.go().summary["run_id"].clone());
    assert_ne!(first, second);
}

#[test]
fn quiet_says_nothing_while_all_is_well_and_the_worst_when_it_is_not() {
    let server = Server::in_order([Reply::success(), Reply::result("0941", "No face")]);
    let run = Run::new(&server).rows(1).flag("-q");
    let mut done = run.go();
    let said = done.stderr.clone();
    done.code(0).equal("stderr", &said, "");
    drop(done);
    let run = Run::new(&server).users(["other"]).flag("-q");
    run.go().code(1).says(&["1 rejected", "results:"]);
}

#[test]
fn verbose_tells_of_every_attempt() {
    let server = Server::in_order([Reply::text(503, "").header("Retry-After", "0")]);
    let run = Run::new(&server).rows(1).flag("-v");
    run.go().code(0).says(&[
        "row 1 (line 2): attempt 1 in_doubt server_error HTTP 503",
        "row 1 (line 2): attempt 2 settled HTTP 200",
        "row 1 (line 2): enrolled",
    ]);
}

#[test]
fn json_diagnostics_are_one_object_a_line() {
    let server = Server::in_order([Reply::text(503, "").header("Retry-After", "0")]);
    let run = Run::new(&server)
        .users(["u1", "u2"])
        .set("--log-format", "json")
        .set("--log-level", "debug");
    let mut done = run.go();
    let lines: Vec<Value> = done
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    let found = [of("attempt"), of("finished"), of("ended")];
    done.code(0)
        .check(found == [3, 2, 1], &format!("events: {found:?}"))
        .check(
            lines
                .iter()
                .all(|line| line["at"].is_string() && line["run_id"].is_string()),
            "at and run_id",
        );
    // An error before the run is an object, too.
    let error = Run::new(&server).named("none.csv").set("--log-format", "json");
    let error = error.go();
    assert_eq!(
        serde_json::from_str::<Value>(error.stderr.trim()).unwrap()["event"],
        "error"
    );
}

#[test]
fn a_quiet_run_that_ends_well_says_nothing_in_either_format() {
    for format in ["text", "json"] {
        let server = Server::success();
        let run = Run::new(&server).rows(2).flag("-q").set("--log-format", format);
        let mut finished = run.go();
        let stderr = finished.stderr.clone();
        finished.code(0).equal("stderr", &stderr, "");
    }
}

#[test]
fn an_outage_is_explained() {
    let server = Server::new(|_| Reply::error("2222", "slow").status(429).header("Retry-After", "60"));
    let run = Run::new(&server).rows(2).set("--max-outage", "100ms");
    run.go().code(6).says(&["why:", "--max-outage"]);
}
