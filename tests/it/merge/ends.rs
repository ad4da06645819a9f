//! A merge that is ended by a signal, and what the next one does about what a kill has left.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{left_over, merge_all, read, run_parts};
use crate::harness::{Output, Run, Running, Server};

const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

/// Two parts, and a pipe that is no file.
fn parts(server: &Server) -> Run<'_> {
    let run = run_parts(Run::new(server).rows(12), 2, 1..=2);
    pipe(&run);
    run
}

fn pipe(run: &Run<'_>) {
    let made = std::process::Command::new("mkfifo").arg(run.path("pipe")).status();
    assert!(made.unwrap().success());
}

/// A merge that has locked its parts and waits for a manifest that does not come.
struct Waiting {
    running: Running,
    /// Where the manifest would come from.
    _manifest: File,
}

impl Waiting {
    fn start(run: &Run<'_>) -> Self {
        let own = ["merge", "-o", "all.csv", "--ledger", "all.db", "--summary", "all.json"];
        let running = run.spawn(&[&own[..], &["pipe", "p1.db", "p2.db"]].concat());
        // It opens once the other end is being read.
        let manifest = File::options().write(true).open(run.path("pipe")).unwrap();
        Self {
            running,
            _manifest: manifest,
        }
    }

    fn end(self, signal: &str) -> Output {
        self.running.signal(signal);
        self.running.wait()
    }
}

fn only_folder(run: &Run<'_>) -> PathBuf {
    let left = left_over(run);
    assert_eq!(left.len(), 1, "{left:?}");
    run.path(&left[0])
}

#[test]
fn a_signal_ends_it_with_the_advice_to_merge_again() {
    let server = Server::success();
    let run = parts(&server);
    for (signal, code) in SIGNALS {
        let waiting = Waiting::start(&run);
        let mode = only_folder(&run).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let ended = waiting.end(signal);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        let said = format!("run the same merge again: given up after SIG{signal}");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        assert_eq!(left_over(&run), Vec::<String>::new());
        let summary: serde_json::Value = serde_json::from_slice(&read(&run, "all.json")).unwrap();
        assert_eq!(summary["exit_code"], code);
    }
    let merged = merge_all(&run, 2, &["--ledger", "all.db"]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
}

#[test]
fn what_a_kill_has_left_is_removed_by_the_next_merge_and_nothing_else_is() {
    let server = Server::success();
    let run = parts(&server);
    let waiting = Waiting::start(&run);
    let theirs = only_folder(&run);
    let refused = merge_all(&run, 2, &[]);
    assert_eq!(refused.code, Some(8), "{}", refused.stderr);
    assert!(theirs.is_dir(), "the folder of a merge that goes on was removed");
    assert_eq!(waiting.end("KILL").code, None);
    assert!(theirs.is_dir(), "a killed merge leaves its folder");
    // What somebody else has made, or is just making, has no lock of ours.
    let name = theirs.file_name().unwrap().to_str().unwrap();
    let other = format!("{name}-other");
    run.write(&format!("{other}/ledger.db"), b"mine");
    std::os::unix::fs::symlink(&other, run.path(&format!("{name}-link"))).unwrap();
    let merged = merge_all(&run, 2, &["--ledger", "all.db"]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    let mut left = left_over(&run);
    left.sort();
    assert_eq!(left, [format!("{name}-link"), other]);
}

#[test]
fn a_signal_gives_it_up_and_leaves_nothing() {
    let server = Server::success();
    let run = Run::new(&server).rows(2_000).set("--limit", "1");
    let run = run_parts(run, 2, 1..=2);
    std::fs::remove_file(run.path("manifest.sandbox.failures.csv")).unwrap_or_default();
    pipe(&run);
    let merging = run.spawn(&[
        "merge",
        "-o",
        "pipe",
        "--ledger",
        "all.db",
        "manifest.csv",
        "p1.db",
        "p2.db",
    ]);
    let mut reader = std::fs::File::open(run.path("pipe")).unwrap();
    reader.read_exact(&mut [0]).unwrap();
    // The pipe is full, so that the writing goes no further.
    merging.signal("TERM");
    let ended = merging.wait();
    assert_eq!(ended.code, Some(143), "{}", ended.stderr);
    assert!(ended.stderr.contains("run the same merge again"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("image-enroll results"), "{}", ended.stderr);
    assert!(!run.path("all.db").exists(), "a ledger was left");
    assert_eq!(left_over(&run), Vec::<String>::new());
}
