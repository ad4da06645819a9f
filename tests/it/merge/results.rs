//! What comes out of the parts is what one machine would have left.

use proptest::prelude::*;

use super::{all, faulty, left_over, masked, merge, merge_all, read, run_parts};
use crate::harness::{MANIFEST_OF_PARTS as MANIFEST, Run, Server};

#[test]
fn the_parts_give_the_results_of_one_machine_with_faults_and_without() {
    for make in [Server::success, faulty] {
        let server = make();
        let alone = Run::new(&server).manifest(MANIFEST).set("--retries", "1");
        let whole = alone.go();
        for count in [1, 3, 16] {
            let server = make();
            let run = Run::new(&server).manifest(MANIFEST).set("--retries", "1");
            let run = run_parts(run, count, 1..=count);
            let before: Vec<_> = all(count).iter().map(|name| read(&run, name)).collect();
            let merged = merge_all(&run, count, &["--ledger", "all.db", "--report", "all.html"]);
            assert_eq!(merged.code, Some(whole.code), "{}", merged.stderr);
            assert_eq!(masked(&read(&run, "all.csv")), masked(&whole.raw), "{count} parts");
            let failures = |run: &Run<'_>| read(run, "manifest.sandbox.failures.csv");
            assert_eq!(failures(&run), failures(&alone), "{count} parts");
            let summary: serde_json::Value = serde_json::from_slice(&read(&run, "all.json")).unwrap();
            for key in [
                "rows",
                "counts",
                "reasons",
                "exit_code",
                "manifest_sha256",
                "attempts",
                "retries",
                "photo_bytes_sent",
            ] {
                assert_eq!(summary[key], whole.summary[key], "{key} of {count} parts");
            }
            let page = String::from_utf8(read(&run, "all.html")).unwrap();
            let told = [
                &format!("from {count} part"),
                "Runs of this ledger",
                "There are no charts of rate",
            ];
            assert!(told.iter().all(|text| page.contains(text)), "{page}");
            let after: Vec<_> = all(count).iter().map(|name| read(&run, name)).collect();
            assert!(before == after, "a ledger was changed");
            assert_eq!(left_over(&run), Vec::<String>::new());
        }
    }
}

#[test]
fn the_merged_ledger_sends_nothing_that_is_settled_and_keeps_doubts() {
    let server = faulty();
    let run = Run::new(&server).manifest(MANIFEST).set("--retries", "0");
    let run = run_parts(run, 3, 1..=3);
    assert_eq!(merge_all(&run, 3, &["--ledger", "all.db"]).code, Some(4));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = run.path("all.db").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let results = run.tool(&["results", "--ledger", "all.db", "-o", "again.csv", "manifest.csv"]);
    assert_eq!(results.code, Some(0), "{}", results.stderr);
    assert_eq!(read(&run, "again.csv"), read(&run, "all.csv"));
    let before = server.users();
    let run = run.set("--ledger", "all.db");
    // Of two users in doubt the answer for one is lost once more; who was refused for the same photo is not sent again.
    run.go()
        .code(4)
        .summary("/counts/enrolled_inferred", 1)
        .summary("/counts/in_doubt", 1)
        .summary("/counts/rejected", 1);
    run.go().code(1).summary("/counts/enrolled_inferred", 2);
    let again: Vec<_> = server
        .users()
        .into_iter()
        .filter(|user| !before.contains(user))
        .collect();
    assert_eq!(again, Vec::<String>::new(), "nobody is new to the server");
    let mut sent: Vec<_> = server
        .requests()
        .iter()
        .map(|seen| seen.field("user_id").to_owned())
        .collect();
    sent.retain(|user| user == "u1" || user == "u7" || user == "u9");
    sent.sort();
    assert_eq!(sent, ["u1", "u7", "u9"], "each once, by whichever machine");
}

fn rows() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    prop::collection::vec((0..12_u8, 0..8_u8, any::<bool>()), 0..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_manifest_and_the_number_of_parts(rows in rows(), count in 1..5_u64) {
        let line = |(user, kind, is_old): &(u8, u8, bool)| match (kind, is_old) {
            (0, _) => format!("u{user}\n"),
            (1, _) => format!("u{user},never,p.jpg\n"),
            (2, _) => format!("u{user},2021-08-12,none.jpg\n"),
            (_, true) => format!("u{user},2021-08-12,p.jpg\n"),
            (_, false) => format!("v{user},2021-08-12,p.jpg\n"),
        };
        let text = format!("user_id,user_created_at,photo\n{}", rows.iter().map(line).collect::<String>());
        let (one, many) = (Server::success(), Server::success());
        let alone = Run::new(&one).manifest(&text);
        let whole = alone.go();
        let run = run_parts(Run::new(&many).manifest(&text), count, 1..=count);
        let merged = merge_all(&run, count, &[]);
        prop_assert_eq!(merged.code, Some(whole.code), "{}", merged.stderr);
        prop_assert_eq!(masked(&read(&run, "all.csv")), masked(&whole.raw));
        prop_assert_eq!(one.users(), many.users());
    }
}

#[test]
fn a_merged_ledger_goes_on_with_another_number_of_parts() {
    let server = faulty();
    let run = Run::new(&server).manifest(MANIFEST).set("--retries", "0");
    let run = run_parts(run, 3, 1..=3);
    assert_eq!(merge_all(&run, 3, &["--ledger", "all.db"]).code, Some(4));
    let first = read(&run, "all.csv");
    let split = run.tool(&[
        "split",
        "-n",
        "5",
        "--out-dir",
        ".",
        "--ledger",
        "all.db",
        "manifest.csv",
    ]);
    assert_eq!(split.code, Some(0), "{}", split.stderr);
    let names: Vec<String> = (1..=5)
        .map(|index| format!("manifest.{index}-of-5.ledger.db"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let merged = merge(&run, &names, &["--ledger", "again.db"]);
    assert_eq!(merged.code, Some(4), "{}", merged.stderr);
    assert_eq!(
        read(&run, "all.csv"),
        first,
        "what was cut apart is put together as it was"
    );
    let count = |ledger: &str, sql: &str| -> i64 {
        let db = rusqlite::Connection::open(run.path(ledger)).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for sql in [
        "SELECT count(*) FROM run",
        "SELECT count(*) FROM attempts",
        "SELECT count(*) FROM in_doubt",
        "SELECT count(*) FROM enrollment",
        "SELECT sum(attempts_in_enrollments) FROM run",
    ] {
        assert_eq!(count("again.db", sql), count("all.db", sql), "{sql}");
    }
    let before = server.users();
    for (index, name) in (1..).zip(&names) {
        let shard = format!("{index}/5");
        let key = [
            "--api-key-file",
            "key.txt",
            "--progress",
            "none",
            "--in-doubt-wait",
            "10ms",
        ];
        let account = ["--endpoint", &server.url(), "--partner-id", "085"];
        let own = [
            "--shard",
            &shard,
            "--ledger",
            name,
            "-o",
            "part.csv",
            "--force",
            "manifest.csv",
        ];
        run.tool(&[&key[..], &account, &own].concat());
    }
    let times = |users: &[String], user| users.iter().filter(|other| *other == user).count();
    let after = server.users();
    for user in ["u1", "u7", "u9"] {
        assert_eq!((times(&before, user), times(&after, user)), (1, 1), "{user}");
    }
    let merged = merge(&run, &names, &[]);
    assert_eq!(merged.code, Some(1), "{}", merged.stderr);
}
