//! A marked key, and marked photos, through every command and every failure that can be provoked, at the loudest.
//!
//! The harness looks for key, signatures and photos in every output and file after each run; here is what makes
//! them appear if anything does.

use crate::harness::{Asked, Finished, KEY, Reply, Run, Server, padded, png};

/// Every kind of end that an attempt can come to, by the row's number.
fn every_answer(asked: &Asked) -> Reply {
    match asked.user_id.trim_start_matches('u').parse::<u32>().unwrap_or(0) % 14 {
        1 => Reply::lost(),
        2 => Reply::hang_up(),
        3 => Reply::close_early(),
        4 => Reply::success().cut_off(30),
        5 => Reply::text(
            500,
            &format!("echo {} {}", asked.field("signature"), asked.field("photo")),
        ),
        6 => Reply::error("2213", "\u{1b}]0;title\u{7}=cmd|' /C calc'!A0"),
        7 => Reply::text(200, "<html>"),
        8 => Reply::success().edit(|body| body["PartnerParams"]["user_id"] = "somebody".into()),
        9 => Reply::success().edit(|body| body["signature"] = "d3Jvbmc=".into()),
        10 => Reply::result("0941", "@no face"),
        11 => Reply::error("2222", "slow").status(429).header("Retry-After", "0"),
        12 => Reply::text(400, "gateway"),
        _ => Reply::success(),
    }
}

fn loud<'a>(server: &'a Server) -> Run<'a> {
    Run::new(server).rows(28).flag("-v").set("--retries", "1")
}

/// Nothing that a terminal or a spreadsheet would act on.
fn harmless(finished: &mut Finished<'_>) {
    let stderr = finished.stderr.clone();
    finished.check(
        !stderr.contains('\u{1b}') && !stderr.contains('\u{7}'),
        "a control character on stderr",
    );
    for column in ["result_text", "result_code", "confidence"] {
        let formula = finished
            .results
            .iter()
            .any(|row| row[column].starts_with(['=', '+', '-', '@']));
        finished.check(!formula, &format!("{column} holds a formula"));
    }
}

#[test]
fn no_answer_and_no_failure_brings_a_secret_to_light() {
    for format in ["text", "json"] {
        let server = Server::new(every_answer);
        let run = loud(&server).set("--log-format", format).set("--max-outage", "200ms");
        harmless(&mut run.go());
        harmless(&mut run.go());
    }
}

#[test]
fn no_refusal_of_the_key_shows_it() {
    for status in [401, 402, 403, 404, 302] {
        let server = Server::new(move |asked| Reply::text(status, asked.field("signature")));
        harmless(&mut loud(&server).go());
    }
    let server = Server::new(|asked| Reply::error("2205", asked.field("signature")));
    harmless(loud(&server).go().code(5).says(&["2205", "[redacted]"]));
    let server = Server::new(|asked| Reply::error("2213", &format!("bad photo: {}", asked.field("photo"))));
    harmless(loud(&server).set("--limit", "3").go().code(10));
}

#[test]
fn no_bad_photo_and_no_bad_key_file_is_quoted() {
    let server = Server::success();
    let half = png(7)[..40].to_vec();
    let run = loud(&server).file("p.jpg", &half);
    run.go().code(1);
    run.write("p.jpg", &padded(5_000_001));
    run.go().code(1);
    for key in [
        format!("{KEY} {KEY}\n"),
        format!("{KEY}\n{KEY}\n"),
        format!("{KEY}\u{0}"),
    ] {
        run.write("key.txt", key.as_bytes());
        let output = run.start().wait();
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        assert!(!output.stderr.contains(KEY), "{}", output.stderr);
    }
}

#[test]
fn the_other_commands_have_nothing_to_tell() {
    let server = Server::success();
    let run = loud(&server)
        .env("SMILE_API_KEY", KEY)
        .env("SMILE_SANDBOX_API_KEY", KEY);
    run.go().code(0);
    let ledger = run.ledger().display().to_string();
    let commands: [&[&str]; 6] = [
        &["check", "manifest.csv"],
        &["results", "--ledger", &ledger, "manifest.csv"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["-V"],
    ];
    for command in commands {
        let output = run.tool(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
        assert!(!said.contains(KEY), "{command:?}: {said}");
        assert_eq!(output.code, Some(0), "{command:?}: {}", output.stderr);
    }
}

/// Memory holds what no file may: the system is told to write none of it when the process crashes.
#[test]
#[cfg(target_os = "linux")]
fn a_crash_leaves_no_dump_of_memory() {
    let folder = Run::bare();
    let running = folder.spawn(&["simulator", "--port", "0"]);
    running.wait_stderr("until stopped");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let limit = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<_> = limit.split_whitespace().skip(4).take(2).collect();
    assert_eq!(words, ["0", "0"], "{limit}");
}
