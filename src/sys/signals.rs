//! The signals that ask the process to end, heard from its first moment to its last.
//!
//! [`supervise`] does the work on a thread of its own and waits for it or for the signals: were the work to hang in a
//! system call, the process could still end, because it ends when the main thread returns. How the work takes a
//! signal it says beforehand with [`Signals::enter`].

mod catch;
mod state;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use state::{QUICK, State};

pub(crate) use state::{Mode, Signal};

/// As much stack as the system gives a main thread.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// What the work knows of signals. Its clones know the same.
#[derive(Debug, Clone)]
pub(crate) struct Signals(Arc<watch::Sender<State>>);

/// What was being done is not done any more because of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("given up after {0}")]
pub(crate) struct GivenUp(pub(crate) Signal);

impl GivenUp {
    /// What an error comes from, if it is this.
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            // An error of the system does not name what it wraps as its source.
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let wrapped = wrapped.and_then(|wrapped| wrapped.downcast_ref());
            if let Some(found) = error.downcast_ref().or(wrapped) {
                return Some(*found);
            }
            cause = error.source();
        }
        None
    }
}

/// Does `work` on another thread. Its result, or the signal that ended the process before it.
pub(crate) fn supervise<T: Send + 'static>(
    work: impl FnOnce(&Signals) -> T + Send + 'static,
) -> io::Result<Result<T, Signal>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signals = Signals::unheard();
    let _entered = runtime.enter();
    let caught = catch::signals();
    let (sender, mut done) = oneshot::channel();
    let theirs = signals.clone();
    let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        drop(sender.send(work(&theirs)));
    })?;
    let ended = runtime.block_on(signals.wait(caught, &mut done));
    match ended {
        Ok(Ok(result)) => Ok(Ok(result)),
        // The thread has dropped its end without a result: it has panicked, and that is not swallowed.
        Ok(Err(_)) => match worker.join() {
            Err(panic) => panic::resume_unwind(panic),
            Ok(()) => Err(io::Error::other("the work ended without a result")),
        },
        Err(signal) => Ok(Err(signal)),
    }
}

impl Signals {
    /// None has come, and none will unless somebody tells.
    pub(crate) fn unheard() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// From now on signals are taken in this way. The way they were taken before.
    pub(crate) fn enter(&self, mode: Mode) -> Mode {
        let mut before = mode;
        self.0.send_modify(|state| before = state.enter(mode, Instant::now()));
        before
    }

    /// The strongest that has come.
    pub(crate) fn strongest(&self) -> Option<Signal> {
        self.0.borrow().strongest
    }

    /// An error once one has come, for work that stops where it looks at this.
    pub(crate) fn check(&self) -> Result<(), GivenUp> {
        self.strongest().map_or(Ok(()), |signal| Err(GivenUp(signal)))
    }

    /// Hands every signal on as it comes, those that have come already first, until `take` says that it is enough.
    pub(crate) async fn follow(&self, mut take: impl FnMut(Signal) -> bool) {
        let mut states = self.0.subscribe();
        let mut told = 0;
        loop {
            let (count, last) = {
                let state = states.borrow_and_update();
                (state.count, state.last)
            };
            while told < count {
                told += 1;
                if !last.is_some_and(&mut take) {
                    return;
                }
            }
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    /// Does what may block for ever, such as a write to a pipe that nobody reads or to a disk that hangs. It is left
    /// alone when the work is to be given up; whether it happens after all is then not known.
    pub(crate) fn unless_given_up<T: Send + 'static>(
        &self,
        blocking: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, done) = oneshot::channel();
        thread::Builder::new().spawn(move || drop(sender.send(blocking())))?;
        waiter()?.block_on(async {
            tokio::select! {
                biased;
                signal = self.given_up() => Err(io::Error::other(GivenUp(signal))),
                result = done => result.unwrap_or_else(|_| Err(io::Error::other("the writing thread has panicked"))),
            }
        })
    }

    /// For what may still be done after the giving up, as long as it is quick: each write looks at the time.
    pub(crate) fn while_quick<W: Write>(&self, inner: W) -> WhileQuick<W> {
        WhileQuick {
            inner,
            signals: self.clone(),
        }
    }

    /// One that has come already.
    #[cfg(test)]
    pub(crate) fn heard(signal: Signal) -> Self {
        let signals = Self::unheard();
        signals.enter(Mode::GiveUp);
        signals.hear(signal);
        signals
    }

    /// A signal has come; for the one who catches them.
    fn hear(&self, signal: Signal) {
        self.0.send_modify(|state| state.hear(signal, Instant::now()));
    }

    /// Resolves when what can be given up is to be given up.
    async fn given_up(&self) -> Signal {
        self.moment(|state| state.give_up_at).await
    }

    /// Resolves at the moment that `of` names, as soon as it names one.
    async fn moment(&self, of: impl Fn(&State) -> Option<Instant>) -> Signal {
        let mut states = self.0.subscribe();
        loop {
            let (at, strongest) = {
                let state = states.borrow_and_update();
                (of(&state), state.strongest)
            };
            let reached = async {
                match at.zip(strongest) {
                    Some((at, signal)) if at <= Instant::now() => signal,
                    Some((at, signal)) => {
                        sleep_until(at.into()).await;
                        signal
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                signal = reached => return signal,
                _ = states.changed() => {}
            }
        }
    }

    /// The result of the work; the strongest signal where the process has to end before.
    async fn wait<T>(
        &self,
        mut caught: catch::Caught,
        done: &mut oneshot::Receiver<T>,
    ) -> Result<Result<T, oneshot::error::RecvError>, Signal> {
        let end = self.moment(|state| state.end_at);
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                result = &mut *done => return Ok(result),
                signal = &mut end => return Err(signal),
                signal = caught.next() => self.hear(signal),
            }
        }
    }
}

/// Waits without an event queue of its own, and so without a file descriptor.
fn waiter() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_time().build()
}

/// Hands every write to [`Signals::unless_given_up`]; give it large pieces.
#[derive(Debug)]
pub(crate) struct Interruptible<W> {
    inner: Arc<W>,
    signals: Signals,
}

impl<W> Interruptible<W> {
    pub(crate) fn new(inner: W, signals: &Signals) -> Self {
        Self {
            inner: Arc::new(inner),
            signals: signals.clone(),
        }
    }
}

impl<W: Send + Sync + 'static> Write for Interruptible<W>
where
    for<'a> &'a W: Write,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (inner, bytes) = (Arc::clone(&self.inner), bytes.to_vec());
        self.signals.unless_given_up(move || (&*inner).write(&bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        let inner = Arc::clone(&self.inner);
        self.signals.unless_given_up(move || (&*inner).flush())
    }
}

/// Fails when it takes too long after the giving up.
#[derive(Debug)]
pub(crate) struct WhileQuick<W> {
    inner: W,
    signals: Signals,
}

impl<W: Write> Write for WhileQuick<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = self.signals.0.borrow().clone();
        match state.give_up_at.zip(state.strongest) {
            Some((at, signal)) if Instant::now() >= at + QUICK => Err(io::Error::other(GivenUp(signal))),
            _ => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
