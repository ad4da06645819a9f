//! Dates as programs print them, and the two flags that say how a column of dates is read (contract, section 3).

use crate::harness::{Run, Server};

/// Users `d0`, `d1`, … with these dates.
fn with_dates<'a>(server: &'a Server, dates: &[&str]) -> Run<'a> {
    let rows = dates.iter().enumerate();
    let rows = rows.map(|(n, date)| format!("d{n},\"{date}\",p.jpg\n"));
    Run::new(server).manifest(&format!("user_id,user_created_at,photo\n{}", rows.collect::<String>()))
}

/// What was sent as the date of each user.
fn sent(server: &Server, users: usize) -> Vec<String> {
    let requests = server.requests();
    let of = |user: String| {
        let seen = requests.iter().find(|seen| seen.user_id == user);
        seen.map_or_else(String::new, |seen| seen.field("user_created_at").to_owned())
    };
    (0..users).map(|n| of(format!("d{n}"))).collect()
}

#[test]
fn what_databases_and_languages_print_is_taken_as_it_is() {
    let cases = [
        ("2021-08-12 10:00:00.123456+00", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00+03", "2021-08-12 10:00:00+0300"),
        ("2021-08-12 10:00:00.000000", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00 UTC", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00 +0100", "2021-08-12 10:00:00+0100"),
        ("2021-08-12t10:00:00z", "2021-08-12 10:00:00+0000"),
        ("2021-08-12T10:00:00+01:00[Africa/Lagos]", "2021-08-12 10:00:00+0100"),
        (
            "Thu Aug 12 2021 10:00:00 GMT+0100 (West Africa Standard Time)",
            "2021-08-12 10:00:00+0100",
        ),
        ("Thu, 12 Aug 2021 10:00:00 GMT", "2021-08-12 10:00:00+0000"),
        ("Thu Aug 12 10:00:00 UTC 2021", "2021-08-12 10:00:00+0000"),
    ];
    let server = Server::success();
    with_dates(&server, &cases.map(|(written, _)| written))
        .go()
        .code(0)
        .all("enrolled");
    assert_eq!(sent(&server, cases.len()), cases.map(|(_, wanted)| wanted));
}

#[test]
fn a_named_format_is_the_only_one_that_is_accepted() {
    let server = Server::success();
    let run = with_dates(&server, &["03/04/2021", "3/4/2021", "2021-04-03", "31/02/2021"]);
    let run = run.set("--date-format", "%d/%m/%Y");
    run.go()
        .code(1)
        .rows(["enrolled", "enrolled", "invalid bad_date", "invalid bad_date"]);
    assert_eq!(sent(&server, 2), ["2021-04-03"; 2]);
    let check = run.tool(&["check", "manifest.csv", "--date-format", "%d/%m/%Y"]);
    let says = "row 3 (line 4), user d2: bad_date: \"2021-04-03\": the date has not the form --date-format '%d/%m/%Y'";
    assert!(check.stderr.contains(says), "{}", check.stderr);
}

#[test]
fn seconds_since_1970_are_a_format_too() {
    for (format, date) in [("epoch", "1628762400.123"), ("epoch_ms", "1628762400123")] {
        let server = Server::success();
        with_dates(&server, &[date]).set("--date-format", format).go().code(0);
        assert_eq!(sent(&server, 1), ["2021-08-12 10:00:00+0000"]);
    }
}

#[test]
fn a_zone_gives_its_offset_to_what_has_none_and_leaves_days_alone() {
    let dates = [
        "2021-08-12 10:00:00",
        "2021-12-12 10:00",
        "2021-08-12",
        "2021-08-12T10:00:00Z",
        "2021-03-28 01:30:00",
        "2021-10-31 01:30:00",
    ];
    let server = Server::success();
    let run = with_dates(&server, &dates).set("--timezone", "Europe/London");
    let good = ["enrolled"; 4];
    run.go().code(1).rows(good.into_iter().chain(["invalid bad_date"; 2]));
    let wanted = [
        "2021-08-12 10:00:00+0100",
        "2021-12-12 10:00:00+0000",
        "2021-08-12",
        "2021-08-12 10:00:00+0000",
    ];
    assert_eq!(sent(&server, 4), wanted);
    let check = run.tool(&["check", "manifest.csv", "--timezone", "Europe/London"]);
    assert!(
        check
            .stderr
            .contains("Europe/London has no such time of day on that day"),
        "{}",
        check.stderr
    );
    assert!(
        check
            .stderr
            .contains("Europe/London had this time of day twice on that day"),
        "{}",
        check.stderr
    );
}

#[test]
fn rows_whose_dates_are_written_differently_and_sent_alike_are_one_enrollment() {
    let server = Server::success();
    let rows = "u,03/04/2021,p.jpg\nu,3/4/2021,p.jpg\n";
    let run = Run::new(&server).manifest(&format!("user_id,user_created_at,photo\n{rows}"));
    run.set("--date-format", "%d/%m/%Y").go().code(0).all("enrolled");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_refused_date_is_told_the_flag_that_takes_it_and_the_flag_takes_it() {
    let server = Server::success();
    let run = with_dates(&server, &["13/04/2021", "03/04/2021", "1628762400", "44420"]);
    let check = run.tool(&["check", "manifest.csv"]);
    for says in [
        "\"13/04/2021\": if all dates have this form, add --date-format '%d/%m/%Y'\n",
        "\"03/04/2021\": the date can be read in more than one way; add --date-format '%d/%m/%Y' or --date-format '%m/%d/%Y'\n",
        "\"1628762400\": if all dates have this form, add --date-format epoch\n",
        "\"44420\": a spreadsheet's number of a day (2021-08-12 if it counts from 1900); ",
    ] {
        assert!(check.stderr.contains(says), "{says}\n{}", check.stderr);
    }
    let taken = run.tool(&["check", "manifest.csv", "--date-format", "%d/%m/%Y"]);
    assert!(taken.stderr.contains("2 invalid"), "{}", taken.stderr);
}

#[test]
fn flags_that_cannot_be_meant_are_refused_before_anything_is_read() {
    let run = Run::bare();
    for (flag, value, says) in [
        ("--date-format", "DD/MM/YYYY", "holds no %"),
        ("--date-format", "%d/%m", "does not say all of a date"),
        ("--date-format", "%d/%m/%Q", "strftime"),
        ("--timezone", "Africa/Lago", "the closest name is Africa/Lagos"),
    ] {
        for command in [&["check"][..], &["results", "--ledger", "none.db"], &["--env", "local"]] {
            let output = run.tool(&[command, &[flag, value, "none.csv"]].concat());
            assert_eq!(output.code, Some(2), "{command:?} {flag} {value}: {}", output.stderr);
            assert!(
                output.stderr.contains(says),
                "{command:?} {flag} {value}: {}",
                output.stderr
            );
        }
    }
}

#[test]
fn results_read_dates_as_the_run_did() {
    let server = Server::success();
    let run = with_dates(&server, &["03/04/2021"]).set("--date-format", "%d/%m/%Y");
    let results = run.go().code(0).raw.clone();
    let again = run.results(&["--date-format", "%d/%m/%Y", "-o", "-"]);
    assert_eq!(again.stdout, results, "{}", again.stderr);
}
