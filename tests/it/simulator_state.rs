//! A simulator that keeps its users: killed like the run, it proves that nothing was doubled and nothing lost.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Run, Running};

const KEY: &str = "simulator-key-not-a-secret";

/// The users in the file, in its order.
fn users(folder: &Run<'_>) -> Vec<String> {
    let text = std::fs::read_to_string(folder.path("users.jsonl")).unwrap();
    let whole = text
        .lines()
        .skip(1)
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    whole.map(|line| line["user_id"].as_str().unwrap().to_owned()).collect()
}

/// The simulator on this port, and its base URL.
fn simulator(folder: &Run<'_>, port: &str, more: &[&str]) -> (Running, String) {
    let words = ["simulator", "--port", port, "--state", "users.jsonl"];
    let running = folder.spawn(&[&words, more].concat());
    let url = running.wait_stderr("until stopped").lines().next().unwrap().to_owned();
    (running, url)
}

fn run<'a>(url: &str, rows: usize) -> Run<'a> {
    Run::bare()
        .rows(rows)
        .file("sim.key", KEY.as_bytes())
        .set("--endpoint", url)
        .set("--partner-id", "085")
        .set("--api-key-file", "sim.key")
        .set("--ledger", "l.db")
        .set("--in-doubt-wait", "10ms")
}

#[test]
fn users_outlive_their_simulator() {
    let folder = Run::bare();
    let (first, url) = simulator(&folder, "0", &[]);
    run(&url, 3).go().code(0).all("enrolled");
    drop(first);
    let (second, url) = simulator(&folder, "0", &[]);
    assert!(
        second
            .wait_stderr("until stopped")
            .contains("users: users.jsonl, 3 so far")
    );
    // Another ledger, as if the first were lost: the API knows better.
    run(&url, 4)
        .go()
        .code(0)
        .rows(["already_enrolled user_id_taken"; 3].into_iter().chain(["enrolled"]));
    assert_eq!(
        users(&folder).into_iter().collect::<BTreeSet<_>>(),
        ["u1", "u2", "u3", "u4"].map(String::from).into()
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path("users.jsonl"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_night_that_kills_both_sides_doubles_nobody_and_loses_nobody() {
    const ROWS: usize = 60;
    let folder = Run::bare();
    let (mut served, url) = simulator(&folder, "0", &["--latency", "5ms", "--fail-rate", "0.05"]);
    let port = url.rsplit(':').next().unwrap().to_owned();
    let run = run(&url, ROWS).set("-c", "4").set("--max-outage", "60s");
    for life in 1..=6 {
        let running = run.start();
        let known = ROWS.min(life * 8);
        // The file itself says how far it is.
        let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
        while users(&folder).len() < known && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        if life % 2 == 0 {
            drop(served);
            let seed = life.to_string();
            (served, _) = simulator(&folder, &port, &["--latency", "5ms", "--seed", &seed]);
        }
        drop(running);
    }
    let mut done = run.go();
    done.code(0);
    let enrolled = users(&folder);
    let distinct: BTreeSet<_> = enrolled.iter().collect();
    assert_eq!((enrolled.len(), distinct.len()), (ROWS, ROWS));
    // The first doubt of a life is cleared up, and never by what somebody else did.
    done.summary("/counts/already_enrolled", 0);
}

#[test]
fn a_torn_line_is_dropped_and_its_user_is_free() {
    let folder = Run::bare();
    let header = r#"{"image_enroll_simulator":1,"partner_id":"085"}"#;
    let kept = r#"{"user_id":"u1","user_created_at":"2021-08-12"}"#;
    folder.write(
        "users.jsonl",
        format!("{header}\n{kept}\n{{\"user_id\":\"u2").as_bytes(),
    );
    let (_served, url) = simulator(&folder, "0", &[]);
    run(&url, 2)
        .go()
        .code(0)
        .rows(["already_enrolled user_id_taken", "enrolled"]);
    assert_eq!(users(&folder), ["u1", "u2"]);
}

#[test]
fn a_file_that_is_not_its_own_is_refused_and_left_as_it_is() {
    let header = r#"{"image_enroll_simulator":1,"partner_id":"007"}"#;
    for (text, code, says) in [
        ("user_id,photo\n", 2, "not a file that a simulator keeps its users in"),
        (&format!("{header}\n"), 2, "it holds the users of partner 007"),
        (
            &format!("{}\nx\n", header.replace("007", "085")),
            7,
            "line 2 is damaged",
        ),
    ] {
        let folder = Run::bare().file("users.jsonl", text.as_bytes());
        let output = folder.tool(&["simulator", "--port", "0", "--state", "users.jsonl"]);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert!(output.stderr.contains(says), "{}", output.stderr);
        assert_eq!(std::fs::read_to_string(folder.path("users.jsonl")).unwrap(), text);
    }
}

#[test]
fn two_simulators_do_not_share_a_file() {
    let folder = Run::bare();
    let (_served, _) = simulator(&folder, "0", &[]);
    let output = folder.tool(&["simulator", "--port", "0", "--state", "users.jsonl"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(
        output.stderr.contains("another simulator has it open"),
        "{}",
        output.stderr
    );
}
