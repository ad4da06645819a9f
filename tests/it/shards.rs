//! One manifest, many machines: each part sends its own users and no other (contract, section 2).

use std::collections::BTreeMap;

use crate::harness::{Finished, MANIFEST_OF_PARTS as MANIFEST, Reply, Run, Server, part_of};

/// Status, reason and cells of each row, by its number.
fn rows(finished: &Finished<'_>) -> BTreeMap<u32, String> {
    let line = |row: &BTreeMap<String, String>| {
        let cells = ["user_id", "note", "status", "reason"].map(|name| row[name].clone());
        (row["row"].parse().unwrap(), cells.join(" "))
    };
    finished.results.iter().map(line).collect()
}

#[test]
fn the_parts_together_do_what_one_machine_does() {
    let server = Server::success();
    let alone = Run::new(&server).manifest(MANIFEST);
    let whole = rows(&alone.go());
    for count in [2, 3, 16] {
        let server = Server::success();
        let mut run = Run::new(&server).manifest(MANIFEST);
        let (mut all, mut sum) = (BTreeMap::new(), 0);
        for index in 1..=count {
            run = run.set("--shard", &format!("{index}/{count}"));
            let mut part = run.go();
            part.summary("/shard", format!("{index}/{count}"));
            sum += part.summary["rows"].as_u64().unwrap();
            let before = all.len();
            all.append(&mut rows(&part));
            assert_eq!(all.len() - before, part.results.len(), "no row is in two parts");
        }
        assert_eq!(all, whole, "{count} parts");
        assert_eq!(sum, 15);
        assert_eq!(server.users(), ["u1", "u10", "u2", "u4", "u7", "u9"], "each user once");
    }
}

#[test]
fn each_part_has_files_and_a_ledger_of_its_own_and_converges() {
    let server = Server::script([("u2", vec![Reply::lost()])]);
    let run = Run::new(&server).rows(6).set("--retries", "0");
    let part = part_of("u2", 2);
    let run = run.set("--shard", &format!("{part}/2"));
    run.go().code(4).summary("/counts/in_doubt", 1);
    let ledger = run.ledger();
    let own = ledger
        .to_str()
        .unwrap()
        .replace(".ledger.db", &format!(".{part}-of-2.ledger.db"));
    assert!(!ledger.exists() && std::path::Path::new(&own).exists());
    for kind in ["results.csv", "failures.csv"] {
        assert!(
            run.path(&format!("manifest.sandbox.{part}-of-2.{kind}")).exists(),
            "{kind}"
        );
        assert!(!run.path(&format!("manifest.sandbox.{kind}")).exists(), "{kind}");
    }
    let mut again = run.go();
    again.code(0).summary("/counts/enrolled_inferred", 1);
    let rows = again.summary["rows"].as_u64().unwrap();
    again.summary("/settled_before", rows - 1);
}

#[test]
fn a_part_without_rows_is_well_and_says_nothing() {
    let server = Server::success();
    let other = 3 - part_of("u1", 2);
    let run = Run::new(&server).rows(1).flag("--strict");
    let run = run.set("--shard", &format!("{other}/2"));
    let mut part = run.go();
    part.code(0).summary("/rows", 0);
    part.check(!part.stderr.contains("no rows"), "it warns of a manifest without rows");
    assert_eq!(server.count(), 0);
}

#[test]
fn rows_that_look_wrong_are_told_by_the_part_that_sends_them() {
    let server = Server::success();
    let mut run = Run::new(&server).users(["NULL", "u1", "U1", "u2"]);
    let mut told = String::new();
    for index in 1..=4 {
        run = run.set("--shard", &format!("{index}/4"));
        told += &run.go().stderr;
    }
    for row in [
        "row 1 (line 2) \"NULL\"",
        "row 2 (line 3) \"u1\"",
        "row 3 (line 4) \"U1\"",
    ] {
        assert_eq!(told.matches(row).count(), 1, "{row}: {told}");
    }
}

#[test]
fn a_ledger_of_another_part_is_refused_with_what_to_do() {
    let server = Server::success();
    let mut run = Run::new(&server).rows(4).set("--ledger", "l.db").set("--shard", "1/2");
    run.go().code(0);
    for (shard, words) in [
        ("2/2", &["part 1/2", "part 2/2", "--shard 1/2"][..]),
        ("1/3", &["part 1/2", "part 1/3", "merge"]),
    ] {
        run = run.set("--shard", shard);
        run.go().code(2).says(words);
    }
    let run = run.without("--shard");
    run.go().code(2).says(&["part 1/2 alone", "merge"]);
    let whole = run.set("--ledger", "whole.db");
    whole.go().code(0);
    whole
        .set("--shard", "1/2")
        .go()
        .code(2)
        .says(&["belongs to no part", "split --ledger"]);
}

#[test]
fn results_take_the_part_from_the_ledger() {
    let server = Server::success();
    let run = Run::new(&server).rows(9).set("--ledger", "l.db").set("--shard", "1/2");
    let first = run.go().raw.clone();
    let place = run.path("manifest.sandbox.1-of-2.results.csv");
    for options in [&["--ledger", "l.db"][..], &["--ledger", "l.db", "--shard", "1/2"]] {
        std::fs::remove_file(&place).unwrap();
        assert_eq!(run.results(options).code, Some(0), "{options:?}");
        assert_eq!(std::fs::read(&place).unwrap(), first, "{options:?}");
    }
    let refused = run.results(&["--ledger", "l.db", "--shard", "2/2"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}

#[test]
fn check_looks_at_the_rows_of_a_part() {
    let run = Run::bare().manifest(MANIFEST);
    let mut found = Vec::new();
    for index in 1..=3 {
        let shard = format!("{index}/3");
        let checked = run.tool(&["check", "-o", "-", "--shard", &shard, "manifest.csv"]);
        let text = String::from_utf8(checked.stdout).unwrap();
        found.extend(text.lines().skip(1).map(str::to_owned));
    }
    let all = run.tool(&["check", "-o", "-", "manifest.csv"]).stdout;
    let mut all: Vec<String> = String::from_utf8(all)
        .unwrap()
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect();
    // of rows in conflict each names another, and photos that users share are found within a part alone.
    let keep = |lines: &mut Vec<String>| {
        lines.retain(|line| !line.contains("shared_photo"));
        lines.sort();
    };
    keep(&mut all);
    keep(&mut found);
    assert_eq!(found, all);
}

#[test]
fn the_jobs_limits_are_divided_among_its_parts() {
    let server = Server::success();
    let run = Run::new(&server).rows(4).set("--shard", "1/4").set("--rate-of", "job");
    let run = run.set("--rate", "4000/s").set("-c", "9");
    run.go()
        .code(0)
        .says(&["at most 2 requests in flight", "every 0.001 s"]);
    let run = run.set("-c", "3");
    run.go().code(0).says(&["at most 1 request in flight"]);
    let run = run.without("--shard");
    run.go().code(2).says(&["--rate-of job", "--shard"]);
}

#[test]
fn what_is_no_part_is_refused() {
    let server = Server::success();
    let mut run = Run::new(&server).rows(1);
    for (shard, words) in [
        ("0/8", &["no part 0 of 8"][..]),
        ("9/8", &["no part 9 of 8"]),
        ("1/0", &["1 to 10,000"]),
        ("1/10001", &["1 to 10,000"]),
    ] {
        run = run.set("--shard", shard);
        run.go().code(2).says(words);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_part_manifest_that_is_run_as_something_else_is_warned_of() {
    let server = Server::success();
    let run = Run::new(&server).rows(4);
    assert_eq!(run.tool(&["split", "manifest.csv", "-n", "2"]).code, Some(0));
    let mut run = run.named("manifest.1-of-2.csv");
    run.go()
        .says(&["named after part 1/2", "`merge` would refuse", "--shard 1/2"]);
    run = run.set("--shard", "2/2");
    run.go()
        .says(&["named after part 1/2", "about part 2/2"])
        .summary("/rows", 0);
    run = run.set("--shard", "1/2");
    let mut own = run.go();
    own.check(!own.stderr.contains("named after"), "it warns of its own part");
}

/// How the last run of the ledger stands.
fn status(run: &Run<'_>, format: &str) -> String {
    let output = run.tool(&["status", "--ledger", "l.db", "--format", format]);
    String::from_utf8(output.stdout).unwrap()
}

fn status_object(run: &Run<'_>) -> serde_json::Value {
    serde_json::from_str(&status(run, "json")).unwrap()
}

#[test]
fn status_and_metrics_name_the_part() {
    let server = Server::success();
    let run = Run::new(&server).rows(4).set("--metrics", "m.prom");
    let run = run.set("--ledger", "l.db").set("--shard", "2/3");
    run.go().code(0);
    let metrics = |run: &Run<'_>| std::fs::read_to_string(run.path("m.prom")).unwrap();
    assert_eq!(status_object(&run)["shard"], "2/3");
    let page = status(&run, "text");
    assert!(page.contains("\n  part      2/3\n"), "{page}");
    let text = metrics(&run);
    let mut samples = text.lines().filter(|line| !line.starts_with('#'));
    assert!(samples.all(|line| line.contains(",shard=\"2/3\"")), "{text}");
    // A run that cannot begin is one of its part as well.
    let run = run.set("--api-key-file", "none.txt");
    run.go().code(2);
    let text = metrics(&run);
    let sample = "image_enroll_exit_code{env=\"sandbox\",partner_id=\"085\",shard=\"2/3\"} 2\n";
    assert!(text.contains(sample), "{text}");
    let run = Run::new(&server)
        .rows(4)
        .set("--metrics", "m.prom")
        .set("--ledger", "l.db");
    run.go().code(0);
    assert!(status_object(&run)["shard"].is_null());
    assert!(!status(&run, "text").contains("  part ") && !metrics(&run).contains("shard="));
}
