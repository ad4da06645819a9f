//! All that is said to people and logs: progress, log lines, the closing text, questions.
//!
//! Everything goes to stderr; stdout belongs to data. What cannot be written is not written: a
//! display that fails stops nothing. It claims nothing of its own: totals come from the tally.

mod advice;
mod closing;
mod enrolled_elsewhere;
mod findings;
mod log;
mod progress;
mod warnings;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use crate::config::{LogFormat, Report};
use crate::domain::{outcome::Status, stop::Stop};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Tally;
use crate::run::{Observer, RunEvent, Snapshot};

pub(crate) use closing::Closing;
pub(crate) use findings::{Checked, FindingReporter};
pub(crate) use warnings::warn_of_rows;

use progress::Progress;

/// Warnings of one kind that are told one by one; the rest is counted.
const WARNINGS: u32 = 5;

/// Tells a run's story.
pub(crate) struct Reporter {
    format: LogFormat,
    verbose: bool,
    quiet: bool,
    run_id: String,
    progress: Progress,
    large_photos: u32,
    /// Why the server ended the run, for people.
    advice: Option<String>,
}

impl Reporter {
    pub(crate) fn new(report: Report, rows: u32, run_id: &str) -> Self {
        Self {
            format: report.log.format,
            verbose: report.verbose,
            quiet: report.log.quiet,
            run_id: run_id.to_owned(),
            progress: Progress::new(report, rows, Instant::now()),
            large_photos: 0,
            advice: None,
        }
    }

    pub(crate) fn few_descriptors(&mut self, concurrency: usize) {
        self.warn(&format!(
            "few file descriptors: at most {concurrency} requests in flight; raise `ulimit -n` for more"
        ));
    }

    /// The last words: what became of the rows, and what to do next.
    pub(crate) fn close(&mut self, closing: &Closing<'_>) {
        self.progress.clear();
        if self.large_photos > WARNINGS {
            let more = self.large_photos - WARNINGS;
            self.warn(&format!("{more} more photos above 4,500,000 bytes"));
        }
        if !self.quiet || closing.facts.status != ExitStatus::Settled {
            write_err(&self.end(closing));
        }
        if let Some(text) = enrolled_elsewhere::warning(closing.facts.stats, closing.ledger) {
            self.warn_even_if_quiet(&text);
        }
    }

    fn end(&self, closing: &Closing<'_>) -> String {
        match (self.format, self.quiet) {
            (LogFormat::Json, _) => log::closing(&self.run_id, closing),
            (LogFormat::Text, true) => closing.short_text(self.advice.as_deref()),
            (LogFormat::Text, false) => closing.text(self.advice.as_deref()),
        }
    }

    fn warn(&mut self, text: &str) {
        if !self.quiet {
            self.warn_even_if_quiet(text);
        }
    }

    fn warn_even_if_quiet(&mut self, text: &str) {
        let line = match self.format {
            LogFormat::Text => format!("warning: {text}\n"),
            LogFormat::Json => log::message(&self.run_id, "warning", text),
        };
        self.progress.print(&line);
    }

    /// Whether every attempt is told of.
    fn tells_attempts(&self) -> bool {
        self.verbose || (self.format == LogFormat::Json && !self.quiet)
    }
}

impl Observer for Reporter {
    fn event(&mut self, event: &RunEvent) {
        if let RunEvent::LargePhoto { row, bytes } = event {
            self.large_photos += 1;
            if self.large_photos <= WARNINGS {
                self.warn(&format!(
                    "row {row}: the photo has {bytes} bytes; above 4,500,000 a gateway may refuse it"
                ));
            }
        }
        if let RunEvent::Refused {
            refusal,
            facts,
            clock_ahead,
            ..
        } = event
        {
            self.advice = Some(advice::refused(*refusal, facts, *clock_ahead));
        }
        if let RunEvent::Stopping(Stop::Outage) = event {
            self.advice = Some(advice::OUTAGE.to_owned());
        }
        let line = match self.format {
            LogFormat::Json => log::event(&self.run_id, event, self.verbose),
            LogFormat::Text => log::text(event),
        };
        match event {
            RunEvent::Stopping(_) if !self.quiet => self.progress.print(&line),
            RunEvent::Attempt { .. } | RunEvent::Finished { .. } | RunEvent::InvalidPhoto { .. }
                if self.tells_attempts() =>
            {
                self.progress.print(&line);
            }
            _ => {}
        }
    }

    fn progress(&mut self, snapshot: &dyn Fn() -> Snapshot) {
        self.progress.tick(snapshot, &self.run_id, Instant::now());
    }
}

/// An error and its causes, one printer for all of them.
pub(crate) fn print_error(error: &Error, format: LogFormat) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        // A cause that only hands on what stands behind it says nothing new.
        if !text.ends_with(&part) {
            let _ = write!(text, ": {part}");
        }
        cause = error.source();
    }
    write_err(&match format {
        LogFormat::Text => format!("error: {text}\n"),
        LogFormat::Json => log::message("", "error", &text),
    });
}

/// The simulator's address and credentials, the address first.
pub(crate) fn simulator_started(address: SocketAddr, partner_id: &str, api_key: Option<&str>) {
    let key = api_key.map_or_else(|| "the one in your file".to_owned(), str::to_owned);
    write_err(&format!(
        "http://{address}\npartner id: {partner_id}\napi key: {key}\nserving POST /v1/backfill_users until stopped\n"
    ));
}

pub(crate) fn results_written(path: &Path, tally: &Tally) {
    write_err(&format!("{} rows written to {}\n", tally.rows(), path.display()));
}

pub(crate) fn ask_production(partner_id: &str, endpoint: &str, to_send: u32, settled: u32) {
    write_err(&format!(
        "PRODUCTION at {endpoint}, partner {partner_id}: {to_send} users to send, {settled} settled already.\n\
         A user_id can be enrolled once, for ever. Go on? [y/N] "
    ));
}

/// Statuses with their counts, those that are there.
fn counts(tally: &Tally) -> impl Iterator<Item = (Status, u32)> {
    Status::ALL
        .iter()
        .map(|status| (*status, tally.count(*status)))
        .filter(|(_, count)| *count > 0)
}

fn write_err(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody is left to tell that stderr is gone.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
