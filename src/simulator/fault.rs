//! Which requests get a fault, and which one: a seeded draw.
//!
//! Pure: it must not know what a fault does, only that one is due.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What can go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// 429 with `Retry-After`, nothing processed.
    Throttled,
    /// 503, nothing processed.
    Unavailable,
    /// The connection is closed before the body is read, nothing processed.
    Dropped,
    /// The request is processed, then the connection is closed without an answer.
    LostAnswer,
}

impl Fault {
    pub(super) const ALL: [Self; 4] = [Self::Throttled, Self::Unavailable, Self::Dropped, Self::LostAnswer];
}

/// The sequence of faults of one seed.
pub(super) struct Faults {
    rng: StdRng,
    rate: f64,
}

impl Faults {
    /// `rate` is the share of requests that get a fault; 0 and below is never, 1 and above always.
    pub(super) fn new(seed: u64, rate: f64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            rate,
        }
    }

    /// The fault of the next request.
    pub(super) fn draw(&mut self) -> Option<Fault> {
        // Both numbers are always drawn, so that another rate changes how many faults there are, not which.
        let (chance, kind) = (self.rng.random::<f64>(), self.rng.random_range(0..Fault::ALL.len()));
        if chance < self.rate {
            Fault::ALL.get(kind).copied()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn sequence(seed: u64, rate: f64, length: usize) -> Vec<Option<Fault>> {
        let mut faults = Faults::new(seed, rate);
        (0..length).map(|_| faults.draw()).collect()
    }

    #[test]
    fn a_seed_is_a_sequence() {
        assert_eq!(sequence(7, 0.5, 1000), sequence(7, 0.5, 1000));
        assert_ne!(sequence(7, 0.5, 1000), sequence(8, 0.5, 1000));
    }

    #[test]
    fn the_ends_of_the_rate_are_never_and_always() {
        assert!(sequence(1, 0.0, 1000).iter().all(Option::is_none));
        assert!(sequence(1, 1.0, 1000).iter().all(Option::is_some));
        assert!(sequence(1, -1.0, 100).iter().all(Option::is_none));
        assert!(sequence(1, f64::NAN, 100).iter().all(Option::is_none));
    }

    #[test]
    fn the_faults_fall_at_the_rate_and_equally() {
        let mut counts = HashMap::new();
        for fault in sequence(42, 0.2, 20_000).into_iter().flatten() {
            *counts.entry(fault).or_insert(0) += 1;
        }
        for fault in Fault::ALL {
            let count = counts.get(&fault).copied().unwrap_or(0);
            assert!(
                (850..=1150).contains(&count),
                "{fault:?}: {count} of 20000, about 1000 expected"
            );
        }
    }

    #[test]
    fn a_lower_rate_leaves_faults_out_and_changes_none() {
        let (all, some) = (sequence(3, 1.0, 500), sequence(3, 0.3, 500));
        for (full, thinned) in all.iter().zip(some) {
            assert!(thinned.is_none() || thinned == *full);
        }
    }
}
