//! The driver: carries out what the core decides, and tells it what happened. It is the only caller
//! of the clerk and of the observer, and the only place of a run that waits.

use std::panic;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::Utc;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::clerk::{Clerk, Order, Report, orders};
use super::core::{Action, Core, Moment};
use super::job::{Answer, Job, Launch, Reading};
use super::{Observer, RunError, RunSettings, Snapshot, Stats};
use crate::client::Client;
use crate::domain::{
    buffers::Buffers,
    request::Payload,
    response::{Reply, judge},
    signature::Signer,
    stop::Stop,
};
use crate::ledger::Ledger;
use crate::manifest::{Manifest, Survey};
use crate::photo_file::{IDLE_PHOTO_BYTES, Photo, PhotoError};
use crate::results::Follower;

/// How often those who watch are told how far the run is.
const PROGRESS: Duration = Duration::from_millis(200);
/// Most events that are handled before the next decision.
const EVENTS: usize = 256;

/// What a run works with.
pub(crate) struct Services<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) survey: &'a Survey,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) follower: &'a mut Option<Follower>,
    pub(crate) client: Client,
    pub(crate) signer: Arc<Signer>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stop: Option<Stop>,
    pub(crate) stats: Stats,
    /// What the clerk could not do, if that ended the run.
    pub(crate) error: Option<RunError>,
}

/// What the core is told.
enum Event {
    Prepared(Vec<(Job, Result<Photo, PhotoError>)>),
    Answered(Answer),
    Clerk(Report),
    Signal(Stop),
    /// The clerk works no more, which before the end of the run means that it has panicked.
    ClerkGone,
}

/// Says that the clerk has gone, however it went.
struct Farewell(UnboundedSender<Event>);

impl Drop for Farewell {
    fn drop(&mut self) {
        drop(self.0.send(Event::ClerkGone));
    }
}

/// Sends every outstanding row. Returns when all are done or the run was stopped; the ledger is right either way.
/// The observer comes back with its last word still to be said.
pub(crate) fn drive<O: Observer + Send + 'static>(
    settings: RunSettings,
    services: Services<'_>,
    observer: O,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Ended, O), RunError> {
    let Services {
        manifest,
        survey,
        ledger,
        follower,
        client,
        signer,
    } = services;
    let core = Core::new(settings, ledger.next_attempt()?, StdRng::from_rng(&mut rand::rng()));
    let clerk = Clerk::new(manifest, survey, ledger, follower)?;
    let (to_clerk, from_driver) = orders();
    let (sender, events) = unbounded_channel();
    let reports = sender.clone();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let _farewell = Farewell(reports.clone());
            clerk.work(&from_driver, |report| drop(reports.send(Event::Clerk(report))));
        });
        let driver = Driver {
            core,
            to_clerk,
            sender,
            client,
            signer,
            buffers: Buffers::new(IDLE_PHOTO_BYTES),
            tasks: JoinSet::new(),
            error: None,
        };
        // As a task of its own the driver runs on the threads that serve the connections: an answer reaches it
        // without waking another thread.
        let task = runtime.spawn(driver.run(events, observer));
        let ended = runtime.block_on(task);
        // A panic of the clerk is a defect; it is not swallowed.
        thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        Ok(ended.unwrap_or_else(|error| panic::resume_unwind(error.into_panic())))
    })
}

struct Driver {
    core: Core,
    to_clerk: std::sync::mpsc::Sender<Order>,
    sender: UnboundedSender<Event>,
    client: Client,
    signer: Arc<Signer>,
    /// For photos.
    buffers: Arc<Buffers>,
    tasks: JoinSet<()>,
    error: Option<RunError>,
}

impl Driver {
    async fn run<O: Observer>(mut self, mut events: UnboundedReceiver<Event>, mut observer: O) -> (Ended, O) {
        tokio::spawn(watch_signals(self.sender.clone()));
        let mut progress = interval(PROGRESS);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(EVENTS);
        loop {
            for action in self.core.poll(moment()) {
                self.act(action);
            }
            for note in self.core.notes.drain(..) {
                observer.note(&note);
            }
            if self.core.is_over() {
                break;
            }
            let wake = self.core.next_wake().unwrap_or_else(|| Instant::now() + PROGRESS * 100);
            tokio::select! {
                _ = events.recv_many(&mut batch, EVENTS) => {
                    for event in batch.drain(..) {
                        self.handle(event);
                    }
                }
                () = sleep_until(wake.into()) => {}
                _ = progress.tick() => observer.progress(&|| self.snapshot()),
            }
            while let Some(joined) = self.tasks.try_join_next() {
                // Nobody would ever hear of a row whose task has panicked, and the run would wait for it for ever.
                if let Some(panic) = joined.err().and_then(|error| error.try_into_panic().ok()) {
                    panic::resume_unwind(panic);
                }
            }
        }
        observer.progress(&|| self.snapshot());
        let stop = self.core.stop.or(self.core.stats.left_by_limit.then_some(Stop::Limit));
        let ended = Ended {
            stop,
            stats: self.core.stats,
            error: self.error,
        };
        (ended, observer)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Feed => self.tell_clerk(Order::Feed),
            Action::Commit(batch) => self.tell_clerk(Order::Commit(batch)),
            Action::Prepare(jobs) => self.prepare(jobs),
            Action::Launch(launch) => {
                let (client, signer, sender) = (self.client.clone(), Arc::clone(&self.signer), self.sender.clone());
                self.tasks.spawn(async move {
                    let answer = attempt(&client, &signer, launch).await;
                    drop(sender.send(Event::Answered(answer)));
                });
            }
            Action::Abort => {
                self.tasks.abort_all();
                self.core.aborted(moment());
            }
        }
    }

    /// Reading and hashing keep a thread busy, so they stay away from those that serve the connections.
    fn prepare(&mut self, jobs: Vec<Job>) {
        let (sender, buffers) = (self.sender.clone(), Arc::clone(&self.buffers));
        self.tasks.spawn_blocking(move || {
            let read = |job: Job| {
                let photo = Photo::read(&job.row.photo, &buffers);
                (job, photo)
            };
            drop(sender.send(Event::Prepared(jobs.into_iter().map(read).collect())));
        });
    }

    fn handle(&mut self, event: Event) {
        let now = moment();
        match event {
            Event::Prepared(lot) => {
                for (job, photo) in lot {
                    self.core.prepared(job, photo, now);
                }
            }
            Event::Answered(answer) => self.core.answered(answer, now),
            Event::Signal(stop) => self.core.end(stop, now.instant),
            Event::ClerkGone => self.core.committed(false, now.instant),
            Event::Clerk(Report::Fed(Ok(feed))) => self.core.fed(feed),
            Event::Clerk(Report::Committed(Ok(()))) => self.core.committed(true, now.instant),
            Event::Clerk(Report::Committed(Err(error))) => {
                self.core.committed(false, now.instant);
                self.error.get_or_insert(error);
            }
            Event::Clerk(Report::Fed(Err(error))) => {
                let stop = if matches!(error, RunError::Manifest(_)) {
                    Stop::ManifestChanged
                } else {
                    Stop::Storage
                };
                self.core.end(stop, now.instant);
                self.error.get_or_insert(error);
            }
        }
    }

    /// A clerk that is gone has panicked; the panic comes out where its thread is joined.
    fn tell_clerk(&mut self, order: Order) {
        if self.to_clerk.send(order).is_err() {
            self.core.committed(false, Instant::now());
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (in_flight, waiting_rows) = self.core.under_way();
        let waiting = self.core.gate.waiting(Instant::now());
        Snapshot {
            stats: self.core.stats.clone(),
            in_flight,
            waiting_rows,
            waiting,
            stop: self.core.stop,
        }
    }
}

/// One request: signed, sent, its answer read and judged.
async fn attempt(client: &Client, signer: &Signer, launch: Launch) -> Answer {
    let Launch {
        id,
        user_id,
        created_at,
        photo,
    } = launch;
    let (start, signed_at) = (Instant::now(), Utc::now());
    let payload = Payload::sign(signer, signed_at, &user_id, &created_at, photo);
    let reading = match payload {
        Ok(payload) => client
            .post(payload)
            .await
            .map_err(|error| error.kind)
            .map(|reply| Reading {
                clock_ahead: clock_ahead(&reply),
                verdict: judge(&reply, &user_id, signer),
            }),
        // Strings always fit into JSON; were it otherwise, nothing has been sent.
        Err(_) => Err(crate::client::SendErrorKind::Lost { whole: false }),
    };
    Answer {
        id,
        sent_at: signed_at.timestamp_millis(),
        took: start.elapsed(),
        reading,
    }
}

/// The server's clock against ours, in whole seconds; half a minute of it is the network's and the rounding's.
fn clock_ahead(reply: &Reply) -> Option<i64> {
    let (server, here) = (reply.date?, SystemTime::now());
    match server.duration_since(here) {
        Ok(ahead) => i64::try_from(ahead.as_secs()).ok(),
        Err(behind) => i64::try_from(behind.duration().as_secs()).ok().map(|seconds| -seconds),
    }
}

fn moment() -> Moment {
    Moment {
        instant: Instant::now(),
        unix_ms: Utc::now().timestamp_millis(),
    }
}

/// Passes signals on until the run is over. They are caught from the call on, and so before anything is sent.
fn watch_signals(sender: UnboundedSender<Event>) -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        async move {
            let [Ok(mut interrupt), Ok(mut terminate)] = signals else {
                return;
            };
            loop {
                let stop = tokio::select! {
                    _ = interrupt.recv() => Stop::Interrupted,
                    _ = terminate.recv() => Stop::Terminated,
                };
                if sender.send(Event::Signal(stop)).is_err() {
                    return;
                }
            }
        }
    }
    #[cfg(not(unix))]
    async move {
        while tokio::signal::ctrl_c().await.is_ok() && sender.send(Event::Signal(Stop::Interrupted)).is_ok() {}
    }
}
