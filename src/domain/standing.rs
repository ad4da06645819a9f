//! How a run stands at a moment: the one thing that the bar, the plain lines, the status and the metrics tell.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{counts::Counts, stats::Stats, stop::Stop, unix_millis::UnixMillis};

/// The rate is that of the last so many seconds, so that it follows a change and does not jump.
const RATE_WINDOW: Duration = Duration::from_secs(15);
/// Below this time a rate is a matter of chance.
const LEAST_WINDOW: Duration = Duration::from_secs(1);

/// Whether the endpoint takes requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Weather {
    #[default]
    Fine,
    /// The server asks to wait.
    Throttled { opens_in: Duration },
    /// Too many failures: one request at a time.
    Down { next_try_in: Duration },
    /// The endpoint is well, and the store of the photos gives none.
    StoreDown { next_try_in: Duration },
}

impl Weather {
    /// The words of all, in the order in which they are listed.
    pub(crate) const WORDS: [&str; 4] = ["fine", "throttled", "down", "store_down"];

    /// The word in status and log lines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Fine => Self::WORDS[0],
            Self::Throttled { .. } => Self::WORDS[1],
            Self::Down { .. } => Self::WORDS[2],
            Self::StoreDown { .. } => Self::WORDS[3],
        }
    }

    /// How long it is until a request may start.
    pub(crate) fn wait(self) -> Duration {
        match self {
            Self::Fine => Duration::ZERO,
            Self::Throttled { opens_in } => opens_in,
            Self::Down { next_try_in } | Self::StoreDown { next_try_in } => next_try_in,
        }
    }
}

/// Time that a run has spent waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Waited {
    pub(crate) throttled: Duration,
    pub(crate) down: Duration,
    pub(crate) store_down: Duration,
}

impl Waited {
    /// So much time more of this weather.
    pub(crate) fn add(&mut self, weather: Weather, time: Duration) {
        match weather {
            Weather::Fine => {}
            Weather::Throttled { .. } => self.throttled += time,
            Weather::Down { .. } => self.down += time,
            Weather::StoreDown { .. } => self.store_down += time,
        }
    }
}

/// How a run stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) at: UnixMillis,
    /// Since the first row was fed.
    pub(crate) elapsed: Duration,
    /// Rows of the manifest.
    pub(crate) rows: u32,
    /// Rows that are done, whoever did them.
    pub(crate) done: u32,
    /// Every row of the manifest by what is known of it; they add up to `rows`.
    pub(crate) counts: Counts,
    pub(crate) stats: Stats,
    /// Rows that wait for another attempt.
    pub(crate) to_retry: u32,
    pub(crate) in_flight: u32,
    /// Most requests in flight at this moment.
    pub(crate) limit: u32,
    /// Rows done per second.
    pub(crate) rate: f64,
    /// Bytes of photos sent per second.
    pub(crate) byte_rate: f64,
    /// How long the rest takes if all goes on as it did.
    pub(crate) left: Option<Duration>,
    pub(crate) weather: Weather,
    /// How long the weather has been so.
    pub(crate) weather_for: Duration,
    pub(crate) waited: Waited,
    pub(crate) stop: Option<Stop>,
    /// How long requests in flight are still waited for, where that has a limit of its own.
    pub(crate) drains_for: Option<Duration>,
}

impl Standing {
    /// That of a run of which nothing is known.
    pub(crate) fn nothing(at: UnixMillis) -> Self {
        Self {
            at,
            elapsed: Duration::ZERO,
            rows: 0,
            done: 0,
            counts: Counts::default(),
            stats: Stats::new(),
            to_retry: 0,
            in_flight: 0,
            limit: 0,
            rate: 0.0,
            byte_rate: 0.0,
            left: None,
            weather: Weather::Fine,
            weather_for: Duration::ZERO,
            waited: Waited::default(),
            stop: None,
            drains_for: None,
        }
    }
}

/// How fast rows are done.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Rows and bytes at some moments of the window.
    samples: VecDeque<(Instant, u32, u64)>,
    /// Rows and bytes per second as they were last known.
    usual: (f64, f64),
}

impl Pace {
    /// Takes in what has been done by now. A wait says nothing about the pace and is left out.
    pub(crate) fn sample(&mut self, rows: u32, bytes: u64, is_waiting: bool, now: Instant) {
        if is_waiting {
            return self.samples.clear();
        }
        self.samples.push_back((now, rows, bytes));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at, ..)| now - *at > RATE_WINDOW) {
            self.samples.pop_front();
        }
        let Some((since, rows_then, bytes_then)) = self.samples.front() else {
            return;
        };
        let window = now.saturating_duration_since(*since);
        if window >= LEAST_WINDOW || self.usual == (0.0, 0.0) && !window.is_zero() {
            let seconds = window.as_secs_f64();
            let (rows, bytes) = (rows.saturating_sub(*rows_then), bytes.saturating_sub(*bytes_then));
            self.usual = (f64::from(rows) / seconds, bytes as f64 / seconds);
        }
    }

    /// Rows and bytes per second.
    pub(crate) fn rates(&self) -> (f64, f64) {
        self.usual
    }

    /// How long so many rows take. Where nothing was done of late it goes by the run's average, `done` in `elapsed`.
    pub(crate) fn left(&self, rows: u32, done: u32, elapsed: Duration) -> Option<Duration> {
        let average = f64::from(done) / elapsed.as_secs_f64();
        let rate = if self.usual.0 > 0.0 { self.usual.0 } else { average };
        let seconds = f64::from(rows) / rate;
        Duration::try_from_secs_f64(seconds).ok().filter(|_| rate > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for second in 0..40 {
            let rows = if second < 20 {
                second * 10
            } else {
                200 + (second - 20) * 2
            };
            pace.sample(rows, u64::from(rows) * 100, false, start + SECOND * second);
        }
        assert_eq!(pace.rates(), (2.0, 200.0));
        assert_eq!(pace.left(10, 240, SECOND * 40), Some(SECOND * 5));
    }

    #[test]
    fn a_wait_changes_neither_the_pace_nor_what_it_foretells() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for second in 0..5 {
            pace.sample(second * 10, 0, false, start + SECOND * second);
        }
        for second in 5..100 {
            pace.sample(40, 0, true, start + SECOND * second);
        }
        assert_eq!(pace.rates().0, 10.0);
        pace.sample(40, 0, false, start + SECOND * 100);
        assert_eq!(pace.left(100, 40, SECOND * 100), Some(SECOND * 10));
    }

    #[test]
    fn without_anything_done_nothing_is_foretold_and_else_the_average_is() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.left(10, 0, SECOND), None);
        for second in 0..60 {
            pace.sample(30, 0, false, start + SECOND * second);
        }
        assert_eq!(pace.left(10, 30, SECOND * 60), Some(SECOND * 20));
    }
}
