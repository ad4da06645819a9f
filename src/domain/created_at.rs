//! The moment at which a user was created, as the manifest writes it and as the API wants it.
//!
//! A strict grammar of our own stands in front of `chrono`, which judges the calendar: a lenient
//! parser would guess at `03/04/2021`, and a guess must never be sent. No clock: `now` comes in.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// How far ahead of now a user may have been created: a day, for clocks and time zones (contract, section 3).
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// A creation date in one of the API's own two forms: `2021-08-12` or `2021-05-18 15:14:43-0700`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedAt(Box<str>);

/// Why a text is no creation date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CreatedAtError {
    #[error("write the date as YYYY-MM-DD or YYYY-MM-DD hh:mm:ss with Z or an offset such as +0100")]
    Form,
    #[error("no such day, time of day or offset exists")]
    Impossible,
    #[error("the date is more than a day ahead")]
    Future,
}

/// What the grammar found; the numbers are not judged yet.
struct Parts<'a> {
    date: &'a str,
    day: (i32, u32, u32),
    /// Hour, minute, second; absent for a date alone.
    time: Option<(u32, u32, u32)>,
    /// Sign, hours, minutes; `+0000` where none is written.
    offset: (char, u32, u32),
}

impl CreatedAt {
    /// Reads a cell of the manifest. `now` bounds how far ahead the date may lie.
    pub(crate) fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, CreatedAtError> {
        let parts = Parts::read(text).ok_or(CreatedAtError::Form)?;
        let instant = parts.instant().ok_or(CreatedAtError::Impossible)?;
        let ahead = now.checked_add_signed(MAX_AHEAD).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if instant > ahead.naive_utc() {
            return Err(CreatedAtError::Future);
        }
        Ok(Self(parts.wire().into()))
    }

    /// The date as it is sent.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CreatedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor(text.as_bytes());
        let year = cursor.digits(4)?;
        cursor.byte(b'-')?;
        let month = cursor.digits(2)?;
        cursor.byte(b'-')?;
        let day = (i32::try_from(year).ok()?, month, cursor.digits(2)?);
        let date = text.get(..10)?;
        if cursor.0.is_empty() {
            return Some(Self {
                date,
                day,
                time: None,
                offset: ('+', 0, 0),
            });
        }
        cursor.byte(b'T').or_else(|| cursor.byte(b' '))?;
        let time = Some(cursor.time()?);
        let offset = cursor.offset()?;
        cursor.0.is_empty().then_some(Self {
            date,
            day,
            time,
            offset,
        })
    }

    fn instant(&self) -> Option<NaiveDateTime> {
        let (year, month, day) = self.day;
        let (hour, minute, second) = self.time.unwrap_or_default();
        let local = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)?;
        let (sign, hours, minutes) = self.offset;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let offset = TimeDelta::minutes(i64::from(hours * 60 + minutes));
        match sign {
            '-' => local.checked_add_signed(offset),
            _ => local.checked_sub_signed(offset),
        }
    }

    /// The API's own form. A text that already has it comes out as it went in.
    fn wire(&self) -> String {
        let Some((hour, minute, second)) = self.time else {
            return self.date.to_owned();
        };
        let (sign, hours, minutes) = self.offset;
        format!(
            "{} {hour:02}:{minute:02}:{second:02}{sign}{hours:02}{minutes:02}",
            self.date
        )
    }
}

/// The bytes that are still to be read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == wanted).then(|| self.0 = rest)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        head.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })
    }

    /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff…`; the API's form has no place for the fraction.
    fn time(&mut self) -> Option<(u32, u32, u32)> {
        let hour = self.digits(2)?;
        self.byte(b':')?;
        let minute = self.digits(2)?;
        if self.byte(b':').is_none() {
            return Some((hour, minute, 0));
        }
        let second = self.digits(2)?;
        if self.byte(b'.').is_some() {
            self.digits(1)?;
            while self.0.first().is_some_and(u8::is_ascii_digit) {
                self.digits(1)?;
            }
        }
        Some((hour, minute, second))
    }

    /// `Z`, `±hhmm`, `±hh:mm`, or nothing, which is UTC.
    fn offset(&mut self) -> Option<(char, u32, u32)> {
        if self.0.is_empty() || self.byte(b'Z').is_some() {
            return Some(('+', 0, 0));
        }
        let sign = if self.byte(b'-').is_some() {
            '-'
        } else {
            self.byte(b'+')?;
            '+'
        };
        let hours = self.digits(2)?;
        let _ = self.byte(b':');
        Some((sign, hours, self.digits(2)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, CreatedAtError> {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap_or_default();
        CreatedAt::parse(text, now).map(|date| date.to_string())
    }

    #[test]
    fn the_two_forms_of_the_api_go_out_as_written() {
        for text in [
            "2021-08-12",
            "2021-05-18 15:14:43-0700",
            "2020-02-29",
            "1999-12-31 23:59:59+0545",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn every_other_accepted_form_becomes_the_second() {
        let cases = [
            ("2021-05-18T15:14:43-07:00", "2021-05-18 15:14:43-0700"),
            ("2021-05-18T15:14:43Z", "2021-05-18 15:14:43+0000"),
            ("2021-05-18 15:14:43", "2021-05-18 15:14:43+0000"),
            ("2021-05-18T15:14", "2021-05-18 15:14:00+0000"),
            ("2021-05-18 15:14+0100", "2021-05-18 15:14:00+0100"),
            ("2021-05-18T15:14:43.1Z", "2021-05-18 15:14:43+0000"),
            ("2021-05-18T15:14:43.123456789+0100", "2021-05-18 15:14:43+0100"),
        ];
        for (text, wire) in cases {
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
            "2021-01-01T24:00",
            "2021-01-01T12:60",
            "2021-01-01 12:00:60",
            "2021-01-01 12:00:00+2400",
            "2021-01-01 12:00:00+0060",
        ] {
            assert_eq!(parse(text), Err(CreatedAtError::Impossible), "{text}");
        }
        for text in [
            "",
            "03/04/2021",
            "2021-8-12",
            "12-08-2021",
            "20210812",
            " 2021-08-12",
            "2021-08-12 ",
            "2021-08-12T",
            "2021-08-12 1:00",
            "2021-08-12t10:00",
            "2021-08-12 10:00:00 +0100",
            "2021-08-12 10:00:00.",
            "2021-08-12 10",
            "2021-08-12 10:00:00+01",
            "2021-08-12 10:00:00z",
            "2021-08-12Z",
            "٢٠٢١-08-12",
            "2021-08-12 10:00+01:00:00",
            "1628726400",
            "+2021-08-12",
            "2021-08-12\n",
        ] {
            assert_eq!(parse(text), Err(CreatedAtError::Form), "{text}");
        }
    }

    #[test]
    fn a_day_ahead_is_the_limit() {
        // now is 2026-05-28T20:26:40Z
        assert!(parse("2026-05-29").is_ok());
        assert!(parse("2026-05-29T20:26:40Z").is_ok());
        assert_eq!(parse("2026-05-29T20:26:41Z"), Err(CreatedAtError::Future));
        assert_eq!(parse("2026-05-30"), Err(CreatedAtError::Future));
        assert!(parse("2026-05-30T00:26:40+0400").is_ok());
        assert_eq!(parse("9999-12-31 23:59:59-2359"), Err(CreatedAtError::Future));
        assert!(parse("0000-01-01 00:00:00+2359").is_ok());
    }
}
