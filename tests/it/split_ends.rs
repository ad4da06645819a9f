//! A split that does not come to its end: stopped, killed, or on a disk that is full. All parts are there with their proof, or none.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::{Run, Running, Server};

/// Rows of a manifest that takes long enough to be written that it can be stopped meanwhile.
const MANY_ROWS: usize = 30_000;
/// Parts that take long enough to be put in place.
const MANY_PARTS: &str = "100";
const SIGNALS: [(&str, i32); 3] = [("HUP", 129), ("INT", 130), ("TERM", 143)];

/// All files of a folder, those of a folder within it too.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => found.extend(
                files(&entry.path())
                    .into_iter()
                    .map(|(own, bytes)| (format!("{name}/{own}"), bytes)),
            ),
            false => drop(found.insert(name, std::fs::read(entry.path()).unwrap())),
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

/// Waits until something is in the folder that the test names, or until the split has ended.
fn until(running: &mut Running, is_there: impl Fn() -> bool) {
    while !is_there() && !running.has_ended() {
        std::thread::yield_now();
    }
}

/// Whether files are being made in this folder.
fn is_at_work(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.any(|entry| {
        entry.file_name().to_string_lossy().starts_with(".image-enroll-")
            && entry.path().read_dir().is_ok_and(|mut files| files.next().is_some())
    })
}

/// What the same split makes when nothing disturbs it.
fn undisturbed(run: &Run<'_>, parts: &str, options: &[&str]) -> BTreeMap<String, Vec<u8>> {
    std::fs::create_dir(run.path("whole")).unwrap();
    let split = ["split", "manifest.csv", "-n", parts, "--out-dir", "whole"];
    let output = run.tool(&[&split, options].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    files(&run.path("whole"))
}

#[test]
fn a_signal_while_parts_are_written_leaves_nothing() {
    let run = Run::bare().rows(MANY_ROWS);
    std::fs::create_dir(run.path("parts")).unwrap();
    for (signal, code) in SIGNALS {
        let mut running = run.spawn(&["split", "manifest.csv", "-n", "4", "--out-dir", "parts"]);
        until(&mut running, || is_at_work(&run.path("parts")));
        running.signal(signal);
        let output = running.wait();
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert_eq!(names(&run.path("parts")), [""; 0]);
    }
}

#[test]
fn a_signal_while_parts_take_their_places_waits_for_the_last_one() {
    let run = Run::bare().rows(20);
    std::fs::create_dir(run.path("parts")).unwrap();
    let whole = undisturbed(&run, MANY_PARTS, &[]);
    let mut running = run.spawn(&["split", "manifest.csv", "-n", MANY_PARTS, "--out-dir", "parts"]);
    let first = run.path(&format!("parts/manifest.1-of-{MANY_PARTS}.csv"));
    until(&mut running, || first.exists());
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(files(&run.path("parts")) == whole);
}

#[test]
fn a_kill_while_parts_are_written_is_in_nobodys_way() {
    let run = Run::bare().rows(MANY_ROWS);
    std::fs::create_dir(run.path("parts")).unwrap();
    let whole = undisturbed(&run, "4", &[]);
    let split = ["split", "manifest.csv", "-n", "4", "--out-dir", "parts"];
    let mut running = run.spawn(&split);
    until(&mut running, || is_at_work(&run.path("parts")));
    running.kill();
    assert_eq!(running.wait().code, None);
    assert!(
        names(&run.path("parts"))
            .iter()
            .all(|name| name.starts_with(".image-enroll-"))
    );
    assert_eq!(run.tool(&split).code, Some(0));
    assert!(files(&run.path("parts")) == whole);
}

/// A kill between the first file that takes its place and the proof; how often one comes in time is up to the machine.
#[test]
fn a_kill_while_files_take_their_places_is_completed_by_the_same_command() {
    let server = Server::success();
    let run = Run::new(&server).rows(20).set("--ledger", "all.db");
    run.go().code(0);
    let ledger = ["--ledger", "all.db"];
    let whole = undisturbed(&run, MANY_PARTS, &ledger);
    let split = ["split", "manifest.csv", "-n", MANY_PARTS, "--out-dir", "parts"];
    let split = [&split[..], &ledger].concat();
    let first = run.path(&format!("parts/manifest.1-of-{MANY_PARTS}.csv"));
    let is_killed_in_time = (0..10).any(|_| {
        drop(std::fs::remove_dir_all(run.path("parts")));
        std::fs::create_dir(run.path("parts")).unwrap();
        let mut running = run.spawn(&split);
        until(&mut running, || first.exists());
        running.kill();
        running.wait();
        !run.path("parts/manifest.split.json").exists()
    });
    assert!(is_killed_in_time && first.exists());
    let again = run.tool(&split);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(files(&run.path("parts")) == whole);
}

#[test]
fn what_a_killed_split_has_not_made_is_not_taken_for_its_own() {
    let server = Server::success();
    let run = Run::new(&server).rows(3).set("--ledger", "all.db");
    run.go().code(0);
    let split = ["split", "manifest.csv", "-n", "2", "--ledger", "all.db"];
    for (name, words) in [
        ("manifest.2-of-2.csv", "--force"),
        ("manifest.2-of-2.ledger.db", "is not replaced"),
    ] {
        run.write(name, b"precious");
        let before = files(&run.path("."));
        let refused = run.tool(&split);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(
            refused.stderr.contains(name) && refused.stderr.contains(words),
            "{}",
            refused.stderr
        );
        assert!(files(&run.path(".")) == before, "{:?}", names(&run.path(".")));
        std::fs::remove_file(run.path(name)).unwrap();
    }
    assert_eq!(run.tool(&split).code, Some(0));
}

/// The tool under limits of the shell.
fn limited(run: &Run<'_>, limits: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        &format!("{limits}; exec \"$@\""),
        "sh",
        env!("CARGO_BIN_EXE_image-enroll"),
    ]);
    let output = shell.args(arguments).current_dir(run.path(".")).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_few_open_files_are_enough_for_any_number_of_parts() {
    let server = Server::success();
    let run = Run::new(&server).rows(20).set("--ledger", "all.db");
    run.go().code(0);
    let whole = undisturbed(&run, "40", &["--ledger", "all.db"]);
    for limit in ["24", "64"] {
        let folder = format!("parts-{limit}");
        std::fs::create_dir(run.path(&folder)).unwrap();
        let split = [
            "split",
            "manifest.csv",
            "-n",
            "40",
            "--ledger",
            "all.db",
            "--out-dir",
            &folder,
        ];
        let (code, stderr) = limited(&run, &format!("ulimit -n {limit}"), &split);
        assert_eq!(code, Some(0), "{limit}: {stderr}");
        assert!(files(&run.path(&folder)) == whole, "{limit}");
    }
}

#[test]
fn a_disk_that_takes_no_more_leaves_nothing() {
    let run = Run::bare().rows(200);
    let before = names(&run.path("."));
    // A file of more than one block is refused, as by a disk that is full.
    let limits = "trap '' XFSZ; ulimit -f 1";
    let (code, stderr) = limited(&run, limits, &["split", "manifest.csv", "-n", "2"]);
    assert_eq!(code, Some(7), "{stderr}");
    assert!(stderr.contains("manifest.1-of-2.csv"), "{stderr}");
    assert_eq!(names(&run.path(".")), before);
}

#[test]
fn a_folder_that_is_missing_is_told_before_anything_is_read() {
    let run = Run::bare();
    let output = run.tool(&["split", "none.csv", "-n", "2", "--out-dir", "none"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(
        output.stderr.contains("\"none\"") && output.stderr.contains("--out-dir"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_folder_at_the_place_of_a_file_stays_with_all_that_is_in_it() {
    for name in ["manifest.split.json", "manifest.2-of-2.csv"] {
        let run = Run::bare().rows(3).file(&format!("{name}/inner"), b"precious");
        let before = names(&run.path("."));
        for options in [&[][..], &["--force"]] {
            let refused = run.tool(&[&["split", "manifest.csv", "-n", "2"], options].concat());
            assert_eq!(refused.code, Some(2), "{}", refused.stderr);
            assert!(refused.stderr.contains(name), "{}", refused.stderr);
            assert_eq!(names(&run.path(".")), before);
        }
    }
}

#[test]
fn what_has_no_name_for_the_parts_is_refused() {
    for manifest in ["-", "..", "/dev/stdin", "/proc/self/fd/0"] {
        let refused = Run::bare().tool(&["split", manifest, "-n", "2"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        let words = format!("name one in place of {manifest:?}");
        assert!(refused.stderr.contains(&words), "{}", refused.stderr);
    }
}

#[test]
fn a_ledger_that_is_missing_is_told_in_the_words_of_split() {
    let run = Run::bare().rows(2);
    let before = names(&run.path("."));
    let output = run.tool(&["split", "manifest.csv", "-n", "2", "--ledger", "none.db"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(
        output.stderr.contains("no ledger \"none.db\" to split"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("results"), "{}", output.stderr);
    assert_eq!(names(&run.path(".")), before);
}
