//! What the results may be written over, and who else may be writing there.

use crate::harness::{Latch, Output, RESULT_COLUMNS, Reply, Run, Server};

const MANIFEST: &str = "user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\n";

#[test]
fn a_file_that_is_no_earlier_results_is_not_written_over() {
    let server = Server::success();
    for text in ["notes of mine\n", MANIFEST, "{}"] {
        let run = Run::new(&server).rows(1).file("mine.csv", text.as_bytes());
        let kept = || std::fs::read_to_string(run.path("mine.csv")).unwrap() == text;
        let out = run.tool(&words(&server, "mine.csv", &[]));
        assert_eq!(out.code, Some(2), "{}", out.stderr);
        assert!(
            out.stderr.contains("mine.csv") && out.stderr.contains("--force"),
            "{}",
            out.stderr
        );
        assert!(kept() && server.connections() == 0, "{text}");
    }
    let run = Run::new(&server).rows(1).file("mine.csv", b"notes of mine\n");
    run.go().code(0);
    let out = run.results(&["-o", "mine.csv"]);
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(out.stderr.contains("--force"), "{}", out.stderr);
    assert_eq!(std::fs::read(run.path("mine.csv")).unwrap(), b"notes of mine\n");
}

/// A run that writes its results to `results`.
fn words<'a>(server: &Server, results: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let url: &'static str = server.url().leak();
    let account = ["--endpoint", url, "--partner-id", "085", "--api-key-file", "key.txt"];
    [&account[..], &["-o", results], more, &["manifest.csv"]].concat()
}

#[test]
fn force_lets_it_go() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("-o", "mine.csv").flag("--force");
    run.write("mine.csv", b"notes of mine\n");
    run.go().code(0).all("enrolled");
    run.write("mine.csv", b"notes of mine\n");
    let out = run.results(&["-o", "mine.csv", "--force"]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_ne!(std::fs::read(run.path("mine.csv")).unwrap(), b"notes of mine\n");
}

#[test]
fn earlier_results_and_an_empty_file_are_written_over() {
    let earlier = format!("id,{}\n9,\n", RESULT_COLUMNS.join(","));
    for text in ["", &earlier] {
        let server = Server::success();
        let run = Run::new(&server)
            .rows(1)
            .set("-o", "r.csv")
            .file("r.csv", text.as_bytes());
        run.go().code(0).all("enrolled");
    }
}

/// A run that is held at its first request, and the results that it writes to.
fn while_one_runs(act: impl FnOnce(&Run<'_>, &Server)) {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server)
        .rows(2)
        .set("--ledger", "a.db")
        .set("-o", "shared.csv");
    let running = run.start();
    server.wait_for(1);
    act(&run, &server);
    latch.release();
    run.finish(running).code(0).all("enrolled");
}

fn is_in_use(output: &Output) {
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("in use by another command"), "{}", output.stderr);
    assert!(output.stderr.contains("shared.csv"), "{}", output.stderr);
}

#[test]
fn two_commands_do_not_write_to_one_results_file() {
    while_one_runs(|run, server| {
        run.write("manifest2.csv", MANIFEST.as_bytes());
        let before = std::fs::read(run.path("shared.csv")).unwrap();
        for more in [vec!["--ledger", "b.db"], vec!["--ledger", "b.db", "--force"]] {
            is_in_use(&run.tool(&words(server, "shared.csv", &more)));
            is_in_use(&run.tool(&words(server, "./shared.csv", &more)));
        }
        // b.db is a ledger from now on, so that nothing but the results stands in the way.
        run.write("empty.csv", b"user_id,user_created_at,photo\n");
        let mut other = words(server, "other.csv", &["--ledger", "b.db"]);
        other.pop();
        assert_eq!(run.tool(&[&other[..], &["empty.csv"]].concat()).code, Some(0));
        is_in_use(&run.tool(&["results", "--ledger", "b.db", "-o", "shared.csv", "manifest.csv"]));
        assert_eq!(std::fs::read(run.path("shared.csv")).unwrap(), before);
        assert_eq!(server.count(), 1);
    });
}

#[test]
fn the_lock_on_the_ledger_comes_first() {
    while_one_runs(|run, server| {
        let same = run.tool(&words(server, "shared.csv", &["--ledger", "a.db"]));
        assert_eq!(same.code, Some(8), "{}", same.stderr);
    });
}

#[test]
fn the_place_is_free_again_and_clean_after_the_run() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server).rows(2).set("-o", "shared.csv");
    let running = run.start();
    server.wait_for(1);
    assert!(run.path("shared.csv.lock").is_file());
    latch.release();
    run.finish(running).code(0);
    assert!(!run.path("shared.csv.lock").exists());
    run.set("--ledger", "b.db")
        .go()
        .code(0)
        .all("already_enrolled user_id_taken");
}

#[cfg(unix)]
#[test]
fn a_run_that_was_killed_keeps_nobody_out() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch)]);
    let run = Run::new(&server).rows(2).set("-o", "shared.csv");
    let running = run.start();
    server.wait_for(1);
    running.signal("KILL");
    running.wait();
    latch.release();
    run.go().code(0);
    assert!(!run.path("shared.csv.lock").exists());
}

/// Refuses the users whose names begin with `taken` as enrolled already.
fn knows_some() -> Server {
    Server::new(|asked| match asked.user_id.strip_prefix("taken") {
        Some(_) => Reply::error("2209", "user already enrolled"),
        None => Reply::success(),
    })
}

#[test]
fn many_already_enrolled_are_said_even_by_a_quiet_run_that_ends_well() {
    for (taken, all, is_said) in [(2, 19, true), (1, 10, false), (0, 3, false), (3, 3, true)] {
        for format in ["text", "json"] {
            let server = knows_some();
            let users = (0..all).map(|n| format!("{}{n}", if n < taken { "taken" } else { "u" }));
            let run = Run::new(&server).users(users).set("--ledger", "l.db").flag("-q");
            let run = run.set("--log-format", format);
            let mut done = run.go();
            let said = done.stderr.clone();
            let lines = said.lines().count() == usize::from(is_said);
            done.code(0).check(lines, &format!("{taken} of {all}: {said}"));
            if is_said {
                let count = format!("{taken} of {all}");
                done.says(&[&count, "already enrolled", "another ledger", "l.db"]);
            }
        }
    }
}

#[test]
fn rows_settled_before_do_not_hide_that_many_were_already_enrolled() {
    let server = Server::new(|asked| match asked.order {
        21 => Reply::error("2209", "user already enrolled"),
        _ => Reply::success(),
    });
    let run = Run::new(&server).rows(20).flag("-q");
    run.go().code(0);
    let run = run.rows(21);
    run.go()
        .code(0)
        .says(&["warning: 1 of 1 row sent was already enrolled"]);
}

#[test]
fn a_directory_is_not_replaced_and_nothing_is_left_beside_it() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    std::fs::create_dir(run.path("folder")).unwrap();
    for option in ["-o", "--summary"] {
        let run = Run::new(&server).rows(1).without("--summary");
        std::fs::create_dir(run.path("folder")).unwrap();
        let done = run.go_with(&[option, "folder"]);
        assert_ne!(done.code, 0, "{option}: {}", done.stderr);
        assert!(done.stderr.to_lowercase().contains("directory"), "{}", done.stderr);
        let strange = std::fs::read_dir(run.path(".")).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with(".folder")
        });
        assert_eq!(strange.count(), 0, "{option}");
    }
    run.go_with(&["-o", "folder"]).code(2);
}
