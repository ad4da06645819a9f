//! The moment at which a user was created, as the manifest writes it and as the API wants it.
//!
//! Strict grammars of our own stand in front of `chrono`, which judges the calendar: a lenient parser would guess at
//! `03/04/2021`, and a guess must never be sent. [`DateReader`] is how the cells of a manifest are read. It tries
//! `iso.rs`, the forms that begin with the year, and then `prose.rs`, those that begin with a day of the week; with
//! `--date-format` it reads nothing but that (`format.rs`). Each makes a [`Moment`] (`moment.rs`), which knows its form on the wire.
//! No clock: `now` comes in.

mod format;
mod iso;
mod moment;
mod prose;
mod remedy;
#[cfg(test)]
mod tests;
mod zone;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use format::{DateFormat, DateFormatError};
use moment::Moment;
pub(crate) use remedy::Remedy;
pub(crate) use zone::{TimeZone, TimeZoneError};

/// How far ahead of now a user may have been created: a day, for clocks and time zones (contract, section 3).
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// A creation date in one of the API's own two forms: `2021-08-12` or `2021-05-18 15:14:43-0700`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedAt(Box<str>);

/// How dates are read: `--date-format` and `--timezone`.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateReader {
    /// The only form that is accepted; without it the forms that leave no doubt.
    pub(crate) format: Option<DateFormat>,
    /// The zone of times of day without an offset; UTC where none is given.
    pub(crate) zone: Option<TimeZone>,
}

/// Why a text is no creation date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CreatedAtError {
    #[error("{0}")]
    Form(Remedy),
    #[error("no such day, time of day or offset exists")]
    Impossible,
    #[error("that day is a {actual}")]
    Weekday { actual: chrono::Weekday },
    #[error("no time zone is called {0:?}")]
    NoSuchZone(Box<str>),
    #[error("at that time the offset of {zone} is {actual}")]
    OffsetOfZone { zone: &'static str, actual: String },
    #[error("{zone} has no such time of day on that day: its clocks were put forward over it; write the offset")]
    Skipped { zone: &'static str },
    #[error("{zone} had this time of day twice on that day, when its clocks were put back; write the offset")]
    Twice { zone: &'static str },
    #[error("the date is more than a day ahead")]
    Future,
}

impl DateReader {
    /// Reads a cell of the manifest. `now` bounds how far ahead the date may lie.
    pub(crate) fn read(&self, text: &str, now: DateTime<Utc>) -> Result<CreatedAt, CreatedAtError> {
        let moment = self.moment(text)?;
        let instant = moment.instant().ok_or(CreatedAtError::Impossible)?;
        let ahead = now.checked_add_signed(MAX_AHEAD).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if instant > ahead.naive_utc() {
            return Err(CreatedAtError::Future);
        }
        moment.wire().map(CreatedAt).ok_or(CreatedAtError::Impossible)
    }

    fn moment(&self, text: &str) -> Result<Moment, CreatedAtError> {
        let moment = match &self.format {
            Some(format) => format.read(text)?,
            None => iso::read(text)
                .or_else(|| prose::read(text))
                .unwrap_or_else(|| Err(CreatedAtError::Form(Remedy::of(text))))?,
        };
        match &self.zone {
            Some(zone) => moment.in_zone(zone),
            None => Ok(moment),
        }
    }
}

impl CreatedAt {
    /// Reads a date in one of the forms that need no flag, which the API's own two are among.
    pub(crate) fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, CreatedAtError> {
        DateReader::default().read(text, now)
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
