//! Dates that begin with a day of the week, as JavaScript, Java, C and mail print them.

use std::str::FromStr;

use chrono::{Datelike, Month, NaiveDate, Weekday};

use super::{CreatedAtError, iso, moment::Moment};

/// One of these forms; nothing where the text has another one.
///
/// - `Thu Aug 12 2021` and `Thu Aug 12 2021 10:00:00 GMT+0100 (West Africa Standard Time)`: JavaScript
/// - `Thu, 12 Aug 2021 10:00:00 GMT`: HTTP and JavaScript's `toUTCString`; with `+0100`: mail
/// - `Thu Aug 12 10:00:00 UTC 2021`: Java and `date`; without the zone: C and Python's `ctime`
pub(super) fn read(text: &str) -> Option<Result<Moment, CreatedAtError>> {
    if text.trim() != text {
        return None;
    }
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.take(MOST_WORDS + 1).collect();
    let form = match (first.strip_suffix(','), without_comment(&rest)) {
        (Some(weekday), &[day, month, year, time, offset]) => [weekday, day, month, year, time, offset],
        (None, &[month, day, year]) => [first, day, month, year, "", ""],
        (None, &[month, day, time, year]) if time.contains(':') => [first, day, month, year, time, ""],
        (None, &[month, day, time, offset, year]) if time.contains(':') => [first, day, month, year, time, offset],
        (None, &[month, day, year, time, offset]) => [first, day, month, year, time, offset],
        _ => return None,
    };
    judged(form)
}

/// Words behind the weekday, the longest name of a zone included.
const MOST_WORDS: usize = 16;

/// The words in front of the name that JavaScript writes in parentheses behind an offset.
fn without_comment<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let begin = words.iter().position(|word| word.starts_with('('));
    let ends = words.last().is_some_and(|word| word.ends_with(')'));
    match begin {
        Some(begin) if ends && begin > 4 => words.get(..begin).unwrap_or(words),
        _ => words,
    }
}

fn judged([weekday, day, month, year, time, offset]: [&str; 6]) -> Option<Result<Moment, CreatedAtError>> {
    let weekday: Weekday = short(weekday)?;
    let month: Month = short(month)?;
    let (day, year) = (number(day, &[1, 2])?, number(year, &[4])?);
    let time = some(time)
        .map(iso::time_of_day)
        .map_or(Some(None), |time| time.map(Some))?;
    let offset = some(offset)
        .map(iso::offset)
        .map_or(Some(None), |offset| offset.map(Some))?;
    Some((|| {
        let date = i32::try_from(year).ok();
        let date = date.and_then(|year| NaiveDate::from_ymd_opt(year, month.number_from_month(), day));
        let moment = Moment {
            day: date.ok_or(CreatedAtError::Impossible)?,
            time: time.transpose()?,
            offset: offset.transpose()?,
        };
        match moment.day.weekday() {
            actual if actual == weekday => Ok(moment),
            actual => Err(CreatedAtError::Weekday { actual }),
        }
    })())
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The short English name of a month or a day of the week.
fn short<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.len() == 3)
}

fn number(text: &str, lengths: &[usize]) -> Option<u32> {
    let is_number = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
