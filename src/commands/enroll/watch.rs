//! Who watches a run: the reporter before people, the publisher of status and metrics, and the timeline where a report is
//! asked for. All are told the same.

use std::time::Instant;

use chrono::Utc;

use crate::domain::{
    counts::Counts,
    outcome::Status,
    pace::Pace,
    standing::{Standing, Waited, Weather},
    stats::Stats,
    timeline::{Timeline, Weather as Spell},
};
use crate::output::{End, Publisher, State, Tally};
use crate::run::{Observer, RunEvent, Snapshot, Waiting};
use crate::terminal::{Reporter, chain};

/// The watchers of a run, and what follows from the moments before.
pub(super) struct Watch {
    pub(super) reporter: Reporter,
    publisher: Option<Publisher>,
    /// None where nobody asks for a report.
    pub(super) timeline: Option<Timeline>,
    /// Rows of the manifest.
    rows: u32,
    started: Instant,
    /// The moment before, for what is counted by time.
    last: (Instant, Weather),
    weather_since: Instant,
    waited: Waited,
    pace: Pace,
    latest: Option<Standing>,
}

impl Watch {
    pub(super) fn new(reporter: Reporter, publisher: Option<Publisher>, rows: u32, keeps_time: bool) -> Self {
        let now = Instant::now();
        Self {
            reporter,
            publisher,
            timeline: keeps_time.then(Timeline::new),
            rows,
            started: now,
            last: (now, Weather::Fine),
            weather_since: now,
            waited: Waited::default(),
            pace: Pace::default(),
            latest: None,
        }
    }

    /// Says how the run ended, with the counts that the summary has.
    pub(super) fn end(&mut self, stats: &Stats, tally: &Tally, end: End) {
        let Some(publisher) = &self.publisher else { return };
        let mut counts = Counts::default();
        Status::ALL
            .iter()
            .for_each(|status| counts.add(*status, tally.count(*status)));
        let standing = Standing {
            rows: counts.total(),
            done: counts.total() - counts.of(Status::Pending),
            counts,
            stats: stats.clone(),
            in_flight: 0,
            rate: 0.0,
            left: None,
            weather: Weather::Fine,
            ..self.latest()
        };
        if let Some(fault) = publisher.end(standing, end) {
            self.reporter.warn_even_if_quiet(&chain(&fault));
        }
    }

    /// How the run stood last.
    fn latest(&self) -> Standing {
        let nothing = || Standing::nothing(Utc::now().into());
        self.latest.clone().unwrap_or_else(nothing)
    }

    /// The run is over, and its results are being written.
    pub(super) fn writing(&self) {
        self.reporter.writing(self.rows);
        if let Some(publisher) = &self.publisher {
            publisher.publish(State::Writing, self.latest());
        }
    }

    fn standing(&mut self, snapshot: Snapshot, now: Instant) -> Standing {
        let weather = self.weather(snapshot.waiting, now);
        let stats = snapshot.stats;
        let finished = stats.done() - stats.settled_before();
        self.pace
            .sample(finished, stats.photo_bytes_sent, weather != Weather::Fine, now);
        let elapsed = now.saturating_duration_since(self.started);
        let done = stats.done().min(self.rows);
        let (rate, byte_rate) = self.pace.rates();
        Standing {
            at: Utc::now().into(),
            elapsed,
            rows: self.rows,
            done,
            counts: stats.all_rows(self.rows),
            to_retry: snapshot.waiting_rows as u32,
            in_flight: snapshot.in_flight as u32,
            limit: snapshot.limit as u32,
            rate,
            byte_rate,
            left: self.pace.left(self.rows - done, finished, elapsed, weather.wait()),
            weather,
            weather_for: now.saturating_duration_since(self.weather_since),
            waited: self.waited,
            stop: snapshot.stop,
            drains_for: snapshot.drain_until.map(|end| end.saturating_duration_since(now)),
            stats,
        }
    }

    /// The weather of this moment; the time since the last one was spent in the weather of then.
    fn weather(&mut self, waiting: Option<Waiting>, now: Instant) -> Weather {
        let until = |instant: Instant| instant.saturating_duration_since(now);
        let weather = match waiting {
            None => Weather::Fine,
            Some(Waiting::Throttled { until: end }) => Weather::Throttled { opens_in: until(end) },
            Some(Waiting::Down { next_try }) => Weather::Down {
                next_try_in: until(next_try),
            },
            Some(Waiting::StoreDown { next_try }) => Weather::StoreDown {
                next_try_in: until(next_try),
            },
        };
        let (then, before) = self.last;
        self.waited.add(before, now.saturating_duration_since(then));
        if before.word() != weather.word() {
            self.weather_since = now;
        }
        self.last = (now, weather);
        weather
    }

    fn keep_event(&mut self, event: &RunEvent) {
        let Some(timeline) = &mut self.timeline else { return };
        let at = self.started.elapsed();
        match event {
            RunEvent::Attempt { took, cause: None, .. } => timeline.answered(at, *took),
            // How long nothing came says nothing of the server's answers.
            RunEvent::Attempt { .. } => {}
            RunEvent::Finished { .. } => timeline.finished(at),
            RunEvent::InvalidPhoto { .. }
            | RunEvent::LargePhoto { .. }
            | RunEvent::SharedPhoto { .. }
            | RunEvent::Refused { .. }
            | RunEvent::StoreFailed(_)
            | RunEvent::Stopping { .. } => {}
        }
    }

    fn keep_sample(&mut self, standing: &Standing) {
        let Some(timeline) = &mut self.timeline else { return };
        let weather = match standing.weather {
            Weather::Fine => None,
            Weather::Throttled { .. } => Some(Spell::Throttled),
            Weather::Down { .. } | Weather::StoreDown { .. } => Some(Spell::Down),
        };
        timeline.sampled(standing.elapsed, standing.in_flight as usize, weather);
    }

    fn tell_fault(&mut self) {
        if let Some(fault) = self.publisher.as_ref().and_then(Publisher::fault) {
            self.reporter.warn_even_if_quiet(&chain(&fault));
        }
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &RunEvent) {
        self.keep_event(event);
        self.reporter.event(event);
    }

    fn progress(&mut self, snapshot: &dyn Fn() -> Snapshot) {
        let standing = self.standing(snapshot(), Instant::now());
        self.keep_sample(&standing);
        self.reporter.show(&standing);
        if let Some(publisher) = &self.publisher {
            let state = standing.stop.map_or(State::Running, |_| State::Stopping);
            publisher.publish(state, standing.clone());
        }
        self.latest = Some(standing);
        self.tell_fault();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn time_is_counted_for_the_weather_in_which_it_passed() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let reporter = crate::terminal::silent();
        let mut watch = Watch::new(reporter, None, 7, false);
        watch.last = (start, Weather::Fine);
        let down = Some(Waiting::Down { next_try: start });
        let throttled = Some(Waiting::Throttled {
            until: start + second * 9,
        });
        for (at, waiting) in [(1, down), (3, down), (4, throttled), (8, None), (9, None)] {
            watch.weather(waiting, start + second * at);
        }
        assert_eq!(
            watch.waited,
            Waited {
                throttled: second * 4,
                down: second * 3,
                store_down: Duration::ZERO,
            }
        );
        assert_eq!(watch.weather_since, start + second * 8);
    }
}
