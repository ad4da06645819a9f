//! Parts that are no whole, and files that would take the place of another: refused with all that is wrong.

use super::{change, merge, merge_all, read, refused, run_parts};
use crate::harness::{MANIFEST_OF_PARTS as MANIFEST, Output, Run, Server, part_of};

#[test]
fn all_that_is_wrong_is_named_at_once() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).manifest(MANIFEST), 4, 1..=3);
    std::fs::copy(run.path("p1.db"), run.path("copy.db")).unwrap();
    let run = run.set("--ledger", "whole.db");
    drop(run.go());
    let run = run.set("--shard", "2/3").set("--ledger", "third.db");
    drop(run.go());
    let run = run.without("--shard");
    std::fs::remove_file(run.path("manifest.sandbox.failures.csv")).unwrap();
    let output = merge(
        &run,
        &["p1.db", "copy.db", "./p1.db", "p2.db", "p3.db", "whole.db", "third.db"],
        &[],
    );
    refused(
        &run,
        &output,
        9,
        &[
            "part 4/4 is missing",
            "part 1/4 is there more than once",
            "copy.db",
            "\"./p1.db\" is named twice",
            "\"whole.db\" is the ledger of all users",
            "\"third.db\" is part 2/3",
        ],
    );
}

#[test]
fn parts_that_are_not_there_cannot_be_read_or_are_in_use_are_named() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).manifest(MANIFEST), 2, 1..=2);
    let output = merge(&run, &["p1.db"], &[]);
    refused(&run, &output, 9, &["part 2/2 is missing"]);
    let output = merge(&run, &["p1.db", "no.db"], &[]);
    refused_as_that_only(&run, &output, 9, &["\"no.db\" is not there"]);
    let output = merge(&run, &["p1.db", "manifest.csv"], &[]);
    refused(
        &run,
        &output,
        7,
        &["\"manifest.csv\" is no ledger: leave it out", "part 2/2"],
    );
    let mut bytes = read(&run, "p2.db");
    run.write("cut.db", &bytes[..bytes.len() - 4096]);
    let output = merge(&run, &["p1.db", "cut.db"], &[]);
    refused_as_that_only(&run, &output, 7, &["cut.db", "damaged"]);
    bytes[..100].fill(0);
    run.write("zeros.db", &bytes);
    let output = merge(&run, &["p1.db", "zeros.db"], &[]);
    refused_as_that_only(&run, &output, 7, &["zeros.db", "damaged"]);
    let lock = std::fs::File::create(run.path("p2.db.lock")).unwrap();
    lock.lock().unwrap();
    let output = merge_all(&run, 2, &[]);
    refused_as_that_only(&run, &output, 8, &["p2.db", "holds it"]);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_ledger_and_is_not_waited_for() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(2), 2, 1..=1);
    let made = std::process::Command::new("mkfifo").arg(run.path("pipe")).status();
    assert!(made.unwrap().success());
    for name in ["pipe", "/dev/zero", "/dev/null", "."] {
        let output = merge(&run, &["p1.db", name], &[]);
        refused(
            &run,
            &output,
            7,
            &[&format!("{name:?} is no ledger: leave it out"), "part 2/2 is missing"],
        );
    }
}

#[cfg(unix)]
#[test]
fn one_file_by_two_names_is_named_twice_or_is_one_part_twice() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(2), 2, 1..=2);
    std::os::unix::fs::symlink("p1.db", run.path("link.db")).unwrap();
    let output = merge(&run, &["p1.db", "link.db", "p2.db"], &[]);
    refused(&run, &output, 9, &["\"link.db\" is named twice"]);
    std::fs::hard_link(run.path("p1.db"), run.path("hard.db")).unwrap();
    let output = merge(&run, &["p1.db", "hard.db", "p2.db"], &[]);
    refused(&run, &output, 9, &["part 1/2 is there more than once", "hard.db"]);
}

/// A part that is named and cannot be read is not also said to be missing.
#[track_caller]
fn refused_as_that_only(run: &Run<'_>, output: &Output, code: i32, words: &[&str]) {
    refused(run, output, code, words);
    assert_eq!(output.stderr.matches("\n  - ").count(), 1, "{}", output.stderr);
}

#[test]
fn parts_are_missing_that_the_unreadable_ledgers_cannot_be() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).manifest(MANIFEST), 4, 1..=2);
    let output = merge(&run, &["p1.db", "p2.db", "no.db"], &[]);
    let words = [
        "\"no.db\" is not there",
        "parts 3/4, 4/4 are in none of the ledgers that could be read, and only 1 could not",
    ];
    refused(&run, &output, 9, &words);
    let output = merge(&run, &["p1.db", "p2.db", "no.db", "none.db"], &[]);
    refused(
        &run,
        &output,
        9,
        &["\"no.db\" is not there", "\"none.db\" is not there"],
    );
    assert_eq!(output.stderr.matches("\n  - ").count(), 2, "{}", output.stderr);
}

#[test]
fn a_user_of_another_part_or_in_two_rows_is_damage() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(12), 2, 1..=2);
    let own = (1..=12)
        .map(|n| format!("u{n}"))
        .find(|user| part_of(user, 2) == 1)
        .unwrap();
    let other = (1..)
        .map(|n| format!("x{n}"))
        .find(|user| part_of(user, 2) == 2)
        .unwrap();
    let first = read(&run, "p1.db");
    change(
        &run,
        "p1.db",
        &format!("UPDATE enrollment SET user_id = '{other}' WHERE user_id = '{own}'"),
    );
    let output = merge_all(&run, 2, &["--ledger", "all.db"]);
    refused(&run, &output, 7, &["p1.db", &other, "does not belong to part 1/2"]);
    run.write("p1.db", &first);
    change(
        &run,
        "p1.db",
        &format!("UPDATE enrollment SET user_id = '{own}' WHERE id < 3"),
    );
    refused(
        &run,
        &merge_all(&run, 2, &["--ledger", "all.db"]),
        7,
        &["p1.db", &own, "twice"],
    );
}

#[test]
fn another_endpoint_partner_or_host_for_look_ups_is_refused() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(6), 3, 1..=3);
    for (sql, words) in [
        (
            "UPDATE pin SET endpoint = 'https://other.example'",
            ["endpoint", "https://other.example"],
        ),
        ("UPDATE pin SET partner_id = '999'", ["partner", "999"]),
    ] {
        let before = read(&run, "p3.db");
        change(&run, "p3.db", sql);
        refused(
            &run,
            &merge_all(&run, 3, &[]),
            9,
            &[&["\"p3.db\" has the"], &words[..]].concat(),
        );
        run.write("p3.db", &before);
    }
    change(&run, "p1.db", "UPDATE pin SET lookup_endpoint = 'https://a.example'");
    let merged = merge_all(&run, 3, &["--ledger", "all.db"]);
    assert_eq!(
        merged.code,
        Some(0),
        "a part that never asked fits to all: {}",
        merged.stderr
    );
    let db = rusqlite::Connection::open(run.path("all.db")).unwrap();
    let found: String = db
        .query_row("SELECT lookup_endpoint FROM pin", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "https://a.example");
    for name in ["all.csv", "all.json", "all.db"] {
        std::fs::remove_file(run.path(name)).unwrap();
    }
    change(&run, "p2.db", "UPDATE pin SET lookup_endpoint = 'https://b.example'");
    refused(
        &run,
        &merge_all(&run, 3, &[]),
        9,
        &["host for look-ups", "https://b.example"],
    );
}

#[test]
fn rows_that_came_to_the_manifest_later_were_seen_by_no_part() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(5), 2, 1..=2);
    let run = run.rows(6);
    let output = merge_all(&run, 2, &[]);
    let words = [
        "\"p1.db\" has had no run over this manifest",
        "\"p2.db\" has had no run",
        "run part 2/2",
    ];
    refused(&run, &output, 9, &words);
    // Once the parts have seen them, earlier runs are in nobody's way.
    let run = run_parts(run, 2, 1..=2);
    let merged = merge_all(&run, 2, &[]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    assert!(!merged.stderr.contains("warning"), "{}", merged.stderr);
}

#[test]
fn a_proof_of_another_split_beside_the_manifest_is_in_nobodys_way() {
    let server = Server::success();
    let run = Run::new(&server).rows(5);
    assert_eq!(run.tool(&["split", "manifest.csv", "-n", "3"]).code, Some(0));
    let run = run_parts(run, 2, 1..=2);
    let proof = "manifest.split.json";
    // Named it has to be right.
    let named = merge_all(&run, 2, &["--split-proof", proof]);
    refused(&run, &named, 9, &["has 3 parts, and the ledgers are parts of 2"]);
    let merged = merge_all(&run, 2, &["--force"]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    let run = run_parts(run.rows(6), 2, 1..=2);
    let merged = merge_all(&run, 2, &["--force"]);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
}

#[test]
fn no_ledger_is_replaced_and_no_part_is_written_over() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(4), 2, 1..=2);
    for (options, words) in [
        (
            &["--ledger", "p1.db"][..],
            &["--ledger \"p1.db\" belongs to the parts"][..],
        ),
        (&["--force", "--ledger", "./p2.db"], &["belongs to the parts"]),
        (&["--force", "--summary", "p2.db"], &["belongs to the parts"]),
        (&["--summary", "p2.db-wal"], &["\"p2.db-wal\" belongs to the parts"]),
        (&["--report", "p1.db.lock"], &["belongs to the parts"]),
        (&["--summary", "manifest.split.json"], &["belongs to the parts"]),
        (
            &["--ledger", "all.db", "--summary", "all.db-wal"],
            &["--summary and a file that the ledger has beside it name the same file"],
        ),
        (&["--ledger", "all.csv"], &["--results and --ledger name the same file"]),
        (
            &["--report", "all.csv.lock"],
            &["a file that the results have beside them and --report name the same file"],
        ),
    ] {
        let output = run.tool(&[&["merge", "-o", "all.csv", "manifest.csv", "p1.db", "p2.db"], options].concat());
        refused(&run, &output, 2, words);
    }
    run.write("there.db", b"x");
    let output = merge_all(&run, 2, &["--force", "--ledger", "there.db"]);
    refused(&run, &output, 2, &["there already", "no ledger is replaced"]);
    assert_eq!(read(&run, "there.db"), b"x");
}
