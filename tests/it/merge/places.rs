//! Where the files of a merge go: refused before any part is read where nothing can be written.

use super::{merge, refused, run_parts};
use crate::harness::{Run, Server};

/// Options that name a file, each with the rest of its path.
const FILES: [(&str, &str); 5] = [
    ("-o", "r.csv"),
    ("--failures", "f.csv"),
    ("--summary", "s.json"),
    ("--report", "p.html"),
    ("--ledger", "l.db"),
];

/// Merges what is no ledger into this folder: whoever reads it says so.
#[track_caller]
fn refused_at_once(run: &Run<'_>, folder: &str) {
    for (option, name) in FILES {
        let path = format!("{folder}/{name}");
        let output = run.tool(&["merge", option, &path, "manifest.csv", "key.txt"]);
        let flag = if option == "-o" { "--results" } else { option };
        refused(run, &output, 7, &[&path, flag]);
        assert!(!output.stderr.contains("key.txt"), "a part was read: {}", output.stderr);
        assert_eq!(output.stderr.matches("error:").count(), 1, "{}", output.stderr);
    }
}

#[test]
fn a_folder_that_is_missing_is_told_of_before_a_part_is_read() {
    refused_at_once(&Run::bare().rows(1), "no/such");
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_files_is_told_of_before_a_part_is_read() {
    refused_at_once(&Run::bare().rows(1), "/proc");
}

#[test]
fn what_would_be_replaced_is_told_of_before_a_part_is_read() {
    let run = Run::bare().rows(1).file("mine.txt", b"mine");
    for option in ["-o", "--failures"] {
        let output = run.tool(&["merge", option, "mine.txt", "manifest.csv", "key.txt"]);
        refused(&run, &output, 2, &["mine.txt", "not an earlier", "--force"]);
        assert!(!output.stderr.contains("key.txt"), "a part was read: {}", output.stderr);
    }
}

#[test]
fn a_directory_is_told_of_before_a_part_is_read() {
    let run = Run::bare().rows(1);
    std::fs::create_dir(run.path("folder")).unwrap();
    for (option, _) in FILES {
        let output = run.tool(&["merge", option, "folder", "manifest.csv", "key.txt"]);
        refused(&run, &output, 2, &["folder", "directory"]);
        assert!(!output.stderr.contains("key.txt"), "a part was read: {}", output.stderr);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_needs_no_folder_that_takes_files() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(2), 1, 1..=1);
    let devices = ["-o", "/dev/null", "--failures", "/dev/null", "--summary", "/dev/null"];
    let merged = run.tool(&[&["merge"], &devices[..], &["manifest.csv", "p1.db"]].concat());
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    let merged = merge(&run, &["p1.db"], &[]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
}
