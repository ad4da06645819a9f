//! Every form of a date, as it stands in the manifest and as it goes over the wire (contract, section 3).

use chrono::{Duration, Utc};

use crate::harness::{Run, Server};

/// Users `d0`, `d1`, … with these dates.
fn with_dates<'a, S: AsRef<str>>(server: &'a Server, dates: &[S]) -> Run<'a> {
    let rows = dates
        .iter()
        .enumerate()
        .map(|(n, date)| format!("d{n},\"{}\",p.jpg\n", date.as_ref()));
    Run::new(server).manifest(&format!("user_id,user_created_at,photo\n{}", rows.collect::<String>()))
}

#[test]
fn accepted_forms_go_out_in_one_of_the_two_forms_of_the_api() {
    let cases = [
        ("2021-08-12", "2021-08-12"),
        ("2020-02-29", "2020-02-29"),
        ("2000-02-29", "2000-02-29"),
        ("1970-01-01", "1970-01-01"),
        ("2021-05-18 15:14:43-0700", "2021-05-18 15:14:43-0700"),
        ("2021-05-18 15:14:43+0000", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14:43Z", "2021-05-18 15:14:43+0000"),
        ("2021-05-18 15:14:43Z", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14:43", "2021-05-18 15:14:43+0000"),
        ("2021-05-18 15:14:43", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14", "2021-05-18 15:14:00+0000"),
        ("2021-05-18 15:14", "2021-05-18 15:14:00+0000"),
        ("2021-05-18T15:14Z", "2021-05-18 15:14:00+0000"),
        ("2021-05-18T15:14+01:00", "2021-05-18 15:14:00+0100"),
        ("2021-05-18T15:14:43+05:45", "2021-05-18 15:14:43+0545"),
        ("2021-05-18T15:14:43-0330", "2021-05-18 15:14:43-0330"),
        ("2021-05-18 15:14:43-07:00", "2021-05-18 15:14:43-0700"),
        ("2021-05-18T15:14:43.5Z", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14:43.999", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14:43.123456789+01:00", "2021-05-18 15:14:43+0100"),
        ("2021-05-18T00:00:00Z", "2021-05-18 00:00:00+0000"),
        ("2021-05-18T23:59:59-12:00", "2021-05-18 23:59:59-1200"),
    ];
    let server = Server::success();
    let dates = cases.map(|(written, _)| written);
    with_dates(&server, &dates).go().code(0).all("enrolled");
    let requests = server.requests();
    let sent = |user: String| {
        requests
            .iter()
            .find(|seen| seen.user_id == user)
            .map(|seen| seen.field("user_created_at"))
    };
    for (number, (written, wanted)) in cases.iter().enumerate() {
        assert_eq!(sent(format!("d{number}")), Some(*wanted), "{written}");
    }
}

#[test]
fn impossible_and_ambiguous_dates_are_invalid() {
    let dates = [
        "",
        " ",
        "yesterday",
        "03/04/2021",
        "2021/04/03",
        "12-08-2021",
        "20210812",
        "2021-8-12",
        "2021-08-12 ",
        " 2021-08-12",
        "21-08-12",
        "2021-02-29",
        "1900-02-29",
        "2021-04-31",
        "2021-13-01",
        "2021-00-10",
        "2021-01-00",
        "2021-08-12T",
        "2021-08-12T15",
        "2021-08-12T24:00",
        "2021-08-12T15:60",
        "2021-08-12T15:14:60",
        "2021-08-12T15:14:61Z",
        "2021-08-12T15:14:43.",
        "2021-08-12T15:14:43.Z",
        "2021-08-12T15:14:43+1",
        "2021-08-12T15:14:43+24:00",
        "2021-08-12T15:14:43+01:60",
        "2021-08-12  15:14:43",
        "2021-08-12T15:14:43ZZ",
        "2021-08-12Z",
        "1628726400",
        "1628726400000",
        "44420",
        "2021-W32-4",
        "٢٠٢١-٠٨-١٢",
        "2021‐08‐12",
        "+2021-08-12",
        "-2021-08-12",
        "12021-08-12",
    ];
    let server = Server::success();
    with_dates(&server, &dates).go().code(1).all("invalid bad_date");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_date_may_be_a_day_ahead_and_no_more() {
    let now = Utc::now();
    let at = |hours| (now + Duration::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let server = Server::success();
    let run = with_dates(&server, &[at(23), at(25), at(-1), "2999-01-01".into()]);
    run.go().code(1).rows([
        "enrolled",
        "invalid date_in_future",
        "enrolled",
        "invalid date_in_future",
    ]);
}
