//! The driver: carries out what the dispatcher decides, and tells it what happened. It is the only caller
//! of the recorder and of the observer, and the only place of a run that waits.

use std::panic;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::Utc;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::dispatcher::{Action, Dispatcher, Moment};
use super::recorder::{Command, Completion, Recorder, commands};
use super::row::{Answer, PendingRow, Reading, Request};
use super::{Observer, RunError, RunSettings, Snapshot, Stats};
use crate::client::Client;
use crate::domain::{
    request::Payload,
    response::{Reply, judge},
    signature::Signer,
    stop::Stop,
};
use crate::ledger::Ledger;
use crate::manifest::{Manifest, Survey};
use crate::output::Follower;
use crate::photo::{IDLE_PHOTO_BYTES, Photo, PhotoError};
use crate::sys::buffers::BufferPool;

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
    /// What the recorder could not do, if that ended the run.
    pub(crate) error: Option<RunError>,
}

/// What the dispatcher is told.
enum Event {
    Prepared(Vec<(PendingRow, Result<Photo, PhotoError>)>),
    Answered(Answer),
    Recorder(Completion),
    Signal(Stop),
    /// The recorder works no more, which before the end of the run means that it has panicked.
    RecorderGone,
}

/// Says that the recorder has gone, however it went.
struct TellWhenGone(UnboundedSender<Event>);

impl Drop for TellWhenGone {
    fn drop(&mut self) {
        drop(self.0.send(Event::RecorderGone));
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
    let dispatcher = Dispatcher::new(settings, ledger.next_attempt()?, StdRng::from_rng(&mut rand::rng()));
    let recorder = Recorder::new(manifest, survey, ledger, follower)?;
    let (to_recorder, from_driver) = commands();
    let (sender, events) = unbounded_channel();
    let completions = sender.clone();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let _tell_when_gone = TellWhenGone(completions.clone());
            recorder.work(&from_driver, |completion| {
                drop(completions.send(Event::Recorder(completion)))
            });
        });
        let driver = Driver {
            dispatcher,
            to_recorder,
            sender,
            client,
            signer,
            buffers: BufferPool::new(IDLE_PHOTO_BYTES),
            tasks: JoinSet::new(),
            error: None,
        };
        // As a task of its own the driver runs on the threads that serve the connections: an answer reaches it
        // without waking another thread.
        let task = runtime.spawn(driver.run(events, observer));
        let ended = runtime.block_on(task);
        // A panic of the recorder is a defect; it is not swallowed.
        thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        Ok(ended.unwrap_or_else(|error| panic::resume_unwind(error.into_panic())))
    })
}

struct Driver {
    dispatcher: Dispatcher,
    to_recorder: std::sync::mpsc::Sender<Command>,
    sender: UnboundedSender<Event>,
    client: Client,
    signer: Arc<Signer>,
    /// For photos.
    buffers: Arc<BufferPool>,
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
            for action in self.dispatcher.poll(moment()) {
                self.act(action);
            }
            for event in self.dispatcher.events.drain(..) {
                observer.event(&event);
            }
            if self.dispatcher.is_over() {
                break;
            }
            let wake = self
                .dispatcher
                .next_wake()
                .unwrap_or_else(|| Instant::now() + PROGRESS * 100);
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
        let stop = self
            .dispatcher
            .stop
            .or(self.dispatcher.stats.left_by_limit.then_some(Stop::Limit));
        let ended = Ended {
            stop,
            stats: self.dispatcher.stats,
            error: self.error,
        };
        (ended, observer)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Feed => self.tell_recorder(Command::Feed),
            Action::Commit(batch) => self.tell_recorder(Command::Commit(batch)),
            Action::Prepare(rows) => self.prepare(rows),
            Action::Launch(launch) => {
                let (client, signer, sender) = (self.client.clone(), Arc::clone(&self.signer), self.sender.clone());
                self.tasks.spawn(async move {
                    let answer = attempt(&client, &signer, launch).await;
                    drop(sender.send(Event::Answered(answer)));
                });
            }
            Action::Abort => {
                self.tasks.abort_all();
                self.dispatcher.aborted(moment());
            }
        }
    }

    /// Reading and hashing keep a thread busy, so they stay away from those that serve the connections.
    fn prepare(&mut self, rows: Vec<PendingRow>) {
        let (sender, buffers) = (self.sender.clone(), Arc::clone(&self.buffers));
        self.tasks.spawn_blocking(move || {
            let read = |pending: PendingRow| {
                let photo = Photo::read(&pending.row.photo, &buffers);
                (pending, photo)
            };
            drop(sender.send(Event::Prepared(rows.into_iter().map(read).collect())));
        });
    }

    fn handle(&mut self, event: Event) {
        let now = moment();
        match event {
            Event::Prepared(read_batch) => {
                for (pending, photo) in read_batch {
                    self.dispatcher.prepared(pending, photo, now);
                }
            }
            Event::Answered(answer) => self.dispatcher.answered(answer, now),
            Event::Signal(stop) => self.dispatcher.end(stop, now.instant),
            Event::RecorderGone => self.dispatcher.committed(false, now.instant),
            Event::Recorder(Completion::Fed(Ok(feed))) => self.dispatcher.fed(feed),
            Event::Recorder(Completion::Committed(Ok(()))) => self.dispatcher.committed(true, now.instant),
            Event::Recorder(Completion::Committed(Err(error))) => {
                self.dispatcher.committed(false, now.instant);
                self.error.get_or_insert(error);
            }
            Event::Recorder(Completion::Fed(Err(error))) => {
                let stop = if matches!(error, RunError::Manifest(_)) {
                    Stop::ManifestChanged
                } else {
                    Stop::Storage
                };
                self.dispatcher.end(stop, now.instant);
                self.error.get_or_insert(error);
            }
        }
    }

    /// A recorder that is gone has panicked; the panic comes out where its thread is joined.
    fn tell_recorder(&mut self, command: Command) {
        if self.to_recorder.send(command).is_err() {
            self.dispatcher.committed(false, Instant::now());
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (in_flight, waiting_rows) = self.dispatcher.under_way();
        let waiting = self.dispatcher.gate.waiting(Instant::now());
        Snapshot {
            stats: self.dispatcher.stats.clone(),
            in_flight,
            waiting_rows,
            waiting,
            stop: self.dispatcher.stop,
        }
    }
}

/// One request: signed, sent, its answer read and judged.
async fn attempt(client: &Client, signer: &Signer, launch: Request) -> Answer {
    let Request {
        id,
        user_id,
        created_at,
        photo,
    } = launch;
    let (start, signed_at) = (Instant::now(), Utc::now());
    let payload = Payload::sign(signer, signed_at, &user_id, &created_at, photo);
    let reading = client.post(payload).await.map(|reply| Reading {
        clock_ahead: clock_ahead(&reply),
        verdict: judge(&reply, &user_id, signer),
    });
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
