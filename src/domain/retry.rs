//! Whether and when a row is tried again, and when the whole run has to wait.
//!
//! Decision, delay and sleeping are three things: here are the first two. Nothing sleeps here, and
//! randomness comes in as an argument.

use std::time::Duration;

use rand::{Rng, RngExt};

/// First and longest delay of the backoff (contract, section 6: not processed, back off).
const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(30);

/// Tokens of the run's retry budget, and what it costs and earns, as the AWS SDKs keep it.
const BUDGET: u32 = 500;
const TRANSIENT_COST: u32 = 10;
const THROTTLING_COST: u32 = 5;

/// What an attempt that settled nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection came about.
    Unreachable,
    /// The server took no request, or not the whole of it.
    NotProcessed,
    Throttled,
    InDoubt,
}

impl Failure {
    /// Whether the row has to answer for it: an endpoint that is away or throttles says nothing of the row, and uses up
    /// none of its attempts.
    pub(crate) fn counts_against_row(self) -> bool {
        match self {
            Self::Unreachable | Self::Throttled => false,
            Self::NotProcessed | Self::InDoubt => true,
        }
    }
}

/// What becomes of a row after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Again,
    /// Out of attempts: once more when all others are done.
    LastRound,
    GiveUp,
}

/// How many attempts a row has: the first and `retries` further ones, and as many again in the last round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) retries: u32,
}

impl RetryPolicy {
    /// `used` counts the attempts of this round that the row itself has to answer for.
    pub(crate) fn decide(self, used: u32, last_round: bool) -> Decision {
        if used <= self.retries {
            Decision::Again
        } else if last_round || self.retries == 0 {
            Decision::GiveUp
        } else {
            Decision::LastRound
        }
    }
}

/// Full jitter: anything between nothing and the exponential delay after `failures` failures in a row.
pub(crate) fn backoff(failures: u32, rng: &mut impl Rng) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1));
    let longest = doubled
        .and_then(|factor| BACKOFF_BASE.checked_mul(factor))
        .unwrap_or(BACKOFF_CAP);
    rng.random_range(Duration::ZERO..=longest.min(BACKOFF_CAP))
}

/// The run-wide retry budget: a token bucket that pauses the run before an outage burns its rows.
#[derive(Debug)]
pub(crate) struct Budget(u32);

impl Budget {
    pub(crate) fn full() -> Self {
        Self(BUDGET)
    }

    /// Takes the price of a failure. False: the budget is spent, and the run has to pause.
    pub(crate) fn pay(&mut self, failure: Failure) -> bool {
        let cost = match failure {
            Failure::Throttled => THROTTLING_COST,
            Failure::Unreachable | Failure::NotProcessed | Failure::InDoubt => TRANSIENT_COST,
        };
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    pub(crate) fn earn(&mut self) {
        self.0 = (self.0 + 1).min(BUDGET);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_row_has_its_retries_then_a_last_round_then_nothing() {
        let attempts = RetryPolicy { retries: 4 };
        for used in 1..=4 {
            for last_round in [false, true] {
                let decision = attempts.decide(used, last_round);
                assert_eq!(
                    decision,
                    Decision::Again,
                    "{used} used, in the last round: {last_round}"
                );
            }
        }
        assert_eq!(attempts.decide(5, false), Decision::LastRound);
        assert_eq!(attempts.decide(5, true), Decision::GiveUp);
        assert_eq!(RetryPolicy { retries: 0 }.decide(1, false), Decision::GiveUp);
    }

    #[test]
    fn the_backoff_doubles_to_its_cap_and_is_spread_over_all_of_it() {
        let mut rng = StdRng::seed_from_u64(1);
        for (failures, longest) in [
            (0, 500),
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (7, 30_000),
            (u32::MAX, 30_000),
        ] {
            let delays: Vec<_> = (0..2_000).map(|_| backoff(failures, &mut rng).as_millis()).collect();
            let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
            assert!(*most <= longest && *most > longest * 95 / 100, "{failures}: {most}");
            assert!(*least < longest / 20, "{failures}: {least}");
        }
    }

    #[test]
    fn the_budget_lasts_for_fifty_failures_or_a_hundred_throttles() {
        let spend = |failure| {
            let mut budget = Budget::full();
            (0..1_000).take_while(|_| budget.pay(failure)).count()
        };
        assert_eq!(spend(Failure::InDoubt), 50);
        assert_eq!(spend(Failure::NotProcessed), 50);
        assert_eq!(spend(Failure::Unreachable), 50);
        assert_eq!(spend(Failure::Throttled), 100);
    }

    #[test]
    fn a_success_earns_one_token_and_never_above_the_brim() {
        let mut budget = Budget::full();
        budget.earn();
        assert_eq!((0..1_000).take_while(|_| budget.pay(Failure::InDoubt)).count(), 50);
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.pay(Failure::InDoubt));
        (0..10).for_each(|_| budget.earn());
        assert!(budget.pay(Failure::InDoubt));
    }
}
