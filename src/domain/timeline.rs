//! What a run did over time, in a bounded number of steps: when it lasts longer than they reach, two neighbours become
//! one and each step is twice as long. Pure: the time since the start of the run comes in.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Most steps that are kept; enough for a chart, and a few megabytes with their latencies.
const MOST_STEPS: usize = 300;
/// Length of a step of a short run.
const SHORTEST: Duration = Duration::from_millis(250);
/// Longest latency that is told apart, in milliseconds: an hour.
const MAX_LATENCY_MS: u64 = 3_600_000;
/// Two digits: a latency is right to a hundredth.
const LATENCY_DIGITS: u8 = 2;

/// Why a run stood still, or went slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// The server asked for fewer requests.
    Throttled,
    /// The endpoint, or a store of photos, did not answer well.
    Down,
}

/// Some seconds of a run.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Rows that had their outcome.
    pub(crate) rows: u32,
    /// Most requests in flight.
    pub(crate) in_flight: usize,
    pub(crate) throttled: Duration,
    pub(crate) down: Duration,
    /// Of the attempts that ended.
    pub(crate) latency_ms: Histogram<u32>,
}

/// The run so far.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    length: Duration,
    steps: Vec<Step>,
    sampled_at: Duration,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            length: SHORTEST,
            steps: Vec::new(),
            sampled_at: Duration::ZERO,
        }
    }

    /// How long it has been looked at.
    pub(crate) fn lasted(&self) -> Duration {
        self.sampled_at
    }

    /// How long each step is; the last one may have been cut off by the end of the run.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// A row has its outcome.
    pub(crate) fn finished(&mut self, at: Duration) {
        let step = self.step(at);
        step.rows = step.rows.saturating_add(1);
    }

    /// An attempt was answered.
    pub(crate) fn answered(&mut self, at: Duration, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.step(at).latency_ms.saturating_record(took);
    }

    /// What is seen at a moment holds since the one before.
    pub(crate) fn sampled(&mut self, at: Duration, in_flight: usize, weather: Option<Weather>) {
        self.step(at);
        let mut from = self.sampled_at.min(at);
        self.sampled_at = at;
        loop {
            let (length, step) = (self.length, self.step(from));
            let place = Self::place(from, length) as u32;
            let until = (length * (place + 1)).min(at);
            step.in_flight = step.in_flight.max(in_flight);
            let passed = until.saturating_sub(from);
            match weather {
                Some(Weather::Throttled) => step.throttled += passed,
                Some(Weather::Down) => step.down += passed,
                None => {}
            }
            if until >= at {
                return;
            }
            from = until;
        }
    }

    /// The step of a moment, made if need be.
    fn step(&mut self, at: Duration) -> &mut Step {
        while Self::place(at, self.length) >= MOST_STEPS {
            self.double();
        }
        let place = Self::place(at, self.length);
        if self.steps.len() <= place {
            self.steps.resize_with(place + 1, Step::empty);
        }
        &mut self.steps[place]
    }

    fn place(at: Duration, length: Duration) -> usize {
        usize::try_from(at.as_millis() / length.as_millis().max(1)).unwrap_or(usize::MAX)
    }

    fn double(&mut self) {
        self.length *= 2;
        let mut old = std::mem::take(&mut self.steps).into_iter();
        while let Some(mut step) = old.next() {
            if let Some(next) = old.next() {
                step.add(&next);
            }
            self.steps.push(step);
        }
    }
}

impl Step {
    fn empty() -> Self {
        Self {
            rows: 0,
            in_flight: 0,
            throttled: Duration::ZERO,
            down: Duration::ZERO,
            latency_ms: empty_histogram(),
        }
    }

    /// Takes in the step that follows.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            rows,
            in_flight,
            throttled,
            down,
            latency_ms,
        } = other;
        self.rows = self.rows.saturating_add(*rows);
        self.in_flight = self.in_flight.max(*in_flight);
        self.throttled += *throttled;
        self.down += *down;
        // All have the same bounds, so that nothing can be out of them.
        let _ = self.latency_ms.add(latency_ms);
    }

    /// A quantile of the latencies in milliseconds, where any attempt ended.
    pub(crate) fn latency(&self, quantile: f64) -> Option<u64> {
        (!self.latency_ms.is_empty()).then(|| self.latency_ms.value_at_quantile(quantile))
    }
}

fn empty_histogram() -> Histogram<u32> {
    match Histogram::new_with_bounds(1, MAX_LATENCY_MS, LATENCY_DIGITS) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds of the histogram are constants: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_short_run_is_seen_closely() {
        let mut timeline = Timeline::new();
        timeline.finished(seconds(0.1));
        timeline.finished(seconds(0.3));
        timeline.answered(seconds(0.3), seconds(0.05));
        timeline.finished(seconds(0.4));
        let rows: Vec<u32> = timeline.steps().iter().map(|step| step.rows).collect();
        assert_eq!((timeline.length(), rows), (seconds(0.25), vec![1, 2]));
        let latencies: Vec<_> = timeline.steps().iter().map(|step| step.latency(0.5)).collect();
        assert_eq!(latencies, [None, Some(50)]);
    }

    #[test]
    fn however_long_it_lasts_the_steps_are_few_and_nothing_is_lost() {
        let mut timeline = Timeline::new();
        for second in 0..100_000_u32 {
            timeline.finished(seconds(f64::from(second)));
            timeline.answered(
                seconds(f64::from(second)),
                Duration::from_millis(u64::from(second) % 1_000),
            );
            timeline.sampled(seconds(f64::from(second)), second as usize % 7, Some(Weather::Down));
        }
        let steps = timeline.steps();
        assert!((MOST_STEPS / 2..=MOST_STEPS).contains(&steps.len()), "{}", steps.len());
        assert_eq!(steps.iter().map(|step| step.rows).sum::<u32>(), 100_000);
        assert_eq!(steps.iter().map(|step| step.latency_ms.len()).sum::<u64>(), 100_000);
        assert_eq!(steps.iter().map(|step| step.down).sum::<Duration>(), seconds(99_999.0));
        assert!(
            steps
                .iter()
                .all(|step| step.in_flight == 6 && step.throttled == Duration::ZERO)
        );
    }

    #[test]
    fn what_is_seen_holds_since_the_look_before() {
        let mut timeline = Timeline::new();
        timeline.sampled(seconds(0.1), 2, None);
        timeline.sampled(seconds(0.85), 5, Some(Weather::Throttled));
        timeline.sampled(seconds(0.9), 1, None);
        let steps = timeline.steps();
        assert_eq!(
            steps.iter().map(|step| step.in_flight).collect::<Vec<_>>(),
            [5, 5, 5, 5]
        );
        let throttled: Vec<_> = steps.iter().map(|step| step.throttled.as_millis()).collect();
        assert_eq!(throttled, [150, 250, 250, 100]);
    }

    #[test]
    fn a_moment_in_the_far_future_does_no_harm() {
        let mut timeline = Timeline::new();
        timeline.sampled(seconds(0.1), 1, None);
        timeline.sampled(seconds(3e8), 1, Some(Weather::Down));
        assert!(timeline.steps().len() <= MOST_STEPS);
    }
}
