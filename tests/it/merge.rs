//! The ledgers of many machines put together: as one machine would have left it, or refused with all that is wrong.

use std::path::Path;

use proptest::prelude::*;

use crate::harness::{Output, Reply, Run, Server, part_of, table};

/// Users of all kinds: some repeat, some contradict each other, some are wrong by themselves.
const MANIFEST: &str = "user_id,user_created_at,photo,note
u1,2021-08-12,p.jpg,first
u2,2021-08-12,p.jpg,first
u1,2021-08-12,p.jpg,again
u3,2021-08-12,p.jpg,one
u4,2021-08-12,p.jpg,one
u3,2021-08-13,p.jpg,another
,2021-08-12,p.jpg,nobody
u5,03/04/2021,p.jpg,no date
u6,2021-08-12,none.jpg,no photo
u7,2021-08-12,p.jpg,last
u8
u9,2021-08-12,p.jpg,refused
u10,2021-08-12,p.jpg,later
";
/// What differs from run to run.
const MASKED: [&str; 6] = [
    "run_id",
    "sent_at",
    "finished_at",
    "duration_ms",
    "job_id",
    "smile_job_id",
];

/// A server that loses, refuses and answers late, by the user alone.
fn faulty() -> Server {
    Server::script([
        ("u2", vec![Reply::lost(), Reply::lost()]),
        ("u4", vec![Reply::lost(), Reply::taken()]),
        ("u9", vec![Reply::result("0911", "No Face Found")]),
        ("u10", vec![Reply::text(503, "busy"), Reply::success()]),
    ])
}

fn part_ledger(index: u64) -> String {
    format!("p{index}.db")
}

/// Runs these parts, each into files of its own.
fn run_parts<'a>(mut run: Run<'a>, count: u64, parts: impl IntoIterator<Item = u64>) -> Run<'a> {
    for index in parts {
        let (shard, ledger) = (format!("{index}/{count}"), part_ledger(index));
        run = run
            .set("--shard", &shard)
            .set("--ledger", &ledger)
            .set("-o", &format!("r{index}.csv"));
        drop(run.go());
    }
    run.without("--shard").without("--ledger").without("-o")
}

/// Puts these ledgers together.
fn merge(run: &Run<'_>, ledgers: &[&str], options: &[&str]) -> Output {
    let own = ["merge", "-o", "all.csv", "--summary", "all.json", "manifest.csv"];
    run.tool(&[&own[..], ledgers, options].concat())
}

fn all(count: u64) -> Vec<String> {
    (1..=count).map(part_ledger).collect()
}

fn merge_all(run: &Run<'_>, count: u64, options: &[&str]) -> Output {
    let ledgers = all(count);
    let ledgers: Vec<&str> = ledgers.iter().map(String::as_str).collect();
    merge(run, &ledgers, options)
}

/// Results without what differs from run to run.
fn masked(bytes: &[u8]) -> Vec<Vec<String>> {
    let records = table::records(bytes, None);
    let header: Vec<String> = records[0].iter().map(str::to_owned).collect();
    let mask = |(name, cell): (&String, &str)| match MASKED.contains(&name.as_str()) && cell != name {
        true => if cell.is_empty() { "" } else { "some" }.to_owned(),
        false => cell.to_owned(),
    };
    records
        .iter()
        .map(|record| header.iter().zip(record.iter()).map(mask).collect())
        .collect()
}

fn read(run: &Run<'_>, name: &str) -> Vec<u8> {
    std::fs::read(run.path(name)).unwrap()
}

/// Ended so, said all of this, and left nothing.
#[track_caller]
fn refused(run: &Run<'_>, output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.code, Some(code), "{}", output.stderr);
    for word in words {
        assert!(output.stderr.contains(word), "{word:?} is not said: {}", output.stderr);
    }
    if let Ok(text) = std::fs::read(run.path("all.json")) {
        let summary: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&summary["exit_code"], &summary["rows"]),
            (&code.into(), &0.into()),
            "{summary}"
        );
    }
    for name in ["all.csv", "all.db", "manifest.sandbox.failures.csv"] {
        assert!(!run.path(name).exists(), "{name} was written");
    }
    assert_eq!(left_over(run), Vec::<String>::new());
}

/// Folders and files that something was made in.
fn left_over(run: &Run<'_>) -> Vec<String> {
    let names = run.path("").read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".image-enroll-")).collect()
}

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
            assert!(page.contains(&format!("from {count} part")) && page.contains("Runs of this ledger"));
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
    refused(&run, &output, 9, &["\"no.db\" is not there", "part 2/2 is missing"]);
    let output = merge(&run, &["p1.db", "manifest.csv"], &[]);
    refused(&run, &output, 7, &["manifest.csv", "not a ledger", "part 2/2"]);
    let mut bytes = read(&run, "p2.db");
    run.write("cut.db", &bytes[..bytes.len() - 4096]);
    let output = merge(&run, &["p1.db", "cut.db"], &[]);
    refused(&run, &output, 7, &["cut.db", "damaged"]);
    bytes[..100].fill(0);
    run.write("zeros.db", &bytes);
    let output = merge(&run, &["p1.db", "zeros.db"], &[]);
    refused(&run, &output, 7, &["zeros.db", "damaged"]);
    let lock = std::fs::File::create(run.path("p2.db.lock")).unwrap();
    lock.lock().unwrap();
    let output = merge_all(&run, 2, &[]);
    refused(&run, &output, 8, &["p2.db", "holds it"]);
}

/// Changes a ledger as no version of the program does.
fn change(run: &Run<'_>, ledger: &str, sql: &str) {
    let db = rusqlite::Connection::open(run.path(ledger)).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
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
    ] {
        let output = run.tool(&[&["merge", "-o", "all.csv", "manifest.csv", "p1.db", "p2.db"], options].concat());
        refused(&run, &output, 2, words);
    }
    run.write("there.db", b"x");
    let output = merge_all(&run, 2, &["--force", "--ledger", "there.db"]);
    refused(&run, &output, 2, &["there already", "no ledger is replaced"]);
    assert_eq!(read(&run, "there.db"), b"x");
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

#[test]
fn parts_that_ran_over_files_of_split_are_proven_by_its_proof() {
    use crate::harness::sha256;
    let server = Server::success();
    let run = Run::new(&server).manifest(MANIFEST);
    let mut proofs = Vec::new();
    let mut run = run;
    for index in 1..=2 {
        let line = |line: &&str| part_of(line.split(',').next().unwrap(), 2) == index;
        let (header, rows) = MANIFEST.split_once('\n').unwrap();
        let own: Vec<&str> = rows.lines().filter(line).collect();
        let text = format!("{header}\n{}\n", own.join("\n"));
        let name = format!("manifest.{index}-of-2.csv");
        proofs.push(
            serde_json::json!({"shard": format!("{index}/2"), "file": name, "rows": own.len(),
            "sha256": sha256(text.as_bytes())}),
        );
        run = run.named(&name).manifest(&text);
        run = run_parts(run, 2, index..=index);
    }
    let run = run.named("manifest.csv");
    refused(
        &run,
        &merge_all(&run, 2, &[]),
        9,
        &["has had no run over this manifest"],
    );
    let proof = |manifest: &str, parts: &[serde_json::Value]| {
        serde_json::json!({"schema": 1, "version": "1", "manifest": "manifest.csv", "rows": 13,
            "manifest_sha256": sha256(manifest.as_bytes()), "hash": "sha256-first8be-mod", "parts": parts})
        .to_string()
    };
    run.write("other.json", proof("x", &proofs).as_bytes());
    let output = merge_all(&run, 2, &["--split-proof", "other.json"]);
    refused(&run, &output, 9, &["the proof of `split` is about another manifest"]);
    run.write("broken.json", proof(MANIFEST, &proofs[..1]).as_bytes());
    refused(
        &run,
        &merge_all(&run, 2, &["--split-proof", "broken.json"]),
        9,
        &["broken.json", "every part"],
    );
    refused(
        &run,
        &merge_all(&run, 2, &["--split-proof", "none.json"]),
        2,
        &["none.json"],
    );
    run.write("manifest.split.json", proof(MANIFEST, &proofs).as_bytes());
    let merged = merge_all(&run, 2, &[]);
    assert_eq!(merged.code, Some(1), "{}", merged.stderr);
    let other = Server::success();
    let whole = Run::new(&other).manifest(MANIFEST);
    let statuses = |bytes: &[u8]| -> Vec<String> { masked(bytes).iter().map(|row| row[4..7].join(" ")).collect() };
    assert_eq!(statuses(&read(&run, "all.csv")), statuses(&whole.go().raw));
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

#[cfg(unix)]
#[test]
fn a_signal_gives_it_up_and_leaves_nothing() {
    use std::io::Read;
    let server = Server::success();
    let run = Run::new(&server).rows(2_000).set("--limit", "1");
    let run = run_parts(run, 2, 1..=2);
    std::fs::remove_file(run.path("manifest.sandbox.failures.csv")).unwrap_or_default();
    let made = std::process::Command::new("mkfifo").arg(run.path("pipe")).status();
    assert!(made.unwrap().success());
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
    assert!(!run.path("all.db").exists(), "a ledger was left");
    assert_eq!(left_over(&run), Vec::<String>::new());
}

#[test]
fn what_split_has_written_is_run_and_merged() {
    let (one, many) = (Server::success(), Server::success());
    let alone = Run::new(&one).manifest(MANIFEST);
    let whole = alone.go();
    let mut run = Run::new(&many).manifest(MANIFEST);
    let split = run.tool(&["split", "-n", "3", "manifest.csv"]);
    assert_eq!(split.code, Some(0), "{}", split.stderr);
    for index in 1..=3 {
        run = run_parts(run.named(&format!("manifest.{index}-of-3.csv")), 3, index..=index);
    }
    let run = run.named("manifest.csv");
    let merged = merge_all(&run, 3, &[]);
    assert_eq!(merged.code, Some(whole.code), "{}", merged.stderr);
    assert_eq!(masked(&read(&run, "all.csv")), masked(&whole.raw));
}
