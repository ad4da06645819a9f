//! The instants of the record.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

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
        match self.to_date_time() {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => Ok(()),
        }
    }
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
    fn no_time_has_gone_by_since_what_is_still_to_come() {
        let [early, late] = [1_000, 3_500].map(UnixMillis::new);
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(UnixMillis::MAX), Duration::ZERO);
    }
}
