//! `reconcile` that is stopped, killed, held up or repeated: what was learned is kept, and the rest stays as it was.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Latch, PARTNER, Reply, Run, Running, Server, png};
use crate::reconcile::{in_doubt, reconcile, statuses};

/// Starts it; the first user is answered, and all others only when the latch is released.
fn start(server: &Server, run: &Run<'_>, latch: &Latch, more: &[&str]) -> Running {
    let held = latch.clone();
    server.answer_lookups(move |asked, answer| match asked.user_id.as_str() {
        "u1" => Reply::json(200, answer),
        _ => Reply::json(200, answer).after(&held),
    });
    let url = server.url();
    let account = ["--endpoint", &url, "--partner-id", PARTNER, "--api-key-file", "key.txt"];
    let place = ["--lookup-endpoint", &url, "--rate", "1000/s", "manifest.csv"];
    let mut running = run.spawn(&[&["reconcile"], &account[..], &place[..], more].concat());
    // The second user is asked for when what the first one taught is on the disk.
    while server.lookups().len() < 2 {
        assert!(!running.has_ended());
        std::thread::yield_now();
    }
    running
}

const ONE_LEARNED: [&str; 3] = ["enrolled looked_up", "in_doubt no_answer", "in_doubt no_answer"];

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_results_of_what_was_learned() {
    for (signal, code, word) in [
        ("HUP", 129, "hung_up"),
        ("INT", 130, "interrupted"),
        ("TERM", 143, "terminated"),
    ] {
        let (server, latch) = (Server::new(|_| Reply::lost()), Latch::new());
        let run = in_doubt(&server, 3);
        let running = start(&server, &run, &latch, &["--log-format", "json"]);
        running.signal(signal);
        let output = running.wait();
        latch.release();
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert!(output.stderr.contains(word), "{}", output.stderr);
        assert!(output.stderr.contains(r#""unanswered":2"#), "{}", output.stderr);
        assert_eq!(statuses(&run), ONE_LEARNED);
        assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
        assert_eq!(statuses(&run), vec!["enrolled looked_up"; 3]);
    }
}

#[cfg(unix)]
#[test]
fn a_kill_loses_nothing_and_the_same_command_goes_on() {
    let (server, latch) = (Server::new(|_| Reply::lost()), Latch::new());
    let run = in_doubt(&server, 3);
    let running = start(&server, &run, &latch, &[]);
    running.signal("KILL");
    assert_eq!(running.wait().code, None);
    latch.release();
    assert_eq!(run.results(&[]).code, Some(0));
    assert_eq!(statuses(&run), ONE_LEARNED);
    assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
    let written = std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap();
    // Nobody is left to ask for, nobody is sent again, and every command writes the same results.
    let (asked, sent) = (server.lookups().len(), server.count());
    assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
    assert_eq!(
        std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap(),
        written
    );
    assert_eq!(run.results(&[]).code, Some(0));
    assert_eq!(
        std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap(),
        written
    );
    run.go().code(0).all("enrolled looked_up");
    assert_eq!((server.lookups().len(), server.count()), (asked, sent));
}

#[test]
fn it_and_a_run_keep_each_other_off_the_ledger() {
    let (server, latch) = (Server::new(|_| Reply::lost()), Latch::new());
    let run = in_doubt(&server, 3);
    let running = start(&server, &run, &latch, &[]);
    let sent = server.count();
    let second = run.start().wait();
    assert_eq!(second.code, Some(8), "{}", second.stderr);
    assert!(second.stderr.contains("image-enroll reconcile"), "{}", second.stderr);
    let other = reconcile(&run, &server, &[]);
    assert_eq!(other.code, Some(8), "{}", other.stderr);
    assert_eq!(server.count(), sent);
    latch.release();
    assert_eq!(running.wait().code, Some(0));

    let held = Latch::new();
    let server = Server::in_order([Reply::success().after(&held)]);
    let run = Run::new(&server).rows(1);
    let running = run.start();
    server.wait_for(1);
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(8), "{}", output.stderr);
    held.release();
    run.finish(running).code(0);
}

#[test]
fn five_are_asked_for_in_a_second_where_nothing_else_is_said() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 7);
    let url = server.url();
    let account = ["--endpoint", &url, "--partner-id", PARTNER, "--api-key-file", "key.txt"];
    let begun = Instant::now();
    let output = run.tool(&[&["reconcile", "--lookup-endpoint", &url], &account[..]].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(server.lookups().len(), 7);
    assert!(begun.elapsed() >= Duration::from_millis(6 * 200));
}

#[test]
fn a_refusal_that_was_looked_up_is_sent_again_with_another_photo_only() {
    let server = Server::new(|asked| match asked.nth {
        1 => Reply::result("0001", "Unusable Image").cut_off(20),
        _ => Reply::success(),
    });
    let run = in_doubt(&server, 1);
    assert_eq!(reconcile(&run, &server, &[]).code, Some(1));
    assert_eq!(statuses(&run), ["rejected looked_up"]);
    run.go().code(1).rows(["rejected looked_up"]);
    assert_eq!(server.count(), 1);
    run.write("p.jpg", &png(77));
    run.go().code(0).all("enrolled");
    assert_eq!(server.count(), 2);
}

#[test]
fn words_of_other_jobs_and_unknown_members_reach_no_file_and_no_text() {
    for format in ["text", "json"] {
        let server = Server::new(|_| Reply::lost());
        let run = in_doubt(&server, 2);
        server.answer_lookups(|_, mut answer| {
            let mut other = answer["history"][0].clone();
            other["partner_params"]["job_type"] = json!(5);
            other["result_message"] = json!("MARKED Person");
            other["MARKED"] = json!({"MARKED": "MARKED".repeat(1_000)});
            answer["history"].as_array_mut().unwrap().push(other);
            answer["MARKED"] = json!(["MARKED"]);
            Reply::json(200, answer)
        });
        let output = reconcile(&run, &server, &["--log-format", format]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(!output.stderr.contains("MARKED"));
        for entry in std::fs::read_dir(run.path(".")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = if path.is_file() {
                std::fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            assert!(memchr::memmem::find(&bytes, b"MARKED").is_none(), "{path:?}");
        }
    }
}
