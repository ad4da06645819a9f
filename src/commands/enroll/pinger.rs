//! Tells a service of start and end of the run, from a thread of its own: the first request does not wait for it, and
//! the end of the run only for a time.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::{PING_TIMEOUT, PingError, ping};
use crate::config::Log;
use crate::domain::ping_url::PingUrl;
use crate::exit::ExitStatus;
use crate::sys::signals::Signals;
use crate::terminal::{chain, print_warning};

/// How long the last ping may take once a signal has come: whoever has sent it gives the process little time.
const AFTER_SIGNAL: Duration = Duration::from_secs(3);

/// How long the end of a run still waits for the service to hear of its start.
const START_BEFORE_END: Duration = Duration::from_secs(1);

/// A run's end as the service is told of it.
struct Last {
    event: String,
    body: String,
}

/// The pinger of a run. What it could not say comes back at the end.
pub(super) struct Pinger {
    host: String,
    last: oneshot::Sender<Last>,
    done: Receiver<Vec<PingError>>,
}

impl Pinger {
    /// Begins with the start.
    pub(super) fn start(url: PingUrl, ca_pem: Vec<u8>) -> io::Result<Self> {
        let (last, comes) = oneshot::channel();
        let (sender, done) = channel();
        let host = url.host().to_owned();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("pinger".into()).spawn(move || {
            let faults = runtime.block_on(tell(&url, &ca_pem, comes));
            // The run may have ended without waiting for it.
            let _ = sender.send(faults);
        })?;
        Ok(Self { host, last, done })
    }

    /// Tells the end with its exit code, and warns of what could not be told.
    pub(super) fn end(self, status: ExitStatus, body: String, log: Log, run_id: &str, signals: &Signals) {
        let event = status.code().to_string();
        // A pinger that works no more has said why.
        let _ = self.last.send(Last { event, body });
        let most = match signals.strongest() {
            Some(_) => AFTER_SIGNAL,
            None => PING_TIMEOUT,
        };
        let done = self.done;
        let told = signals.unless_given_up(move || Ok(done.recv_timeout(most)));
        let warn = |text: &str| print_warning(&format!("the ping to {} failed: {text}", self.host), log, run_id);
        match told {
            Ok(Ok(faults)) => faults.iter().for_each(|fault| warn(&chain(fault))),
            Ok(Err(RecvTimeoutError::Timeout)) => warn(&format!("no answer within {} s", most.as_secs())),
            Ok(Err(RecvTimeoutError::Disconnected)) => warn("its thread has panicked"),
            Err(given_up) => warn(&chain(&given_up)),
        }
    }
}

/// The start, and then the end. An end that comes while the service is still being told of the start waits a moment for
/// that, so that the two arrive in their order.
async fn tell(url: &PingUrl, ca_pem: &[u8], comes: oneshot::Receiver<Last>) -> Vec<PingError> {
    let mut faults = Vec::new();
    let start = ping(url, "start", String::new(), ca_pem);
    tokio::pin!(comes, start);
    let last = tokio::select! {
        told = &mut start => {
            faults.extend(told.err());
            comes.await
        }
        last = &mut comes => {
            let told = timeout(START_BEFORE_END, start).await;
            faults.extend(told.unwrap_or(Err(PingError::Silent)).err());
            last
        }
    };
    // Without an end there is nobody any more who would wait for it.
    if let Ok(Last { event, body }) = last {
        faults.extend(ping(url, &event, body, ca_pem).await.err());
    }
    faults
}
