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

use super::Moment;
use super::dispatcher::{Action, Dispatcher, Event};
use super::recorder::{Command, Completion, Recorder, commands};
use super::row::{Answer, PendingRow, Reading, Request};
use super::shared_photos::SharedPhotos;
use super::{Observer, RunError, RunSettings};
use crate::client::Client;
use crate::domain::{
    photo::PhotoPlace,
    request::Payload,
    response::{Reply, judge},
    signature::Signer,
    stats::Stats,
    stop::Stop,
};
use crate::ledger::Ledger;
use crate::manifest::Surveyed;
use crate::output::Follower;
use crate::photo::{Photo, PhotoError, Photos};
use crate::sys::signals::Signals;

/// How often those who watch are told how far the run is.
const PROGRESS: Duration = Duration::from_millis(200);
/// Most messages that are heard before the next decision.
const MESSAGES: usize = 256;

/// What a run works with.
pub(crate) struct Services<'a> {
    pub(crate) manifest: &'a Surveyed,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) follower: &'a mut Option<Follower>,
    pub(crate) client: Client,
    pub(crate) signer: Arc<Signer>,
    pub(crate) photos: Photos,
    pub(crate) signals: Signals,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stop: Option<Stop>,
    pub(crate) stats: Stats,
    /// What the recorder could not do, if that ended the run.
    pub(crate) error: Option<RunError>,
}

/// What the driver hears from those who work for it.
enum Message {
    Prepared(Vec<(PendingRow, Result<Photo, PhotoError>)>),
    Answered(Answer),
    Recorder(Completion),
    Signal(Stop),
    /// The recorder works no more, which before the end of the run means that it has panicked.
    RecorderGone,
}

/// Says that the recorder has gone, however it went.
struct TellWhenGone(UnboundedSender<Message>);

impl Drop for TellWhenGone {
    fn drop(&mut self) {
        drop(self.0.send(Message::RecorderGone));
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
        ledger,
        follower,
        client,
        signer,
        photos,
        signals,
    } = services;
    let mut shared = SharedPhotos::new(services.manifest.survey.lines());
    if settings.strict {
        ledger.each_photo(|user_id, sha256| shared.know(user_id, sha256))?;
    }
    let rng = StdRng::from_rng(&mut rand::rng());
    let dispatcher = Dispatcher::new(settings, ledger.next_attempt()?, shared, rng);
    let recorder = Recorder::new(manifest, ledger, follower)?;
    let (to_recorder, from_driver) = commands();
    let (sender, messages) = unbounded_channel();
    let completions = sender.clone();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let _tell_when_gone = TellWhenGone(completions.clone());
            recorder.work(&from_driver, |completion| {
                drop(completions.send(Message::Recorder(completion)))
            });
        });
        let driver = Driver {
            dispatcher,
            to_recorder,
            sender,
            client,
            signer,
            photos: photos.into(),
            tasks: JoinSet::new(),
            signals,
            error: None,
        };
        // As a task of its own the driver runs on the threads that serve the connections: an answer reaches it
        // without waking another thread.
        let task = runtime.spawn(driver.run(messages, observer));
        let ended = runtime.block_on(task);
        // A panic of the recorder is a defect; it is not swallowed.
        thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        Ok(ended.unwrap_or_else(|error| panic::resume_unwind(error.into_panic())))
    })
}

struct Driver {
    dispatcher: Dispatcher,
    to_recorder: std::sync::mpsc::Sender<Command>,
    sender: UnboundedSender<Message>,
    client: Client,
    signer: Arc<Signer>,
    photos: Arc<Photos>,
    tasks: JoinSet<()>,
    signals: Signals,
    error: Option<RunError>,
}

impl Driver {
    async fn run<O: Observer>(mut self, mut messages: UnboundedReceiver<Message>, mut observer: O) -> (Ended, O) {
        tokio::spawn(pass_on(self.signals.clone(), self.sender.clone()));
        let mut progress = interval(PROGRESS);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Vec::with_capacity(MESSAGES);
        loop {
            self.dispatcher.held_bytes = self.photos.held_bytes();
            for action in self.dispatcher.poll(moment()) {
                self.act(action);
            }
            for event in self.dispatcher.take_events() {
                observer.event(&event);
            }
            if self.dispatcher.is_over() {
                break;
            }
            let now = Instant::now();
            let wake = self.dispatcher.next_wake(now).unwrap_or(now + PROGRESS * 100);
            tokio::select! {
                _ = messages.recv_many(&mut heard, MESSAGES) => heard.drain(..).for_each(|message| self.hear(message)),
                () = sleep_until(wake.into()) => {}
                _ = progress.tick() => observer.progress(&|| self.dispatcher.snapshot(Instant::now())),
            }
            self.resume_panics();
        }
        observer.progress(&|| self.dispatcher.snapshot(Instant::now()));
        let (stop, stats) = self.dispatcher.finish();
        let error = self.error;
        (Ended { stop, stats, error }, observer)
    }

    /// Nobody would ever hear of a row whose task has panicked, and the run would wait for it for ever.
    fn resume_panics(&mut self) {
        while let Some(joined) = self.tasks.try_join_next() {
            if let Some(panic) = joined.err().and_then(|error| error.try_into_panic().ok()) {
                panic::resume_unwind(panic);
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Feed => self.tell_recorder(Command::Feed),
            Action::Commit(batch) => self.tell_recorder(Command::Commit(batch)),
            Action::Prepare(rows) => self.prepare(rows),
            Action::Launch(request) => {
                let (client, signer, sender) = (self.client.clone(), Arc::clone(&self.signer), self.sender.clone());
                self.tasks.spawn(async move {
                    let answer = attempt(&client, &signer, request).await;
                    drop(sender.send(Message::Answered(answer)));
                });
            }
            Action::Abort => {
                self.tasks.abort_all();
                self.dispatcher.handle(Event::Aborted, moment());
            }
        }
    }

    /// Files are read several in a row, objects each by itself, since what takes time there is the way.
    fn prepare(&mut self, rows: Vec<PendingRow>) {
        let mut files = Vec::new();
        for pending in rows {
            match &pending.row.photo {
                PhotoPlace::Object(_) => self.read_object(pending),
                PhotoPlace::File(_) | PhotoPlace::FromWindows { .. } | PhotoPlace::Pattern { .. } => {
                    files.push(pending)
                }
            }
        }
        if !files.is_empty() {
            self.read_files(files);
        }
    }

    /// Reading and hashing keep a thread busy, so they stay away from those that serve the connections.
    fn read_files(&mut self, rows: Vec<PendingRow>) {
        let (sender, photos) = (self.sender.clone(), Arc::clone(&self.photos));
        self.tasks.spawn_blocking(move || {
            let read = |pending: PendingRow| {
                let photo = photos.read_file(&pending.row.photo);
                (pending, photo)
            };
            drop(sender.send(Message::Prepared(rows.into_iter().map(read).collect())));
        });
    }

    fn read_object(&mut self, pending: PendingRow) {
        let (sender, photos) = (self.sender.clone(), Arc::clone(&self.photos));
        self.tasks.spawn(async move {
            let photo = photos.read(&pending.row.photo, pending.past.sent.as_deref()).await;
            drop(sender.send(Message::Prepared(vec![(pending, photo)])));
        });
    }

    fn hear(&mut self, message: Message) {
        let now = moment();
        match message {
            Message::Prepared(rows) => {
                for (row, photo) in rows {
                    self.dispatcher.handle(Event::Prepared(row, photo), now);
                }
            }
            Message::Answered(answer) => self.dispatcher.handle(Event::Answered(answer), now),
            Message::Signal(stop) => self.dispatcher.handle(Event::Stop(stop), now),
            Message::RecorderGone => self.dispatcher.handle(Event::StorageLost, now),
            Message::Recorder(completion) => self.recorded(completion, now),
        }
    }

    fn recorded(&mut self, completion: Completion, now: Moment) {
        let (event, error) = match completion {
            Completion::Fed(Ok(feed)) => (Event::Fed(feed), None),
            Completion::Committed(Ok(receipt)) => (Event::Committed(receipt), None),
            Completion::Committed(Err(error)) => (Event::StorageLost, Some(error)),
            Completion::Fed(Err(error)) => (Event::Stop(Stop::from(&error).once_begun()), Some(error)),
        };
        self.dispatcher.handle(event, now);
        self.error = self.error.take().or(error);
    }

    /// A recorder that is gone has panicked; the panic comes out where its thread is joined.
    fn tell_recorder(&mut self, command: Command) {
        if self.to_recorder.send(command).is_err() {
            self.dispatcher.handle(Event::StorageLost, moment());
        }
    }
}

/// One request: signed, sent, its answer read and judged.
async fn attempt(client: &Client, signer: &Signer, request: Request) -> Answer {
    let Request {
        id,
        user_id,
        created_at,
        photo,
    } = request;
    let (start, signed_at) = (Instant::now(), Utc::now());
    let payload = Payload::sign(signer, signed_at, &user_id, &created_at, photo);
    let reading = client.post(payload).await.map(|reply| Reading {
        clock_ahead: clock_ahead(&reply),
        verdict: judge(&reply, &user_id, signer),
    });
    Answer {
        id,
        sent_at: signed_at.into(),
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
        at: Utc::now().into(),
    }
}

/// Passes signals on until the run is over.
async fn pass_on(signals: Signals, sender: UnboundedSender<Message>) {
    signals
        .follow(|signal| sender.send(Message::Signal(signal.into())).is_ok())
        .await;
}
