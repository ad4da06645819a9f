//! Ledgers that were moved, copied, cut off or may only be read (contract, section 7).

use std::fs;

use crate::harness::{Finished, Reply, Run, Server};

const LEDGER: &str = "manifest.sandbox.ledger.db";
const LOG: &str = "manifest.sandbox.ledger.db-wal";

/// A run of 60 rows that was killed when some of them had been sent.
#[cfg(unix)]
fn killed(server: &Server) -> Run<'_> {
    let run = Run::new(server)
        .set("--ledger", LEDGER)
        .rows(60)
        .set("-c", "4")
        .without("--summary");
    let life = run.start();
    server.wait_for(20);
    life.signal("KILL");
    assert_eq!(life.wait().code, None);
    run
}

/// Every user is enrolled, and by us.
fn all_ours(finished: &mut Finished<'_>) {
    let ours = |row: &std::collections::BTreeMap<String, String>| row["status"].starts_with("enrolled");
    let others = finished.results.iter().filter(|row| !ours(row)).count();
    finished
        .code(0)
        .check(others == 0, &format!("{others} users are not known as ours"));
}

/// Both commands are refused with these words, nobody is sent, and the ledger is left as it is.
fn refused(run: &Run<'_>, server: &Server, texts: &[&str]) {
    let (sent, before) = (server.count(), fs::read(run.path(LEDGER)).ok());
    let results = run.tool(&["results", "--ledger", LEDGER, "-o", "-", "manifest.csv"]);
    assert_eq!((results.code, results.stdout.len()), (Some(7), 0), "{}", results.stderr);
    let mut again = run.go();
    again
        .code(7)
        .says(texts)
        .says(&["restore it", "do not begin a new ledger"]);
    for stderr in [&again.stderr, &results.stderr] {
        assert!(!stderr.contains("--ledger"), "{stderr}");
    }
    assert_eq!((server.count(), fs::read(run.path(LEDGER)).ok()), (sent, before));
}

#[cfg(unix)]
#[test]
fn a_ledger_that_lost_its_log_is_refused_until_it_is_back() {
    let server = Server::success();
    let run = killed(&server);
    fs::rename(run.path(LOG), run.path("elsewhere")).unwrap();
    refused(&run, &server, &["write-ahead log"]);
    run.write(LOG, b"");
    refused(&run, &server, &["write-ahead log"]);
    fs::rename(run.path("elsewhere"), run.path(LOG)).unwrap();
    all_ours(&mut run.go());
    assert_eq!(server.held().len(), 60);
    // At rest it needs no log: a copy of it alone is a ledger.
    fs::copy(run.path(LEDGER), run.path("copy.db")).unwrap();
    let sent = server.count();
    all_ours(&mut run.without("--ledger").go_with(&["--ledger", "copy.db"]));
    assert_eq!(server.count(), sent);
}

#[cfg(unix)]
#[test]
fn a_log_without_its_ledger_is_not_thrown_away() {
    let server = Server::success();
    let run = killed(&server);
    let log = fs::read(run.path(LOG)).unwrap();
    fs::rename(run.path(LEDGER), run.path("elsewhere")).unwrap();
    refused(&run, &server, &["damaged", "-wal"]);
    assert_eq!(fs::read(run.path(LOG)).unwrap(), log);
    fs::rename(run.path("elsewhere"), run.path(LEDGER)).unwrap();
    all_ours(&mut run.go());
}

/// Somebody looks into the ledger, with the tool's `results` or with SQLite's shell, which merges the log.
#[cfg(unix)]
fn look(run: &Run<'_>, with: &str) {
    if with == "results" {
        let results = run.tool(&["results", "--ledger", LEDGER, "manifest.csv"]);
        assert_eq!(results.code, Some(0), "{}", results.stderr);
    } else {
        let db = rusqlite::Connection::open(run.path(LEDGER)).unwrap();
        let sql = "SELECT count(*) FROM enrollments";
        db.query_row(sql, [], |_| Ok(())).unwrap();
    }
    assert!(!run.path(LOG).exists());
}

#[cfg(unix)]
#[test]
fn whoever_opened_a_killed_runs_ledger_in_between_did_no_harm() {
    for looks in ["results results", "shell", "results shell", "shell results"] {
        let server = Server::success();
        let run = killed(&server);
        looks.split(' ').for_each(|with| look(&run, with));
        all_ours(&mut run.go());
        assert_eq!(server.held().len(), 60, "{looks}");
    }
}

#[test]
fn a_damaged_ledger_is_called_damaged() {
    let server = Server::success();
    let run = Run::new(&server).set("--ledger", LEDGER).rows(300).without("--summary");
    run.go().code(0);
    let whole = fs::read(run.path(LEDGER)).unwrap();
    let mut overwritten = whole.clone();
    overwritten[4096..].fill(0xa5);
    for bytes in [&whole[..whole.len() / 2], &overwritten, &vec![0; whole.len()]] {
        run.write(LEDGER, bytes);
        refused(&run, &server, &["damaged"]);
    }
    run.write(LEDGER, &whole);
    let ledger = rusqlite::Connection::open(run.path(LEDGER)).unwrap();
    ledger.execute_batch("UPDATE enrollment SET status = 'done'").unwrap();
    drop(ledger);
    let results = run.tool(&["results", "--ledger", LEDGER, "-o", "-", "manifest.csv"]);
    assert_eq!(results.code, Some(7), "{}", results.stderr);
    assert!(
        results.stderr.contains("damaged") && results.stderr.contains("\"done\""),
        "{}",
        results.stderr
    );
}

#[test]
fn the_results_need_a_ledger_that_is_there() {
    let run = Run::bare().rows(1);
    let results = run.tool(&["results", "--ledger", LEDGER, "manifest.csv"]);
    assert_eq!(results.code, Some(2), "{}", results.stderr);
    assert!(!run.path(&format!("{LEDGER}.lock")).exists());
}

#[test]
fn a_run_that_cannot_begin_is_no_dead_one() {
    let server = Server::success();
    let run = Run::new(&server).set("--ledger", LEDGER).rows(1).without("--summary");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    run.write("ca.pem", broken.as_bytes());
    run.go_with(&["--ca-cert", "ca.pem"]).code(2);
    let ledger = rusqlite::Connection::open(run.path(LEDGER)).unwrap();
    let sql = "SELECT exit_code || ' ' || (stopped_by IS NULL) || ' ' || (finished_at > 0) FROM run";
    assert_eq!(
        ledger.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap(),
        "2 1 1"
    );
    drop(ledger);
    all_ours(&mut run.go());
}

#[test]
fn the_date_that_was_sent_stands_with_its_attempt() {
    let server = Server::in_order([Reply::hang_up()]);
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .manifest("user_id,user_created_at,photo\nu1,2021-05-18T15:14:43Z,p.jpg\n")
        .set("--retries", "0");
    run.go().code(4);
    let ledger = rusqlite::Connection::open(run.path(LEDGER)).unwrap();
    let sql = "SELECT user_created_at FROM in_doubt WHERE user_id = 'u1'";
    let date: String = ledger.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(date, server.requests()[0].field("user_created_at"));
}

/// `results` as somebody who can read all of the folder and write none of it: for root, who can write anywhere, that
/// has to be somebody else.
#[cfg(unix)]
fn results_by_a_reader(run: &Run<'_>) -> std::process::Output {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let folder = run.path("");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    }
    // The binary may lie in a folder that only its owner can enter.
    let binary = tempfile::Builder::new().tempdir().unwrap();
    let program = binary.path().join("image-enroll");
    fs::copy(env!("CARGO_BIN_EXE_image-enroll"), &program).unwrap();
    for (path, mode) in [(&folder, 0o555), (&binary.path().to_owned(), 0o755), (&program, 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = std::process::Command::new(&program);
    command
        .current_dir(&folder)
        .args(["results", "--ledger", LEDGER, "-o", "-", "manifest.csv"]);
    if folder.metadata().unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    output
}

#[cfg(unix)]
#[test]
fn results_are_written_from_a_ledger_that_may_only_be_read() {
    for with_lock in [true, false] {
        for is_killed in [true, false] {
            let server = Server::success();
            let run = killed(&server);
            if !is_killed {
                all_ours(&mut run.go());
            }
            if !with_lock {
                fs::remove_file(run.path(&format!("{LEDGER}.lock"))).unwrap();
            }
            let ledger = || [LEDGER, LOG].map(|name| fs::read(run.path(name)).ok());
            let before = ledger();
            let output = results_by_a_reader(&run);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{stderr}");
            let text = String::from_utf8(output.stdout).unwrap();
            let enrolled = text.lines().filter(|line| line.contains(",enrolled")).count();
            let least = if is_killed { 1 } else { 60 };
            assert!(text.lines().count() == 61 && enrolled >= least, "{enrolled}: {text}");
            assert!(ledger() == before, "the ledger was written to");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_reader_is_refused_by_a_run_and_refuses_one() {
    use crate::harness::Latch;
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server).set("--ledger", LEDGER).rows(1).without("--summary");
    let running = run.start();
    server.wait_for(1);
    let output = results_by_a_reader(&run);
    latch.release();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{stderr}");
    assert!(stderr.contains(&format!("process {}", running.id())), "{stderr}");
    drop(running.wait());
}
