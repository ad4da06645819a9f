//! Parts as their runs have left them: stopped, killed, without rows, of another version.

use std::path::Path;

use super::{change, left_over, masked, merge_all, part_ledger, read, refused, run_parts};
use crate::harness::{Reply, Run, Server, part_of};

#[test]
fn a_part_without_rows_counts_once_it_has_run() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(1), 3, 1..=3);
    assert_eq!(merge_all(&run, 3, &[]).code, Some(0));
    let empty = (1..=3).find(|index| *index != part_of("u1", 3)).unwrap();
    for name in ["all.csv", "all.json"] {
        std::fs::remove_file(run.path(name)).unwrap();
    }
    change(&run, &part_ledger(empty), "DELETE FROM run");
    refused(
        &run,
        &merge_all(&run, 3, &[]),
        9,
        &["has had no run", &format!("run part {empty}/3")],
    );
}

#[test]
fn a_part_that_was_stopped_is_named_and_its_rows_are_as_they_were() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(12), 2, 1..=1);
    let run = run_parts(run.set("--limit", "1"), 2, 2..=2);
    let merged = merge_all(&run, 2, &[]);
    assert_eq!(merged.code, Some(3), "{}", merged.stderr);
    assert!(
        merged.stderr.contains("last run of part 2/2 was stopped (limit)"),
        "{}",
        merged.stderr
    );
    let pending = (1..=12).filter(|n| part_of(&format!("u{n}"), 2) == 2).count() - 1;
    let summary: serde_json::Value = serde_json::from_slice(&read(&run, "all.json")).unwrap();
    assert_eq!(summary["counts"]["pending"], pending);
}

#[cfg(unix)]
#[test]
fn a_killed_part_is_named_and_who_was_being_sent_is_in_doubt() {
    use crate::harness::Latch;
    let latch = Latch::new();
    let later = latch.clone();
    let server = Server::new(move |asked| match part_of(&asked.user_id, 2) {
        2 => Reply::success().after(&later),
        _ => Reply::success(),
    });
    let run = run_parts(Run::new(&server).rows(12), 2, 1..=1);
    let run = run.set("--shard", "2/2").set("--ledger", "p2.db").set("-o", "r2.csv");
    let before = server.count();
    let life = run.start();
    server.wait_for(before + 1);
    life.signal("KILL");
    assert_eq!(life.wait().code, None);
    latch.release();
    let log = Path::new("p2.db-wal");
    assert!(run.path(log.to_str().unwrap()).exists(), "a killed run leaves its log");
    let merged = merge_all(&run, 2, &["--ledger", "all.db"]);
    assert_eq!(merged.code, Some(4), "{}", merged.stderr);
    assert!(
        merged.stderr.contains("last run of part 2/2 was killed"),
        "{}",
        merged.stderr
    );
    let summary: serde_json::Value = serde_json::from_slice(&read(&run, "all.json")).unwrap();
    // Others may have had their intents recorded when the run was killed.
    let in_doubt = summary["counts"]["in_doubt"].as_u64().unwrap();
    assert!((1..=12).contains(&in_doubt), "{summary}");
    let rows = masked(&read(&run, "all.csv"));
    let sent: Vec<String> = server
        .users()
        .into_iter()
        .filter(|user| part_of(user, 2) == 2)
        .collect();
    assert_eq!(sent.len(), 1, "a run begins with one request");
    let row = rows.iter().find(|row| row[0] == sent[0]).unwrap();
    assert_eq!(row[4], "in_doubt", "{row:?}");
    assert_eq!(left_over(&run), Vec::<String>::new());
    std::fs::remove_file(run.path("p2.db-wal")).unwrap();
    let output = run.tool(&["merge", "-o", "other.csv", "manifest.csv", "p1.db", "p2.db"]);
    assert_eq!(output.code, Some(7), "{}", output.stderr);
    assert!(output.stderr.contains("lost its write-ahead log"), "{}", output.stderr);
}

#[test]
fn different_versions_are_told_of() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(4), 2, 1..=2);
    change(&run, "p2.db", "UPDATE run SET version = '0.0.9'");
    let merged = merge_all(&run, 2, &[]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    assert!(
        merged
            .stderr
            .contains("different versions of image-enroll: 0.0.9 (1 part)"),
        "{}",
        merged.stderr
    );
}
