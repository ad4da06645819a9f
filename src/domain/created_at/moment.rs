//! What a date says, whichever form it had: a day, or a local time with its offset.

use std::str::from_utf8;

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, Timelike};

use super::{CreatedAtError, TimeZone};

/// A day, or a time of day on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) day: NaiveDate,
    /// Absent for a day alone.
    pub(super) time: Option<NaiveTime>,
    /// Absent where none is written.
    pub(super) offset: Option<FixedOffset>,
}

impl Moment {
    /// The time of day in this zone, where the text itself has no offset. A day stays a day.
    pub(super) fn in_zone(self, zone: &TimeZone) -> Result<Self, CreatedAtError> {
        let (Some(time), None) = (self.time, self.offset) else {
            return Ok(self);
        };
        let offset = zone.offset(self.day.and_time(time))?;
        Ok(Self {
            offset: Some(offset),
            ..self
        })
    }

    /// The moment in UTC, which is also meant where no offset is written.
    pub(super) fn instant(&self) -> Option<NaiveDateTime> {
        let offset = TimeDelta::seconds(i64::from(self.seconds_east()));
        self.local().checked_sub_signed(offset)
    }

    fn local(&self) -> NaiveDateTime {
        self.day.and_time(self.time.unwrap_or_default())
    }

    fn seconds_east(&self) -> i32 {
        self.offset
            .unwrap_or(FixedOffset::east_opt(0).unwrap_or(chrono::Utc.fix()))
            .local_minus_utc()
    }

    /// The API's own form; nothing where its four digits of the year do not suffice. The text of a cell that has the
    /// form already comes out as it went in. An offset with seconds has no place in it: such a moment is sent in UTC.
    pub(super) fn wire(&self) -> Option<Box<str>> {
        let mut wire = Wire::default();
        if self.time.is_none() {
            wire.day(self.day)?;
            return wire.text();
        }
        let (local, east) = match self.seconds_east() {
            east if east % 60 == 0 => (self.local(), east),
            _ => (self.instant()?, 0),
        };
        wire.day(local.date())?;
        wire.byte(b' ');
        wire.time(local.time());
        wire.byte(if east < 0 { b'-' } else { b'+' });
        wire.two(east.unsigned_abs() / 3_600);
        wire.two(east.unsigned_abs() / 60 % 60);
        wire.text()
    }
}

/// The form on the wire while it is being written; ten million rows are too many for `format!`.
#[derive(Default)]
struct Wire {
    bytes: [u8; "2021-05-18 15:14:43-0700".len()],
    end: usize,
}

impl Wire {
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.end) {
            *place = byte;
            self.end += 1;
        }
    }

    fn two(&mut self, number: u32) {
        self.byte(b'0' + (number / 10 % 10) as u8);
        self.byte(b'0' + (number % 10) as u8);
    }

    fn day(&mut self, day: NaiveDate) -> Option<()> {
        let year = u32::try_from(day.year()).ok().filter(|year| *year <= 9_999)?;
        self.two(year / 100);
        self.two(year % 100);
        self.byte(b'-');
        self.two(day.month());
        self.byte(b'-');
        self.two(day.day());
        Some(())
    }

    fn time(&mut self, time: NaiveTime) {
        self.two(time.hour());
        self.byte(b':');
        self.two(time.minute());
        self.byte(b':');
        self.two(time.second());
    }

    fn text(&self) -> Option<Box<str>> {
        from_utf8(self.bytes.get(..self.end)?).ok().map(Box::from)
    }
}
