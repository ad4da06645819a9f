//! Whether a request may start now: the adaptive limit, the rate, a wait the server asked for, and
//! the pause of an outage. No clock and no sleeping: instants come in, instants go out.

use std::time::{Duration, Instant};

use rand::Rng;

use crate::domain::{
    concurrency::ConcurrencyLimit,
    retry::{Budget, Failure, backoff},
};

/// Time within which faults of the machine are one and the same shortage.
const SHORTAGE: Duration = Duration::from_secs(1);

/// What the gate says to the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Now,
    /// Not before this instant.
    At(Instant),
    /// Not before an answer has come.
    AfterAnAnswer,
}

/// Why the run waits, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    Throttled {
        until: Instant,
    },
    Down {
        next_try: Instant,
    },
    /// A store of photos is down.
    StoreDown {
        next_try: Instant,
    },
}

/// The run's pace in fair and foul weather.
pub(super) struct Gate {
    limit: ConcurrencyLimit,
    budget: Budget,
    rate: Option<Rate>,
    hold_until: Option<Instant>,
    pause: Option<Pause>,
    /// Throttled answers since a row was settled last.
    throttles: u32,
    /// Since when the endpoint has been unreachable or throttling without settling a row.
    trouble_since: Option<Instant>,
    max_outage: Duration,
    /// When the machine last showed that it cannot hold so many.
    lowered_at: Option<Instant>,
}

/// The budget is spent: one request at a time, at growing distances, until one succeeds.
struct Pause {
    failures: u32,
    probe_at: Instant,
}

impl Gate {
    pub(super) fn new(concurrency: usize, interval: Option<Duration>, max_outage: Duration, now: Instant) -> Self {
        Self {
            limit: ConcurrencyLimit::new(concurrency),
            budget: Budget::full(),
            rate: interval.map(|interval| Rate { interval, next: now }),
            hold_until: None,
            pause: None,
            throttles: 0,
            trouble_since: None,
            max_outage,
            lowered_at: None,
        }
    }

    /// Asks for one request more beside those in flight. `Now` is a promise that the request starts.
    pub(super) fn admit(&mut self, in_flight: usize, now: Instant) -> Admission {
        if let Some(until) = self.hold_until.filter(|until| *until > now) {
            return Admission::At(until);
        }
        if let Some(pause) = self.pause.as_ref().filter(|pause| pause.probe_at > now) {
            return Admission::At(pause.probe_at);
        }
        if in_flight >= self.limit() {
            return Admission::AfterAnAnswer;
        }
        match self.rate.as_mut().map_or(Ok(()), |rate| rate.start(now)) {
            Ok(()) => Admission::Now,
            Err(later) => Admission::At(later),
        }
    }

    /// Whether any request may start beside those in flight, as far as holds and pauses go.
    pub(super) fn is_open(&self, in_flight: usize, now: Instant) -> bool {
        self.opens_at(now).is_none() && !(self.is_paused() && in_flight > 0)
    }

    /// When it opens again, if it is closed for a time.
    pub(super) fn opens_at(&self, now: Instant) -> Option<Instant> {
        let probe_at = self.pause.as_ref().map(|pause| pause.probe_at);
        self.hold_until.max(probe_at).filter(|opens| *opens > now)
    }

    /// Whether an outage lets one request through at a time.
    pub(super) fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Rows that will start within `time` if all goes on as it does: as many as are in flight at a time, by how long an
    /// answer takes. None before the first answer, and none in a pause.
    pub(super) fn demand(&self, time: Duration) -> usize {
        let Some(usual) = self.limit.usual().filter(|_| !self.is_paused()) else {
            return 0;
        };
        let by_answers = self.limit() as f64 * time.as_secs_f64() / usual.as_secs_f64().max(0.001);
        let by_rate = self
            .rate
            .as_ref()
            .map_or(f64::MAX, |rate| time.as_secs_f64() / rate.interval.as_secs_f64());
        by_answers.min(by_rate).ceil() as usize
    }

    /// Rows that may start at this moment.
    pub(super) fn vacancies(&self, in_flight: usize) -> usize {
        let free = self.limit().saturating_sub(in_flight);
        if self.rate.is_some() { free.min(1) } else { free }
    }

    /// Most requests in flight at this moment.
    pub(super) fn limit(&self) -> usize {
        if self.pause.is_some() { 1 } else { self.limit.current() }
    }

    /// An answer settled a row: the endpoint is there and works. True where that ends a pause.
    pub(super) fn settled(&mut self, took: Duration, full: bool) -> bool {
        self.limit.settled(took, full);
        self.budget.earn();
        self.trouble_since = None;
        self.throttles = 0;
        let resumed = self.pause.take().is_some();
        if resumed {
            self.budget = Budget::full();
        }
        resumed
    }

    /// An attempt settled nothing. False: the run is paused, and no row has to answer for it.
    pub(super) fn failed(&mut self, failure: Failure, now: Instant, rng: &mut impl Rng) -> bool {
        let paid = self.budget.pay(failure) && self.pause.is_none();
        if !paid {
            let failures = self.pause.as_ref().map_or(1, |pause| pause.failures.saturating_add(1));
            self.pause = Some(Pause {
                failures,
                probe_at: now + backoff(failures, rng),
            });
        }
        if !paid || matches!(failure, Failure::Unreachable | Failure::Throttled) {
            self.trouble_since.get_or_insert(now);
        }
        paid
    }

    /// The server asks everybody to wait.
    pub(super) fn hold(&mut self, wait: Duration, now: Instant) {
        let until = now + wait;
        self.hold_until = Some(self.hold_until.map_or(until, |other| other.max(until)));
        self.trouble_since.get_or_insert(now);
    }

    /// The server throttles without saying for how long. While other requests are under way, fewer of them will
    /// do; when there is none, everybody waits.
    pub(super) fn throttled(&mut self, in_flight: usize, now: Instant, rng: &mut impl Rng) {
        self.throttles = self.throttles.saturating_add(1);
        if in_flight == 0 {
            let patience = self
                .patience_ends()
                .map_or(self.max_outage, |end| end.saturating_duration_since(now));
            self.hold(backoff(self.throttles, rng).min(patience), now);
        }
    }

    /// Something came back; `congested`: a sign that there were too many requests in flight.
    pub(super) fn answered(&mut self, congested: bool, sent_at: Instant, now: Instant) {
        self.limit.answered(congested, sent_at, now);
    }

    /// The machine cannot hold more connections and files than it did with so many in flight. It tries the run's
    /// patience as an outage does. Many run into the same shortage at once: of one second only the first counts.
    pub(super) fn machine_is_short(&mut self, in_flight: usize, now: Instant) {
        self.trouble_since.get_or_insert(now);
        if self.lowered_at.is_none_or(|last| now >= last + SHORTAGE) {
            self.lowered_at = Some(now);
            self.limit.lower_cap(in_flight * 7 / 10);
        }
    }

    /// When the run's patience ends, if it is being tried.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        Some(self.trouble_since? + self.max_outage)
    }

    /// Whether the endpoint has been away too long, or has asked for a wait that is too long.
    pub(super) fn is_hopeless(&self, now: Instant) -> bool {
        let held_beyond = |end: Instant| self.hold_until.is_some_and(|until| until > end);
        // A row settled meanwhile ends the trouble, but not the wait that was asked for.
        held_beyond(now + self.max_outage) || self.patience_ends().is_some_and(|end| now >= end || held_beyond(end))
    }

    pub(super) fn waiting(&self, now: Instant) -> Option<Waiting> {
        let hold = self
            .hold_until
            .filter(|until| *until > now)
            .map(|until| Waiting::Throttled { until });
        hold.or_else(|| {
            self.pause.as_ref().map(|pause| Waiting::Down {
                next_try: pause.probe_at,
            })
        })
    }
}

/// At most one request per interval, without bursts.
struct Rate {
    interval: Duration,
    /// When the next request may start.
    next: Instant,
}

impl Rate {
    /// Takes the right to start, or says when to ask again.
    fn start(&mut self, now: Instant) -> Result<(), Instant> {
        if now < self.next {
            return Err(self.next);
        }
        self.next = now + self.interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    const SECOND: Duration = Duration::from_secs(1);

    fn gate(interval: Option<Duration>) -> (Gate, Instant) {
        let now = Instant::now();
        (Gate::new(8, interval, 600 * SECOND, now), now)
    }

    #[test]
    fn one_request_until_the_first_row_is_settled() {
        let (mut gate, now) = gate(None);
        assert_eq!(gate.admit(0, now), Admission::Now);
        assert_eq!(gate.admit(1, now), Admission::AfterAnAnswer);
        gate.settled(SECOND, true);
        assert_eq!(gate.admit(1, now), Admission::Now);
    }

    #[test]
    fn a_rate_is_smooth_from_the_first_request_on() {
        let (mut gate, start) = gate(Some(SECOND / 10));
        let mut now = start;
        let mut starts = Vec::new();
        for _ in 0..5 {
            match gate.admit(0, now) {
                Admission::Now => starts.push((now - start).as_millis()),
                Admission::At(later) => {
                    now = later;
                    assert_eq!(gate.admit(0, now), Admission::Now);
                    starts.push((now - start).as_millis());
                }
                Admission::AfterAnAnswer => panic!("nothing is in flight"),
            }
        }
        assert_eq!(starts, [0, 100, 200, 300, 400]);
    }

    #[test]
    fn a_hold_stops_everything_and_the_longest_one_counts() {
        let (mut gate, now) = gate(None);
        gate.hold(7 * SECOND, now);
        gate.hold(3 * SECOND, now);
        assert_eq!(gate.admit(0, now), Admission::At(now + 7 * SECOND));
        assert_eq!(
            gate.waiting(now),
            Some(Waiting::Throttled {
                until: now + 7 * SECOND
            })
        );
        assert_eq!(gate.admit(0, now + 7 * SECOND), Admission::Now);
        assert!(!gate.is_hopeless(now + 599 * SECOND));
        assert!(gate.is_hopeless(now + 600 * SECOND));
    }

    #[test]
    fn throttling_without_a_time_holds_the_run_only_when_nothing_else_is_under_way() {
        let (mut gate, now) = gate(None);
        let mut rng = StdRng::seed_from_u64(7);
        gate.settled(SECOND, true);
        gate.throttled(3, now, &mut rng);
        assert_eq!(gate.waiting(now), None);
        gate.throttled(0, now, &mut rng);
        assert!(matches!(gate.waiting(now), Some(Waiting::Throttled { until }) if until <= now + SECOND));
    }

    #[test]
    fn a_wait_beyond_the_runs_patience_is_hopeless_at_once() {
        let (mut gate, now) = gate(None);
        gate.hold(601 * SECOND, now);
        assert!(gate.is_hopeless(now));
    }

    #[test]
    fn a_spent_budget_pauses_the_run_until_a_probe_succeeds() {
        let (mut gate, now) = gate(None);
        let mut rng = StdRng::seed_from_u64(7);
        gate.settled(SECOND, true);
        let charged = (0..60).filter(|_| gate.failed(Failure::InDoubt, now, &mut rng)).count();
        assert_eq!(charged, 50);
        assert_eq!(gate.limit(), 1);
        let later = now + 31 * SECOND;
        assert_eq!(gate.admit(0, later), Admission::Now);
        assert_eq!(gate.admit(1, later), Admission::AfterAnAnswer);
        gate.settled(SECOND, true);
        assert!(
            gate.failed(Failure::InDoubt, later, &mut rng),
            "the budget is full again"
        );
        assert_eq!(gate.waiting(later), None);
    }

    #[test]
    fn doubts_alone_do_not_try_the_patience_but_an_unreachable_server_does() {
        let (mut gate, now) = gate(None);
        let mut rng = StdRng::seed_from_u64(7);
        gate.failed(Failure::InDoubt, now, &mut rng);
        assert_eq!(gate.patience_ends(), None);
        gate.failed(Failure::Unreachable, now, &mut rng);
        assert_eq!(gate.patience_ends(), Some(now + 600 * SECOND));
        gate.settled(SECOND, true);
        assert_eq!(gate.patience_ends(), None);
    }
}
