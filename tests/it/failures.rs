//! The failures file: what it holds, how it comes back as the next manifest, and which file it may replace.

use crate::harness::{Reply, Run, Server, png};

const FAILURES: &str = "manifest.sandbox.failures.csv";
const HEADER: &str = "user_id,user_created_at,photo";
const OURS: &str = "row,line,status,reason,explanation";

fn success() -> Server {
    Server::new(|_| Reply::success())
}

fn read(run: &Run<'_>, name: &str) -> Option<String> {
    std::fs::read_to_string(run.path(name)).ok()
}

/// Users that a spreadsheet would make something else of.
const USERS: [&str; 7] = ["007", "1E5", "3-4", "=1+1", "'x", "12345678901234567890", "demo_01"];

/// Their rows, each with a photo of its own and this date.
fn rows(date: &str) -> String {
    let rows = USERS.iter().enumerate();
    rows.map(|(index, user)| format!("{user},{date},p{index}.png\n"))
        .collect()
}

fn with_photos(mut run: Run<'_>) -> Run<'_> {
    for index in 0..USERS.len() {
        run = run.file(&format!("p{index}.png"), &png(index as u8));
    }
    run
}

#[test]
fn a_failures_file_is_byte_for_byte_this() {
    let server = Server::new(|asked| match asked.user_id.as_str() {
        "rejected" => Reply::error("0941", "No Face Found"),
        _ => Reply::success(),
    });
    let text =
        format!("{HEADER},note\nrejected,2021-08-12,p.jpg,\"a\nb\"\n007,2021-02-30,p.jpg,=x\nu3,2021-08-12,p.jpg,\n");
    let run = Run::new(&server).manifest(&text);
    let mut finished = run.go();
    finished
        .code(1)
        .rows(["rejected no_face_found", "invalid bad_date", "enrolled"]);
    finished.says(&["\nfailures: manifest.sandbox.failures.csv\n"]);
    finished.summary("/failures", FAILURES);
    let wanted = format!(
        "\u{feff}{HEADER},note,{OURS}\r\n\
         rejected,'2021-08-12,p.jpg,\"a\nb\",1,2,rejected,no_face_found,The API found no face in the photo (code 0941). \
         The API said: No Face Found.\r\n\
         '007,'2021-02-30,p.jpg,'=x,2,4,invalid,bad_date,\"user_created_at has no accepted form, or there is no such day, \
         time of day or offset. In this row: \"\"2021-02-30\"\": no such day, time of day or offset exists.\"\r\n"
    );
    finished.equal("failures", &read(&run, FAILURES).unwrap_or_default(), &wanted);
}

#[test]
fn corrected_it_is_the_next_manifest_under_the_same_ledger() {
    for saved in [
        str::to_owned,
        |text: &str| text.replace("\r\n", "\n"),
        |text: &str| text.replace('\u{feff}', ""),
    ] {
        let server = success();
        let good = "good,2021-08-12,p.jpg\n";
        let run = with_photos(Run::new(&server)).manifest(&format!("{HEADER}\n{good}{}", rows("12/08/2021")));
        run.go().code(1);
        let failures = read(&run, FAILURES).unwrap();
        run.write(
            FAILURES,
            saved(&failures.replace("'12/08/2021", "'2021-08-12")).as_bytes(),
        );
        let corrected = read(&run, FAILURES);
        let run = run.named(FAILURES);
        let mut finished = run.go();
        finished.code(0).all("enrolled");
        for (index, user) in USERS.iter().enumerate() {
            finished.cell(index + 1, "user_id", user);
            finished.cell(index + 1, "user_created_at", "2021-08-12");
        }
        drop(finished);
        let held = server.held();
        let mut users: Vec<&str> = held.keys().map(String::as_str).filter(|user| *user != "good").collect();
        users.sort_unstable();
        let mut wanted = USERS;
        wanted.sort_unstable();
        assert_eq!(users, wanted);
        assert_eq!(read(&run, FAILURES), corrected, "a run wrote over its own manifest");
        // And so is the whole of the first manifest, once it is correct: nobody is sent again.
        let count = server.count();
        let run = run
            .named("manifest.csv")
            .manifest(&format!("{HEADER}\n{good}{}", rows("2021-08-12")));
        run.go().code(0).all("enrolled");
        assert_eq!(server.count(), count);
        assert_eq!(read(&run, FAILURES), None, "failures stay beside a run that has none");
    }
}

#[test]
fn failures_of_failures_have_the_cells_of_the_first_manifest() {
    let server = success();
    let run = with_photos(Run::new(&server)).manifest(&format!("{HEADER}\n{}", rows("12/08/2021")));
    run.go().code(1);
    let first = read(&run, FAILURES).unwrap();
    let run = run.named(FAILURES);
    run.go().code(1).all("invalid bad_date");
    let second = read(&run, "manifest.sandbox.failures.sandbox.failures.csv").unwrap();
    assert_eq!(second, first, "own cells, rows and lines are the same");
}

#[test]
fn a_malformed_row_stays_so_until_its_reason_is_taken_away() {
    let server = success();
    let run = Run::new(&server).manifest(&format!("{HEADER}\nu1,2021-08-12\nu2,2021-08-12,p.jpg\n"));
    run.go().code(1);
    let failures = read(&run, FAILURES).unwrap();
    let completed = failures.replace("u1,'2021-08-12,,", "u1,'2021-08-12,p.jpg,");
    assert_ne!(completed, failures);
    run.write(FAILURES, completed.as_bytes());
    let run = run.named(FAILURES);
    run.go().code(1).all("invalid wrong_field_count");
    run.write(FAILURES, completed.replace("wrong_field_count", "").as_bytes());
    run.go().code(0).all("enrolled");
}

#[test]
fn rows_that_were_not_tried_are_no_failures_and_are_had_for_the_asking() {
    let server = success();
    let run = Run::new(&server).set("--limit", "1").users(["u1", "u2", "u3"]);
    let mut finished = run.go();
    finished.code(10).rows(["enrolled", "pending", "pending"]);
    finished.equal("failures", &format!("{:?}", read(&run, FAILURES)), "None");
    finished.summary("/failures", serde_json::Value::Null);
    let output = run.results(&["--status", "pending,in_doubt", "-o", "-"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |user, row, line| {
        format!(
            "{user},'2021-08-12,p.jpg,{row},{line},pending,,\"Not tried, or the run stopped before it was done.\"\r\n"
        )
    };
    assert_eq!(
        text,
        format!("\u{feff}{HEADER},{OURS}\r\n{}{}", line("u2", 2, 3), line("u3", 3, 4))
    );
}

#[test]
fn results_by_status_are_what_the_run_left_and_go_beside_the_manifest() {
    let server = success();
    let run = Run::new(&server).users(["u1", " u2"]);
    run.go().code(1);
    let left = read(&run, FAILURES).unwrap();
    std::fs::remove_file(run.path(FAILURES)).unwrap();
    let output = run.results(&["--status", "invalid", "--status", "rejected"]);
    assert_eq!(
        (output.code, read(&run, FAILURES)),
        (Some(0), Some(left)),
        "{}",
        output.stderr
    );
    assert_eq!(output.stderr, format!("1 row written to {FAILURES}\n"));
    let output = run.results(&["--status", "provisional"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(read(&run, FAILURES), Some(format!("\u{feff}{HEADER},{OURS}\r\n")));
    // Results are no failures: they are not replaced by such.
    let results = read(&run, "manifest.sandbox.results.csv");
    let output = run.results(&["--status", "invalid", "-o", "manifest.sandbox.results.csv"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert_eq!(read(&run, "manifest.sandbox.results.csv"), results);
}

#[test]
fn a_status_that_is_none_is_told_with_those_that_are() {
    let server = success();
    let run = Run::new(&server).users(["u1"]);
    run.go().code(0);
    let output = run.results(&["--status", "invalid,Rejected"]);
    assert_eq!(output.code, Some(2));
    let known =
        "enrolled, enrolled_inferred, provisional, already_enrolled, rejected, invalid, failed, in_doubt, pending";
    let says = format!("--status \"Rejected\" is no status; the statuses are {known}");
    assert!(output.stderr.contains(&says), "{}", output.stderr);
}

#[test]
fn columns_of_the_manifest_come_back_under_their_names_and_ours_are_told_apart() {
    let server = success();
    let text = "Status,user_id,user_created_at,photo,row\nold,u1,2021-08-12,p.jpg,x\nold,u2,bad,p.jpg,y\n";
    let run = Run::new(&server).manifest(text);
    run.go().code(1).rows(["enrolled", "invalid bad_date"]);
    let results = read(&run, "manifest.sandbox.results.csv").unwrap();
    let own = "Status,user_id,user_created_at,photo,row";
    assert!(
        results.starts_with(&format!(
            "{own},image_enroll_row,image_enroll_status,reason,http_status,"
        )),
        "{results}"
    );
    let failures = read(&run, FAILURES).unwrap();
    let ours = "image_enroll_row,line,image_enroll_status,reason,explanation";
    assert!(
        failures.starts_with(&format!("\u{feff}{own},{ours}\r\nold,u2,bad,p.jpg,y,2,3,invalid,")),
        "{failures}"
    );
    // Results of results and of failures have no more columns than the first.
    for name in ["manifest.sandbox.results.csv", FAILURES] {
        let again = Run::new(&server)
            .named(name)
            .file(name, read(&run, name).unwrap().as_bytes());
        let mut finished = again.go();
        let header = finished.header.join(",");
        finished
            .code(1)
            .equal("header", &header, results.lines().next().unwrap());
    }
}

#[test]
fn a_file_that_is_no_failures_file_is_neither_replaced_nor_removed() {
    let server = success();
    for (users, name) in [("u1", FAILURES), (" u1", FAILURES), (" u1", "f.csv")] {
        let run = Run::new(&server).users([users]).file(name, b"my own notes\n");
        let run = if name == FAILURES {
            run
        } else {
            run.set("--failures", name)
        };
        let count = server.count();
        run.go()
            .code(2)
            .says(&["it is not an earlier failures file", "--failures", "--force"]);
        assert_eq!(
            (server.count(), read(&run, name).unwrap()),
            (count, "my own notes\n".to_owned())
        );
        run.go_with(&["--force"]).code(if users == "u1" { 0 } else { 1 });
        let is_kept = read(&run, name).unwrap() == "my own notes\n";
        assert_eq!(is_kept, users == "u1", "only failures take its place");
    }
}

#[test]
fn a_file_that_a_spreadsheet_has_saved_in_its_own_way_is_still_one_of_ours() {
    let server = success();
    let run = Run::new(&server).users([" u1"]);
    run.go().code(1);
    let saved = read(&run, FAILURES).unwrap().replace(',', ";");
    run.write(FAILURES, saved.as_bytes());
    run.users(["u1"]).go().code(0);
}

#[test]
fn columns_behind_ours_are_refused_since_the_cells_could_not_be_trusted() {
    let server = success();
    let text = format!("{HEADER},{OURS},comment\n'007,'2021-08-12,p.jpg,1,2,invalid,bad_date,x,y\n");
    Run::new(&server)
        .manifest(&text)
        .go()
        .code(9)
        .says(&["line 1: there are columns behind row, line, status"]);
}

#[test]
fn the_failures_have_a_place_of_their_own() {
    let server = success();
    let run = Run::new(&server).users([" u1"]).set("--failures", "f.csv");
    run.go().code(1).says(&["\nfailures: f.csv\n"]);
    assert!(read(&run, "f.csv").is_some() && read(&run, FAILURES).is_none());
    for (name, says) in [
        ("manifest.csv", "--failures \"manifest.csv\" is the manifest itself"),
        ("l.db", "--ledger and --failures name the same file"),
        (
            "manifest.sandbox.results.csv",
            "--results and --failures name the same file",
        ),
        ("-", "--failures names a file"),
        ("none/f.csv", "failures \"none/f.csv\""),
    ] {
        let run = Run::new(&server)
            .users(["u1"])
            .set("--ledger", "l.db")
            .set("--failures", name);
        let mut finished = run.go();
        let code = finished.code;
        finished.says(&[says]).check(code != 0, "an exit code of success");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_manifest_from_a_pipe_has_failures_only_where_a_place_is_named() {
    let server = success();
    let text = format!("{HEADER}\n u1,2021-08-12,p.jpg\n");
    for named in [false, true] {
        let run = Run::new(&server).named("-").stdin(text.as_bytes());
        let run = run.set("-o", "r.csv").set("--ledger", "l.db").set("--photo-root", ".");
        let run = if named { run.set("--failures", "f.csv") } else { run };
        run.go().code(1);
        assert_eq!(read(&run, "f.csv").is_some(), named);
        let others = std::fs::read_dir(run.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert!(
            !others
                .into_iter()
                .any(|name| name.to_string_lossy().contains("failures"))
        );
    }
}
