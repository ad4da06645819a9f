//! One command at a time on a ledger, whatever the others read, close or are given (contract, section 7).

use crate::harness::{Latch, Reply, Run, Running, Server, jpeg};

const LEDGER: &str = "manifest.sandbox.ledger.db";

/// A run of the same ledger with this manifest, and nothing else that is like the first one's.
fn second(run: &Run<'_>, server: &Server, manifest: &str) -> (Option<i32>, String) {
    let url = server.url();
    let account = ["--endpoint", &url, "--partner-id", "085", "--api-key-file", "key.txt"];
    let files = ["--ledger", LEDGER, "-o", "second.csv", "--photo-root", ".", manifest];
    let output = run.tool(&[account.as_slice(), files.as_slice()].concat());
    assert!(!run.path("second.csv").exists());
    (output.code, output.stderr)
}

fn is_refused(run: &Run<'_>, server: &Server, holder: &Running, texts: &[&str]) {
    let process = format!("process {}", holder.id());
    for manifest in ["manifest.csv", "none.csv", "broken.csv", "-"] {
        let (code, stderr) = second(run, server, manifest);
        assert_eq!(code, Some(8), "{manifest}: {stderr}");
        for text in [process.as_str(), "manifest.csv\"", "started 2", LEDGER]
            .iter()
            .chain(texts)
        {
            assert!(stderr.contains(text), "{manifest}: {text} is not in {stderr}");
        }
    }
}

#[test]
fn a_second_command_is_refused_before_it_reads_its_manifest() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .rows(2)
        .file("broken.csv", b"\xff\xfe\xfd");
    let running = run.start();
    server.wait_for(1);
    is_refused(&run, &server, &running, &["\"image-enroll\""]);
    for manifest in ["manifest.csv", "none.csv"] {
        let results = run.tool(&["results", "--ledger", LEDGER, "-o", "second.csv", manifest]);
        assert_eq!(results.code, Some(8), "{}", results.stderr);
        assert!(!run.path("second.csv").exists());
    }
    latch.release();
    run.finish(running).code(0).all("enrolled");
    assert_eq!(server.count(), 2);
    assert_eq!(std::fs::read(run.path(&format!("{LEDGER}.lock"))).unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_run_is_refused_while_the_results_are_written() {
    use std::io::Read;
    let server = Server::success();
    // More than a pipe holds, so that the writing waits for its reader.
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .rows(2_000)
        .set("--limit", "3");
    run.go().code(10);
    let pipe = run.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let results = run.spawn(&["results", "--ledger", LEDGER, "-o", "pipe", "manifest.csv"]);
    let mut reader = std::fs::File::open(&pipe).unwrap();
    is_refused(&run, &server, &results, &["image-enroll results"]);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(results.wait().code, Some(0));
    assert_eq!(text.lines().count(), 2_001);
    run.go_with(&[]).code(10).summary("/settled_before", 3);
    assert_eq!(server.count(), 6);
}

/// The names of a run's files, and of links to them.
const OWN: [&str; 8] = [
    LEDGER,
    "manifest.sandbox.ledger.db-wal",
    "manifest.sandbox.ledger.db.lock",
    "manifest.sandbox.results.csv",
    "summary.json",
    "manifest.csv",
    "soft.jpg",
    "hard.jpg",
];

#[cfg(unix)]
#[test]
fn a_photo_that_names_a_file_of_the_run_is_invalid_and_drops_no_lock() {
    let latch = Latch::new();
    let later = latch.clone();
    let server = Server::new(move |asked| match asked.user_id.as_str() {
        "last" => Reply::success().after(&later),
        _ => Reply::success(),
    });
    let rows = OWN
        .iter()
        .enumerate()
        .map(|(n, name)| format!("own{n},2021-08-12,{name}\n"));
    let rows = rows.collect::<String>();
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .rows(1)
        .file("summary.json", b"{}")
        .file("broken.csv", b"\xff\xfe\xfd");
    // The first run makes the ledger that the links lead to.
    run.go().code(0);
    std::os::unix::fs::symlink(LEDGER, run.path("soft.jpg")).unwrap();
    std::fs::hard_link(run.path(LEDGER), run.path("hard.jpg")).unwrap();
    let run = run
        .manifest(&format!("user_id,user_created_at,photo\n{rows}last,2021-08-12,p.jpg\n"))
        .flag("-v");
    let running = run.start();
    for row in 1..=OWN.len() {
        running.wait_stderr(&format!("row {row} (line {}): invalid photo_is_a_run_file", row + 1));
    }
    server.wait_for(2);
    is_refused(&run, &server, &running, &[]);
    latch.release();
    let wanted = [vec!["invalid photo_is_a_run_file"; OWN.len()], vec!["enrolled"]].concat();
    run.finish(running).code(1).rows(wanted);
}

#[test]
fn another_file_of_the_same_name_is_a_photo() {
    let server = Server::success();
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .file(&format!("photos/{LEDGER}"), &jpeg())
        .manifest(&format!(
            "user_id,user_created_at,photo\nu1,2021-08-12,photos/{LEDGER}\n"
        ));
    run.go().code(0).all("enrolled");
}

#[test]
fn check_knows_that_the_manifest_is_no_photo() {
    let run = Run::bare().manifest("user_id,user_created_at,photo\nu1,2021-08-12,./manifest.csv\n");
    let check = run.tool(&["check", "manifest.csv"]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    assert!(check.stderr.contains("photo_is_a_run_file"), "{}", check.stderr);
}

#[test]
fn nothing_takes_the_place_of_what_the_ledger_has_beside_it() {
    let server = Server::success();
    for (option, name) in [
        ("-o", ".lock"),
        ("--summary", "-wal"),
        ("-o", "-journal"),
        ("--summary", "-shm"),
    ] {
        let run = Run::new(&server).set("--ledger", LEDGER).rows(1).without("--summary");
        let mut refused = run.go_with(&[option, &format!("{LEDGER}{name}")]);
        let flag = if option == "-o" { "--results" } else { option };
        refused.code(2).says(&[flag, "beside"]).left_nothing();
    }
    let run = Run::new(&server)
        .set("--ledger", LEDGER)
        .named(&format!("{LEDGER}.lock"))
        .rows(1);
    run.go_with(&["-o", "r.csv"]).code(2).says(&["manifest"]);
    assert_eq!(server.count(), 0);
}
