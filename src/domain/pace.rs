//! How fast a run gets on, and how long the rest of it takes.
//!
//! Both go by what was done in the time that passed, with the waits in it: a server that lets ten rows through and then
//! asks for a minute's rest gets ten rows done in a minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate is that of the last so many seconds in which requests could be sent, and of the waits between them: it
/// follows a change, does not jump, and takes in many of the waits where they are short and follow one another.
const WORK: Duration = Duration::from_secs(15);
/// Waits included, it looks back no further than this.
const LONGEST: Duration = Duration::from_secs(600);
/// Below this time a rate is a matter of chance.
const SHORTEST: Duration = Duration::from_secs(1);
/// Distance of the samples that are kept, so that they are few.
const APART: Duration = Duration::from_millis(250);

/// What had been done at a moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    rows: u32,
    bytes: u64,
    /// Time since the start in which requests could be sent.
    work: Duration,
}

/// How fast rows are done.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    samples: VecDeque<Sample>,
    /// Whether the run waited when it was last looked at.
    was_waiting: bool,
    /// Rows and bytes per second as they were last known.
    rates: (f64, f64),
}

impl Pace {
    /// Takes in what has been done by now. `is_waiting`: nothing may be sent from now on until it is said otherwise.
    pub(crate) fn sample(&mut self, rows: u32, bytes: u64, is_waiting: bool, now: Instant) {
        let work = self.work_until(now);
        self.was_waiting = is_waiting;
        self.keep(Sample {
            at: now,
            rows,
            bytes,
            work,
        });
        if let Some(rates) = self.of_late() {
            self.rates = rates;
        }
    }

    /// Rows and bytes per second.
    pub(crate) fn rates(&self) -> (f64, f64) {
        self.rates
    }

    /// How long so many rows take, when the next may be sent after `wait`. Where nothing was done of late it goes by the
    /// run's average, `done` in `elapsed`.
    pub(crate) fn left(&self, rows: u32, done: u32, elapsed: Duration, wait: Duration) -> Option<Duration> {
        let average = f64::from(done) / elapsed.as_secs_f64();
        let rate = if self.rates.0 > 0.0 { self.rates.0 } else { average };
        let seconds = f64::from(rows) / rate;
        let left = Duration::try_from_secs_f64(seconds).ok().filter(|_| rate > 0.0);
        left.map(|left| left.saturating_add(wait))
    }

    fn work_until(&self, now: Instant) -> Duration {
        let Some(last) = self.samples.back() else {
            return Duration::ZERO;
        };
        match self.was_waiting {
            true => last.work,
            false => last.work + now.saturating_duration_since(last.at),
        }
    }

    /// Takes the place of the last sample where that one is too near to the one before it.
    fn keep(&mut self, sample: Sample) {
        let before = self.samples.len().checked_sub(2).and_then(|at| self.samples.get(at));
        if before.is_some_and(|before| sample.at.saturating_duration_since(before.at) < APART) {
            self.samples.pop_back();
        }
        self.samples.push_back(sample);
        // The second one has to reach back far enough by itself before the first may go.
        let is_enough = |since: &Sample| {
            sample.work - since.work >= WORK || sample.at.saturating_duration_since(since.at) >= LONGEST
        };
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(is_enough) {
            self.samples.pop_front();
        }
    }

    /// What was done between the first sample and the last, if that is time enough.
    fn of_late(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.at.saturating_duration_since(first.at);
        let is_enough = time >= SHORTEST || self.rates == (0.0, 0.0) && !time.is_zero();
        is_enough.then(|| {
            let (rows, bytes) = (
                last.rows.saturating_sub(first.rows),
                last.bytes.saturating_sub(first.bytes),
            );
            let seconds = time.as_secs_f64();
            (f64::from(rows) / seconds, bytes as f64 / seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const NO_WAIT: Duration = Duration::ZERO;

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
        assert_eq!(pace.left(10, 240, SECOND * 40, NO_WAIT), Some(SECOND * 5));
    }

    /// Two seconds of work with ten rows, then eight of waiting, again and again: one row a second, whenever one looks.
    #[test]
    fn waits_that_follow_one_another_are_part_of_the_pace() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let tenth = SECOND / 10;
        let mut told = Vec::new();
        for tick in 0..3_000_u32 {
            let (cycle, within) = (tick / 100, tick % 100);
            let (rows, is_waiting) = (cycle * 10 + (within / 2).min(10), within >= 20);
            let now = start + tenth * tick;
            pace.sample(rows, 0, is_waiting, now);
            let wait = if is_waiting { tenth * (100 - within) } else { NO_WAIT };
            if tick >= 1_000 {
                told.push(pace.left(1_000, rows, tenth * tick, wait).unwrap().as_secs());
            }
        }
        let (least, most) = (told.iter().min().unwrap(), told.iter().max().unwrap());
        assert!(*least >= 850 && *most <= 1_150, "1,000 s are told as {least} to {most}");
        assert!(pace.samples.len() < 1_000, "{}", pace.samples.len());
    }

    #[test]
    fn a_wait_of_this_moment_comes_on_top_and_soon_counts_as_time_in_which_nothing_was_done() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for second in 0..=15 {
            pace.sample(second * 10, 0, second == 15, start + SECOND * second);
        }
        assert_eq!(pace.rates().0, 10.0);
        assert_eq!(pace.left(100, 150, SECOND * 15, SECOND * 60), Some(SECOND * 70));
        pace.sample(150, 0, true, start + SECOND * 30);
        assert_eq!(pace.rates().0, 5.0);
    }

    #[test]
    fn after_the_waits_the_pace_is_again_that_of_the_last_seconds() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.sample(0, 0, true, start);
        pace.sample(0, 0, false, start + SECOND * 100);
        for second in 101..=120 {
            pace.sample((second - 100) * 10, 0, false, start + SECOND * second);
        }
        assert_eq!(pace.rates().0, 10.0);
    }

    #[test]
    fn a_long_outage_is_not_remembered_for_ever() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for second in 0..5_000 {
            pace.sample(second / 100, 0, true, start + SECOND * second);
        }
        assert!((0.009..=0.011).contains(&pace.rates().0), "{:?}", pace.rates());
        assert!(pace.samples.len() <= 602, "{}", pace.samples.len());
    }

    #[test]
    fn without_anything_done_nothing_is_foretold_and_else_the_average_is() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.left(10, 0, SECOND, NO_WAIT), None);
        for second in 0..60 {
            pace.sample(30, 0, false, start + SECOND * second);
        }
        assert_eq!(pace.left(10, 30, SECOND * 60, NO_WAIT), Some(SECOND * 20));
    }
}
