//! The stores of photos: whether they give anything, and what is done while they do not.
//!
//! A store that is down is no fault of a row. Photos that are read go on to their requests; reading is paused, one photo at
//! a time tries again after growing waits, and where none succeeds for longer than `--max-outage` the run ends. That is the
//! pause of an outage once more, for what comes before the request: no row has begun an attempt by it.
//!
//! A store that fails at one object and answers otherwise is not down: that object's row has as many tries as a row has
//! attempts, and is to blame then. So each run comes to its end, be there nothing but such objects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::Rng;

use super::dispatcher::Dispatcher;
use super::row::PendingRow;
use super::{Moment, RunEvent};
use crate::domain::{
    outcome::Reason,
    photo::{PhotoPlace, StoreName},
    retry::{Budget, Decision, Failure, RetryPolicy, backoff},
    stop::Stop,
};
use crate::photo::{Photo, PhotoError, StoreError, StoreFault};

/// So many objects that are all refused, with none that was given, are the fault of the credentials and not of the rows.
const FORBIDDEN_FIRST: u32 = 20;

/// What is known of each store.
#[derive(Debug, Default)]
pub(super) struct StoreStates(BTreeMap<StoreName, StoreState>);

#[derive(Debug)]
struct StoreState {
    outage: Option<Outage>,
    /// What it may fail at single objects before reading pauses: it may have too much to do.
    budget: Budget,
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

/// Tries at a row's object at which its store failed and answered otherwise.
#[derive(Debug, Default)]
pub(super) struct ObjectTries {
    this_round: u32,
    all: u32,
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

impl Default for StoreState {
    fn default() -> Self {
        Self {
            outage: None,
            budget: Budget::full(),
            has_given: false,
            forbidden: 0,
        }
    }
}

impl StoreState {
    /// The store has answered for an object. True where all say the same: none may be read.
    fn answered(&mut self, photo: Result<(), Reason>) -> bool {
        self.outage = None;
        if photo.is_ok() {
            self.budget.earn();
        }
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

    /// The store fails at one object and answers otherwise. Where that happens more often than it gives others, reading
    /// pauses for a moment each time; the time of an outage does not begin. True where reading went on until now.
    fn failed_at_one(&mut self, now: Instant, rng: &mut impl Rng) -> bool {
        let was_open = self.outage.take().is_none();
        if self.budget.pay(Failure::NotProcessed) {
            return false;
        }
        self.failed(now, rng);
        was_open
    }
}

impl ObjectTries {
    pub(super) fn begin_round(&mut self) {
        self.this_round = 0;
    }

    /// One more, and what follows. A row has one retry at the least: no store is without a failure.
    fn add(&mut self, retry: RetryPolicy, last_round: bool) -> Decision {
        self.this_round += 1;
        self.all += 1;
        let retries = retry.retries.max(1);
        RetryPolicy { retries }.decide(self.this_round, last_round)
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
                only_at: None,
            };
            self.store_refused(error, now);
        }
    }

    /// A store gives nothing.
    pub(super) fn store_failed(&mut self, row: PendingRow, error: StoreError, now: Moment) {
        let PhotoPlace::Object(url) = &row.row.photo else {
            return;
        };
        let state = self.stores.of(&url.store);
        let is_for_a_moment = match error.fault {
            StoreFault::Down | StoreFault::Busy => true,
            StoreFault::NoCredentials => state.has_given,
            StoreFault::Refused => false,
        };
        if !is_for_a_moment {
            return self.store_refused(error, now);
        }
        let is_for_one = error.only_at.is_some();
        let is_news = match is_for_one {
            true => state.failed_at_one(now.instant, &mut self.rng),
            false => state.failed(now.instant, &mut self.rng),
        };
        if is_news {
            self.events.push(RunEvent::StoreFailed(error.clone()));
        }
        match is_for_one {
            true => self.object_failed(row, error, now),
            false => self.retry_later(row, now),
        }
    }

    /// The store fails at this object alone.
    fn object_failed(&mut self, mut row: PendingRow, error: StoreError, now: Moment) {
        match row.object_tries.add(self.settings.retry, row.last_round) {
            Decision::Again => self.retry_later(row, now),
            Decision::LastRound => {
                let due = now.instant + backoff(row.failures, &mut self.rng);
                row.begin_last_round();
                self.queue.postpone(row, due);
            }
            Decision::GiveUp => {
                let fault = error.of_object(row.object_tries.all);
                self.unprepared(row, fault, now);
            }
        }
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
    fn a_store_that_fails_at_one_object_is_not_down_and_pauses_only_where_it_does_so_often() {
        let (mut state, mut rng, start) = (StoreState::default(), StdRng::seed_from_u64(7), Instant::now());
        assert!(state.failed(start, &mut rng));
        for _ in 0..50 {
            assert!(!state.failed_at_one(start, &mut rng));
            assert!(state.outage.is_none(), "its answer ends an outage");
        }
        assert!(
            state.failed_at_one(start, &mut rng),
            "nothing was given for fifty that were not"
        );
        for second in 1..1_000 {
            let now = start + second * SECOND;
            assert!(!state.failed_at_one(now, &mut rng));
            let outage = state.outage.as_ref().unwrap();
            assert!(outage.since == now && outage.probe_at <= now + SECOND / 2, "{outage:?}");
        }
        (0..10).for_each(|_| assert!(!state.answered(Ok(()))));
        assert!(!state.failed_at_one(start, &mut rng) && state.outage.is_none());
    }

    #[test]
    fn an_object_has_as_many_tries_as_a_row_has_attempts() {
        for (retries, tries) in [(0, 4), (1, 4), (4, 10)] {
            let mut object = ObjectTries::default();
            let mut last_round = false;
            let given_up = (1..100).find(|_| match object.add(RetryPolicy { retries }, last_round) {
                Decision::Again => false,
                Decision::LastRound => {
                    object.begin_round();
                    last_round = true;
                    false
                }
                Decision::GiveUp => true,
            });
            assert_eq!((given_up, object.all), (Some(tries), tries), "{retries}");
        }
    }
}
