//! The main job: enroll every row that is not settled yet. Prepare, send, finish.

mod confirm;
mod finish;
mod locked;
mod prepare;
mod send;
mod unstarted;
mod watch;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::{ConfigError, EnrollConfig, Known};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::sys::signals::Signals;

use finish::finish;
use prepare::{Prepared, prepare};
use send::send;

/// What a run is from its first moment on.
pub(super) struct Start {
    run_id: String,
    at: DateTime<Utc>,
}

impl Start {
    pub(super) fn now() -> Self {
        Self {
            run_id: Uuid::now_v7().to_string(),
            at: Utc::now(),
        }
    }
}

/// Runs, or leaves the summary of a run that ended before its first row.
pub(super) fn run(
    start: &Start,
    known: &Known,
    config: Result<EnrollConfig, ConfigError>,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    let ended = config
        .map_err(Error::from)
        .and_then(|config| enroll(&config, start, signals));
    ended.inspect_err(|error| unstarted::write(known, start, error))
}

/// An error means that no row was looked at: from the first one on, [`finish()`] says how the run ended.
fn enroll(config: &EnrollConfig, start: &Start, signals: &Signals) -> Result<ExitStatus, Error> {
    let mut prepared = prepare(config, start, signals)?;
    let sent = send(&mut prepared, signals);
    let (ended, watch) = sent.inspect_err(|error| prepared.give_up(error))?;
    finish(prepared, ended, watch, signals)
}
