//! `--metrics`: what Prometheus reads, during the run and at its end (contract, section 10).

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::{KEY, Latch, Reply, Run, Server};

/// A value by the sample's name and its own label.
fn value(text: &str, sample: &str) -> Option<f64> {
    let (name, own) = sample.split_once(' ').unwrap_or((sample, ""));
    let own = if own.is_empty() {
        String::new()
    } else {
        format!(",{own}")
    };
    let sample = format!("{name}{{env=\"sandbox\",partner_id=\"085\"{own}}} ");
    text.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok())
}

fn metrics(run: &Run<'_>) -> String {
    std::fs::read_to_string(run.path("m.prom")).unwrap()
}

fn mixed() -> Server {
    Server::script([
        ("no_face", vec![Reply::result("0941", "Face Not Found")]),
        ("busy", vec![Reply::text(408, "")]),
    ])
}

/// How long nothing came, a timeout above all, says nothing of how long the server takes.
#[test]
fn requests_without_an_answer_have_no_time_to_answer() {
    let server = Server::script([("lost", vec![Reply::lost(), Reply::taken()])]);
    let run = Run::new(&server).users(["a", "lost"]).set("--metrics", "m.prom");
    run.go().code(0).summary("/attempts", 3);
    assert_eq!(
        value(&metrics(&run), "image_enroll_request_duration_seconds_count"),
        Some(2.0)
    );
}

#[test]
fn the_metrics_are_the_summarys_numbers() {
    let server = mixed();
    let run = Run::new(&server)
        .users(["a", "b", "no_face", "busy", "a"])
        .set("--metrics", "m.prom");
    let mut done = run.go();
    let text = metrics(&run);
    let found = |sample: &str| value(&text, sample).unwrap_or(-1.0);
    done.code(1);
    for status in ["enrolled", "rejected", "pending", "in_doubt"] {
        let counted = done.summary["counts"][status].as_f64().unwrap();
        let sample = format!("image_enroll_rows status=\"{status}\"");
        done.check(value(&text, &sample) == Some(counted), &format!("{sample}: {text}"));
    }
    let attempts = ["settled", "not_processed", "in_doubt", "stopped"]
        .map(|class| found(&format!("image_enroll_attempts_total class=\"{class}\"")));
    let all: f64 = attempts.iter().sum();
    done.summary("/attempts", all as u64)
        .summary("/retries", found("image_enroll_retries_total") as u64)
        .summary("/photo_bytes_sent", found("image_enroll_photo_sent_bytes_total") as u64)
        .check(attempts[1] == 1.0, "the 408 is not counted")
        .check(
            found("image_enroll_request_duration_seconds_count") == all,
            "the latencies",
        )
        .check(found("image_enroll_exit_code") == 1.0, "the exit code")
        .check(found("image_enroll_running") == 0.0, "it still runs")
        .check(
            value(&text, "image_enroll_last_success_timestamp_seconds").is_none(),
            "a success",
        );
}

#[cfg(unix)]
#[test]
fn other_users_may_read_them_and_promtool_finds_no_fault() {
    use std::os::unix::fs::PermissionsExt;
    let server = mixed();
    let run = Run::new(&server).users(["a", "no_face"]).set("--metrics", "m.prom");
    run.go().code(1);
    let mode = run.path("m.prom").metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644);
    let mut command = Command::new("promtool");
    command
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // As far as Prometheus' own tool is installed here.
    let Ok(mut child) = command.spawn() else { return };
    child.stdin.take().unwrap().write_all(metrics(&run).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn they_are_there_while_the_run_goes_on() {
    let latch = Latch::new();
    let server = Server::new({
        let latch = latch.clone();
        move |_| Reply::success().after(&latch)
    });
    let run = Run::new(&server).rows(2).set("--metrics", "m.prom");
    let running = run.start();
    server.wait_for(1);
    while !run.path("m.prom").exists() {
        std::thread::yield_now();
    }
    let text = metrics(&run);
    assert_eq!(value(&text, "image_enroll_running"), Some(1.0));
    assert_eq!(value(&text, "image_enroll_exit_code"), None);
    latch.release();
    run.finish(running).code(0);
    let text = metrics(&run);
    assert_eq!(value(&text, "image_enroll_exit_code"), Some(0.0));
    assert!(value(&text, "image_enroll_last_success_timestamp_seconds") > Some(1.7e9));
}

#[test]
fn a_run_that_never_began_does_not_leave_an_earlier_success_to_be_taken_for_its_own() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("--metrics", "m.prom");
    run.go().code(0);
    let success = value(&metrics(&run), "image_enroll_last_success_timestamp_seconds");
    assert!(success.is_some());
    let judge = |code: f64| {
        let text = metrics(&run);
        assert_eq!(value(&text, "image_enroll_exit_code"), Some(code), "{text}");
        assert_eq!(value(&text, "image_enroll_rows status=\"enrolled\""), Some(0.0));
        assert_eq!(value(&text, "image_enroll_last_success_timestamp_seconds"), success);
    };
    run.write("key.txt", b"");
    run.go().code(2);
    judge(2.0);
    run.write("key.txt", KEY.as_bytes());
    run.write("manifest.csv", b"user_id,photo\n");
    run.go().code(9);
    judge(9.0);
}

#[test]
fn a_run_that_finds_the_ledger_taken_leaves_the_metrics_of_the_other_alone() {
    let latch = Latch::new();
    let server = Server::new({
        let latch = latch.clone();
        move |_| Reply::success().after(&latch)
    });
    let run = Run::new(&server).rows(1).set("--metrics", "m.prom");
    let running = run.start();
    server.wait_for(1);
    run.go().code(8);
    let text = metrics(&run);
    assert_eq!(value(&text, "image_enroll_running"), Some(1.0), "{text}");
    assert_eq!(value(&text, "image_enroll_exit_code"), None, "{text}");
    latch.release();
    run.finish(running).code(0);
}

#[cfg(unix)]
#[test]
fn metrics_that_cannot_be_written_stop_nothing() {
    let server = Server::success();
    let run = Run::new(&server).rows(2).set("--metrics", "none/m.prom");
    let mut done = run.go();
    let warnings = done
        .stderr
        .matches("warning: cannot write the metrics \"none/m.prom\"")
        .count();
    done.code(0).all("enrolled").check(warnings >= 1, "no warning");
    let run = Run::new(&server).rows(2).set("--metrics", "manifest.csv");
    run.go()
        .code(2)
        .says(&["--metrics \"manifest.csv\" is the manifest itself"]);
}
