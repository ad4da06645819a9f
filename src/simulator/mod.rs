//! The stand-in for the API: the same rules as the endpoint, served on loopback, with faults on request.
//!
//! For trials, demonstrations and load tests by any HTTP client. It keeps what it was told in memory
//! only, and must never write a file, open a socket outward, print, or import anything of the crate
//! but `domain`. The caller binds the listener, and is the one who keeps it on loopback.
//!
//! ```text
//! listener -> connection -> route -> [fault] -> body -> judge -> state -> [latency] -> reply
//! ```

mod body;
mod connection;
mod fault;
mod fields;
mod judge;
mod refusal;
mod reply;
mod route;
mod state;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::domain::signature::Signer;
use refusal::Refusal;
use state::{Job, State};

/// How the simulator behaves.
pub(crate) struct Settings {
    /// The one partner it knows, compared byte for byte, with the key that requests are signed with.
    pub(crate) signer: Signer,
    /// How long an answer of the endpoint is held back; the enrollment itself happens before.
    pub(crate) latency: Duration,
    /// The share of requests that get a fault, from 0 to 1.
    pub(crate) fail_rate: f64,
    /// The same seed gives the same sequence of faults.
    pub(crate) seed: u64,
}

impl Settings {
    /// Answers at once, and always.
    pub(crate) fn faultless(signer: &Signer) -> Self {
        Self {
            signer: signer.clone(),
            latency: Duration::ZERO,
            fail_rate: 0.0,
            seed: 0,
        }
    }
}

/// The simulated provider: one partner and the users enrolled so far.
pub(crate) struct Simulator {
    signer: Signer,
    latency: Duration,
    state: Mutex<State>,
}

impl Simulator {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            signer: settings.signer,
            latency: settings.latency,
            state: Mutex::new(State::new(settings.seed, settings.fail_rate)),
        }
    }

    /// Answers on `listener` until `stop` resolves; requests under way then get a second to end.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        connection::serve(Arc::new(self), listener, stop).await;
    }

    /// Judges one body and enrolls its user; what it decides holds, whether or not the answer arrives.
    fn process(&self, body: &[u8]) -> Result<Job, Refusal> {
        let enrollment = judge::judge(body, &self.signer)?;
        self.state().settle(enrollment)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock; were it so, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
