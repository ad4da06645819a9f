//! All that is said to people and logs: progress, log lines, the closing text, questions.
//!
//! Everything goes to stderr; stdout belongs to data. What cannot be written is not written: a
//! display that fails stops nothing. It claims nothing of its own: totals come from the tally.

mod advice;
mod closing;
mod enrolled_elsewhere;
mod extracted;
mod findings;
mod log;
mod production;
mod progress;
mod reconcile;
mod warnings;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use indicatif::HumanCount;

use crate::config::{LogFormat, Report};
use crate::domain::{outcome::Status, stop::Stop};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Tally;
use crate::photo::StoreError;
use crate::run::{Observer, RunEvent, Snapshot};

pub(crate) use closing::Closing;
pub(crate) use extracted::{ExtractReporter, Extracted};
pub(crate) use findings::{Checked, FindingReporter};
pub(crate) use production::Production;
pub(crate) use reconcile::{ReconcileReporter, Reconciled};
pub(crate) use warnings::warn_of_rows;

use progress::Progress;

/// Warnings of one kind that are told one by one; the rest is counted.
const WARNINGS: u32 = 5;

/// Tells people or programs what happens in a run.
pub(crate) struct Reporter {
    format: LogFormat,
    verbose: bool,
    quiet: bool,
    run_id: String,
    progress: Progress,
    large_photos: u32,
    shared_photos: u32,
    /// The latest failure of a store of photos.
    store: Option<StoreError>,
    /// What ended the run, and what to do about it; of several the strongest.
    advice: Option<(Stop, String)>,
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
            shared_photos: 0,
            store: None,
            advice: None,
        }
    }

    pub(crate) fn few_descriptors(&mut self, concurrency: usize) {
        self.warn(&format!(
            "few file descriptors: at most {} in flight; raise `ulimit -n` for more",
            counted(concurrency as u64, "request")
        ));
    }

    /// The end of the run: what became of the rows, and what to do next.
    pub(crate) fn close(&mut self, closing: &Closing<'_>) {
        self.progress.clear();
        self.count_more();
        if !self.quiet || closing.facts.status != ExitStatus::Settled {
            write_err(&self.end(closing));
        }
        if let Some(text) = enrolled_elsewhere::warning(closing.facts.stats, closing.ledger) {
            self.warn_even_if_quiet(&text);
        }
    }

    fn end(&self, closing: &Closing<'_>) -> String {
        let advice = self.advice.as_ref().map(|(_, advice)| advice.as_str());
        match (self.format, self.quiet) {
            (LogFormat::Json, _) => log::closing(&self.run_id, closing, advice),
            (LogFormat::Text, true) => closing.short_text(advice),
            (LogFormat::Text, false) => closing.text(advice),
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

    /// Whether what happens to single rows is told of.
    fn tells_rows(&self) -> bool {
        self.verbose || (self.format == LogFormat::Json && !self.quiet)
    }

    fn tell(&self, event: &RunEvent) {
        self.progress.print(&match self.format {
            LogFormat::Json => log::event(&self.run_id, event, self.verbose),
            LogFormat::Text => log::text(event),
        });
    }

    /// A warning about the photo of a row, the `nth` of its kind. People see the first few; a program gets each, since
    /// it can count them itself.
    fn warn_of_photo(&self, event: &RunEvent, nth: u32) {
        let few = nth <= WARNINGS || self.format == LogFormat::Json;
        if few && !self.quiet {
            self.tell(event);
        }
    }

    /// How many warnings were counted and not told.
    fn count_more(&mut self) {
        let kinds: [(u32, &str); 2] = [
            (self.large_photos, "with a photo of more than 4,500,000 bytes"),
            (self.shared_photos, "whose photo another user has too"),
        ];
        for (count, what) in kinds {
            let more = count.saturating_sub(WARNINGS);
            if more > 0 && self.format == LogFormat::Text {
                self.warn(&format!("{} {what}", counted(u64::from(more), "more row")));
            }
        }
    }

    fn advise(&mut self, stop: Stop, advice: String) {
        if self.advice.as_ref().is_none_or(|(stronger, _)| stop >= *stronger) {
            self.advice = Some((stop, advice));
        }
    }
}

impl Observer for Reporter {
    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Attempt { .. } | RunEvent::Finished { .. } | RunEvent::InvalidPhoto { .. } => {
                if self.tells_rows() {
                    self.tell(event);
                }
            }
            RunEvent::LargePhoto { .. } => {
                self.large_photos += 1;
                self.warn_of_photo(event, self.large_photos);
            }
            RunEvent::SharedPhoto { .. } => {
                self.shared_photos += 1;
                self.warn_of_photo(event, self.shared_photos);
            }
            RunEvent::Refused {
                refusal,
                facts,
                clock_ahead,
            } => {
                self.advise(Stop::Refused(*refusal), advice::refused(*refusal, facts, *clock_ahead));
                // People read it at the end, with what to do.
                if self.tells_rows() {
                    self.tell(event);
                }
            }
            RunEvent::StoreFailed(error) => {
                self.store = Some(error.clone());
                if !self.quiet {
                    self.tell(event);
                }
            }
            RunEvent::Stopping(stop) => {
                let store = self.store.as_ref().and_then(|error| advice::store(*stop, error));
                if let Some(text) = store {
                    self.advise(*stop, text);
                }
                if *stop == Stop::Outage {
                    self.advise(*stop, advice::OUTAGE.to_owned());
                }
                if !self.quiet {
                    self.tell(event);
                }
            }
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
        "http://{address}\npartner id: {partner_id}\napi key: {key}\nserving POST /v1/backfill_users and POST /api/v2/partner/enrollee/info until stopped\n"
    ));
}

pub(crate) fn results_written(path: &Path, rows: u32) {
    write_err(&format!("{} written to {}\n", counted(rows, "row"), path.display()));
}

/// Statuses with their counts, those that are there.
fn counts(tally: &Tally) -> impl Iterator<Item = (Status, u32)> {
    Status::ALL
        .iter()
        .map(|status| (*status, tally.count(*status)))
        .filter(|(_, count)| *count > 0)
}

/// A count with its noun: "1 row", "2 rows".
fn counted(count: impl Into<u64>, noun: &str) -> String {
    let count = count.into();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", HumanCount(count))
}

fn write_err(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody is left to tell that stderr is gone.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
