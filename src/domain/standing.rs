//! How a run stands at a moment: the one thing that the bar, the plain lines, the status and the metrics tell.

use std::time::Duration;

use super::{counts::Counts, stats::Stats, stop::Stop, unix_millis::UnixMillis};

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
    /// Rows done per second of late, waits included.
    pub(crate) rate: f64,
    /// Bytes of photos sent per second of late, waits included.
    pub(crate) byte_rate: f64,
    /// How long the rest takes if all goes on as it did, with the wait of this moment.
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
