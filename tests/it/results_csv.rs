//! The results file: its columns, its cells, and how it comes to be (contract, section 8).

use chrono::DateTime;
use serde_json::json;

use crate::harness::{Latch, RESULT_COLUMNS, Reply, Run, Server};

#[test]
fn the_columns_follow_the_manifests_own() {
    let server = Server::success();
    let header = lines(&Run::new(&server).rows(1));
    let wanted = "user_id,user_created_at,photo,row,status,reason,http_status,result_code,result_text,smile_job_id,job_id,\
        confidence,attempts,photo_sha256,photo_bytes,sent_at,finished_at,duration_ms,run_id";
    assert_eq!(header[0], wanted);
}

/// Runs, and returns the lines of the results.
fn lines(run: &Run<'_>) -> Vec<String> {
    let done = run.go();
    let text = String::from_utf8(done.raw.clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn times_are_utc_with_milliseconds_and_every_row_names_its_run() {
    let server = Server::success();
    let run = Run::new(&server).rows(2);
    let mut done = run.go();
    done.code(0);
    for row in [1, 2] {
        for column in ["sent_at", "finished_at"] {
            let text = done.get(row, column);
            done.check(text.len() == 24 && text.ends_with('Z'), &format!("{column} is {text}"));
            done.check(
                DateTime::parse_from_rfc3339(&text).is_ok(),
                &format!("{column} is {text}"),
            );
        }
        let took: i64 = done.get(row, "duration_ms").parse().unwrap();
        done.check((0..60_000).contains(&took), "duration_ms");
        let (run_id, wanted) = (
            done.get(row, "run_id"),
            done.summary["run_id"].as_str().unwrap().to_owned(),
        );
        done.equal("run_id", &run_id, &wanted);
    }
}

#[test]
fn rows_that_were_never_sent_have_empty_cells() {
    let server = Server::new(|_| Reply::text(401, ""));
    let run = Run::new(&server).users(["a", " b", "c"]).set("--concurrency", "1");
    let mut done = run.go();
    done.code(5).cell(2, "status", "invalid").cell(2, "attempts", "0");
    for column in [
        "http_status",
        "result_code",
        "photo_sha256",
        "sent_at",
        "finished_at",
        "duration_ms",
        "run_id",
    ] {
        done.cell(2, column, "");
    }
}

#[test]
fn provider_text_is_no_formula_no_control_character_and_not_long() {
    let cases = [
        ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")".to_owned()),
        ("+1", "'+1".into()),
        ("-1", "'-1".into()),
        ("@SUM(A1)", "'@SUM(A1)".into()),
        ("a=b", "a=b".into()),
        (
            "two\nlines\r\n\tand \u{1b}[31mred\u{7}",
            "two\\nlines\\r\\n\\tand \\u{1b}[31mred\\u{7}".into(),
        ),
        ("\u{202e}turned", "\\u{202e}turned".into()),
        ("Größe, \"Maß\"", "Größe, \"Maß\"".into()),
    ];
    let users: Vec<String> = (1..=cases.len()).map(|number| format!("u{number}")).collect();
    let texts = cases.clone();
    let server = Server::new(move |asked| {
        let number: usize = asked.user_id[1..].parse().unwrap();
        Reply::result("0941", texts[number - 1].0)
    });
    let run = Run::new(&server).users(&users);
    let mut done = run.go();
    done.code(1);
    for (row, (_, wanted)) in (1..).zip(&cases) {
        done.cell(row, "result_text", wanted);
    }
    let clean = done
        .stderr
        .chars()
        .all(|character| character == '\n' || !character.is_control());
    done.check(clean, "a control character stands in stderr");
}

#[test]
fn provider_text_is_cut_at_300_characters_in_every_cell() {
    let long = "é".repeat(400);
    let text = long.clone();
    let server = Server::in_order([Reply::result("0941", &long).edit(move |answer| {
        for key in ["SmileJobID", "ConfidenceValue"] {
            answer[key] = json!(text);
        }
        answer["PartnerParams"]["job_id"] = json!(format!("={text}"));
    })]);
    let run = Run::new(&server).rows(1);
    let cut = "é".repeat(300);
    run.go()
        .code(1)
        .cell(1, "result_text", &cut)
        .cell(1, "smile_job_id", &cut)
        .cell(1, "confidence", &cut)
        .cell(1, "job_id", &format!("'={}", "é".repeat(299)));
}

#[test]
fn stdout_gets_the_results_once_in_order_and_nothing_else() {
    let server = Server::success();
    let run = Run::new(&server).rows(30).set("-o", "-").flag("-v");
    let mut done = run.go();
    done.code(0).all("enrolled");
    let lines = String::from_utf8(done.stdout.clone()).unwrap();
    done.equal("lines", &lines.lines().count().to_string(), "31");
    assert!(!run.path("manifest.sandbox.results.csv").exists() && !run.path("-").exists());
}

#[test]
fn without_a_dash_stdout_stays_empty() {
    let server = Server::success();
    for more in [["-v"], ["-q"], ["--log-format=json"]] {
        let done = Run::new(&server).rows(2);
        let done = done.go_with(&more);
        assert!(done.stdout.is_empty(), "{more:?}");
    }
}

#[test]
fn a_reader_that_closes_the_pipe_early_does_not_cut_the_run_short() {
    let server = Server::success();
    // More than a pipe holds.
    let run = Run::new(&server)
        .rows(400)
        .set("-o", "-")
        .without("--summary")
        .nobody_reads_stdout();
    run.go().code(0);
    assert_eq!(server.held().len(), 400);
}

#[test]
fn finished_rows_can_be_followed_and_the_end_is_put_in_place_by_rename() {
    let latch = Latch::new();
    let later = latch.clone();
    let server = Server::new(move |asked| match asked.order {
        3 => Reply::success().after(&later),
        _ => Reply::success(),
    });
    let run = Run::new(&server).users(["u1", "u3", " bad", "u2"]);
    let earlier = format!("of an earlier day,{}\n", RESULT_COLUMNS.join(","));
    run.write("manifest.sandbox.results.csv", earlier.as_bytes());
    let running = run.start();
    server.wait_for(3);
    let held = server.requests()[2].user_id.clone();
    let path = run.path("manifest.sandbox.results.csv");
    let text = wait_for_lines(&path, 4);
    assert!(text.ends_with('\n') && !text.contains(&held), "{text}");
    let followed = std::fs::File::open(&path).unwrap();
    latch.release();
    run.finish(running)
        .code(1)
        .rows(["enrolled", "enrolled", "invalid bad_user_id", "enrolled"]);
    let replaced = same_file::Handle::from_file(followed).unwrap() != same_file::Handle::from_path(&path).unwrap();
    assert!(replaced, "the file was written in place");
}

/// Reads the file until it has so many whole lines.
fn wait_for_lines(path: &std::path::Path, lines: usize) -> String {
    let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
    loop {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.is_empty() || text.starts_with("user_id,") || text.starts_with("of an"),
            "half a file: {text}"
        );
        if text.lines().count() >= lines && text.starts_with("user_id,") {
            return text;
        }
        assert!(std::time::Instant::now() < deadline, "{text}");
        std::thread::yield_now();
    }
}

#[test]
fn results_that_cannot_be_written_stop_the_run_before_anything_is_sent() {
    let server = Server::success();
    let run = Run::new(&server)
        .rows(2)
        .set("--results", "no/such/folder/r.csv")
        .without("--summary");
    run.go().code(7).says(&["no/such/folder/r.csv"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn results_are_written_again_byte_for_byte() {
    let server = Server::script([
        ("u2", vec![Reply::result("0941", "=No face")]),
        ("u3", vec![Reply::hang_up()]),
    ]);
    let run = Run::new(&server)
        .users(["u1", "u2", "u3", "", "u1"])
        .set("--retries", "0");
    let done = run.go();
    let before = done.raw.clone();
    drop(done);
    let path = run.path("manifest.sandbox.results.csv");
    std::fs::remove_file(&path).unwrap();
    let output = run.results(&[]);
    assert_eq!((output.code, output.stdout.len()), (Some(0), 0), "{}", output.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let output = run.results(&["-o", "-"]);
    assert_eq!(output.stdout, before);
    let output = run.tool(&["results", "--ledger", "none.db", "manifest.csv"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(!run.path("none.db").exists());
    assert_eq!(server.count(), 3);
}

#[cfg(unix)]
#[test]
fn results_go_into_a_pipe_without_taking_its_place() {
    use std::os::unix::fs::FileTypeExt;
    let run = Run::bare().rows(3);
    let pipe = run.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let path = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(path).unwrap());
    let output = run.tool(&["--env", "local", "-o", "pipe", "manifest.csv"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
    assert_eq!(reader.join().unwrap().lines().count(), 4);
}
