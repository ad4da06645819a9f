//! Dates that begin with the year, as ISO 8601 has them and as databases and languages print them.

use chrono::{FixedOffset, NaiveDate, NaiveTime};

use super::{CreatedAtError, moment::Moment, zone};

/// A date, and a time of day with whatever follows it; nothing where the text has another form.
///
/// `2021-08-12`, `2021-08-12 10:00`, `2021-08-12T10:00:00.123Z`, `20210812T100000Z`, and behind the time one of the
/// forms of [`Cursor::offset`], and then of [`Cursor::name`].
pub(super) fn read(text: &str) -> Option<Result<Moment, CreatedAtError>> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.digits(4)?;
    let dash = cursor.byte(b'-').is_some();
    let month = cursor.digits(2)?;
    if dash {
        cursor.byte(b'-')?;
    }
    let day = (year, month, cursor.digits(2)?);
    // Eight digits alone may be a number or another order of day and year.
    if cursor.0.is_empty() {
        return dash.then(|| judged(day, None, None));
    }
    if cursor.byte(b'T').is_none() && cursor.byte(b't').is_none() {
        cursor.byte(b' ').filter(|()| dash)?;
    }
    let time = cursor.time(dash)?;
    let offset = cursor.offset()?;
    let name = cursor.name(offset.as_ref())?;
    cursor.0.is_empty().then_some(())?;
    Some(judged(day, Some(time), offset).and_then(|moment| name.check(moment)))
}

type Parts = (u32, u32, u32);

/// Whether these numbers are a moment of the calendar.
fn judged(day: Parts, time: Option<Parts>, offset: Option<Offset>) -> Result<Moment, CreatedAtError> {
    let (year, month, day) = day;
    let day = i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    let moment = Moment {
        day: day.ok_or(CreatedAtError::Impossible)?,
        time: time.map(judged_time).transpose()?,
        offset: offset.as_ref().map(Offset::judged).transpose()?,
    };
    Ok(moment)
}

fn judged_time((hour, minute, second): Parts) -> Result<NaiveTime, CreatedAtError> {
    NaiveTime::from_hms_opt(hour, minute, second).ok_or(CreatedAtError::Impossible)
}

/// `hh:mm:ss` and no more.
pub(super) fn time_of_day(text: &str) -> Option<Result<NaiveTime, CreatedAtError>> {
    let mut cursor = Cursor(text.as_bytes());
    let time = cursor.time(true)?;
    cursor.0.is_empty().then(|| judged_time(time))
}

/// One of the forms of [`Cursor::offset`] and no more; `GMT` may have an offset behind it.
pub(super) fn offset(text: &str) -> Option<Result<FixedOffset, CreatedAtError>> {
    let text = match text.strip_prefix("GMT").or_else(|| text.strip_prefix("UTC")) {
        Some("") | None => text,
        Some(rest) => rest,
    };
    let mut cursor = Cursor(text.as_bytes());
    let offset = cursor.offset()??;
    cursor.0.is_empty().then(|| offset.judged())
}

/// An offset as it is written; the numbers are not judged yet.
struct Offset {
    is_west: bool,
    parts: Parts,
}

impl Offset {
    const UTC: Self = Self {
        is_west: false,
        parts: (0, 0, 0),
    };

    fn judged(&self) -> Result<FixedOffset, CreatedAtError> {
        let (hours, minutes, seconds) = self.parts;
        let is_possible = hours <= 23 && minutes <= 59 && seconds <= 59;
        let east = (hours * 3_600 + minutes * 60 + seconds) as i32;
        let east = if self.is_west { -east } else { east };
        let offset = FixedOffset::east_opt(east).filter(|_| is_possible);
        offset.ok_or(CreatedAtError::Impossible)
    }
}

/// The name of a zone behind an offset.
enum Name<'a> {
    None,
    /// `UTC` or `GMT`, as Go prints it.
    Utc,
    /// `[Africa/Lagos]`, as Java and JavaScript's Temporal print it.
    Zone(&'a str),
}

impl Name<'_> {
    /// A name that contradicts the offset: which of the two is meant, nobody knows.
    fn check(&self, moment: Moment) -> Result<Moment, CreatedAtError> {
        match self {
            Self::None => Ok(moment),
            Self::Utc => zone::agrees("UTC", &moment).map(|()| moment),
            Self::Zone(name) => zone::agrees(name, &moment).map(|()| moment),
        }
    }
}

/// The bytes that are still to be read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == wanted).then(|| self.0 = rest)
    }

    fn word(&mut self, wanted: &str) -> Option<()> {
        let rest = self.0.strip_prefix(wanted.as_bytes())?;
        self.0 = rest;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(count)?;
        let number = head.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }

    /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff…`, or all of it without colons; the API's form has no place for the fraction.
    fn time(&mut self, colons: bool) -> Option<Parts> {
        let hour = self.digits(2)?;
        if colons {
            self.byte(b':')?;
        }
        let minute = self.digits(2)?;
        let has_second = if colons {
            self.byte(b':').is_some()
        } else {
            self.0.first().is_some_and(u8::is_ascii_digit)
        };
        if !has_second {
            return Some((hour, minute, 0));
        }
        let second = self.digits(2)?;
        if self.byte(b'.').or_else(|| self.byte(b',')).is_some() {
            self.digits(1)?;
            while self.digits(1).is_some() {}
        }
        Some((hour, minute, second))
    }

    /// `Z`, `UTC`, `GMT`, `±hh`, `±hhmm`, `±hh:mm` or `±hh:mm:ss`, with a space in front or without; or nothing.
    fn offset(&mut self) -> Option<Option<Offset>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let _ = self.byte(b' ');
        let utc = ["Z", "z", "UTC", "GMT"];
        if utc.into_iter().find_map(|word| self.word(word)).is_some() {
            return Some(Some(Offset::UTC));
        }
        let is_west = self.byte(b'-').is_some();
        if !is_west {
            self.byte(b'+')?;
        }
        Some(Some(Offset {
            is_west,
            parts: self.offset_parts()?,
        }))
    }

    fn offset_parts(&mut self) -> Option<Parts> {
        let hours = self.digits(2)?;
        if self.byte(b':').is_none() {
            return Some((hours, self.digits(2).unwrap_or(0), 0));
        }
        let minutes = self.digits(2)?;
        let seconds = match self.byte(b':') {
            Some(()) => self.digits(2)?,
            None => 0,
        };
        Some((hours, minutes, seconds))
    }

    /// ` UTC`, ` GMT` or `[Africa/Lagos]` behind an offset; or nothing.
    fn name(&mut self, offset: Option<&Offset>) -> Option<Name<'a>> {
        if self.0.is_empty() {
            return Some(Name::None);
        }
        offset?;
        if self.word(" UTC").or_else(|| self.word(" GMT")).is_some() {
            return Some(Name::Utc);
        }
        let name = self.0.strip_prefix(b"[")?.strip_suffix(b"]")?;
        self.0 = &[];
        std::str::from_utf8(name).ok().map(Name::Zone)
    }
}
