//! `reconcile` against a provider whose books are known: what it learns is true, and what it cannot learn stays.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{Job, Output, PARTNER, Reply, Run, Server};

/// Asks for the users of the run's manifest.
pub(crate) fn reconcile(run: &Run<'_>, server: &Server, more: &[&str]) -> Output {
    let url = server.url();
    let mut arguments = vec!["--lookup-endpoint", &url];
    arguments.extend(more);
    arguments.push("manifest.csv");
    reconcile_with(run, server, &arguments)
}

fn reconcile_with(run: &Run<'_>, server: &Server, more: &[&str]) -> Output {
    let url = server.url();
    let mut arguments = vec![
        "reconcile",
        "--endpoint",
        &url,
        "--partner-id",
        PARTNER,
        "--api-key-file",
        "key.txt",
    ];
    arguments.extend(["--rate", "1000/s"]);
    arguments.extend(more);
    run.tool(&arguments)
}

/// Status and reason of every row of the results as they stand.
pub(crate) fn statuses(run: &Run<'_>) -> Vec<String> {
    let mut reader = csv::Reader::from_path(run.path("manifest.sandbox.results.csv")).unwrap();
    let records = reader.deserialize::<BTreeMap<String, String>>();
    let status = |row: BTreeMap<String, String>| format!("{} {}", row["status"], row["reason"]).trim().to_owned();
    records.map(|record| status(record.unwrap())).collect()
}

fn cell(run: &Run<'_>, row: usize, column: &str) -> String {
    let mut reader = csv::Reader::from_path(run.path("manifest.sandbox.results.csv")).unwrap();
    let mut records = reader.deserialize::<BTreeMap<String, String>>();
    records.nth(row - 1).unwrap().unwrap()[column].clone()
}

/// A run that loses every answer and gives up after the first.
pub(crate) fn in_doubt(server: &Server, rows: usize) -> Run<'_> {
    let run = Run::new(server)
        .set("--retries", "0")
        .set("--max-failures", "1000")
        .rows(rows);
    run.go().code(4);
    run
}

#[test]
fn a_doubt_becomes_what_the_history_says_and_nobody_is_enrolled_by_asking() {
    let server = Server::new(|asked| match asked.user_id.as_str() {
        "u1" => Reply::lost(),
        "u2" => Reply::result("0842", "Provisional Enroll").cut_off(10),
        "u3" => Reply::result("0001", "Unusable Image").cut_off(10),
        _ => Reply::hang_up(),
    });
    let run = in_doubt(&server, 4);
    let sent = server.count();
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    let wanted = [
        "enrolled looked_up",
        "provisional looked_up",
        "rejected looked_up",
        "in_doubt no_answer",
    ];
    assert_eq!(statuses(&run), wanted);
    assert_eq!(server.count(), sent);
    assert_eq!(
        (cell(&run, 1, "result_code"), cell(&run, 1, "job_id")),
        ("0840".into(), "job-of-u1".into())
    );
    assert_eq!(cell(&run, 3, "result_text"), "Unusable Image");
    // The failures follow: what is known to be enrolled is none any more.
    let failures = std::fs::read_to_string(run.path("manifest.sandbox.failures.csv")).unwrap();
    let users: Vec<_> = failures
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(users, ["u3", "u4"]);
    assert!(
        output.stderr.contains("looked up 4 of 4 users; nobody was enrolled"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("in_doubt -> enrolled"), "{}", output.stderr);
    // A run takes up what is left, and that alone: the refused row with its refused photo is not sent again.
    server.answer_lookups(|_, _| Reply::text(500, ""));
    run.go().code(4);
    let again: Vec<_> = server.users().into_iter().filter(|user| user != "u4").collect();
    assert_eq!(again, ["u1", "u2", "u3"]);
}

#[test]
fn an_inferred_enrollment_is_confirmed_with_code_and_job() {
    let server = Server::script([("u1", vec![Reply::lost()])]);
    let run = Run::new(&server).rows(1);
    run.go().code(0).rows(["enrolled_inferred answer_lost"]);
    assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
    assert_eq!(statuses(&run), ["enrolled looked_up"]);
    assert_eq!(cell(&run, 1, "smile_job_id"), "0000000001");
    let question = &server.lookups()[0].fields;
    let names: Vec<_> = question.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["environment", "partner_id", "signature", "timestamp", "user_id"]
    );
    assert_eq!(
        (&question["environment"], &question["partner_id"]),
        (&json!("test"), &json!(PARTNER))
    );
}

#[test]
fn an_enrollment_from_before_our_first_attempt_was_somebody_elses() {
    let server = Server::script([("u1", vec![Reply::hang_up()])]);
    server.hold("u1", b"another photo");
    server.jobs("u1", |jobs| {
        jobs.push(Job {
            at: Utc::now() - TimeDelta::hours(1),
            smile_job_id: "0000000007".to_owned(),
            code: "0840".to_owned(),
            text: "Enroll User".to_owned(),
        });
    });
    let run = Run::new(&server).rows(1);
    run.go().code(0).rows(["enrolled_inferred answer_lost"]);
    assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
    assert_eq!(statuses(&run), ["already_enrolled looked_up"]);
    assert_eq!(cell(&run, 1, "photo_sha256"), "");
}

#[test]
fn a_person_decides_later() {
    let server = Server::new(|_| Reply::result("0842", "Provisional Enroll"));
    let run = Run::new(&server).rows(3);
    run.go().code(0).all("provisional human_review");
    let decide = |user: &str, code: &str| {
        server.jobs(user, |jobs| {
            let decided = Job {
                at: Utc::now(),
                code: code.to_owned(),
                text: "Decided".to_owned(),
                ..jobs[0].clone()
            };
            jobs.push(decided);
        });
    };
    decide("u1", "1240");
    decide("u2", "1242");
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let wanted = [
        "enrolled decided_later",
        "rejected decided_later",
        "provisional human_review",
    ];
    assert_eq!(statuses(&run), wanted);
}

#[test]
fn nothing_of_people_reaches_any_file_or_text() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 2);
    let output = reconcile(&run, &server, &["--log-format", "json"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!output.stderr.contains("MARKED"));
    let mut open = vec![run.path(".")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let bytes = std::fs::read(&path).unwrap();
                    assert!(memchr::memmem::find(&bytes, b"MARKED").is_none(), "{path:?}");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_understood_changes_nothing() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 1);
    let entry = |change: fn(&mut Value)| {
        move |_: &_, mut answer: Value| {
            change(&mut answer["history"][0]);
            Reply::json(200, answer)
        }
    };
    server.answer_lookups(entry(|entry| entry["result_code"] = json!("0999")));
    assert_eq!(reconcile(&run, &server, &[]).code, Some(4));
    server.answer_lookups(entry(|entry| entry["partner_params"]["user_id"] = json!("u2")));
    assert_eq!(reconcile(&run, &server, &[]).code, Some(4));
    server.answer_lookups(entry(|entry| entry["created_at"] = json!("lately")));
    assert_eq!(reconcile(&run, &server, &[]).code, Some(4));
    for body in ["<html>", "{}", "[]", "", "{\"history\": 7}"] {
        server.answer_lookups(move |_, _| Reply::text(200, body));
        assert_eq!(reconcile(&run, &server, &[]).code, Some(4), "{body}");
    }
    let error = json!({"error": "No enrolled user", "code": "2210"});
    server.answer_lookups(move |_, _| Reply::json(400, error.clone()));
    assert_eq!(reconcile(&run, &server, &[]).code, Some(4));
    let long = format!("{{\"history\": [], \"more\": \"{}\"}}", "x".repeat(9 << 20));
    server.answer_lookups(move |_, _| Reply::text(200, &long));
    assert_eq!(reconcile(&run, &server, &[]).code, Some(4));
    assert_eq!(statuses(&run), ["in_doubt no_answer"]);
}

#[test]
fn a_refused_key_stops_it_at_the_first_user_and_another_address_too() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 5);
    for (reply, code, says) in [
        (Reply::text(401, ""), 5, "credentials"),
        (Reply::error("2205", "not authorized"), 5, "credentials"),
        (Reply::error("2220", "not enabled"), 5, "account"),
        (Reply::text(404, "not here"), 6, "--lookup-endpoint"),
        (Reply::text(302, ""), 6, "--lookup-endpoint"),
    ] {
        let asked = server.lookups().len();
        server.answer_lookups(move |_, _| reply.clone());
        let output = reconcile(&run, &server, &[]);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
        assert_eq!(server.lookups().len(), asked + 1);
    }
    assert_eq!(statuses(&run), vec!["in_doubt no_answer"; 5]);
}

#[test]
fn a_host_that_throttles_or_fails_is_asked_again() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 4);
    server.answer_lookups(|asked, answer| match (asked.nth, asked.user_id.as_str()) {
        (1, "u1") => Reply::text(429, "").header("Retry-After", "0"),
        (1, "u2") => Reply::text(503, ""),
        (1, "u3") => Reply::hang_up(),
        (1, _) => Reply::json(200, answer).cut_off(100),
        _ => Reply::json(200, answer),
    });
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(statuses(&run), vec!["enrolled looked_up"; 4]);
}

#[test]
fn a_host_that_is_down_is_waited_for_no_longer_than_allowed() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 2);
    server.answer_lookups(|_, _| Reply::text(429, "").header("Retry-After", "60"));
    let output = reconcile(&run, &server, &["--max-outage", "2s"]);
    assert_eq!(output.code, Some(6), "{}", output.stderr);
    assert!(output.stderr.contains("2 users got no answer"), "{}", output.stderr);
    assert_eq!(statuses(&run), vec!["in_doubt no_answer"; 2]);
}

#[test]
fn the_whole_ledger_is_asked_where_no_manifest_is_named_and_statuses_and_limit_narrow_it() {
    let server = Server::new(|asked| match asked.user_id.as_str() {
        "u1" => Reply::result("0842", "Provisional Enroll"),
        _ => Reply::lost(),
    });
    let run = in_doubt(&server, 4);
    let before = std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap();
    let url = server.url();
    let whole = |more: &[&str]| reconcile_with(&run, &server, &[&["--lookup-endpoint", url.as_str()], more].concat());
    assert_eq!(whole(&["--status", "provisional"]).code, Some(0));
    assert_eq!(
        server.lookups().iter().map(|asked| &asked.user_id).collect::<Vec<_>>(),
        ["u1"]
    );
    assert_eq!(whole(&["--status", "in_doubt", "--limit", "1"]).code, Some(0));
    assert_eq!(server.lookups().len(), 2);
    assert_eq!(whole(&[]).code, Some(0));
    assert_eq!(server.lookups().len(), 5);
    assert_eq!(std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap(), before);
    assert_eq!(run.results(&[]).code, Some(0));
    assert_eq!(statuses(&run)[1..], vec!["enrolled looked_up"; 3]);
    assert_eq!(whole(&["-o", "r.csv"]).code, Some(2));
    let unknown = whole(&["--status", "failed"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("enrolled_inferred"), "{}", unknown.stderr);
}

#[test]
fn only_users_of_the_manifest_are_asked_for() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 3);
    run.write(
        "manifest.csv",
        b"user_id,user_created_at,photo\nu2,2021-08-12,p.jpg\nnew,2021-08-12,p.jpg\n",
    );
    // A user who was never sent is pending, as after a run that did not come to it.
    assert_eq!(reconcile(&run, &server, &[]).code, Some(3));
    assert_eq!(
        server.lookups().iter().map(|asked| &asked.user_id).collect::<Vec<_>>(),
        ["u2"]
    );
    assert_eq!(statuses(&run), ["enrolled looked_up", "pending"]);
}

#[test]
fn the_host_is_named_once_and_kept_with_the_ledger() {
    let server = Server::new(|_| Reply::lost());
    let run = in_doubt(&server, 1);
    let nowhere = reconcile_with(&run, &server, &["manifest.csv"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.stderr.contains("--lookup-endpoint"), "{}", nowhere.stderr);
    assert_eq!(reconcile(&run, &server, &[]).code, Some(0));
    assert_eq!(reconcile_with(&run, &server, &["manifest.csv"]).code, Some(0));
    let other = reconcile_with(
        &run,
        &server,
        &["--lookup-endpoint", "http://127.0.0.1:9", "manifest.csv"],
    );
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    assert!(other.stderr.contains(&server.url()), "{}", other.stderr);
}

#[test]
fn it_needs_a_ledger_that_is_there_and_that_nobody_else_holds() {
    let server = Server::success();
    let run = Run::new(&server).rows(1);
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(!run.ledger().exists());
    let local = run.tool(&["reconcile", "--env", "local", "--ledger", "l.db"]);
    assert_eq!(local.code, Some(2), "{}", local.stderr);
}

/// Changes every entry of a history.
fn change(answer: &mut Value, edit: impl Fn(&mut Value)) {
    answer["history"].as_array_mut().unwrap().iter_mut().for_each(edit);
}

/// A thousand users: every tenth answer lost, every twentieth registration decided on later.
#[test]
fn a_thousand_rows_end_as_the_books_say_and_faults_of_the_look_up_never_make_a_false_word() {
    let server = Server::new(|asked| {
        let number: usize = asked.user_id[1..].parse().unwrap();
        match number % 20 {
            3 => Reply::lost(),
            4 if number % 40 == 4 => Reply::hang_up(),
            4 => Reply::result("0001", "Unusable Image").cut_off(20),
            5 => Reply::result("0842", "Provisional Enroll"),
            _ => Reply::success(),
        }
    });
    let run = in_doubt(&server, 1_000);
    for number in (5..=1_000).step_by(20) {
        let code = if number % 40 == 5 { "1240" } else { "1242" };
        server.jobs(&format!("u{number}"), |jobs| {
            jobs[0] = Job {
                code: code.to_owned(),
                ..jobs[0].clone()
            };
        });
    }
    let books = |number: usize| match number % 20 {
        3 => "enrolled",
        4 if number % 40 == 4 => "in_doubt",
        4 => "rejected",
        5 if number % 40 == 5 => "enrolled",
        5 => "rejected",
        _ => "enrolled",
    };
    // A bad night of the look-up: entries that are missing, late, cut off, another user's; and a host that fails.
    server.answer_lookups(|asked, mut answer| {
        let number: usize = asked.user_id[1..].parse().unwrap();
        match number % 7 {
            0 => answer["history"] = json!([]),
            1 => change(&mut answer, |entry| {
                entry["partner_params"]["user_id"] = json!("somebody")
            }),
            2 if asked.nth == 1 && number <= 200 => return Reply::json(200, answer).cut_off(30),
            3 if asked.nth == 1 && number <= 200 => return Reply::text(502, ""),
            4 => change(&mut answer, |entry| entry["result_code"] = json!(null)),
            5 => change(&mut answer, |entry| entry["job_id"] = json!({"odd": true})),
            _ => {}
        }
        Reply::json(200, answer)
    });
    let output = reconcile(&run, &server, &["--max-outage", "1h"]);
    assert!(output.code.is_some(), "{}", output.stderr);
    let is_open = |status: &str| ["in_doubt", "provisional"].contains(&status);
    for (number, found) in (1..).zip(statuses(&run)) {
        let status = found.split(' ').next().unwrap();
        assert!(status == books(number) || is_open(status), "u{number}: {found}");
    }
    server.answer_lookups(|_, answer| Reply::json(200, answer));
    let output = reconcile(&run, &server, &[]);
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    for (number, found) in (1..).zip(statuses(&run)) {
        assert_eq!(found.split(' ').next().unwrap(), books(number), "u{number}: {found}");
    }
}

/// The simulator as a rehearsal has it: answers get lost, persons decide later, the look-up fails, its clock is ahead.
#[test]
fn a_bad_night_with_the_simulator_is_cleared_up_by_asking() {
    let run = Run::bare().rows(100);
    let options = [
        "--fail-rate",
        "0.3",
        "--provisional-rate",
        "0.2",
        "--lookup-fail-rate",
        "0.2",
    ];
    let running = run.spawn(&[&["simulator", "--port", "0", "--clock-ahead", "1h"], &options[..]].concat());
    let said = running.wait_stderr("until stopped");
    let url = said.lines().next().unwrap().to_owned();
    run.write("key.txt", b"simulator-key-not-a-secret");
    let account = [
        "--endpoint",
        url.as_str(),
        "--partner-id",
        "085",
        "--api-key-file",
        "key.txt",
    ];
    let once = [
        "--retries",
        "0",
        "--max-failures",
        "1000",
        "--progress",
        "none",
        "manifest.csv",
    ];
    let first = run.tool(&[&account[..], &once[..]].concat());
    assert!(matches!(first.code, Some(3 | 4)), "{}", first.stderr);
    let before = statuses(&run);
    let asked = ["--lookup-endpoint", url.as_str(), "--rate", "1000/s", "manifest.csv"];
    for _ in 0..3 {
        run.tool(&[&["reconcile"], &account[..], &asked[..]].concat());
    }
    let count = |word: &str, rows: &[String]| rows.iter().filter(|row| row.contains(word)).count();
    let after = statuses(&run);
    assert!(
        count("in_doubt", &before) > 0 && count("provisional", &before) > 0,
        "{before:?}"
    );
    assert!(count("enrolled looked_up", &after) > 0, "{after:?}");
    assert!(count("decided_later", &after) > 0, "{after:?}");
    // Where the history was late three times, and where nothing was enrolled, a doubt stays; what was known is kept.
    assert!(
        count("provisional", &after) < count("provisional", &before),
        "{after:?}"
    );
    let kept = before
        .iter()
        .zip(&after)
        .filter(|(before, _)| before.as_str() == "enrolled");
    assert!(
        kept.clone().count() > 0 && kept.clone().all(|(before, after)| before == after),
        "{after:?}"
    );
}
