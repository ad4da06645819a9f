//! Time zones by their names in the IANA database, which `chrono-tz` holds.

use std::fmt;
use std::str::FromStr;

use chrono::{FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone as _};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{CreatedAtError, moment::Moment};

/// A time zone with the history of its offsets, as `Africa/Lagos`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeZone(Tz);

/// A name that is no zone's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--timezone {given:?} is no time zone; {}", hint(.closest))]
pub(crate) struct TimeZoneError {
    given: String,
    closest: Option<&'static str>,
}

fn hint(closest: &Option<&'static str>) -> String {
    match closest {
        Some(name) => format!("the closest name is {name}"),
        None => "write its name in the IANA database, such as Africa/Lagos or UTC".to_owned(),
    }
}

/// Names less alike than this have nothing to do with each other.
const LEAST_LIKENESS: f64 = 0.8;

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| TimeZoneError {
            given: text.to_owned(),
            closest: closest(text),
        })
    }
}

/// The name most like this one, be it without the continent, as `lagos`.
fn closest(text: &str) -> Option<&'static str> {
    let wanted = text.trim().replace(' ', "_").to_ascii_lowercase();
    let likeness = |name: &'static str| {
        let lower = name.to_ascii_lowercase();
        let city = lower.rsplit('/').next().unwrap_or(&lower);
        strsim::jaro_winkler(&lower, &wanted).max(strsim::jaro_winkler(city, &wanted))
    };
    let all = TZ_VARIANTS.iter().map(|zone| zone.name());
    let best = all
        .map(|name| (likeness(name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .map(|(_, name)| name)
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl TimeZone {
    /// The offset that its clocks showed when they showed `local`.
    pub(super) fn offset(self, local: NaiveDateTime) -> Result<FixedOffset, CreatedAtError> {
        let zone = self.0.name();
        match self.0.offset_from_local_datetime(&local) {
            MappedLocalTime::Single(offset) => Ok(offset.fix()),
            MappedLocalTime::Ambiguous(..) => Err(CreatedAtError::Twice { zone }),
            MappedLocalTime::None => Err(CreatedAtError::Skipped { zone }),
        }
    }
}

/// Whether a moment's offset is that of the zone of this name at that time.
pub(super) fn agrees(name: &str, moment: &Moment) -> Result<(), CreatedAtError> {
    let zone: Tz = name.parse().map_err(|_| CreatedAtError::NoSuchZone(name.into()))?;
    let instant = moment.instant().ok_or(CreatedAtError::Impossible)?;
    let actual = zone.offset_from_utc_datetime(&instant).fix();
    if moment.offset == Some(actual) {
        return Ok(());
    }
    Err(CreatedAtError::OffsetOfZone {
        zone: zone.name(),
        actual: actual.to_string(),
    })
}
