//! The stand-in for the API: the same rules as the endpoint, served on loopback, with faults on request.
//!
//! For trials, demonstrations and load tests by any HTTP client. It keeps what it was told in memory, and its users in a file
//! where one is named, which `sys` writes. It must never open a socket outward, print, or import anything of the crate but
//! `domain` and `sys`. The caller binds the listener, and is the one who keeps it on loopback.
//!
//! ```text
//! listener -> connection -> route -> [fault] -> body -> judge -> state -> [latency] -> reply
//!                                 -> lookup -> history
//! ```

mod body;
mod connection;
mod fault;
mod fields;
mod history;
mod judge;
mod lookup;
mod memory;
mod refusal;
mod reply;
mod route;
mod state;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;

use crate::domain::signature::Signer;
pub(crate) use memory::MemoryError;

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
    /// The share of registrations that a person has to decide on, from 0 to 1, and how long that takes.
    pub(crate) provisional_rate: f64,
    pub(crate) decide_after: Duration,
    /// The share of look-ups that get a fault, from 0 to 1.
    pub(crate) lookup_fail_rate: f64,
    /// How far its clock is ahead.
    pub(crate) clock_ahead: Duration,
}

impl Settings {
    /// Answers at once, and always.
    pub(crate) fn faultless(signer: &Signer) -> Self {
        Self {
            signer: signer.clone(),
            latency: Duration::ZERO,
            fail_rate: 0.0,
            seed: 0,
            provisional_rate: 0.0,
            decide_after: Duration::ZERO,
            lookup_fail_rate: 0.0,
            clock_ahead: Duration::ZERO,
        }
    }
}

/// The simulated provider: one partner and the users enrolled so far.
pub(crate) struct Simulator {
    signer: Signer,
    latency: Duration,
    clock_ahead: Duration,
    state: Mutex<State>,
}

impl Simulator {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            state: Mutex::new(State::new(&settings)),
            signer: settings.signer,
            latency: settings.latency,
            clock_ahead: settings.clock_ahead,
        }
    }

    /// One that goes on with the users of this file, and keeps further ones in it.
    pub(crate) fn resume(settings: Settings, path: &Path) -> Result<Self, MemoryError> {
        let state = State::resume(&settings, path)?;
        Ok(Self {
            state: Mutex::new(state),
            ..Self::new(settings)
        })
    }

    /// Users enrolled so far.
    pub(crate) fn users(&self) -> usize {
        self.state().users()
    }

    /// Answers on `listener` until `stop` resolves; requests under way then get a second to end.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        connection::serve(Arc::new(self), listener, stop).await;
    }

    /// Judges one body and enrolls its user; what it decides holds, whether or not the answer arrives.
    fn process(&self, body: &[u8]) -> Result<Job, Refusal> {
        let enrollment = judge::judge(body, &self.signer)?;
        self.state().settle(enrollment, self.now())
    }

    /// The time by its own clock.
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.clock_ahead
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock; were it so, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without latency no timer is set, since a timer's resolution is a millisecond.
async fn wait(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}
