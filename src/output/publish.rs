//! Publishes how a run stands while it goes on: the status beside the ledger every second, the metrics every 15.
//!
//! A thread of its own writes, so that a disk that is slow or full holds nothing up, and only the newest standing waits for
//! it. It goes by the times of what it is told, and asks no clock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::metrics::MetricsFile;
use super::status::{End, Identity, RunStatus, State, StatusPlace};
use crate::domain::{standing::Standing, unix_millis::UnixMillis};

/// Distances of what is written.
const STATUS_EVERY: Duration = Duration::from_secs(1);
const METRICS_EVERY: Duration = Duration::from_secs(15);
/// How long the end of a run waits for its last status and metrics.
const LAST_WRITE: Duration = Duration::from_secs(3);

/// Where to publish.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) status: Option<StatusPlace>,
    pub(crate) metrics: Option<PathBuf>,
}

/// What could not be written; the run goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("cannot write the status {path:?}")]
    Status { path: PathBuf, source: io::Error },
    #[error("cannot write the metrics {path:?}")]
    Metrics { path: PathBuf, source: io::Error },
    #[error("cannot write status and metrics")]
    Thread(#[source] io::Error),
    #[error("the last status and metrics are not written: the disk does not answer")]
    TooSlow,
}

/// The newest that is to be written.
#[derive(Debug, Default)]
struct Slot {
    news: Option<(State, Standing)>,
    end: Option<End>,
    /// The first thing that could not be written, until it is asked for.
    fault: Option<PublishError>,
    /// Whether there has been one: the same disk is not complained of every second.
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

/// Takes the news of a run. Its clones take those of the same.
#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    done: Arc<Mutex<Receiver<()>>>,
}

impl Publisher {
    /// Begins with a run that is preparing.
    pub(crate) fn start(places: Places, identity: Identity) -> Self {
        let (sender, done) = channel();
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let started_at = identity.started_at;
        let publisher = Self {
            shared,
            done: Arc::new(Mutex::new(done)),
        };
        publisher.publish(State::Preparing, Standing::nothing(started_at));
        let thread = std::thread::Builder::new().name("publisher".into()).spawn(move || {
            work(&theirs, &places, &identity);
            // Who waited for it may have gone.
            let _ = sender.send(());
        });
        if let Err(error) = thread {
            publisher.shared.lock().fault = Some(PublishError::Thread(error));
        }
        publisher
    }

    /// The newest; what was not written before is left out.
    pub(crate) fn publish(&self, state: State, standing: Standing) {
        self.shared.lock().news = Some((state, standing));
        self.shared.changed.notify_one();
    }

    /// What could not be written; said once.
    pub(crate) fn fault(&self) -> Option<PublishError> {
        self.shared.lock().fault.take()
    }

    /// Writes the last of it, and waits for that no longer than it may take.
    pub(crate) fn end(&self, standing: Standing, end: End) -> Option<PublishError> {
        {
            let mut slot = self.shared.lock();
            (slot.news, slot.end) = (Some((State::Ended, standing)), Some(end));
        }
        self.shared.changed.notify_one();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = done.recv_timeout(LAST_WRITE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        self.fault().or(is_late.then_some(PublishError::TooSlow))
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next that is to be written, with the end where that has come.
    fn next(&self) -> Option<(State, Standing, Option<End>)> {
        let slot = self.lock();
        let slot = self.changed.wait_while(slot, |slot| slot.news.is_none());
        let mut slot = slot.unwrap_or_else(PoisonError::into_inner);
        let (state, standing) = slot.news.take()?;
        Some((state, standing, slot.end))
    }

    fn report(&self, error: PublishError) {
        let mut slot = self.lock();
        if !std::mem::replace(&mut slot.has_failed, true) {
            slot.fault = Some(error);
        }
    }
}

/// When something was last written.
#[derive(Default)]
struct Due(Option<(UnixMillis, State)>);

impl Due {
    fn is(&mut self, every: Duration, state: State, at: UnixMillis) -> bool {
        let is_due = self
            .0
            .is_none_or(|(last, then)| then != state || at < last || at.since(last) >= every);
        if is_due {
            self.0 = Some((at, state));
        }
        is_due
    }
}

fn work(shared: &Shared, places: &Places, identity: &Identity) {
    let status_error = |path: &Path| {
        let path = path.to_owned();
        |source| PublishError::Status { path, source }
    };
    let mut metrics = places
        .metrics
        .as_deref()
        .map(|path| (path, MetricsFile::new(path, identity.clone())));
    let alive = places
        .status
        .as_ref()
        .map(|place| place.lock().map_err(status_error(place.path())));
    let (_alive, fault) = match alive.transpose() {
        Ok(alive) => (alive, None),
        Err(fault) => (None, Some(fault)),
    };
    // Without the lock a status would be taken for that of a run that has died.
    let status = places.status.as_ref().filter(|_| fault.is_none());
    fault.into_iter().for_each(|fault| shared.report(fault));
    let (mut status_due, mut metrics_due) = (Due::default(), Due::default());
    while let Some((state, standing, end)) = shared.next() {
        if let Some(place) = status.filter(|_| status_due.is(STATUS_EVERY, state, standing.at)) {
            let written = place.write(&RunStatus::new(identity, state, &standing, end));
            written.unwrap_or_else(|error| shared.report(status_error(place.path())(error)));
        }
        if let Some((path, file)) = metrics
            .as_mut()
            .filter(|_| metrics_due.is(METRICS_EVERY, state, standing.at))
        {
            let written = file.write(&standing, end);
            let error = |source| PublishError::Metrics {
                path: path.to_path_buf(),
                source,
            };
            written.unwrap_or_else(|source| shared.report(error(source)));
        }
        if end.is_some() {
            return;
        }
    }
}
