//! How many requests may be in flight: one until the first row is settled, then as many as the
//! server takes, up to `--concurrency`.
//!
//! Additive increase and multiplicative decrease, as Vector's adaptive request concurrency does it,
//! with a start that doubles every round trip. No clock: instants come in.

use std::time::{Duration, Instant};

/// What is left of the limit after the server showed that it was too much.
const DECREASE: f64 = 0.7;
/// An answer is quick while it takes at most this many times the usual.
const QUICK: f64 = 2.0;
/// Weight of the newest answer in the usual duration.
const WEIGHT: f64 = 0.1;
/// Differences below this are noise of the machine and the network, not of the server.
const NOISE: Duration = Duration::from_millis(20);

/// The adaptive limit of requests in flight.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    cap: f64,
    value: f64,
    /// Doubling each round trip, until the cap or the first sign of congestion.
    starting: bool,
    usual: Option<f64>,
    decreased_at: Option<Instant>,
}

impl ConcurrencyLimit {
    /// `cap` is the most that will ever be allowed, at least 1.
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            cap: cap.max(1) as f64,
            value: 1.0,
            starting: true,
            usual: None,
            decreased_at: None,
        }
    }

    pub(crate) fn current(&self) -> usize {
        self.value as usize
    }

    /// A row was settled in `took`; `full` says that the limit was reached while it was in flight.
    pub(crate) fn settled(&mut self, took: Duration, full: bool) {
        let quick = self.is_quick(took);
        let usual = self.usual.unwrap_or(took.as_secs_f64());
        self.usual = Some(usual + (took.as_secs_f64() - usual) * WEIGHT);
        let step = if self.starting { 1.0 } else { 1.0 / self.value };
        if full && (self.starting || quick) {
            self.value = (self.value + step).min(self.cap);
        }
        self.starting &= self.value < self.cap;
    }

    /// A 429, a 503 or a timeout of a request sent at `sent_at`. Of one round trip only the first counts.
    pub(crate) fn congested(&mut self, sent_at: Instant, now: Instant) {
        if self.decreased_at.is_some_and(|last| sent_at < last) {
            return;
        }
        self.decreased_at = Some(now);
        self.starting = false;
        self.value = (self.value * DECREASE).max(1.0);
    }

    /// The machine itself allows no more than this.
    pub(crate) fn lower_cap(&mut self, cap: usize) {
        self.cap = self.cap.min(cap.max(1) as f64);
        self.value = self.value.min(self.cap);
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
    fn begins_with_one_and_doubles_every_round_trip() {
        let mut limit = ConcurrencyLimit::new(16);
        assert_eq!(limit.current(), 1);
        for wanted in [2, 4, 8, 16, 16] {
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

    #[test]
    fn falls_once_per_round_trip_and_grows_by_one_in_each() {
        let mut limit = open(16);
        let start = Instant::now();
        limit.congested(start, start + QUICKLY);
        limit.congested(start, start + QUICKLY);
        assert_eq!(limit.current(), 11);
        (0..12).for_each(|_| limit.settled(QUICKLY, true));
        assert_eq!(limit.current(), 12);
        limit.congested(start + QUICKLY, start + 2 * QUICKLY);
        assert_eq!(limit.current(), 8);
    }

    #[test]
    fn never_falls_below_one() {
        let mut limit = open(4);
        let start = Instant::now();
        for trip in 0..50 {
            limit.congested(start + trip * QUICKLY, start + trip * QUICKLY);
        }
        assert_eq!(limit.current(), 1);
    }

    #[test]
    fn slow_answers_do_not_widen_it() {
        let mut limit = open(16);
        let start = Instant::now();
        limit.congested(start, start);
        (0..5).for_each(|_| limit.settled(QUICKLY * 20, true));
        assert_eq!(limit.current(), 11);
    }

    #[test]
    fn a_server_that_takes_four_costs_less_than_half_a_request_a_row() {
        let (mut limit, mut now) = (open(32), Instant::now());
        let (mut settled, mut sent) = (0, 0);
        while settled < 400 {
            let flight = limit.current();
            sent += flight;
            let taken = flight.min(4);
            (0..taken).for_each(|_| limit.settled(QUICKLY, true));
            (taken..flight).for_each(|_| limit.congested(now, now + QUICKLY));
            settled += taken;
            now += QUICKLY;
        }
        assert!(sent * 2 < settled * 3, "{sent} requests for {settled} rows");
    }

    #[test]
    fn the_machine_can_lower_the_cap() {
        let mut limit = open(32);
        limit.lower_cap(5);
        (0..100).for_each(|_| limit.settled(QUICKLY, true));
        assert_eq!(limit.current(), 5);
    }
}
