//! Nothing twice and nothing lost: kills at many moments, and a ledger that fails at its n-th write.

use std::collections::BTreeMap;

use crate::harness::{Asked, Reply, Run, Server, png, sha256};

const ROWS: usize = 500;
const KILLS: usize = 20;
/// Requests that the server sees before each kill: 20 kills end well before the rows do.
const REQUESTS_PER_LIFE: usize = 13;
const PHOTOS: usize = 50;

/// Drops, delays nothing, truncates, throttles: about every third answer is a bad one.
fn flaky(asked: &Asked) -> Reply {
    match asked.order % 17 {
        1 => Reply::lost(),
        4 => Reply::success().cut_off(40),
        7 => Reply::hang_up(),
        10 => Reply::close_early(),
        13 => Reply::text(503, "busy"),
        16 => Reply::error("2222", "slow down").status(429),
        _ => Reply::success(),
    }
}

fn photo_of(row: usize) -> String {
    format!("p{}.png", row % PHOTOS)
}

/// Users and the photos of their rows, in a run's folder.
fn manifest(mut run: Run<'_>, rows: usize) -> Run<'_> {
    for number in 0..PHOTOS {
        run = run.file(&photo_of(number), &png(number as u8));
    }
    let lines = (1..=rows).map(|row| format!("u{row},2021-08-12,{}\n", photo_of(row)));
    let text = format!("user_id,user_created_at,photo\n{}", lines.collect::<String>());
    run.manifest(&text)
}

/// What the server has to have recorded in the end: every user once, with the photo of its row.
fn wanted(rows: usize) -> BTreeMap<String, String> {
    (1..=rows)
        .map(|row| (format!("u{row}"), sha256(&png((row % PHOTOS) as u8))))
        .collect()
}

fn enrolled_only(finished: &mut crate::harness::Finished<'_>) {
    let statuses: Vec<_> = finished.results.iter().map(|row| row["status"].clone()).collect();
    let others = statuses
        .iter()
        .filter(|status| !matches!(status.as_str(), "enrolled" | "enrolled_inferred"))
        .count();
    finished.check(others == 0, &format!("{others} rows are not enrolled"));
}

#[cfg(unix)]
#[test]
fn twenty_kills_lose_nothing_and_send_nothing_twice() {
    let server = Server::new(flaky);
    let run = manifest(Run::new(&server).set("-c", "16").set("--retries", "20"), ROWS);
    for _ in 0..KILLS {
        let before = server.count();
        let life = run.start();
        server.wait_for(before + REQUESTS_PER_LIFE);
        life.signal("KILL");
        let output = life.wait();
        assert_eq!(output.code, None, "killed, not ended: {}", output.stderr);
    }
    let mut last = run.go();
    last.code(0);
    enrolled_only(&mut last);
    let right_photos = last
        .results
        .iter()
        .enumerate()
        .all(|(index, row)| row["photo_sha256"] == sha256(&png(((index + 1) % PHOTOS) as u8)));
    last.check(right_photos, "a row names another photo than its own");
    last.check(
        server.held() == wanted(ROWS),
        "the server holds other users or other photos",
    );
}

/// Makes the ledger refuse a kind of write once there are `n` of its kind.
fn fail_at(run: &Run<'_>, write: &str, n: usize) {
    let ledger = rusqlite::Connection::open(run.ledger()).unwrap();
    // The row of an attempt that has enrolled its user goes with its end.
    let (when, table, view) = match write {
        "intent" => ("INSERT", "attempt", "attempts"),
        "close" => ("DELETE", "attempt", "enrollments"),
        _ => ("INSERT", "enrollment", "enrollments"),
    };
    let sql = format!(
        "CREATE TRIGGER fault BEFORE {when} ON {table} WHEN (SELECT count(*) FROM {view}) >= {n}
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    );
    ledger.execute_batch(&sql).unwrap();
}

/// Users with an attempt in the ledger; repairs the ledger.
fn intents(run: &Run<'_>) -> Vec<String> {
    let ledger = rusqlite::Connection::open(run.ledger()).unwrap();
    ledger.execute_batch("DROP TRIGGER fault").unwrap();
    let mut statement = ledger.prepare("SELECT DISTINCT user_id FROM attempts").unwrap();
    let users = statement.query_map([], |row| row.get(0)).unwrap();
    users.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_ledger_that_fails_at_any_write_stops_the_run_and_the_next_one_converges() {
    for write in ["intent", "close", "outcome"] {
        for n in 0..6 {
            let server = Server::new(|_| Reply::success());
            let run = manifest(Run::new(&server).set("-c", "2"), 0);
            run.go().code(0);
            let run = manifest(run, 8);
            fail_at(&run, write, n);
            run.go().code(7).says(&["ledger"]);
            let known = intents(&run);
            let unknown: Vec<_> = server
                .users()
                .into_iter()
                .filter(|user| !known.contains(user))
                .collect();
            assert_eq!(
                unknown,
                Vec::<String>::new(),
                "{write} {n}: sent without a durable intent"
            );
            let mut last = run.go();
            last.code(0);
            enrolled_only(&mut last);
            last.check(
                server.held() == wanted(8),
                &format!("{write} {n}: the server holds something else"),
            );
        }
    }
}
