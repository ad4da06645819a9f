//! The stores of photos: whether they give anything, and what is done while they do not.
//!
//! A store that is down is no fault of a row. Photos that are read go on to their requests; reading is paused, one photo at
//! a time tries again after growing waits, and where none succeeds for longer than `--max-outage` the run ends. That is the
//! pause of an outage once more, for what comes before the request: no row has begun an attempt by it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::Rng;

use super::dispatcher::Dispatcher;
use super::row::PendingRow;
use super::{Moment, RunEvent};
use crate::domain::{
    outcome::Reason,
    photo::{PhotoPlace, StoreName},
    retry::backoff,
    stop::Stop,
};
use crate::photo::{Photo, PhotoError, StoreError, StoreFault};

/// So many objects that are all refused, with none that was given, are the fault of the credentials and not of the rows.
const FORBIDDEN_FIRST: u32 = 20;
/// How often a store may fail at one object while it gives others, before the object is to blame.
const FAILURES_OF_ONE: u32 = 8;

/// What is known of each store.
#[derive(Debug, Default)]
pub(super) struct StoreStates(BTreeMap<StoreName, StoreState>);

#[derive(Debug, Default)]
struct StoreState {
    outage: Option<Outage>,
    /// Objects that were given, or refused by themselves.
    answers: u64,
    has_given: bool,
    /// Objects that were refused before any was given.
    forbidden: u32,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    failures: u32,
    probe_at: Instant,
}

/// How a row fares at its store beside others.
#[derive(Debug, Default)]
pub(super) struct StoreRefusals {
    /// Failures between which the store has answered others.
    count: u32,
    /// Answers of the store when it failed last.
    answers: u64,
}

impl StoreStates {
    /// Photos that may be read beside those that are being read.
    pub(super) fn most_reads(&self, reading: usize, now: Instant) -> usize {
        match self.opens_at() {
            None => usize::MAX,
            Some(opens) => usize::from(reading == 0 && opens <= now),
        }
    }

    /// When the next photo may be read, while a store is down.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        self.outages().map(|outage| outage.probe_at).max()
    }

    /// When the run has waited long enough.
    pub(super) fn patience_ends(&self, max_outage: Duration) -> Option<Instant> {
        self.outages().map(|outage| outage.since + max_outage).min()
    }

    fn outages(&self) -> impl Iterator<Item = &Outage> {
        self.0.values().filter_map(|state| state.outage.as_ref())
    }

    fn of(&mut self, store: &StoreName) -> &mut StoreState {
        self.0.entry(store.clone()).or_default()
    }
}

impl StoreState {
    /// The store has answered for an object. True where all say the same: none may be read.
    fn answered(&mut self, photo: Result<(), Reason>) -> bool {
        self.outage = None;
        self.answers += 1;
        self.has_given |= photo.is_ok();
        self.forbidden += u32::from(photo == Err(Reason::PhotoForbidden));
        !self.has_given && self.forbidden == FORBIDDEN_FIRST
    }

    /// The store gives nothing. True where it did until now. Failures of one moment count as one.
    fn failed(&mut self, now: Instant, rng: &mut impl Rng) -> bool {
        let known = self.outage.as_ref();
        let is_new = known.is_none();
        if known.is_none_or(|outage| now >= outage.probe_at) {
            let failures = known.map_or(1, |outage| outage.failures.saturating_add(1));
            self.outage = Some(Outage {
                since: known.map_or(now, |outage| outage.since),
                failures,
                probe_at: now + backoff(failures, rng),
            });
        }
        is_new
    }
}

impl StoreRefusals {
    /// One failure more; true where the object itself has to answer for it.
    fn add(&mut self, answers: u64) -> bool {
        self.count += u32::from(answers > self.answers);
        self.answers = answers;
        self.count > FAILURES_OF_ONE
    }
}

impl Dispatcher {
    /// Takes note of what a store has given or refused.
    pub(super) fn store_answered(&mut self, row: &PendingRow, photo: &Result<Photo, PhotoError>, now: Moment) {
        let PhotoPlace::Object(url) = &row.row.photo else {
            return;
        };
        let answer = match photo {
            Ok(_) => Ok(()),
            Err(PhotoError::Invalid { reason, .. }) => Err(*reason),
            Err(PhotoError::Machine(_) | PhotoError::Store(_)) => return,
        };
        if self.stores.of(&url.store).answered(answer) {
            let error = StoreError {
                fault: StoreFault::Refused,
                store: url.store.to_string(),
                detail: format!(
                    "the first {FORBIDDEN_FIRST} objects are all refused; may these credentials read objects there?"
                ),
            };
            self.store_refused(error, now);
        }
    }

    /// A store gives nothing.
    pub(super) fn store_failed(&mut self, mut row: PendingRow, error: StoreError, now: Moment) {
        let PhotoPlace::Object(url) = &row.row.photo else {
            return;
        };
        let state = self.stores.of(&url.store);
        let is_for_a_moment = match error.fault {
            StoreFault::Down => true,
            StoreFault::NoCredentials => state.has_given,
            StoreFault::Refused => false,
        };
        if !is_for_a_moment {
            return self.store_refused(error, now);
        }
        if row.refusals.add(state.answers) {
            let detail = format!("{}: {}; it gives others", row.row.photo, error.detail);
            return self.photo_is_invalid(row, Reason::PhotoNotReadable, detail, now);
        }
        if state.failed(now.instant, &mut self.rng) {
            self.events.push(RunEvent::StoreFailed(error));
        }
        self.retry_later(row, now);
    }

    fn store_refused(&mut self, error: StoreError, now: Moment) {
        self.events.push(RunEvent::StoreFailed(error));
        self.end(Stop::StoreRefused, now.instant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const SECOND: Duration = Duration::from_secs(1);

    fn store(name: &str) -> StoreName {
        crate::domain::photo::ObjectUrl::parse_root(name).unwrap().store
    }

    #[test]
    fn a_store_that_is_down_lets_one_read_through_at_growing_distances() {
        let (mut states, mut rng, start) = (StoreStates::default(), StdRng::seed_from_u64(7), Instant::now());
        assert_eq!(states.most_reads(99, start), usize::MAX);
        assert!(states.of(&store("s3://bucket")).failed(start, &mut rng));
        // What fails in the same moment is the same failure.
        assert!(!states.of(&store("s3://bucket")).failed(start, &mut rng));
        let mut opens = states.opens_at().unwrap();
        assert_eq!(states.most_reads(0, start), 0);
        for _ in 0..5 {
            assert_eq!((states.most_reads(0, opens), states.most_reads(1, opens)), (1, 0));
            assert!(!states.of(&store("s3://bucket")).failed(opens, &mut rng));
            assert!(states.opens_at().unwrap() > opens);
            opens = states.opens_at().unwrap();
        }
        assert_eq!(states.patience_ends(60 * SECOND), Some(start + 60 * SECOND));
        // Another store's answer says nothing of this one.
        states.of(&store("s3://other")).answered(Ok(()));
        assert!(states.opens_at().is_some());
        states.of(&store("s3://bucket")).answered(Err(Reason::PhotoNotFound));
        assert_eq!((states.opens_at(), states.patience_ends(SECOND)), (None, None));
    }

    #[test]
    fn credentials_are_to_blame_where_the_first_objects_are_all_refused() {
        let forbidden = Err(Reason::PhotoForbidden);
        let mut state = StoreState::default();
        let said: Vec<bool> = (0..21).map(|_| state.answered(forbidden)).collect();
        assert_eq!(said.iter().position(|is_all| *is_all), Some(19));
        let mut state = StoreState::default();
        state.answered(Ok(()));
        assert!((0..100).all(|_| !state.answered(forbidden)));
    }

    #[test]
    fn an_object_is_to_blame_only_where_the_store_gives_others() {
        let mut alone = StoreRefusals::default();
        assert!((0..100).all(|_| !alone.add(0)));
        let mut beside = StoreRefusals::default();
        let failures: Vec<bool> = (1..=9).map(|answers| beside.add(answers)).collect();
        assert_eq!(failures.iter().position(|is_bad| *is_bad), Some(8));
    }
}
