//! The ledgers of many machines put together: as one machine would have left it, or refused with all that is wrong.

#[cfg(unix)]
mod ends;
#[cfg(unix)]
mod machine;
mod moments;
mod places;
mod refusals;
mod results;
mod schemas;
mod split_files;

use crate::harness::{Output, Reply, Run, Server, table};

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

/// Changes a ledger as no version of the program does.
fn change(run: &Run<'_>, ledger: &str, sql: &str) {
    let db = rusqlite::Connection::open(run.path(ledger)).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
}
