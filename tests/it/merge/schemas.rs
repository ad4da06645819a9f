//! Parts whose ledgers another version has written.

use super::{all, left_over, masked, merge_all, read, refused, run_parts};
use crate::harness::{MANIFEST_OF_PARTS as MANIFEST, Run, Server};

/// The tables of schema 4; those of schema 5 know their part besides.
const SCHEMA_4: &str = include_str!("../../../src/ledger/tests/schema_4.sql");
const SHARD: &str = "
    ALTER TABLE pin ADD COLUMN shard_index INTEGER;
    ALTER TABLE pin ADD COLUMN shard_count INTEGER;";
/// Every attempt has a row of its own there.
const CONTENT: &str = "
    PRAGMA application_id = 0x49454E52;
    INSERT INTO run SELECT id, run_id, '0.4.0', manifest, manifest_sha256, started_at, finished_at, exit_code, stopped_by
        FROM new.run;
    INSERT INTO attempt SELECT * FROM new.attempt;
    INSERT INTO attempt (run, user_id, number, photo_sha256, photo_bytes, started_at, finished_at, class, http_status,
        user_created_at)
        SELECT run, user_id, attempts, photo_sha256, photo_bytes, sent_at, finished_at, 'settled', http_status,
        user_created_at FROM new.enrollment WHERE is_attempt = 1;
    INSERT INTO enrollment SELECT user_id, status, reason, http_status, result_code, result_text, smile_job_id, job_id,
        confidence, attempts, user_created_at, photo_sha256, photo_bytes, sent_at, finished_at, duration_ms, run,
        photo_fixes, sent_sha256, sent_bytes FROM new.enrollment;";

/// Makes a ledger what an older version would have left of the same run.
fn make_older(run: &Run<'_>, ledger: &str, version: u32) {
    let (path, new) = (run.path(ledger), run.path("new.db"));
    std::fs::rename(&path, &new).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute("ATTACH ?1 AS new", [new.to_str().unwrap()]).unwrap();
    let (shard, pin) = match version {
        5 => (SHARD, "*"),
        _ => ("", "endpoint, partner_id, lookup_endpoint"),
    };
    let pin = format!("INSERT INTO pin SELECT {pin} FROM new.pin; PRAGMA user_version = {version};");
    db.execute_batch(&format!("BEGIN; {SCHEMA_4} {shard} {pin} {CONTENT} COMMIT;"))
        .unwrap();
    db.execute("DETACH new", []).unwrap();
    drop(db);
    std::fs::remove_file(new).unwrap();
}

#[test]
fn a_part_of_an_older_schema_is_merged_and_stays_as_it_is() {
    let server = super::faulty();
    let run = Run::new(&server).manifest(MANIFEST).set("--retries", "0");
    let run = run_parts(run, 3, 1..=3);
    assert_eq!(merge_all(&run, 3, &[]).code, Some(4));
    let (results, summary) = (read(&run, "all.csv"), read(&run, "all.json"));
    make_older(&run, "p2.db", 5);
    let before: Vec<_> = all(3).iter().map(|name| read(&run, name)).collect();
    let merged = merge_all(&run, 3, &["--ledger", "all.db"]);
    assert_eq!(merged.code, Some(4), "{}", merged.stderr);
    assert!(merged.stderr.contains("0.4.0 (1 part)"), "{}", merged.stderr);
    assert_eq!(masked(&read(&run, "all.csv")), masked(&results));
    let of = |bytes: &[u8]| -> serde_json::Value { serde_json::from_slice(bytes).unwrap() };
    let (again, first) = (of(&read(&run, "all.json")), of(&summary));
    for key in ["rows", "counts", "attempts", "retries", "photo_bytes_sent"] {
        assert_eq!(again[key], first[key], "{key}");
    }
    let after: Vec<_> = all(3).iter().map(|name| read(&run, name)).collect();
    assert!(before == after, "a ledger was changed");
    assert_eq!(left_over(&run), Vec::<String>::new());
}

#[test]
fn a_ledger_from_before_there_were_parts_is_refused_with_what_works() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(6), 2, 1..=2);
    make_older(&run, "p2.db", 4);
    let words = [
        "\"p2.db\" is the ledger of all users",
        "`image-enroll results`",
        "part 2/2 is missing",
    ];
    refused(&run, &merge_all(&run, 2, &[]), 9, &words);
    let results = run.tool(&["results", "--ledger", "p2.db", "-o", "r.csv", "manifest.csv"]);
    assert_eq!(results.code, Some(0), "{}", results.stderr);
}

#[test]
fn a_part_of_a_newer_schema_is_refused_with_what_to_do() {
    let server = Server::success();
    let run = run_parts(Run::new(&server).rows(6), 2, 1..=2);
    let db = rusqlite::Connection::open(run.path("p2.db")).unwrap();
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    db.pragma_update(None, "user_version", version + 1).unwrap();
    drop(db);
    let output = merge_all(&run, 2, &[]);
    refused(&run, &output, 7, &["\"p2.db\"", "newer version", "use that version"]);
    assert!(!output.stderr.contains("is missing"), "{}", output.stderr);
}
