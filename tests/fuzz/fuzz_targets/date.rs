//! The creation date of a row: what is accepted is a moment that exists, and its form on the wire stays itself.
//!
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz date -- -max_len=64 -max_total_time=600 -rss_limit_mb=2048`

#![no_main]

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use image_enroll::fuzzing::{created_at, created_at_in};
use libfuzzer_sys::fuzz_target;

const SEEDS: [&str; 15] = [
    "2021-08-12",
    "2021-05-18 15:14:43-0700",
    "2021-05-18T15:14:43.123Z",
    "2021-05-18 15:14+01:00",
    "2020-02-29T23:59",
    "0000-01-01 00:00:00+2359",
    "2026-05-30T00:26:40+0400",
    "03/04/2021",
    "2021-08-12T10:00:00+01:00[Africa/Lagos]",
    "20210812T100000,5Z",
    "Thu Aug 12 2021 10:00:00 GMT+0100 (West Africa Standard Time)",
    "Thu, 12 Aug 2021 10:00:00 GMT",
    "Thu Aug 12 10:00:00 UTC 2021",
    "12 Aug 2021 9:00 PM",
    "-1628762400.123",
];

const FORMATS: [&str; 5] = ["%d/%m/%Y", "%m/%d/%y, %I:%M %p", "%c", "epoch", "epoch_ms"];

fuzz_target!(
    init: image_enroll_fuzz::plant("date", &SEEDS.map(|text| text.as_bytes().to_vec())),
    |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for format in FORMATS {
            if let Some(wire) = created_at_in(format, "America/New_York", text, now()) {
                assert_eq!(created_at(&wire, now()).as_ref(), Some(&wire), "{text:?} as {format}");
            }
        }
        // The text may be a format, too.
        let _ = created_at_in(text, "UTC", "2021-08-12 10:00:00", now());
        let Some(wire) = created_at(text, now()) else { return };
        assert_eq!(created_at(&wire, now()).as_ref(), Some(&wire), "{text:?} is not sent as it would be read");
        assert_eq!(created_at(text, DateTime::<Utc>::MAX_UTC).as_ref(), Some(&wire), "{text:?} depends on the clock");
        let instant = instant(&wire).unwrap_or_else(|| panic!("{text:?} goes out as {wire:?}"));
        assert!(instant <= now() + TimeDelta::days(1), "{text:?} is more than a day ahead");
        if let Ok(same) = DateTime::parse_from_rfc3339(text) {
            assert_eq!(instant, same.to_utc().trunc_subsecs(0), "{text:?} is sent as another moment");
        }
    }
);

/// 2026-05-28T20:26:40Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("a moment")
}

/// The moment of one of the API's own two forms, read by another parser.
fn instant(wire: &str) -> Option<DateTime<Utc>> {
    match wire.len() {
        10 => {
            let day = NaiveDate::parse_from_str(wire, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::MIN).and_utc())
        }
        24 => {
            let moment = DateTime::parse_from_str(wire, "%Y-%m-%d %H:%M:%S%z").ok()?;
            Some(moment.to_utc())
        }
        _ => None,
    }
}
