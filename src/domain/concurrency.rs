//! How many requests may be in flight: one until the first row is settled, then as many as the
//! server takes, up to `--concurrency`.
//!
//! A start that grows fourfold every round trip, then one more each round trip, as Vector's adaptive request concurrency
//! does it, whose start doubles. It falls where a large share of the answers of a round trip say "too much": one that fails now and then is not
//! overloaded, and costs nothing. No clock: instants come in.

use std::time::{Duration, Instant};

/// By how much each settled row raises the limit at the start, which makes it four times as high each round trip. With
/// 64 requests and answers after 50 ms that is 0.2 s, where doubling takes 0.3 s, of which most is spent with a few.
const START_STEP: f64 = 3.0;
/// How much of the limit goes for each congested answer of the share: half of it where all are.
const DECREASE: f64 = 0.5;
/// Share of congested answers from which the server is overloaded; below it, it fails now and then.
const OVERLOADED: f64 = 0.2;
/// Fewest congested answers that show it: a single one says nothing, and of 15 answers of a server that fails with one
/// in twenty, three are congested in one case of thirty.
const FEWEST_CONGESTED: u32 = 3;
/// Fewest answers of which the share is taken, where fewer are in flight.
const FEWEST_ANSWERS: u32 = 16;
/// An answer is quick while it takes at most this many times the usual.
const QUICK: f64 = 2.0;
/// Weight of the newest answer in the usual duration.
const WEIGHT: f64 = 0.1;
/// Differences below this are noise of the machine and the network, not of the server.
const NOISE: Duration = Duration::from_millis(20);

/// The adaptive limit of requests in flight.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    /// `--concurrency`.
    most: f64,
    /// What the machine can hold, as far as is known.
    cap: f64,
    value: f64,
    /// Growing fourfold each round trip, until the cap or the first overload.
    starting: bool,
    /// Seconds of a usual answer.
    usual: Option<f64>,
    window: Window,
    decreased_at: Option<Instant>,
}

/// Answers of the latest round trip.
#[derive(Debug, Default)]
struct Window {
    answers: u32,
    congested: u32,
}

impl Window {
    fn share(&self) -> f64 {
        f64::from(self.congested) / f64::from(self.answers.max(1))
    }

    fn is_overloaded(&self) -> bool {
        self.congested >= FEWEST_CONGESTED && self.share() >= OVERLOADED
    }
}

impl ConcurrencyLimit {
    /// `most` is what will ever be allowed, at least 1.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self {
            most,
            cap: most,
            value: 1.0,
            starting: true,
            usual: None,
            window: Window::default(),
            decreased_at: None,
        }
    }

    pub(crate) fn current(&self) -> usize {
        self.value as usize
    }

    /// How long an answer usually takes; none before the first.
    pub(crate) fn usual(&self) -> Option<Duration> {
        self.usual.map(Duration::from_secs_f64)
    }

    /// A row was settled in `took`; `full` says that the limit was reached while it was in flight.
    pub(crate) fn settled(&mut self, took: Duration, full: bool) {
        let quick = self.is_quick(took);
        let usual = self.usual.unwrap_or(took.as_secs_f64());
        self.usual = Some(usual + (took.as_secs_f64() - usual) * WEIGHT);
        if full {
            self.recover();
        }
        let step = if self.starting { START_STEP } else { 1.0 / self.value };
        if full && (self.starting || quick) {
            self.value = (self.value + step).min(self.cap);
        }
        self.starting &= self.value < self.cap;
    }

    /// Something came back for a request sent at `sent_at`. `congested`: a 429, a 503 or a timeout. What was sent before
    /// the limit fell speaks of the limit before.
    pub(crate) fn answered(&mut self, congested: bool, sent_at: Instant, now: Instant) {
        if self.decreased_at.is_some_and(|last| sent_at < last) {
            return;
        }
        self.window.answers += 1;
        self.window.congested += u32::from(congested);
        if self.window.is_overloaded() {
            self.starting = false;
            self.value = (self.value * (1.0 - DECREASE * self.window.share())).max(1.0);
            self.decreased_at = Some(now);
            self.window = Window::default();
        } else if self.window.answers >= FEWEST_ANSWERS.max(self.value as u32) {
            self.window = Window::default();
        }
    }

    /// The machine itself allows no more than this for the moment.
    pub(crate) fn lower_cap(&mut self, cap: usize) {
        self.cap = self.cap.min(cap.max(1) as f64);
        self.value = self.value.min(self.cap);
    }

    /// A machine that was short of something for a moment is tried again, by one request more each round trip.
    fn recover(&mut self) {
        if self.value >= self.cap {
            self.cap = (self.cap + 1.0 / self.cap).min(self.most);
        }
    }

    fn is_quick(&self, took: Duration) -> bool {
        let longest = self.usual.unwrap_or(f64::MAX) * QUICK + NOISE.as_secs_f64();
        took.as_secs_f64() <= longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICKLY: Duration = Duration::from_millis(50);

    fn open(cap: usize) -> ConcurrencyLimit {
        let mut limit = ConcurrencyLimit::new(cap);
        (0..10 * cap).for_each(|_| limit.settled(QUICKLY, true));
        limit
    }

    #[test]
    fn begins_with_one_and_grows_fourfold_every_round_trip() {
        let mut limit = ConcurrencyLimit::new(16);
        assert_eq!(limit.current(), 1);
        for wanted in [4, 16, 16] {
            (0..limit.current()).for_each(|_| limit.settled(QUICKLY, true));
            assert_eq!(limit.current(), wanted);
        }
    }

    #[test]
    fn does_not_grow_while_it_is_not_reached() {
        let mut limit = ConcurrencyLimit::new(16);
        (0..100).for_each(|_| limit.settled(QUICKLY, false));
        assert_eq!(limit.current(), 1);
    }

    /// A round trip in which `congested` of all requests in flight come back so.
    fn round_trip(limit: &mut ConcurrencyLimit, congested: usize, now: &mut Instant) {
        let (flight, sent_at) = (limit.current(), *now);
        *now += QUICKLY;
        for place in 0..flight {
            limit.answered(place < congested, sent_at, *now);
            if place >= congested {
                limit.settled(QUICKLY, true);
            }
        }
    }

    #[test]
    fn falls_once_per_round_trip_and_grows_by_one_in_each() {
        let (mut limit, start) = (open(16), Instant::now());
        (0..16).for_each(|_| limit.answered(true, start, start + QUICKLY));
        assert_eq!(limit.current(), 8);
        (0..9).for_each(|_| limit.settled(QUICKLY, true));
        assert_eq!(limit.current(), 9);
        (0..3).for_each(|_| limit.answered(true, start + QUICKLY, start + 2 * QUICKLY));
        assert_eq!(limit.current(), 4);
    }

    #[test]
    fn a_server_that_fails_now_and_then_does_not_narrow_it() {
        let (mut limit, mut now) = (open(16), Instant::now());
        let mut least = 16;
        for trip in 0..200 {
            // One or two of sixteen.
            let congested = 1 + trip % 2;
            round_trip(&mut limit, congested, &mut now);
            least = least.min(limit.current());
        }
        assert_eq!(least, 16);
    }

    #[test]
    fn a_single_refusal_at_a_small_limit_does_not_lower_it() {
        let (mut limit, start) = (open(4), Instant::now());
        limit.answered(true, start, start + QUICKLY);
        (0..9).for_each(|_| limit.answered(false, start, start + QUICKLY));
        assert_eq!(limit.current(), 4);
    }

    #[test]
    fn never_falls_below_one() {
        let (mut limit, mut now) = (open(4), Instant::now());
        for _ in 0..50 {
            round_trip(&mut limit, 4, &mut now);
        }
        assert_eq!(limit.current(), 1);
    }

    #[test]
    fn slow_answers_do_not_raise_it() {
        let (mut limit, mut now) = (open(16), Instant::now());
        round_trip(&mut limit, 16, &mut now);
        let fallen = limit.current();
        (0..5).for_each(|_| limit.settled(QUICKLY * 20, true));
        assert_eq!(limit.current(), fallen);
    }

    #[test]
    fn a_server_that_takes_four_costs_less_than_half_a_request_a_row() {
        let (mut limit, mut now) = (open(32), Instant::now());
        let (mut settled, mut sent) = (0, 0);
        while settled < 400 {
            let flight = limit.current();
            sent += flight;
            settled += flight.min(4);
            round_trip(&mut limit, flight.saturating_sub(4), &mut now);
        }
        assert!(sent * 2 < settled * 3, "requests: {sent}, settled: {settled}");
    }

    #[test]
    fn the_machine_can_lower_the_cap_and_it_recovers() {
        let mut limit = open(32);
        limit.lower_cap(5);
        assert_eq!(limit.current(), 5);
        (0..10).for_each(|_| limit.settled(QUICKLY, true));
        assert!((5..=7).contains(&limit.current()), "{}", limit.current());
        (0..2_000).for_each(|_| limit.settled(QUICKLY, true));
        assert_eq!(limit.current(), 32);
    }
}
