//! `status`: how a running or finished run stands, from the small file beside its ledger. Neither the ledger nor its lock
//! is touched, so that it can be asked at any moment.

mod text;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

use chrono::Utc;

use crate::config::{ConfigError, StatusConfig, StatusFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::{RunStatus, State, StatusPlace};

/// How often a run that is followed is looked at: as often as it says how it stands.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(config: &StatusConfig) -> Result<ExitStatus, Error> {
    let place = StatusPlace::of(&config.ledger);
    if config.watch {
        return follow(config, &place);
    }
    let status = read(config, &place)?;
    super::print(whole(config.format, &status).as_bytes())?;
    Ok(exit_status(&status))
}

fn read(config: &StatusConfig, place: &StatusPlace) -> Result<RunStatus, Error> {
    let read = place.read().map_err(|source| ConfigError::Status {
        path: place.path().to_owned(),
        source,
    })?;
    Ok(read.ok_or_else(|| ConfigError::NoStatus(config.ledger.clone()))?)
}

/// All of it: a page for people, an object for programs.
fn whole(format: StatusFormat, status: &RunStatus) -> String {
    match format {
        StatusFormat::Text => text::page(status, Utc::now()),
        StatusFormat::Json => json(status),
    }
}

fn json(status: &RunStatus) -> String {
    let text = serde_json::to_string(status).unwrap_or_default();
    format!("{text}\n")
}

/// A run that goes on is as well as can be known; one that has died is to be run again.
fn exit_status(status: &RunStatus) -> ExitStatus {
    let own = status.exit_code.and_then(ExitStatus::of_code);
    match status.state {
        State::Preparing | State::Running | State::Stopping | State::Writing => ExitStatus::Settled,
        State::Ended => own.unwrap_or(ExitStatus::Failed),
        State::Died => ExitStatus::Failed,
    }
}

/// Shows the run until it ends: on a terminal the page in its place, elsewhere a line for each change.
fn follow(config: &StatusConfig, place: &StatusPlace) -> Result<ExitStatus, Error> {
    let is_page = config.format == StatusFormat::Text && io::stdout().is_terminal();
    let (mut stdout, mut shown) = (io::stdout(), Shown::default());
    loop {
        let status = read(config, place)?;
        let text = match (config.format, is_page) {
            (StatusFormat::Text, true) => shown.again(text::page(&status, Utc::now())),
            (StatusFormat::Text, false) => shown.once(text::line(&status)),
            (StatusFormat::Json, _) => shown.once(json(&status)),
        };
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(exit_status(&status)),
            written => written.map_err(Error::Stdout)?,
        }
        if matches!(status.state, State::Ended | State::Died) {
            return Ok(exit_status(&status));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What was shown last.
#[derive(Default)]
struct Shown(String);

impl Shown {
    /// In place of what was shown before.
    fn again(&mut self, text: String) -> String {
        let lines = self.0.lines().count();
        let up = if lines > 0 {
            format!("\x1b[{lines}A\x1b[J")
        } else {
            String::new()
        };
        self.0 = text;
        up + &self.0
    }

    /// Only what is new.
    fn once(&mut self, text: String) -> String {
        if self.0 == text {
            return String::new();
        }
        self.0 = text;
        self.0.clone()
    }
}
