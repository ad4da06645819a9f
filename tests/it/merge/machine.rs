//! What the machine gives and takes: descriptors, folders, signals.

use super::{all, merge, part_ledger, read, run_parts};
use crate::harness::{Run, Server, part_of, table};

/// Merges by a shell that first does this.
fn merge_under(run: &Run<'_>, limit: &str, ledgers: &[&str]) -> (Option<i32>, String) {
    let binary = env!("CARGO_BIN_EXE_image-enroll");
    let command = format!("{limit}; exec {binary} merge -o all.csv manifest.csv \"$@\"");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &command, "sh"])
        .args(ledgers)
        .current_dir(run.path(""));
    let output = shell.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

#[test]
fn fewer_file_descriptors_than_parts_are_told_of_before_anything_is_locked() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(2), 2, 1..=2);
    let (code, stderr) = merge_under(&run, "ulimit -n 64", &["p1.db", "p2.db"]);
    assert_eq!(code, Some(7), "{stderr}");
    assert!(
        stderr.contains("2 ledgers need 66 file descriptors") && stderr.contains("ulimit -n"),
        "{stderr}"
    );
    assert!(!run.path("all.csv").exists());
}

#[test]
fn a_part_in_a_folder_that_may_only_be_read_is_read_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(6), 2, 1..=2);
    let folder = run.path("away");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(run.path("p1.db"), folder.join("p 1?#%.db")).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let merged = merge(&run, &["away/p 1?#%.db", "p2.db"], &[]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
}

/// The ledgers of so many parts, of which one has all users and each of the others is a copy of one without any.
fn cheap_parts(run: Run<'_>, count: u64, own: u64) -> (Run<'_>, Vec<String>) {
    let empty = own % count + 1;
    let run = run_parts(run, count, [own, empty]);
    for index in (1..=count).filter(|index| ![own, empty].contains(index)) {
        let path = run.path(&part_ledger(index));
        std::fs::copy(run.path(&part_ledger(empty)), &path).unwrap();
        let db = rusqlite::Connection::open(path).unwrap();
        let change = format!("PRAGMA synchronous = OFF; UPDATE pin SET shard_index = {index};");
        db.execute_batch(&change).unwrap();
    }
    (run, all(count))
}

#[test]
fn more_than_a_thousand_parts_are_merged_whatever_the_usual_limit_of_open_files_is() {
    const PARTS: u64 = 1_100;
    let server = Server::success();
    let (run, names) = cheap_parts(Run::new(&server).rows(1), PARTS, part_of("u1", PARTS));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (code, stderr) = merge_under(&run, "ulimit -Sn 256", &names);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("merged: 1 row of 1,100 parts"), "{stderr}");
    let rows = table::records(&read(&run, "all.csv"), None);
    assert_eq!((&rows[1][0], &rows[1][4]), ("u1", "enrolled"));
    let (code, stderr) = merge_under(&run, "ulimit -Sn 256", &names[1..]);
    assert_eq!(code, Some(9), "{stderr}");
    assert!(stderr.contains("part 1/1100 is missing"), "{stderr}");
}
