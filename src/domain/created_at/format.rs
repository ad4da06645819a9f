//! The one form that `--date-format` names.

use std::fmt::{self, Write};
use std::str::FromStr;

use chrono::format::{Fixed, Item, ParseErrorKind, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, FixedOffset, NaiveTime, TimeDelta, Timelike, Utc};

use super::{CreatedAtError, Remedy, moment::Moment};

/// A strftime pattern, or seconds or milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateFormat {
    text: Box<str>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Epoch(Unit),
    Pattern(Vec<Item<'static>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Milliseconds,
}

/// Why a text is no form of dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DateFormatError {
    #[error("--date-format {0:?} holds no %; write a strftime pattern such as '%d/%m/%Y', or epoch, or epoch_ms")]
    NoPattern(String),
    #[error(
        "--date-format {0:?} has a % with nothing behind it that strftime knows; write %% for the character itself"
    )]
    Unknown(String),
    #[error(
        "--date-format {0:?}: names of zones as %Z reads them are not understood; write the name as it stands in the \
         cells, and say with --timezone what it means, or read an offset with %z"
    )]
    ZoneName(String),
    #[error(
        "--date-format {0:?} does not say all of a date: it needs year, month and day, such as '%d/%m/%Y', and with a \
         time of day its hour and minute, '%H:%M' or '%I:%M %p'"
    )]
    Incomplete(String),
}

/// Years of fewer digits are not what `%Y` was meant for: `12/08/21` is not the year 21.
const FIRST_YEAR: i32 = 1_000;

impl FromStr for DateFormat {
    type Err = DateFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = match text {
            "epoch" => Form::Epoch(Unit::Seconds),
            "epoch_ms" => Form::Epoch(Unit::Milliseconds),
            _ => Form::Pattern(items(text)?),
        };
        let text = text.into();
        Ok(Self { text, form })
    }
}

fn items(text: &str) -> Result<Vec<Item<'static>>, DateFormatError> {
    let refused = |error: fn(String) -> DateFormatError| error(text.to_owned());
    if !text.contains('%') {
        return Err(refused(DateFormatError::NoPattern));
    }
    let items = StrftimeItems::new(text).parse_to_owned();
    let items = items.map_err(|_| refused(DateFormatError::Unknown))?;
    if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
        return Err(refused(DateFormatError::ZoneName));
    }
    says_all(&items)
        .map(|()| items)
        .ok_or_else(|| refused(DateFormatError::Incomplete))
}

/// Whether a moment that is written in this form is understood.
fn says_all(items: &[Item<'static>]) -> Option<()> {
    let sample = DateTime::parse_from_rfc3339("2021-08-12T21:43:56+01:30").ok()?;
    let mut text = String::new();
    write!(text, "{}", sample.format_with_items(items.iter())).ok()?;
    let moment = read_pattern(items, &text).ok()?;
    let (hour, minute) = (sample.hour(), sample.minute());
    let is_whole = match (moment.time, moment.offset) {
        (_, Some(_)) => (sample.naive_utc() - moment.instant()?).num_minutes() == 0,
        (Some(time), None) => moment.day == sample.date_naive() && (time.hour(), time.minute()) == (hour, minute),
        (None, None) => moment.day == sample.date_naive(),
    };
    is_whole.then_some(())
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl DateFormat {
    pub(super) fn read(&self, text: &str) -> Result<Moment, CreatedAtError> {
        let moment = match &self.form {
            Form::Epoch(unit) => return self.since_epoch(text, *unit),
            Form::Pattern(items) => read_pattern(items, text),
        };
        let moment = moment.map_err(|kind| match kind {
            ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => CreatedAtError::Impossible,
            _ => self.other_form(),
        })?;
        match moment.day.year() {
            FIRST_YEAR.. => Ok(moment),
            _ => Err(CreatedAtError::Form(Remedy::ShortYear)),
        }
    }

    fn other_form(&self) -> CreatedAtError {
        CreatedAtError::Form(Remedy::OtherFormat(self.text.clone()))
    }

    /// `1628762400`, `-1`, `1628762400.123`: as PostgreSQL and Python print them. What is less than a second is dropped.
    fn since_epoch(&self, text: &str, unit: Unit) -> Result<Moment, CreatedAtError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole.strip_prefix('-').unwrap_or(whole)) || !is_number(fraction) {
            return Err(self.other_form());
        }
        let number: i64 = whole.parse().map_err(|_| CreatedAtError::Impossible)?;
        let seconds = match unit {
            Unit::Seconds => number,
            Unit::Milliseconds => number.div_euclid(1_000),
        };
        // A fraction of a negative number goes further back; whole milliseconds have gone back already.
        let has_more = fraction.bytes().any(|byte| byte != b'0');
        let is_whole = unit == Unit::Seconds || number.rem_euclid(1_000) == 0;
        let goes_back = whole.starts_with('-') && has_more && is_whole;
        let instant = DateTime::from_timestamp(seconds, 0);
        let back = TimeDelta::seconds(i64::from(goes_back));
        let instant = instant.and_then(|instant| instant.checked_sub_signed(back));
        instant.map(utc).ok_or(CreatedAtError::Impossible)
    }
}

fn utc(instant: DateTime<Utc>) -> Moment {
    Moment {
        day: instant.date_naive(),
        time: Some(instant.time()),
        offset: FixedOffset::east_opt(0),
    }
}

fn read_pattern(items: &[Item<'static>], text: &str) -> Result<Moment, ParseErrorKind> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).map_err(|error| error.kind())?;
    let moment = if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let moment = parsed.to_datetime().map_err(|error| error.kind())?;
        Moment {
            day: moment.date_naive(),
            time: Some(moment.time()),
            offset: Some(*moment.offset()),
        }
    } else {
        Moment {
            day: parsed.to_naive_date().map_err(|error| error.kind())?,
            time: time_of_day(&parsed)?,
            offset: None,
        }
    };
    // A leap second has no form on the wire.
    let is_leap = moment.time.is_some_and(|time| time.nanosecond() >= 1_000_000_000);
    if is_leap {
        Err(ParseErrorKind::Impossible)
    } else {
        Ok(moment)
    }
}

/// The time of day, if the pattern holds any part of one.
fn time_of_day(parsed: &Parsed) -> Result<Option<NaiveTime>, ParseErrorKind> {
    let parts = [
        parsed.hour_div_12(),
        parsed.hour_mod_12(),
        parsed.minute(),
        parsed.second(),
        parsed.nanosecond(),
    ];
    if parts.iter().all(Option::is_none) {
        return Ok(None);
    }
    parsed.to_naive_time().map(Some).map_err(|error| error.kind())
}
