//! The main job: enroll every row that is not settled yet. Prepare, send, finish.

mod confirm;
mod finish;
mod locked;
mod pinger;
mod prepare;
mod send;
mod unstarted;
mod watch;

use std::io;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::{ConfigError, EnrollConfig, Known};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Publisher;
use crate::sys::signals::Signals;
use crate::terminal::{print_error, print_warning};

use finish::finish;
use pinger::Pinger;
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

/// Runs, or leaves summary and metrics of a run that ended before its first row.
pub(super) fn run(
    start: &Start,
    known: &Known,
    config: Result<EnrollConfig, ConfigError>,
    signals: &Signals,
) -> ExitStatus {
    let pinger = start_pinger(start, known, config.as_ref().ok());
    let mut publisher = None;
    let ended = config
        .map_err(Error::from)
        .and_then(|config| enroll(&config, start, &mut publisher, signals));
    let closed = ended.unwrap_or_else(|error| {
        unstarted::end(known, start, publisher.as_ref(), &error);
        print_error(&error, known.log, &start.run_id);
        Closed::unstarted(&error)
    });
    if let Some(pinger) = pinger {
        pinger.end(closed.status, closed.paragraph, known.log, &start.run_id, signals);
    }
    closed.status
}

/// How a run ended.
struct Closed {
    status: ExitStatus,
    /// The same in one paragraph that names nobody and no file.
    paragraph: String,
}

impl Closed {
    fn unstarted(error: &Error) -> Self {
        let status = error.exit_status();
        let paragraph = format!("did not begin ({}). {}\n", error.stop().word(), status.meaning());
        Self { status, paragraph }
    }
}

/// Tells of the start, whatever the rest of the configuration is worth.
fn start_pinger(start: &Start, known: &Known, config: Option<&EnrollConfig>) -> Option<Pinger> {
    let ca_pem = config.and_then(|config| config.account.ca_pem.clone());
    let started = Pinger::start(known.ping_url.clone()?, ca_pem.unwrap_or_default());
    let warn = |error: &io::Error| print_warning(&format!("nobody is pinged: {error}"), known.log, &start.run_id);
    started.inspect_err(warn).ok()
}

/// An error means that no row was looked at: from the first one on, [`finish()`] says how the run ended. The publisher is
/// there from the moment on when nobody else can have the ledger.
fn enroll(
    config: &EnrollConfig,
    start: &Start,
    publisher: &mut Option<Publisher>,
    signals: &Signals,
) -> Result<Closed, Error> {
    let mut prepared = prepare(config, start, publisher, signals)?;
    let sent = send(&mut prepared, publisher.clone(), signals);
    let (ended, watch) = sent.inspect_err(|error| prepared.give_up(error))?;
    Ok(finish(prepared, ended, watch, signals))
}
