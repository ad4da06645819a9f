//! The instants of the record.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};

/// Milliseconds since the Unix epoch. It prints as RFC 3339, UTC, with milliseconds; as nothing where no calendar holds
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixMillis(i64);

impl UnixMillis {
    /// Later than all others.
    pub(crate) const MAX: Self = Self(i64::MAX);

    pub(crate) const fn new(millis: i64) -> Self {
        Self(millis)
    }

    pub(crate) const fn get(self) -> i64 {
        self.0
    }

    /// The time since `earlier`; none at all where that is later, as when a clock was set back.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(millis.try_into().unwrap_or(0))
    }

    /// The same for a calendar, if one holds it.
    pub(crate) fn to_date_time(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

impl From<DateTime<Utc>> for UnixMillis {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_millis())
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(instant) = self.to_date_time() else {
            return Ok(());
        };
        match four_digit_years(instant) {
            Some(text) => f.write_str(str::from_utf8(&text).unwrap_or_default()),
            None => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
        }
    }
}

/// As [`DateTime::to_rfc3339_opts`] writes it, in a tenth of the time: results have two instants a row.
fn four_digit_years(instant: DateTime<Utc>) -> Option<[u8; 24]> {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let year = u32::try_from(instant.year()).ok().filter(|year| *year < 10_000)?;
    let parts = [
        (0..4, year),
        (5..7, instant.month()),
        (8..10, instant.day()),
        (11..13, instant.hour()),
        (14..16, instant.minute()),
        (17..19, instant.second()),
        (20..23, instant.timestamp_subsec_millis()),
    ];
    for (place, mut number) in parts {
        for digit in text.get_mut(place)?.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_the_results_need_it() {
        assert_eq!(
            UnixMillis::new(1_676_300_862_004).to_string(),
            "2023-02-13T15:07:42.004Z"
        );
        assert_eq!(UnixMillis::MAX.to_string(), "");
    }

    #[test]
    fn instants_are_written_as_rfc_3339_has_them() {
        let days = (-4_000..4_000).map(|step| step * 86_399_977 * 911);
        let edges = [
            -62_167_219_200_001,
            -62_167_219_200_000,
            -1,
            0,
            253_402_300_799_999,
            253_402_300_800_000,
        ];
        for millis in days.chain(edges) {
            let instant = DateTime::from_timestamp_millis(millis).unwrap();
            let wanted = instant.to_rfc3339_opts(SecondsFormat::Millis, true);
            assert_eq!(UnixMillis::new(millis).to_string(), wanted, "{millis}");
        }
    }

    #[test]
    fn no_time_has_gone_by_since_what_is_still_to_come() {
        let [early, late] = [1_000, 3_500].map(UnixMillis::new);
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(UnixMillis::MAX), Duration::ZERO);
    }
}
