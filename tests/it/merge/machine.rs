//! What the machine gives and takes: descriptors, folders, signals.

use super::{merge, run_parts};
use crate::harness::{Run, Server};

#[cfg(unix)]
#[test]
fn fewer_file_descriptors_than_parts_are_told_of_before_anything_is_locked() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(2), 2, 1..=2);
    let binary = env!("CARGO_BIN_EXE_image-enroll");
    let command = format!("ulimit -n 64; exec {binary} merge -o all.csv manifest.csv p1.db p2.db");
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(run.path(""))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{stderr}");
    assert!(
        stderr.contains("2 ledgers need 66 file descriptors") && stderr.contains("ulimit -n"),
        "{stderr}"
    );
    assert!(!run.path("all.csv").exists());
}

#[cfg(unix)]
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
