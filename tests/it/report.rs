//! The report: one page for people, whole in itself, whatever the run was (contract, section 10).

use sha2::{Digest, Sha256};

use crate::harness::{Asked, KEY, Latch, Reply, Run, Server, base64, jpeg};

/// The page of a run.
fn page(run: &Run<'_>) -> String {
    std::fs::read_to_string(run.path("report.html")).unwrap()
}

/// The page without tags and with single spaces, as somebody reads it.
fn read(run: &Run<'_>) -> String {
    let mut text = String::new();
    for part in page(run).split('<').skip(1) {
        let (_, shown) = part.split_once('>').unwrap();
        text += shown;
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reported<'a>(server: &'a Server) -> Run<'a> {
    Run::new(server).set("--report", "report.html")
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn it_says_what_happened_why_and_what_to_do() {
    let server = Server::script([
        ("no_face_1", vec![Reply::result("0941", "No face")]),
        ("lost_user", vec![Reply::lost()]),
    ]);
    let run = reported(&server).users(["enrolled_1", "no_face_1", "lost_user", "bad id ", "enrolled_2"]);
    run.go().code(1).says(&["report:  report.html"]);
    let text = read(&run);
    holds(
        &text,
        &[
            "3 of 5 rows settled; 1 rejected, 1 invalid",
            "exit code 1. Some rows are rejected or invalid. Fix the data.",
            "no_face_found",
            "The API found no face in the photo (code 0941).",
            "Take another photo",
            "2 (3) no… No face",
            "white space at its ends is the usual cause",
            "5 requests were sent, 1 of them not the first of its row",
            "Of 1 user an answer was lost",
            "a repeat was told that the user is enrolled",
            "Time to answer: p50 ",
            "JPEG",
            "This is the first one.",
        ],
    );
    // The next run finds the first among those of its ledger.
    run.go().code(1);
    holds(
        &read(&run),
        &["3 rows had been settled by earlier runs", "(this run)", "exit 1"],
    );
}

#[test]
fn a_run_of_some_seconds_has_charts_with_a_text_for_each() {
    let server = Server::new(|asked| match asked.order {
        1..6 => Reply::success(),
        6 => Reply::error("2222", "slow").status(429).header("Retry-After", "1"),
        _ => Reply::success(),
    });
    let run = reported(&server).rows(9).set("--rate", "20/s");
    run.go().code(0);
    let page = page(&run);
    for title in ["Rows a second", "Time to answer", "Requests in flight"] {
        holds(&page, &[&format!("role=\"img\" aria-label=\"{title} over 1.")]);
    }
    holds(&page, &["class=\"strip\"", "class=\"line p99\" d=\"M"]);
    holds(
        &read(&run),
        &[
            "The run was held back for ",
            "throttled for ",
            "The same as numbers",
            "not processed throttled 1",
        ],
    );
}

#[test]
fn nothing_of_it_comes_from_elsewhere_and_nothing_of_it_runs() {
    let server = Server::success();
    let run = reported(&server).rows(3);
    run.go().code(0);
    let page = page(&run);
    holds(
        &page,
        &[
            "<!DOCTYPE html>",
            "<html lang=\"en\">",
            "default-src 'none'",
            "prefers-color-scheme: dark",
            "@media print",
        ],
    );
    for part in [
        "<script",
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        " style=\"",
        " onload=\"",
        " onclick=\"",
        "javascript:",
        "http:",
    ] {
        assert!(!page.replace(&server.url(), "").contains(part), "{part}");
    }
    // A style sheet that the policy does not know by its hash would not be used.
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = base64(&Sha256::digest(style));
    holds(&page, &[&format!("style-src 'sha256-{hash}'")]);
}

#[test]
fn text_from_elsewhere_is_text_and_users_are_masked_unless_asked_for() {
    let user = "<script>alert(1)</script>";
    let said = |asked: &Asked| format!("<img src=x onerror=alert(2)> for {}", asked.user_id);
    let server = Server::new(move |asked| Reply::result("0941", &said(asked)));
    let run = reported(&server).users([user, "12345"]).set("--max-failures", "9");
    run.go().code(1);
    let masked = page(&run);
    assert!(
        !masked.contains("alert(1)") && !masked.contains("<img") && !masked.contains("12345<"),
        "{masked}"
    );
    holds(&masked, &["&lt;s…", "onerror=alert(2)&gt; for &lt;s…"]);
    let run = run.set("--report-ids", "full");
    run.go_with(&["--ledger", "other.db"]).code(1);
    let full = page(&run);
    assert!(!full.contains("<script") && !full.contains("<img"), "{full}");
    holds(&full, &["&lt;script&gt;alert(1)&lt;/script&gt;", ">12345<"]);
}

#[test]
fn it_stays_small_whatever_the_rows_and_the_answers_are() {
    let server = Server::new(|asked| {
        let code = format!("09{:02}", asked.order % 60);
        Reply::result(&code, &"<&\"'".repeat(75))
    });
    let users = (0..900).map(|number| format!("{number}{}", "<".repeat(250)));
    let run = reported(&server)
        .users(users)
        .set("--report-ids", "full")
        .set("--max-failures", "10000");
    run.go().code(1);
    let size = page(&run).len();
    assert!((100_000..1_000_000).contains(&size), "{size}");
    holds(&read(&run), &["more causes with"]);
}

#[test]
fn it_is_private_holds_no_secret_and_is_written_however_the_run_ends() {
    let server = Server::new(|_| Reply::error("2205", "You are not authorized to do that."));
    let run = reported(&server).rows(3).file("report.html", b"an earlier one");
    run.go().code(5);
    let text = read(&run);
    holds(
        &text,
        &[
            "0 of 3 rows settled; 3 pending",
            "Stopped (credentials_refused)",
            "exit code 5",
        ],
    );
    assert!(!page(&run).contains(KEY));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(run.path("report.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_run_that_never_began_leaves_no_earlier_page() {
    let server = Server::success();
    let run = reported(&server).rows(1).set("--env", "production");
    run.write("report.html", b"an earlier one");
    run.go().code(2);
    holds(
        &read(&run),
        &[
            "The run ended before its first row",
            "configuration",
            "exit code 2",
            "--yes",
        ],
    );
    let run = reported(&server).manifest("user_id,photo\n");
    run.go().code(9);
    holds(&read(&run), &["manifest_unusable", "user_created_at"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn it_takes_no_other_files_place() {
    let server = Server::success();
    for (report, what) in [
        ("manifest.csv", "is the manifest itself"),
        ("summary.json", "--summary and --report name the same file"),
        (
            "manifest.sandbox.results.csv",
            "--results and --report name the same file",
        ),
        ("key.txt", "--api-key-file and --report name the same file"),
    ] {
        let run = Run::new(&server).rows(1).set("--report", report);
        let before = std::fs::read(run.path(report)).ok();
        run.go().code(2).says(&[what]);
        assert!(
            report == "summary.json" || std::fs::read(run.path(report)).ok() == before,
            "{report}"
        );
    }
    let run = Run::new(&server).rows(1).set("--report", "no/such/folder.html");
    run.go().code(7).says(&["error: report \"no/such/folder.html\": "]);
    let run = run.set("--report", "folder");
    std::fs::create_dir(run.path("folder")).unwrap();
    run.go().code(2).says(&["error: report \"folder\": ", "directory"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_page_that_cannot_be_written_costs_the_exit_code_and_nothing_else() {
    let latch = Latch::new();
    let server = Server::in_order([Reply::success().after(&latch), Reply::success()]);
    let run = reported(&server).rows(2);
    let running = run.start();
    server.wait_for(1);
    std::fs::create_dir(run.path("report.html")).unwrap();
    latch.release();
    run.finish(running)
        .code(7)
        .all("enrolled")
        .says(&["error: report \"report.html\": "]);
}

#[test]
fn a_photo_may_not_name_it() {
    let server = Server::success();
    let run = reported(&server)
        .file("report.html", &jpeg())
        .manifest("user_id,user_created_at,photo\nu1,2021-08-12,report.html\n");
    run.go().code(1).all("invalid photo_is_a_run_file");
    assert_eq!(server.count(), 0);
}
