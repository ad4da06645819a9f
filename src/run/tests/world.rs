//! The world around a dispatcher: what it asks for is written down, and done when the test says so.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use rand::{SeedableRng, rngs::StdRng};

use super::books::Books;
use super::fixture::{Back, EPOCH_MS, facts, pending, photo};
use crate::client::SendError;
use crate::domain::{
    outcome::{PhotoDigest, Status},
    response::{Kind, Verdict},
    unix_millis::UnixMillis,
};
use crate::ledger::{AttemptId, Receipt};
use crate::photo::PhotoError;
use crate::run::Moment;
use crate::run::dispatcher::{Action, Dispatcher, Event};
use crate::run::group_commit::Batch;
use crate::run::row::{Answer, Feed, PendingRow, Reading, Request};
use crate::run::shared_photos::SharedPhotos;
use crate::run::{RunEvent, RunSettings};

/// Rows of one feed, as the recorder has them.
pub(super) const FEED: usize = 256;

/// A request as it left.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: AttemptId,
    pub(super) user: String,
    pub(super) photo: PhotoDigest,
    pub(super) at: Instant,
}

/// One dispatcher and everything around it.
pub(super) struct World {
    pub(super) dispatcher: Dispatcher,
    pub(super) start: Instant,
    pub(super) now: Moment,
    /// Rows that the recorder has not handed out yet.
    pub(super) source: VecDeque<PendingRow>,
    pub(super) feed_wanted: bool,
    pub(super) reading: Vec<PendingRow>,
    pub(super) committing: Option<Batch>,
    pub(super) in_flight: BTreeMap<AttemptId, Sent>,
    pub(super) books: Books,
    /// Every request ever sent, in order.
    pub(super) sent: Vec<Sent>,
    /// Rows in the followed results, in order.
    pub(super) lines: Vec<(u32, Status)>,
    pub(super) events: Vec<RunEvent>,
    /// The photo of each row by its number, where it is not the row's first.
    pub(super) photos: HashMap<u32, u8>,
    pub(super) aborts: u32,
    /// How long nothing of a request had moved when its connection was lost; all of its time where none.
    pub(super) still_for: Option<Duration>,
    pub(super) most_in_flight: usize,
    storage_failed: bool,
    settled_once: bool,
    in_doubt_wait: Duration,
    /// The first attempt of this run.
    first_id: AttemptId,
    last_doubt: HashMap<String, Instant>,
}

impl World {
    /// A run over rows 1 to `rows`.
    pub(super) fn new(settings: RunSettings, rows: u32) -> Self {
        Self::with_rows(settings, (1..=rows).map(pending).collect())
    }

    pub(super) fn with_rows(settings: RunSettings, rows: Vec<PendingRow>) -> Self {
        Self::resumed(settings, rows, Books::default(), 1)
    }

    pub(super) fn resumed(settings: RunSettings, rows: Vec<PendingRow>, books: Books, seed: u64) -> Self {
        let (start, in_doubt_wait) = (settings.started, settings.in_doubt_wait);
        let last = books.attempts.keys().next_back();
        let next_id = last.map_or(AttemptId::FIRST, |last| last.next());
        Self {
            dispatcher: Dispatcher::new(settings, next_id, SharedPhotos::default(), StdRng::seed_from_u64(seed)),
            start,
            now: Moment {
                instant: start,
                at: UnixMillis::new(EPOCH_MS),
            },
            source: rows.into(),
            feed_wanted: false,
            reading: Vec::new(),
            committing: None,
            in_flight: BTreeMap::new(),
            books,
            sent: Vec::new(),
            lines: Vec::new(),
            events: Vec::new(),
            photos: HashMap::new(),
            aborts: 0,
            still_for: None,
            most_in_flight: 0,
            storage_failed: false,
            settled_once: false,
            in_doubt_wait,
            first_id: next_id,
            last_doubt: HashMap::new(),
        }
    }

    /// Lets the dispatcher act once, and holds it to its promises. True if it asked for anything.
    pub(super) fn poll(&mut self) -> bool {
        let actions = self.dispatcher.poll(self.now);
        let acted = !actions.is_empty();
        for action in actions {
            match action {
                Action::Feed => {
                    assert!(!self.feed_wanted, "a second feed before the first");
                    self.feed_wanted = true;
                }
                Action::Prepare(rows) => self.reading.extend(rows),
                Action::Commit(batch) => {
                    assert!(self.committing.is_none(), "a second commit before the first");
                    self.committing = Some(batch);
                }
                Action::Launch(launch) => self.launch(&launch),
                Action::Abort => self.abort(),
            }
        }
        self.events.extend(self.dispatcher.take_events());
        self.assert_nothing_unsent_is_open();
        acted
    }

    /// While nothing may start, no intent is open for a row that has not left, as soon as that is recorded.
    fn assert_nothing_unsent_is_open(&self) {
        let in_flight = self.in_flight.len();
        if self.committing.is_some() || self.storage_failed || self.dispatcher.gate.is_open(in_flight, self.now.instant)
        {
            return;
        }
        let is_new = |id: &AttemptId| *id >= self.first_id;
        for (id, attempt) in self.books.attempts.iter().filter(|(id, _)| is_new(id)) {
            let is_unsent = attempt.class.is_none() && !self.in_flight.contains_key(id);
            assert!(!is_unsent, "{}: an open intent behind a closed gate", attempt.user);
        }
    }

    fn launch(&mut self, launch: &Request) {
        let user = launch.user_id.to_string();
        let attempt = self.books.attempts.get(&launch.id);
        let attempt = attempt.unwrap_or_else(|| panic!("{user} was sent without a durable intent"));
        assert_eq!(attempt.class, None, "{user}: its intent is closed already");
        assert_eq!(attempt.user, user);
        assert!(!self.storage_failed, "{user} was sent after the storage was lost");
        assert!(
            self.dispatcher.shutdown.stop().is_none(),
            "{user} was sent after the run had been stopped"
        );
        assert!(
            !self.sent.iter().any(|sent| sent.id == launch.id),
            "one intent, two requests"
        );
        assert!(
            !self.in_flight.values().any(|sent| sent.user == user),
            "two copies of {user} in flight"
        );
        assert!(
            self.in_flight.len() < self.dispatcher.gate.limit(),
            "more than the limit in flight"
        );
        assert!(
            self.settled_once || self.in_flight.is_empty(),
            "two in flight before the first was settled"
        );
        if let Some(doubted) = self.last_doubt.get(&user) {
            assert!(
                self.now.instant >= *doubted + self.in_doubt_wait,
                "{user}: no quiet time after a doubt"
            );
        }
        let sent = Sent {
            id: launch.id,
            user,
            photo: attempt.unresolved.photo,
            at: self.now.instant,
        };
        self.sent.push(sent.clone());
        self.in_flight.insert(launch.id, sent);
        self.most_in_flight = self.most_in_flight.max(self.in_flight.len());
    }

    fn abort(&mut self) {
        self.aborts += 1;
        self.in_flight.clear();
        self.dispatcher.handle(Event::Aborted, self.now);
    }

    /// The recorder hands out the next rows.
    pub(super) fn feed(&mut self, most: usize) {
        assert!(std::mem::take(&mut self.feed_wanted));
        let most = most.min(self.source.len());
        let rows: Vec<PendingRow> = self.source.drain(..most).collect();
        let ended = self.source.is_empty();
        let feed = Feed {
            rows,
            ended,
            ..Feed::default()
        };
        self.dispatcher.handle(Event::Fed(feed), self.now);
    }

    /// The recorder is done with the batch it has.
    pub(super) fn commit(&mut self, done: bool) {
        let batch = self.committing.take().expect("a batch to commit");
        if done {
            self.books.apply(&batch.entries);
            self.lines
                .extend(batch.lines.iter().map(|line| (line.number, line.outcome.status)));
            self.dispatcher.handle(Event::Committed(Receipt::for_test()), self.now);
        } else {
            self.storage_failed = true;
            self.dispatcher.handle(Event::StorageLost, self.now);
        }
    }

    /// The ledger has the batch, but the results could not be written.
    pub(super) fn commit_without_results(&mut self) {
        let batch = self.committing.take().expect("a batch to commit");
        self.books.apply(&batch.entries);
        self.storage_failed = true;
        self.dispatcher.handle(Event::StorageLost, self.now);
    }

    /// Lets time go by while every commit fails.
    pub(super) fn wait_failing(&mut self, time: Duration) {
        self.pass(time);
        for _ in 0..100 {
            self.poll();
            if self.committing.is_some() {
                self.commit(false);
            }
        }
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.dispatcher.next_wake(self.now.instant)
    }

    /// Rows in flight, and those that wait for another attempt.
    pub(super) fn under_way(&self) -> (usize, usize) {
        let snapshot = self.dispatcher.snapshot(self.now.instant);
        (snapshot.in_flight, snapshot.waiting_rows)
    }

    pub(super) fn photo_of(&self, number: u32) -> u8 {
        self.photos.get(&number).copied().unwrap_or((number % 200) as u8)
    }

    /// The photo at this place of the list is read, well or not.
    pub(super) fn prepared(&mut self, place: usize, result: Option<PhotoError>) {
        let pending = self.reading.remove(place);
        let photo = match result {
            None => Ok(photo(self.photo_of(pending.row.number))),
            Some(error) => Err(error),
        };
        self.dispatcher.handle(Event::Prepared(pending, photo), self.now);
    }

    pub(super) fn answer_id(&mut self, id: AttemptId, back: Back) {
        let sent = self.in_flight.remove(&id).expect("a request in flight");
        if back.is_open() {
            self.last_doubt.insert(sent.user.clone(), sent.at);
        }
        self.settled_once |= matches!(
            back,
            Back::Says(Kind::Settled(..) | Kind::Rejected { .. } | Kind::Duplicate)
        );
        let reading = match back {
            Back::Breaks(error) => {
                let mut error = SendError::from(error);
                error.still_for = self.still_for;
                Err(error)
            }
            Back::Says(kind) => Ok(Reading {
                verdict: Verdict {
                    kind,
                    facts: facts(kind),
                },
                clock_ahead: None,
            }),
        };
        let took = self.now.instant - sent.at;
        let sent_at = UnixMillis::new(self.now.at.get() - took.as_millis() as i64);
        let answer = Answer {
            id,
            sent_at,
            took,
            reading,
        };
        self.dispatcher.handle(Event::Answered(answer), self.now);
    }
}
