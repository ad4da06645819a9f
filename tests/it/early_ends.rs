//! The summary of a run that ended before its first row, and of one that lost its manifest (contract, section 10).

use serde_json::{Value, json};

use crate::harness::{Asked, Finished, Latch, Reply, Run, Server};

/// A summary of an earlier day, which nobody may take for that of a later run.
const EARLIER: &[u8] = br#"{"schema": 1, "run_id": "earlier", "exit_code": 0, "rows": 7, "counts": {"enrolled": 7}}"#;

/// Runs where an earlier summary lies, and looks at the one that lies there then.
#[track_caller]
fn ends(run: &Run<'_>, more: &[&str], code: i32, word: &str) {
    run.write("summary.json", EARLIER);
    let mut done = run.go_with(more);
    let run_id = done.summary["run_id"].as_str().unwrap_or_default().to_owned();
    done.code(code)
        .summary("/stopped_by", word)
        .summary("/exit_code", code)
        .summary("/rows", 0)
        .summary("/counts/enrolled", 0)
        .summary("/attempts", 0)
        .summary("/manifest", "manifest.csv")
        .check(run_id.len() == 36, &format!("the run's id is {run_id:?}"));
}

#[test]
fn a_run_that_cannot_begin_leaves_a_summary_that_says_so() {
    let server = Server::success();
    let run = || Run::new(&server).rows(1);
    ends(&run().without("--partner-id"), &[], 2, "configuration");
    ends(&run().set("--env", "production"), &[], 2, "configuration");
    ends(
        &run().file("keep.txt", b"mine"),
        &["-o", "keep.txt"],
        2,
        "configuration",
    );
    ends(&run().manifest("user_id,photo\n"), &[], 9, "manifest_unusable");
    let text = "not a database at all, only text that is long enough to look at";
    ends(
        &run().file("l.db", text.as_bytes()),
        &["--ledger", "l.db"],
        7,
        "ledger_unusable",
    );
    ends(&run(), &["-o", "no/such/folder.csv"], 7, "storage");
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_is_known_by_then_is_told() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("--api-key-file", "none.txt");
    run.go()
        .code(2)
        .summary("/env", "sandbox")
        .summary("/endpoint", server.url())
        .summary("/partner_id", "085")
        .summary("/manifest_sha256", "");
    let run = Run::new(&server)
        .rows(1)
        .set("--endpoint", "https://me:hunter2@api.example");
    run.go().code(2).summary("/endpoint", "").summary("/partner_id", "085");
}

#[test]
fn a_run_that_finds_the_ledger_locked_leaves_a_summary_that_says_so() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server).rows(1).set("--ledger", "l.db");
    let running = run.start();
    server.wait_for(1);
    run.write("second.json", EARLIER);
    let url = server.url();
    let account = ["--endpoint", &url, "--partner-id", "085", "--api-key-file", "key.txt"];
    let files = ["--ledger", "l.db", "--summary", "second.json", "manifest.csv"];
    let second = run.tool(&[&account[..], &files].concat());
    let summary: Value = serde_json::from_slice(&std::fs::read(run.path("second.json")).unwrap()).unwrap();
    latch.release();
    assert_eq!(second.code, Some(8), "{}", second.stderr);
    assert_eq!(
        (&summary["exit_code"], &summary["stopped_by"], &summary["rows"]),
        (&json!(8), &json!("ledger_locked"), &json!(0))
    );
    run.finish(running).code(0).summary("/counts/enrolled", 1);
}

#[test]
fn no_input_is_replaced_by_a_summary() {
    let server = Server::success();
    for (name, more) in [
        ("manifest.csv", vec![]),
        ("manifest.sandbox.results.csv", vec![]),
        ("r.csv", vec!["-o", "r.csv"]),
        ("l.db", vec!["--ledger", "l.db"]),
        ("l.db-wal", vec!["--ledger", "l.db"]),
        ("key.txt", vec!["--api-key-file", "key.txt"]),
        ("ca.pem", vec!["--ca-cert", "ca.pem"]),
    ] {
        for summary in [name.to_owned(), format!("./{name}")] {
            let run = Run::bare().rows(1).file("ca.pem", b"no certificate");
            if !run.path(name).exists() {
                run.write(name, b"something else");
            }
            let before = std::fs::read(run.path(name)).unwrap();
            // Without a partner every run ends early.
            let url = server.url();
            let words = ["--endpoint", &url, "--summary", &summary];
            let output = run.tool(&[&words[..], &more, &["manifest.csv"]].concat());
            assert_eq!(output.code, Some(2), "{summary}: {}", output.stderr);
            assert_eq!(std::fs::read(run.path(name)).unwrap(), before, "{summary}");
        }
    }
}

#[test]
fn a_summary_that_cannot_be_written_does_not_hide_why_the_run_ended() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).without("--partner-id").without("--summary");
    run.go_with(&["--summary", "no/such/folder/s.json"])
        .code(2)
        .says(&["no/such/folder/s.json", "--partner-id"]);
}

/// Starts the run, makes the manifest into `text` once `count` requests have arrived, and waits for the end.
fn change<'a>(server: &Server, run: &'a Run<'_>, latch: &Latch, count: usize, text: &str) -> Finished<'a> {
    let running = run.start();
    server.wait_for(count);
    run.write("manifest.csv", text.as_bytes());
    latch.release();
    run.finish(running)
}

/// Enrolls, but keeps the answer to the request of this number until the latch is released.
fn holds(order: usize, latch: &Latch) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let latch = latch.clone();
    move |asked| match (asked.order == order, asked.user_id.as_str()) {
        (_, "refused") => Reply::result("0941", "No face found"),
        (true, _) => Reply::success().after(&latch),
        (false, _) => Reply::success(),
    }
}

#[test]
fn what_the_run_knows_is_counted_though_the_manifest_is_gone() {
    for text in ["", "user_id,user_created_at,photo\nother,2021-08-12,p.jpg\n"] {
        let latch = Latch::new();
        let server = Server::new(holds(3, &latch));
        let run = Run::new(&server).users(["u1", "refused", " bad", "u1", "u2", "u3"]);
        run.go_with(&["--limit", "2"]).code(10);
        let mut done = change(&server, &run, &latch, 3, text);
        // The second row of u1 is the only one that nobody can answer for.
        done.code(9)
            .summary("/stopped_by", "manifest_changed")
            .summary("/rows", 6)
            .summary("/settled_before", 1)
            .summary("/counts/enrolled", 3)
            .summary("/counts/rejected", 1)
            .summary("/counts/invalid", 1)
            .summary("/counts/pending", 1)
            .says(&["6 rows", "manifest"]);
    }
}

#[test]
fn rows_that_were_never_reached_are_pending_when_the_manifest_is_gone() {
    const ROWS: usize = 4_000;
    let latch = Latch::new();
    let server = Server::new(holds(1, &latch));
    let run = Run::new(&server).rows(ROWS);
    let mut done = change(&server, &run, &latch, 1, "");
    let enrolled = server.held().len();
    done.code(9)
        .summary("/rows", ROWS)
        .summary("/counts/enrolled", enrolled)
        .summary("/counts/pending", ROWS - enrolled)
        .check(enrolled < ROWS, "every row was reached");
}

#[cfg(unix)]
#[test]
fn a_manifest_that_is_deleted_during_the_run_is_read_to_its_end() {
    let latch = Latch::new();
    let server = Server::new(holds(1, &latch));
    let run = Run::new(&server).rows(3);
    let running = run.start();
    server.wait_for(1);
    std::fs::remove_file(run.path("manifest.csv")).unwrap();
    latch.release();
    let output = running.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let summary: Value = serde_json::from_slice(&std::fs::read(run.path("summary.json")).unwrap()).unwrap();
    assert_eq!(
        (&summary["rows"], &summary["counts"]["enrolled"]),
        (&json!(3), &json!(3))
    );
}
