//! The world around a core: what it asks for is written down, and done when the test says so.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::DateTime;
use csv::StringRecord;
use rand::{SeedableRng, rngs::StdRng};

use crate::client::SendErrorKind;
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Facts, Outcome, PhotoMark, Reason, Status},
    response::{Kind, Verdict},
    resume::{History, Past, Plan, Unresolved},
    retry::Attempts,
    user_id::UserId,
};
use crate::ledger::{AttemptId, Class, Entry};
use crate::manifest::Row;
use crate::photo_file::{Photo, PhotoError};
use crate::run::core::{Action, Core, Moment};
use crate::run::job::{Answer, Batch, Feed, Job, Launch, Reading};
use crate::run::{Note, RunSettings};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DATE: &str = "2021-08-12";
/// Rows of one feed, as the clerk has them.
const FEED: usize = 256;
/// Milliseconds since the Unix epoch at which every world begins.
const EPOCH_MS: i64 = 1_780_000_000_000;

/// An intent and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Attempted {
    pub(super) user: String,
    pub(super) unresolved: Unresolved,
    pub(super) class: Option<Class>,
}

/// The ledger as a map: the entries of whole batches, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    pub(super) attempts: BTreeMap<AttemptId, Attempted>,
    pub(super) outcomes: HashMap<String, Arc<Outcome>>,
}

impl Books {
    pub(super) fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.clone() {
                Entry::Intent {
                    id,
                    user_id,
                    number,
                    photo,
                    at,
                } => {
                    let unresolved = Unresolved {
                        number,
                        photo,
                        started_at: at,
                        run_id: "r".into(),
                    };
                    let user = user_id.to_string();
                    let attempted = Attempted {
                        user,
                        unresolved,
                        class: None,
                    };
                    assert!(self.attempts.insert(id, attempted).is_none(), "attempt {id} twice");
                }
                Entry::Close { id, class, .. } => {
                    // As in the ledger: nothing happens where no such attempt is.
                    if let Some(attempt) = self.attempts.get_mut(&id) {
                        attempt.class = Some(class);
                    }
                }
                Entry::Resolve { user_id } => {
                    for attempt in self.attempts.values_mut() {
                        if attempt.user == user_id.as_str() && matches!(attempt.class, None | Some(Class::InDoubt)) {
                            attempt.class = Some(Class::Settled);
                        }
                    }
                }
                Entry::Outcome { user_id, outcome, .. } => {
                    self.outcomes.insert(user_id.to_string(), outcome);
                }
            }
        }
    }

    pub(super) fn history(&self, user: &str) -> History {
        let outcome = self.outcomes.get(user).map(|outcome| Outcome::clone(outcome));
        let mine = self.attempts.values().filter(|attempt| attempt.user == user);
        let open = mine.filter(|attempt| matches!(attempt.class, None | Some(Class::InDoubt)));
        History {
            created_at: outcome.as_ref().map(|_| DATE.into()),
            outcome,
            unresolved: open.map(|attempt| attempt.unresolved.clone()).collect(),
        }
    }

    pub(super) fn view(&self, user: &str) -> Outcome {
        self.history(user).view()
    }

    pub(super) fn classes(&self, user: &str) -> Vec<Option<Class>> {
        let mine = self.attempts.values().filter(|attempt| attempt.user == user);
        mine.map(|attempt| attempt.class).collect()
    }
}

/// A request as it left.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) id: AttemptId,
    pub(super) user: String,
    pub(super) photo: PhotoMark,
    pub(super) at: Instant,
}

/// One core and everything around it.
pub(super) struct World {
    pub(super) core: Core,
    pub(super) start: Instant,
    pub(super) now: Moment,
    /// Rows that the clerk has not handed out yet.
    pub(super) source: VecDeque<Job>,
    pub(super) feed_wanted: bool,
    pub(super) reading: Vec<Job>,
    pub(super) committing: Option<Batch>,
    pub(super) in_flight: BTreeMap<AttemptId, Sent>,
    pub(super) books: Books,
    /// Every request ever sent, in order.
    pub(super) sent: Vec<Sent>,
    /// Rows in the followed results, in order.
    pub(super) lines: Vec<(u32, Status)>,
    pub(super) notes: Vec<Note>,
    /// The photo of each row by its number, where it is not the row's first.
    pub(super) photos: HashMap<u32, u8>,
    pub(super) aborts: u32,
    pub(super) most_in_flight: usize,
    storage_failed: bool,
    settled_once: bool,
    in_doubt_wait: Duration,
    last_doubt: HashMap<String, Instant>,
}

pub(super) fn settings() -> RunSettings {
    RunSettings {
        run_id: "r".into(),
        // Far from the clock's beginning, so that every duration can be taken from it.
        started: Instant::now() + 1_000_000 * SECOND,
        concurrency: 8,
        interval: None,
        attempts: Attempts { retries: 4 },
        in_doubt_wait: 5 * SECOND,
        max_outage: 600 * SECOND,
        stop_after: None,
        limit: None,
        max_failures: None,
    }
}

pub(super) fn user(number: u32) -> String {
    format!("user-{number}")
}

pub(super) fn mark(photo: u8) -> PhotoMark {
    PhotoMark {
        sha256: [photo; 32],
        bytes: 1_000,
    }
}

pub(super) fn photo(name: u8) -> Photo {
    Photo {
        bytes: Bytes::from_static(b"photo"),
        mark: mark(name),
    }
}

pub(super) fn invalid_photo() -> PhotoError {
    PhotoError::Invalid {
        reason: Reason::PhotoNotFound,
        detail: "there is no such file".into(),
    }
}

pub(super) fn machine_fault() -> PhotoError {
    PhotoError::Machine(std::io::Error::from_raw_os_error(24))
}

/// A row that is sent for the first time.
pub(super) fn job(number: u32) -> Job {
    planned(number, Plan::Send(Past::default())).unwrap()
}

/// A row with what the ledger knows of its user, as the clerk makes it.
pub(super) fn planned(number: u32, plan: Plan) -> Option<Job> {
    let now = DateTime::from_timestamp_millis(EPOCH_MS).unwrap();
    let (past, refused_photo) = match plan {
        Plan::Skip => return None,
        Plan::Send(past) => (past, None),
        Plan::SendIfPhotoDiffers(past, photo) => (past, Some(photo)),
    };
    Some(Job {
        row: Row {
            number,
            user_id: UserId::parse(&user(number)).unwrap(),
            created_at: CreatedAt::parse(DATE, now).unwrap(),
            photo: format!("{number}.jpg").into(),
        },
        cells: StringRecord::from(vec![user(number)]),
        past,
        refused_photo,
        used: 0,
        failures: 0,
        last_round: false,
        sent: false,
    })
}

pub(super) fn enrolled() -> Kind {
    Kind::Settled(Status::Enrolled, None)
}

pub(super) fn rejected(reason: Reason) -> Kind {
    Kind::Settled(Status::Rejected, Some(reason))
}

pub(super) fn doubt() -> Kind {
    Kind::InDoubt(Reason::ServerError, None)
}

pub(super) fn throttled(wait: Option<u64>) -> Kind {
    Kind::NotProcessed(Reason::Throttled, wait.map(Duration::from_secs))
}

/// What comes back for a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Back {
    Says(Kind),
    Breaks(SendErrorKind),
}

impl From<Kind> for Back {
    fn from(kind: Kind) -> Self {
        Self::Says(kind)
    }
}

impl From<SendErrorKind> for Back {
    fn from(error: SendErrorKind) -> Self {
        Self::Breaks(error)
    }
}

impl Back {
    fn is_doubt(self) -> bool {
        matches!(
            self,
            Self::Says(Kind::InDoubt(..))
                | Self::Breaks(SendErrorKind::Lost { whole: true } | SendErrorKind::Silent { whole: true })
        )
    }
}

impl World {
    /// A run over rows 1 to `rows`.
    pub(super) fn new(settings: RunSettings, rows: u32) -> Self {
        Self::with_jobs(settings, (1..=rows).map(job).collect())
    }

    pub(super) fn with_jobs(settings: RunSettings, jobs: Vec<Job>) -> Self {
        Self::resumed(settings, jobs, Books::default(), 1)
    }

    pub(super) fn resumed(settings: RunSettings, jobs: Vec<Job>, books: Books, seed: u64) -> Self {
        let (start, in_doubt_wait) = (settings.started, settings.in_doubt_wait);
        let next_id = books.attempts.keys().next_back().copied().unwrap_or(0) + 1;
        Self {
            core: Core::new(settings, next_id, StdRng::seed_from_u64(seed)),
            start,
            now: Moment {
                instant: start,
                unix_ms: EPOCH_MS,
            },
            source: jobs.into(),
            feed_wanted: false,
            reading: Vec::new(),
            committing: None,
            in_flight: BTreeMap::new(),
            books,
            sent: Vec::new(),
            lines: Vec::new(),
            notes: Vec::new(),
            photos: HashMap::new(),
            aborts: 0,
            most_in_flight: 0,
            storage_failed: false,
            settled_once: false,
            in_doubt_wait,
            last_doubt: HashMap::new(),
        }
    }

    /// Lets the core act once, and holds it to its promises. True if it asked for anything.
    pub(super) fn poll(&mut self) -> bool {
        let actions = self.core.poll(self.now);
        let acted = !actions.is_empty();
        for action in actions {
            match action {
                Action::Feed => {
                    assert!(!self.feed_wanted, "a second feed before the first");
                    self.feed_wanted = true;
                }
                Action::Prepare(job) => self.reading.push(job),
                Action::Commit(batch) => {
                    assert!(self.committing.is_none(), "a second commit before the first");
                    self.committing = Some(batch);
                }
                Action::Launch(launch) => self.launch(&launch),
                Action::Abort => self.abort(),
            }
        }
        self.notes.append(&mut self.core.notes);
        acted
    }

    fn launch(&mut self, launch: &Launch) {
        let user = launch.user_id.to_string();
        let attempt = self.books.attempts.get(&launch.id);
        let attempt = attempt.unwrap_or_else(|| panic!("{user} was sent without a durable intent"));
        assert_eq!(attempt.class, None, "{user}: its intent is closed already");
        assert_eq!(attempt.user, user);
        assert!(!self.storage_failed, "{user} was sent after the storage was lost");
        assert!(
            self.core.stop.is_none(),
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
            self.in_flight.len() < self.core.gate.limit(),
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
        self.core.aborted(self.now);
    }

    /// The clerk hands out the next rows.
    pub(super) fn feed(&mut self, most: usize) {
        assert!(std::mem::take(&mut self.feed_wanted));
        let most = most.min(self.source.len());
        let jobs: Vec<Job> = self.source.drain(..most).collect();
        let ended = self.source.is_empty();
        self.core.fed(Feed {
            jobs,
            ended,
            ..Feed::default()
        });
    }

    /// The clerk is done with the batch it has.
    pub(super) fn commit(&mut self, done: bool) {
        let batch = self.committing.take().expect("a batch to commit");
        if done {
            self.books.apply(&batch.entries);
            self.lines
                .extend(batch.lines.iter().map(|line| (line.number, line.outcome.status)));
        } else {
            self.storage_failed = true;
        }
        self.core.committed(done, self.now.instant);
    }

    /// The ledger has the batch, but the results could not be written.
    pub(super) fn commit_without_results(&mut self) {
        let batch = self.committing.take().expect("a batch to commit");
        self.books.apply(&batch.entries);
        self.storage_failed = true;
        self.core.committed(false, self.now.instant);
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

    pub(super) fn photo_of(&self, number: u32) -> u8 {
        self.photos.get(&number).copied().unwrap_or((number % 200) as u8)
    }

    /// The photo at this place of the list is read, well or not.
    pub(super) fn prepared(&mut self, place: usize, result: Option<PhotoError>) {
        let job = self.reading.remove(place);
        let photo = match result {
            None => Ok(photo(self.photo_of(job.row.number))),
            Some(error) => Err(error),
        };
        self.core.prepared(job, photo, self.now);
    }

    pub(super) fn answer_id(&mut self, id: AttemptId, back: Back) {
        let sent = self.in_flight.remove(&id).expect("a request in flight");
        if back.is_doubt() {
            self.last_doubt.insert(sent.user.clone(), self.now.instant);
        }
        self.settled_once |= matches!(back, Back::Says(Kind::Settled(..) | Kind::Duplicate));
        let reading = match back {
            Back::Breaks(error) => Err(error),
            Back::Says(kind) => Ok(Reading {
                verdict: Verdict {
                    kind,
                    facts: facts(kind),
                },
                clock_ahead: None,
            }),
        };
        let took = self.now.instant - sent.at;
        let sent_at = self.now.unix_ms - took.as_millis() as i64;
        self.core.answered(
            Answer {
                id,
                sent_at,
                took,
                reading,
            },
            self.now,
        );
    }

    /// Answers the request of a row, then does all that follows from it at this moment.
    pub(super) fn answer(&mut self, number: u32, back: impl Into<Back>) {
        let id = self
            .flight_of(number)
            .unwrap_or_else(|| panic!("row {number} is not in flight"));
        self.answer_id(id, back.into());
        self.work();
    }

    pub(super) fn flight_of(&self, number: u32) -> Option<AttemptId> {
        let name = user(number);
        self.in_flight
            .values()
            .find(|sent| sent.user == name)
            .map(|sent| sent.id)
    }

    /// The rows in flight.
    pub(super) fn flying(&self) -> Vec<u32> {
        let number = |sent: &Sent| sent.user.trim_start_matches("user-").parse().unwrap();
        self.in_flight.values().map(number).collect()
    }

    /// Does whatever the core asks for, until it waits for an answer or for time to go by.
    pub(super) fn work(&mut self) {
        self.work_with(|_| None);
    }

    pub(super) fn work_with(&mut self, mut result: impl FnMut(u32) -> Option<PhotoError>) {
        for _ in 0..100_000 {
            self.poll();
            if self.committing.is_some() {
                self.commit(true);
            } else if let Some(job) = self.reading.first() {
                let result = result(job.row.number);
                self.prepared(0, result);
            } else if self.feed_wanted && self.core.stop.is_none() {
                self.feed(FEED);
            } else if self.core.is_over() || self.core.next_wake().is_none_or(|wake| wake > self.now.instant) {
                return;
            }
        }
        panic!("the core never comes to rest");
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.unix_ms += time.as_millis() as i64;
    }

    /// Lets time go by, and does what follows.
    pub(super) fn wait(&mut self, time: Duration) {
        self.pass(time);
        self.work();
    }

    /// Lets time go by until the core wants to be polled again.
    pub(super) fn wake(&mut self) -> Duration {
        let wake = self.core.next_wake().expect("a time to wake up");
        let time = wake.saturating_duration_since(self.now.instant);
        self.wait(time);
        time
    }

    /// Waits until a request leaves; the time it took.
    pub(super) fn until_sent(&mut self) -> Duration {
        let (before, since) = (self.sent.len(), self.now.instant);
        for _ in 0..1_000 {
            if self.sent.len() > before {
                return self.now.instant - since;
            }
            assert!(!self.core.is_over(), "the run ended: {:?}", self.core.stop);
            self.wake();
        }
        panic!("nothing is sent");
    }

    /// Answers every request with the same, until the run is over or nothing more happens for want of rows.
    pub(super) fn answer_all(&mut self, back: impl Fn(u32) -> Back) {
        for _ in 0..100_000 {
            self.work();
            if self.core.is_over() {
                return;
            }
            match self.flying().first() {
                Some(number) => {
                    self.pass(Duration::from_millis(50));
                    self.answer(*number, back(*number));
                }
                None => drop(self.wake()),
            }
        }
        panic!("the run never ends");
    }

    pub(super) fn status(&self, number: u32) -> Status {
        self.books.view(&user(number)).status
    }

    pub(super) fn reason(&self, number: u32) -> Option<Reason> {
        self.books.view(&user(number)).reason
    }

    pub(super) fn sent_of(&self, number: u32) -> usize {
        let name = user(number);
        self.sent.iter().filter(|sent| sent.user == name).count()
    }

    /// Every row stands once in the results that are followed, or was refused before and is unchanged.
    pub(super) fn assert_each_row_ended_once(&self, rows: u32) {
        let numbers: BTreeSet<u32> = self.lines.iter().map(|line| line.0).collect();
        assert_eq!(numbers.len(), self.lines.len(), "a row ended twice");
        assert_eq!(numbers.len() as u32 + self.core.stats.unchanged, rows, "a row is lost");
        assert_eq!(self.core.stats.done(), rows);
    }
}

fn facts(kind: Kind) -> Facts {
    let http_status = match kind {
        Kind::Settled(..) => 200,
        Kind::Duplicate => 400,
        Kind::NotProcessed(Reason::Throttled, _) => 429,
        Kind::NotProcessed(..) => 408,
        Kind::InDoubt(..) => 503,
        Kind::Stop(_) => 403,
    };
    Facts {
        http_status: Some(http_status),
        ..Facts::default()
    }
}
