//! The values of flags: types that parse themselves.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Env {
    /// A simulator inside this process; needs no credentials
    Local,
    /// Smile ID's test environment
    Sandbox,
    /// Real users
    Production,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Bar,
    Plain,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How much of a run is told of; each level tells of the ones before it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LogLevel {
    /// What failed, and what holds the run up
    Warn,
    /// How far it is, and its end
    Info,
    /// Every attempt
    Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// How the report names users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportIds {
    Masked,
    Full,
}

impl Env {
    /// The word in file names, results and summary.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// `--rate`: the time between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) interval: Duration,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write N/s, N/m or N/h, for example 20/s";
        let (count, unit) = text.split_once('/').ok_or(FORM)?;
        let count: NonZeroU32 = count.parse().map_err(|_| FORM)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(FORM),
        };
        let interval = Duration::from_secs(seconds) / count.get();
        (interval > Duration::ZERO)
            .then_some(Self { interval })
            .ok_or("that is more than can be counted")
    }
}

/// Longest duration that can be given: a year, far within what clocks can count.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    let duration = parsed.map_err(|error| format!("{error}; write for example 200ms, 5s, 10m or 4h"))?;
    let fits = duration <= MAX_DURATION;
    fits.then_some(duration)
        .ok_or_else(|| "that is more than a year".to_owned())
}

pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than nothing".into()),
        duration => Ok(duration),
    }
}

pub(super) fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("write a number from 0 to 1, for example 0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_per_second_minute_or_hour() {
        let interval = |text: &str| text.parse::<Rate>().map(|rate| rate.interval.as_millis());
        assert_eq!(interval("20/s"), Ok(50));
        assert_eq!(interval("60/m"), Ok(1_000));
        assert_eq!(interval("3600/h"), Ok(1_000));
        for text in ["", "20", "20/d", "0/s", "-1/s", "1.5/s", "/s", "20 / s", "20/S"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_in_the_contract() {
        for (text, millis) in [
            ("200ms", 200),
            ("5s", 5_000),
            ("10m", 600_000),
            ("4h", 14_400_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["", "5", "s", "-5s", "5 parsecs"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }
}
