//! What is accepted, as tables; and what is printed is read back.

use super::*;

use proptest::prelude::*;

/// 2026-05-28T20:26:40Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap_or_default()
}

fn parse(text: &str) -> Result<String, CreatedAtError> {
    CreatedAt::parse(text, now()).map(|date| date.to_string())
}

/// Reads with these flags, where they are not empty.
fn read(format: &str, zone: &str, text: &str) -> Result<String, CreatedAtError> {
    let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    let (format, zone) = (format.to_owned(), zone.to_owned());
    let reader = DateReader {
        format: some(format.leak()).map(|format| format.parse().unwrap()),
        zone: some(zone.leak()).map(|zone| zone.parse().unwrap()),
    };
    reader.read(text, now()).map(|date| date.to_string())
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_two_forms_of_the_api_go_out_as_written() {
    for text in [
        "2021-08-12",
        "2021-05-18 15:14:43-0700",
        "2020-02-29",
        "1999-12-31 23:59:59+0545",
        "0001-01-01",
    ] {
        assert_eq!(parse(text).as_deref(), Ok(text));
    }
}

#[test]
fn every_other_accepted_form_becomes_the_second() {
    for (text, wire) in [
        ("2021-05-18T15:14:43-07:00", "2021-05-18 15:14:43-0700"),
        ("2021-05-18T15:14:43Z", "2021-05-18 15:14:43+0000"),
        ("2021-05-18 15:14:43", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14", "2021-05-18 15:14:00+0000"),
        ("2021-05-18 15:14+0100", "2021-05-18 15:14:00+0100"),
        ("2021-05-18T15:14:43.1Z", "2021-05-18 15:14:43+0000"),
        ("2021-05-18T15:14:43.123456789+0100", "2021-05-18 15:14:43+0100"),
        // PostgreSQL, also with the local mean time of the years before zones.
        ("2021-08-12 10:00:00.123456+00", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00+03", "2021-08-12 10:00:00+0300"),
        ("2021-08-12 10:00:00-09:30", "2021-08-12 10:00:00-0930"),
        ("2021-08-12 10:00:00+01:00:00", "2021-08-12 10:00:00+0100"),
        ("1890-01-01 00:13:35+00:13:35", "1890-01-01 00:00:00+0000"),
        ("2021-08-12 10:00:00.123456 UTC", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00 GMT", "2021-08-12 10:00:00+0000"),
        // MySQL, SQLite, Python, pandas, Ruby, Go, SQL Server, log4j.
        ("2021-08-12 10:00:00.000000", "2021-08-12 10:00:00+0000"),
        ("2021-08-12T10:00:00.123456+05:30", "2021-08-12 10:00:00+0530"),
        ("2021-08-12 10:00:00+00:00", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00 +0100", "2021-08-12 10:00:00+0100"),
        ("2021-08-12 10:00:00.123 +0000 UTC", "2021-08-12 10:00:00+0000"),
        ("2021-08-12 10:00:00.0000000 +01:00", "2021-08-12 10:00:00+0100"),
        ("2021-08-12 10:00:00,123", "2021-08-12 10:00:00+0000"),
        // Java, JavaScript, RFC 3339 in lower case, ISO 8601 without separators.
        ("2021-08-12T10:00:00+01:00[Africa/Lagos]", "2021-08-12 10:00:00+0100"),
        ("2021-08-12T10:00Z", "2021-08-12 10:00:00+0000"),
        ("2021-08-12T10:00Z[UTC]", "2021-08-12 10:00:00+0000"),
        ("2021-08-12t10:00:00z", "2021-08-12 10:00:00+0000"),
        ("20210812T100000Z", "2021-08-12 10:00:00+0000"),
        ("20210812T1000", "2021-08-12 10:00:00+0000"),
        ("20210812T100000.5+0100", "2021-08-12 10:00:00+0100"),
        (
            "Thu Aug 12 2021 10:00:00 GMT+0100 (West Africa Standard Time)",
            "2021-08-12 10:00:00+0100",
        ),
        (
            "Thu Aug 12 2021 10:00:00 GMT+0000 (Coordinated Universal Time)",
            "2021-08-12 10:00:00+0000",
        ),
        ("Thu Aug 12 2021 10:00:00 GMT-0330", "2021-08-12 10:00:00-0330"),
        ("Thu, 12 Aug 2021 10:00:00 GMT", "2021-08-12 10:00:00+0000"),
        ("Thu, 12 Aug 2021 10:00:00 +0100", "2021-08-12 10:00:00+0100"),
        ("Thu Aug 12 10:00:00 UTC 2021", "2021-08-12 10:00:00+0000"),
        ("Thu Aug 12 10:00:00 GMT+01:00 2021", "2021-08-12 10:00:00+0100"),
        ("Sun Aug  1 10:00:00 2021", "2021-08-01 10:00:00+0000"),
        ("Thu Aug 12 2021", "2021-08-12"),
    ] {
        assert_eq!(parse(text).as_deref(), Ok(wire), "{text}");
    }
}

#[test]
fn impossible_moments_are_told_from_wrong_forms() {
    for text in [
        "2021-02-30",
        "2021-13-01",
        "2021-00-10",
        "2021-01-00",
        "2023-02-29",
        "0000-00-00 00:00:00",
        "2021-01-01T24:00",
        "2021-01-01T12:60",
        "2021-01-01 12:00:60",
        "2021-01-01 12:00:00+2400",
        "2021-01-01 12:00:00+0060",
        "2021-01-01 12:00:00+00:00:60",
        "20210230T100000Z",
        "Tue Feb 30 2021",
        "Thu Aug 12 25:00:00 UTC 2021",
        "0000-01-01 00:00:00+01:00:30",
    ] {
        assert_eq!(parse(text), Err(CreatedAtError::Impossible), "{text}");
    }
    for text in [
        "",
        " ",
        "2021-08-12T",
        "2021-08-12 1:00",
        "2021-08-12 10",
        "2021-08-12 10:00:00.",
        "2021-08-12 10:00:00.Z",
        "2021-08-12 10:00:00  +0100",
        "2021-08-12 10:00:00+1",
        "2021-08-12 10:00:00+010",
        "2021-08-12 10:00:00+0100 WAT",
        "2021-08-12 10:00:00 ",
        "2021-08-12 10:00:00zz",
        "2021-08-12 10:00:00+01:00[Africa/Lagos",
        "2021-08-12 10:00:00[Africa/Lagos]",
        "2021-08-12Z",
        "20210812 100000",
        "20210812T10",
        "202108-12",
        "2021-0812",
        "٢٠٢١-08-12",
        "+2021-08-12",
        "2021-08-12\n",
        "2021-W32-4",
        "Thu Aug 12",
        "Thu Aug 12 2021 10:00",
        "Thu Aug 12 2021 10:00 GMT+0100 West Africa",
        "Thursday Aug 12 2021",
        "Thu August 12 2021",
        "Thu Aug 12 21",
        " Thu Aug 12 2021",
        "Thu Aug +12 2021",
        "Thu, 12 Aug 2021 10:00:00",
    ] {
        assert!(
            matches!(parse(text), Err(CreatedAtError::Form(_))),
            "{text}: {:?}",
            parse(text)
        );
    }
}

#[test]
fn what_contradicts_itself_is_not_chosen_from() {
    for (text, words) in [
        ("Fri Aug 12 2021", "that day is a Thu"),
        ("Fri, 12 Aug 2021 10:00:00 GMT", "that day is a Thu"),
        (
            "2021-08-12T10:00:00+02:00[Africa/Lagos]",
            "at that time the offset of Africa/Lagos is +01:00",
        ),
        (
            "2021-08-12 10:00:00 +0100 UTC",
            "at that time the offset of UTC is +00:00",
        ),
        (
            "2021-08-12T10:00Z[Mars/Olympus]",
            "no time zone is called \"Mars/Olympus\"",
        ),
    ] {
        assert_eq!(refused(text), words, "{text}");
    }
}

#[test]
fn a_day_ahead_is_the_limit() {
    assert!(parse("2026-05-29").is_ok());
    assert!(parse("2026-05-29T20:26:40Z").is_ok());
    assert_eq!(parse("2026-05-29T20:26:41Z"), Err(CreatedAtError::Future));
    assert_eq!(parse("2026-05-30"), Err(CreatedAtError::Future));
    assert!(parse("2026-05-30T00:26:40+0400").is_ok());
    assert_eq!(parse("9999-12-31 23:59:59-2359"), Err(CreatedAtError::Future));
    assert!(parse("0000-01-01 00:00:00+2359").is_ok());
    assert_eq!(read("epoch", "", "1780086401"), Err(CreatedAtError::Future));
    assert_eq!(read("%d/%m/%Y", "", "30/05/2026"), Err(CreatedAtError::Future));
}

#[test]
fn a_named_format_is_the_only_one() {
    for (format, text, wire) in [
        ("%d/%m/%Y", "03/04/2021", "2021-04-03"),
        ("%m/%d/%Y", "03/04/2021", "2021-03-04"),
        ("%d/%m/%Y", "3/4/2021", "2021-04-03"),
        ("%d.%m.%y", "12.08.21", "2021-08-12"),
        ("%d.%m.%y", "12.08.70", "1970-08-12"),
        ("%Y%m%d", "20210812", "2021-08-12"),
        ("%d-%b-%Y", "12-AUG-2021", "2021-08-12"),
        (
            "%m/%d/%Y, %I:%M:%S %p",
            "8/12/2021, 9:43:56 PM",
            "2021-08-12 21:43:56+0000",
        ),
        (
            "%d/%m/%Y %H:%M %z",
            "12/08/2021 10:00 +01:00",
            "2021-08-12 10:00:00+0100",
        ),
        (
            "%Y-%m-%d %H:%M:%S WAT",
            "2021-08-12 10:00:00 WAT",
            "2021-08-12 10:00:00+0000",
        ),
        ("%s", "1628762400", "2021-08-12 10:00:00+0000"),
        ("epoch", "1628762400", "2021-08-12 10:00:00+0000"),
        ("epoch", "1628762400.987", "2021-08-12 10:00:00+0000"),
        ("epoch", "0", "1970-01-01 00:00:00+0000"),
        ("epoch", "-1", "1969-12-31 23:59:59+0000"),
        ("epoch", "-1.5", "1969-12-31 23:59:58+0000"),
        ("epoch", "-0.5", "1969-12-31 23:59:59+0000"),
        ("epoch", "-1.0", "1969-12-31 23:59:59+0000"),
        ("epoch_ms", "1628762400987", "2021-08-12 10:00:00+0000"),
        ("epoch_ms", "1628762400987.5", "2021-08-12 10:00:00+0000"),
        ("epoch_ms", "-1", "1969-12-31 23:59:59+0000"),
        ("epoch_ms", "-1000", "1969-12-31 23:59:59+0000"),
        ("epoch_ms", "-1000.5", "1969-12-31 23:59:58+0000"),
        ("epoch_ms", "-1.5", "1969-12-31 23:59:59+0000"),
    ] {
        assert_eq!(read(format, "", text).as_deref(), Ok(wire), "{format} {text}");
    }
    for (format, text) in [
        ("%d/%m/%Y", "2021-08-12"),
        ("%d/%m/%Y", "12/08/2021 10:00"),
        ("%d/%m/%Y", ""),
        ("epoch", "2021-08-12"),
        ("epoch", ""),
        ("epoch", "-"),
        ("epoch", "1628762400."),
        ("epoch", ".5"),
        ("epoch", "+1"),
        ("epoch", "1e9"),
        ("epoch", "1,628,762,400"),
    ] {
        let wanted = CreatedAtError::Form(Remedy::OtherFormat(format.into()));
        assert_eq!(read(format, "", text), Err(wanted), "{format} {text}");
    }
    for (format, text) in [
        ("%d/%m/%Y", "30/02/2021"),
        ("%m/%d/%Y", "13/01/2021"),
        ("%a %d/%m/%Y", "Fri 12/08/2021"),
        ("%Y-%m-%d %H:%M:%S", "2021-08-12 10:00:60"),
        ("epoch", "99999999999999999999"),
        ("epoch", "1628762400000"),
    ] {
        assert!(
            matches!(
                read(format, "", text),
                Err(CreatedAtError::Impossible | CreatedAtError::Future)
            ),
            "{format} {text}"
        );
    }
    assert_eq!(
        read("%d/%m/%Y", "", "12/08/21"),
        Err(CreatedAtError::Form(Remedy::ShortYear))
    );
}

#[test]
fn a_format_that_says_less_than_a_date_is_refused_with_words() {
    let refused = |text: &str| text.parse::<DateFormat>().unwrap_err().to_string();
    for (format, words) in [
        ("", "holds no %"),
        ("DD/MM/YYYY", "holds no %"),
        ("EPOCH", "holds no %"),
        ("%", "nothing behind it"),
        ("%d/%m/%Y %!", "nothing behind it"),
        ("%d/%m", "does not say all"),
        ("%m/%Y", "does not say all"),
        ("%H:%M", "does not say all"),
        ("%d/%m/%Y %H", "does not say all"),
        ("%d/%m/%Y %I:%M", "does not say all"),
        ("%d/%m/%Y %z", "does not say all"),
        ("%d/%m/%Y %H:%M %#z", "does not say all"),
        ("%d/%m/%Y %H:%M %Z", "--timezone"),
    ] {
        assert!(refused(format).contains(words), "{format}: {}", refused(format));
    }
    for format in [
        "%F",
        "%F %T",
        "%c",
        "%+",
        "%D",
        "%Y-%j",
        "%G-W%V-%u",
        "%d %B %Y %l:%M%P",
        "%s",
    ] {
        assert!(format.parse::<DateFormat>().is_ok(), "{format}");
    }
}

#[test]
fn a_zone_gives_its_offset_at_that_time_to_what_has_none() {
    for (zone, text, wire) in [
        ("Africa/Lagos", "2021-08-12 10:00:00", "2021-08-12 10:00:00+0100"),
        ("Africa/Lagos", "2021-08-12", "2021-08-12"),
        ("Africa/Lagos", "2021-08-12 10:00:00Z", "2021-08-12 10:00:00+0000"),
        ("Africa/Lagos", "Thu Aug 12 10:00:00 2021", "2021-08-12 10:00:00+0100"),
        ("Europe/London", "2021-08-12 10:00", "2021-08-12 10:00:00+0100"),
        ("Europe/London", "2021-12-12 10:00", "2021-12-12 10:00:00+0000"),
        ("America/New_York", "2021-03-14 01:59:59", "2021-03-14 01:59:59-0500"),
        ("America/New_York", "2021-03-14 03:00:00", "2021-03-14 03:00:00-0400"),
        ("America/New_York", "2021-11-07 02:00:00", "2021-11-07 02:00:00-0500"),
    ] {
        assert_eq!(read("", zone, text).as_deref(), Ok(wire), "{zone} {text}");
    }
    let lagos = |format, text| read(format, "Africa/Lagos", text).unwrap();
    assert_eq!(lagos("%d/%m/%Y %H:%M", "12/08/2021 10:00"), "2021-08-12 10:00:00+0100");
    assert_eq!(lagos("epoch", "1628762400"), "2021-08-12 10:00:00+0000");
    let new_york = |text| read("", "America/New_York", text).unwrap_err().to_string();
    assert!(new_york("2021-03-14 02:30:00").contains("no such time of day"));
    assert!(new_york("2021-11-07 01:30:00").contains("twice"));
}

#[test]
fn an_unknown_zone_is_refused_with_the_closest_name() {
    let refused = |text: &str| text.parse::<TimeZone>().unwrap_err().to_string();
    for (given, closest) in [
        ("Africa/Lagoss", "Africa/Lagos"),
        ("africa/lagos", "Africa/Lagos"),
        ("Lagos", "Africa/Lagos"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
    ] {
        let words = format!("--timezone {given:?} is no time zone; the closest name is {closest}");
        assert_eq!(refused(given), words);
    }
    assert!(
        refused("+01:00").ends_with("such as Africa/Lagos or UTC"),
        "{}",
        refused("+01:00")
    );
}

#[test]
fn a_refused_date_is_told_the_flag_that_takes_it() {
    for (text, flags) in [
        ("12/08/2021", "'%d/%m/%Y' or --date-format '%m/%d/%Y'"),
        ("13/08/2021", "'%d/%m/%Y'"),
        ("08/13/2021", "'%m/%d/%Y'"),
        ("12.08.2021", "'%d.%m.%Y' or --date-format '%m.%d.%Y'"),
        (
            "12-08-21",
            "'%d-%m-%y' or --date-format '%m-%d-%y' or --date-format '%y-%m-%d'",
        ),
        ("2021/08/12", "'%Y/%m/%d'"),
        ("2021-8-12", "'%Y-%m-%d'"),
        ("20210812", "'%Y%m%d'"),
        ("20210812100000", "'%Y%m%d%H%M%S'"),
        ("12082021", "'%d%m%Y' or --date-format '%m%d%Y'"),
        ("12-AUG-21", "'%d-%b-%y'"),
        ("12 August 2021", "'%d %B %Y'"),
        ("Aug 12, 2021", "'%b %d, %Y'"),
        ("31/12/2021 10:00", "'%d/%m/%Y %H:%M'"),
        ("31/12/2021 10:00:00.5", "'%d/%m/%Y %H:%M:%S%.f'"),
        ("12/31/2021, 9:00:00 AM", "'%m/%d/%Y, %I:%M:%S %p'"),
        ("31/12/2021 10:00+01:00", "'%d/%m/%Y %H:%M%z'"),
        ("Thursday, 12 August 2021 10:00", "'%A, %d %B %Y %H:%M'"),
        ("1628762400", "epoch"),
        ("1628762400.123", "epoch"),
        ("1628762400123", "epoch_ms"),
    ] {
        let refused = refused(text);
        assert!(
            refused.ends_with(&format!("add --date-format {flags}")),
            "{text}: {refused}"
        );
        // What the message says to type takes the date.
        for flag in flags.split(" or --date-format ") {
            assert!(read(flag.trim_matches('\''), "", text).is_ok(), "{text}: {flag}");
        }
    }
    for (text, form) in [
        ("2021-08-12 10:00:00 WAT", "%Y-%m-%d %H:%M:%S WAT"),
        ("Thu Aug 12 10:00:00 WAT 2021", "%a %b %d %H:%M:%S WAT %Y"),
    ] {
        assert!(
            refused(text).contains(&format!("--date-format '{form}' and --timezone")),
            "{}",
            refused(text)
        );
        assert!(read(form, "Africa/Lagos", text).unwrap().ends_with("10:00:00+0100"));
    }
    assert!(
        refused("44420").contains("number of a day (2021-08-12 if"),
        "{}",
        refused("44420")
    );
    for text in [
        "",
        "yesterday",
        "NULL",
        "31/31/2021",
        "7",
        "1234567",
        "12/08/2021'; rm",
        "%d/08/2021",
    ] {
        assert!(
            refused(text).starts_with("write the date as"),
            "{text}: {}",
            refused(text)
        );
    }
}

proptest! {
    /// Whatever `chrono` prints in an accepted form is read back as the same instant, to the second.
    #[test]
    fn what_is_printed_is_read_as_the_same_instant(
        seconds in -62_000_000_000_i64..1_780_000_000,
        minutes_east in -1_439_i32..1_440,
        nanos in 0_u32..1_000_000_000,
    ) {
        let offset = chrono::FixedOffset::east_opt(minutes_east * 60).unwrap();
        let moment = DateTime::from_timestamp(seconds, nanos).unwrap().with_timezone(&offset);
        let wire = moment.format("%Y-%m-%d %H:%M:%S%z").to_string();
        for form in [
            "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.6f%:z",
            "%Y-%m-%dt%H:%M:%S %z", "%Y-%m-%d %H:%M:%S%::z", "%Y%m%dT%H%M%S%z", "%a %b %d %Y %H:%M:%S GMT%z (Some Time)",
            "%a, %d %b %Y %H:%M:%S %z", "%a %b %e %H:%M:%S GMT%:z %Y",
        ] {
            let text = moment.format(form).to_string();
            prop_assert_eq!(parse(&text), Ok(wire.clone()), "{}", text);
        }
        let utc = moment.to_utc();
        let wire = utc.format("%Y-%m-%d %H:%M:%S+0000").to_string();
        for form in ["%FT%TZ", "%F %T", "%F %T%.f UTC", "%FT%TZ[UTC]", "%F %T +0000 UTC", "%a, %d %b %Y %T GMT", "%c"] {
            let text = utc.format(form).to_string();
            prop_assert_eq!(parse(&text), Ok(wire.clone()), "{}", text);
        }
        let number = format!("{}.{nanos:09}", seconds.unsigned_abs());
        if seconds >= 0 {
            prop_assert_eq!(read("epoch", "", &number), Ok(wire));
        }
    }

    /// Nothing makes it fall over, and what is accepted is sent as it would be read.
    #[test]
    fn any_text_is_accepted_for_good_or_refused(text in "[0-9TZ:+. /AugThu,-]{0,30}|\\PC{0,20}") {
        if let Ok(wire) = parse(&text) {
            prop_assert_eq!(parse(&wire), Ok(wire.clone()));
        }
        for format in ["%d/%m/%Y", "epoch", "%c"] {
            if let Ok(wire) = read(format, "Africa/Lagos", &text) {
                prop_assert_eq!(parse(&wire), Ok(wire.clone()));
            }
        }
    }
}
