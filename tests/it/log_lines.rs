//! What a run says while it goes on: the same in text and in JSON.

use serde_json::{Value, json};

use crate::harness::{Finished, Reply, Run, Server, padded};

/// The objects on stderr with this name; every line has to be one.
fn events(finished: &Finished<'_>, event: &str) -> Vec<Value> {
    let lines = finished.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["event"] == event).collect()
}

#[test]
fn why_the_server_refuses_is_said_in_text_and_json_even_when_quiet() {
    let date = "Mon, 13 Feb 2023 15:07:42 GMT";
    let refusal = Reply::error("2205", "You are not authorized to do that.").header("Date", date);
    let server = Server::new(move |_| refusal.clone());
    let run = Run::new(&server).rows(1);
    let said = [
        "the API refused the credentials (HTTP 400, code 2205, You are not authorized to do that.)",
        "ahead of the server's",
        "sandbox and production have different keys",
    ];
    run.go().code(5).says(&said);
    run.go_with(&["-q"]).code(5).says(&said);
    for options in [&["--log-format", "json"][..], &["--log-format", "json", "-q"]] {
        let mut finished = run.go_with(options);
        finished.code(5);
        let ended = events(&finished, "ended");
        let why = ended[0]["why"].as_str().unwrap();
        assert!(said.iter().all(|said| why.contains(said)), "{why}");
        assert_eq!(ended[0]["next"], "fix the credentials");
        let refused = events(&finished, "refused");
        assert_eq!(refused.is_empty(), options.contains(&"-q"));
        for refused in refused {
            assert_eq!(refused["advice"], why);
            assert_eq!(
                (&refused["refusal"], &refused["result_code"], &refused["http_status"]),
                (&json!("credentials_refused"), &json!("2205"), &json!(400))
            );
            assert!(refused["clock_ahead_s"].as_i64().unwrap() < -60, "{refused}");
        }
    }
}

/// What a run of seven large photos says.
fn seven_large_photos(options: &[&str], judge: impl FnOnce(&Finished<'_>)) {
    let server = Server::success();
    let photos = (1..=7).map(|number| format!("u{number},2021-08-12,p{number}.jpg\n"));
    let rows = photos.collect::<String>();
    let mut run = Run::new(&server).manifest(&format!("user_id,user_created_at,photo\n{rows}"));
    for number in 1..=7 {
        run = run.file(&format!("p{number}.jpg"), &padded(4_500_000 + number));
    }
    let mut finished = run.go_with(options);
    finished.code(0);
    judge(&finished);
}

#[test]
fn large_photos_are_warned_of_in_text_and_json() {
    seven_large_photos(&[], |text| {
        let warning = " bytes; above 4,500,000 a gateway may refuse it\n";
        assert_eq!(text.stderr.matches(warning).count(), 5, "{}", text.stderr);
        let more = "warning: 2 more rows with a photo of more than 4,500,000 bytes\n";
        assert!(text.stderr.contains(more), "{}", text.stderr);
    });
    seven_large_photos(&["--log-format", "json"], |json| {
        let found = events(json, "large_photo");
        let mut rows: Vec<_> = found.iter().map(|line| line["row"].as_u64()).collect();
        rows.sort_unstable();
        assert_eq!(rows, (1..=7).map(Some).collect::<Vec<_>>());
    });
    seven_large_photos(&["-q"], |quiet| assert_eq!(quiet.stderr, ""));
}

#[test]
fn a_level_tells_what_it_says_and_every_line_carries_its_own() {
    let server = Server::script([("no_face", vec![Reply::result("0941", "Face Not Found")])]);
    let run = Run::new(&server).users(["a", "no_face"]);
    for (level, attempts, finished) in [("warn", 0, 1), ("info", 0, 0), ("debug", 0, 0)] {
        let mut done = run.go_with(&["--log-format", "json", "--log-level", level]);
        done.code(1);
        let lines = events(&done, "ended");
        assert_eq!(
            (lines[0]["level"].as_str(), &lines[0]["exit_code"]),
            (Some("warn"), &json!(1))
        );
        assert_eq!(events(&done, "finished").len(), finished, "{level}");
        assert_eq!(events(&done, "attempt").len(), attempts, "{level}");
    }
    let run = Run::new(&server).users(["b"]);
    let mut done = run.go_with(&["--log-format", "json", "--log-level", "warn"]);
    let said = done.stderr.clone();
    done.code(0).equal("a run that is well", &said, "");
    let run = Run::new(&server).users(["c"]).set("--api-key-file", "none.txt");
    let mut done = run.go_with(&["--log-format", "json"]);
    done.code(2);
    let errors = events(&done, "error");
    assert_eq!(
        (&errors[0]["exit_code"], &errors[0]["level"]),
        (&json!(2), &json!("error"))
    );
    assert_eq!(errors[0]["run_id"].as_str().unwrap().len(), 36);
}

#[test]
fn a_change_of_the_weather_is_a_line_at_once() {
    let busy = Reply::text(429, "").header("Retry-After", "1");
    let server = Server::in_order([busy]);
    let run = Run::new(&server).rows(1);
    run.go().code(0).says(&["throttled: nothing is sent for 1 s"]);
}
