//! All that is said to people and logs: progress, log lines, the closing text, questions.
//!
//! Everything goes to stderr; stdout belongs to data. What cannot be written is not written: a
//! display that fails stops nothing. It claims nothing of its own: totals come from the tally.

mod advice;
mod closing;
mod enrolled_elsewhere;
mod events;
mod extracted;
mod findings;
mod layout;
mod log;
mod merge;
mod paint;
mod production;
mod progress;
mod reconcile;
mod sharding;
mod warnings;
mod weather;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use indicatif::HumanCount;

use crate::config::{Log, LogFormat, LogLevel, Report};
use crate::domain::{outcome::Status, standing::Standing, stop::Stop};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Tally;
use crate::photo::StoreError;
use crate::run::RunEvent;

pub(crate) use closing::Closing;
pub(crate) use extracted::{ExtractReporter, Extracted};
pub(crate) use findings::{Checked, FindingReporter};
pub(crate) use layout::time;
pub(crate) use merge::{Merged, warn_of_parts};
pub(crate) use production::Production;
pub(crate) use reconcile::{ReconcileReporter, Reconciled};
pub(crate) use sharding::{SplitDone, tell_shard, tell_share, warn_of_part};
pub(crate) use warnings::{warn_of_open_key, warn_of_rows};

use events::{Level, Name};
use paint::{Tone, paint};
use progress::Progress;
use weather::WeatherReport;

/// Warnings of one kind that are told one by one; the rest is counted.
const WARNINGS: u32 = 5;

/// Tells people or programs what happens in a run.
pub(crate) struct Reporter {
    log: Log,
    run_id: String,
    progress: Progress,
    weather: WeatherReport,
    large_photos: u32,
    shared_photos: u32,
    /// The latest failure of a store of photos.
    store: Option<StoreError>,
    /// What ended the run, and what to do about it; of several the strongest.
    advice: Option<(Stop, String)>,
}

impl Reporter {
    pub(crate) fn new(report: Report, run_id: &str) -> Self {
        Self {
            log: report.log,
            run_id: run_id.to_owned(),
            progress: Progress::new(report, Instant::now()),
            weather: WeatherReport::default(),
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

    pub(crate) fn little_memory(&mut self, photo_bytes: u64) {
        self.warn(&format!(
            "little memory: at most {} MB of photos are held at a time, so that fewer large ones are in flight; the machine or \
             its container needs four times what photos may take",
            photo_bytes / 1_000_000
        ));
    }

    /// The end of the run: what became of the rows, and what to do next.
    pub(crate) fn close(&mut self, closing: &Closing<'_>) {
        self.progress.clear();
        self.count_more();
        let is_well = closing.facts.status == ExitStatus::Settled;
        if !is_well || (!self.log.quiet && self.log.level >= LogLevel::Info) {
            write_err(&self.end(closing));
        }
        if let Some(text) = enrolled_elsewhere::warning(closing.facts.stats, closing.ledger) {
            self.warn_even_if_quiet(&text);
        }
    }

    fn end(&self, closing: &Closing<'_>) -> String {
        let advice = self.advice.as_ref().map(|(_, advice)| advice.as_str());
        match (self.log.format, self.log.quiet) {
            (LogFormat::Json, _) => log::closing(&self.run_id, closing, advice),
            (LogFormat::Text, true) => closing.short_text(advice, self.log.colour),
            (LogFormat::Text, false) => closing.text(advice, self.log.colour),
        }
    }

    /// Warns of what stops nothing.
    pub(crate) fn warn(&mut self, text: &str) {
        if !self.log.quiet {
            self.warn_even_if_quiet(text);
        }
    }

    /// The same where nobody else would say it.
    pub(crate) fn warn_even_if_quiet(&mut self, text: &str) {
        let line = match self.log.format {
            LogFormat::Text => warning(self.log, text),
            LogFormat::Json => log::message(&self.run_id, Name::Warning, text),
        };
        self.progress.print(&line);
    }

    /// Whether an event is told of. People read of single rows at the end, in groups, unless they ask for each attempt.
    fn tells(&self, event: &RunEvent) -> bool {
        let is_row = matches!(event, RunEvent::Finished { .. } | RunEvent::Refused { .. });
        let for_people = self.log.format == LogFormat::Text && is_row;
        !self.log.quiet && (self.log.verbose() || (log::level(event) != Level::Debug && !for_people))
    }

    fn tell(&self, event: &RunEvent) {
        if self.tells(event) {
            self.progress.print(&match self.log.format {
                LogFormat::Json => log::event(&self.run_id, event, self.log.verbose()),
                LogFormat::Text => log::text(event),
            });
        }
    }

    /// A warning about the photo of a row, the `nth` of its kind. People see the first few; a program gets each, since
    /// it can count them itself.
    fn warn_of_photo(&self, event: &RunEvent, nth: u32) {
        if nth <= WARNINGS || self.log.format == LogFormat::Json {
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
            if more > 0 && self.log.format == LogFormat::Text {
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

impl Reporter {
    pub(crate) fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::LargePhoto { .. } => {
                self.large_photos += 1;
                return self.warn_of_photo(event, self.large_photos);
            }
            RunEvent::SharedPhoto { .. } => {
                self.shared_photos += 1;
                return self.warn_of_photo(event, self.shared_photos);
            }
            RunEvent::Refused {
                refusal,
                facts,
                clock_ahead,
            } => self.advise(Stop::Refused(*refusal), advice::refused(*refusal, facts, *clock_ahead)),
            RunEvent::StoreFailed(error) => self.store = Some(error.clone()),
            RunEvent::Stopping { stop, .. } => self.advise_on_stop(*stop),
            RunEvent::Attempt { .. } | RunEvent::Finished { .. } | RunEvent::InvalidPhoto { .. } => {}
        }
        self.tell(event);
    }

    fn advise_on_stop(&mut self, stop: Stop) {
        let store = self.store.as_ref().and_then(|error| advice::store(stop, error));
        if let Some(text) = store {
            self.advise(stop, text);
        }
        if stop == Stop::Outage {
            self.advise(stop, advice::OUTAGE.to_owned());
        }
    }

    /// Shows how the run stands. A change of the weather is told of at once where no bar shows it.
    pub(crate) fn show(&mut self, standing: &Standing) {
        let now = Instant::now();
        self.progress.show(standing, &self.run_id, now);
        let change = self.weather.look(standing.weather, now);
        if let Some(change) = change.filter(|_| !self.progress.has_bar() && !self.log.quiet && standing.stop.is_none())
        {
            self.progress.print(&match self.log.format {
                LogFormat::Text => log::weather_text(change),
                LogFormat::Json => log::weather(&self.run_id, change),
            });
        }
    }

    /// The run is over, and its results are being written.
    pub(crate) fn writing(&self, rows: u32) {
        self.progress.writing(rows);
    }
}

/// An error and its causes, one printer for all of them; `run_id` is empty where there is no run.
pub(crate) fn print_error(error: &Error, log: Log, run_id: &str) {
    let text = chain(error);
    write_err(&match log.format {
        LogFormat::Text => format!("{} {text}\n", paint("error:", Tone::Bad, log.colour)),
        LogFormat::Json => log::error(run_id, &text, error.exit_status()),
    });
}

/// A warning of what stops nothing, where there is no reporter.
pub(crate) fn print_warning(text: &str, log: Log, run_id: &str) {
    write_err(&match log.format {
        LogFormat::Text => warning(log, text),
        LogFormat::Json => log::message(run_id, Name::Warning, text),
    });
}

/// A reporter that says nothing.
#[cfg(test)]
pub(crate) fn silent() -> Reporter {
    let log = Log {
        format: LogFormat::Text,
        quiet: true,
        level: LogLevel::Warn,
        colour: false,
    };
    let progress = crate::config::ProgressMode::None;
    Reporter::new(Report { log, progress }, "")
}

/// A warning as a line for people.
fn warning(log: Log, text: &str) -> String {
    format!("{} {text}\n", paint("warning:", Tone::Care, log.colour))
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
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
    text
}

/// The simulator's address and credentials, the address first.
pub(crate) fn simulator_started(
    address: SocketAddr,
    partner_id: &str,
    api_key: Option<&str>,
    kept: Option<(&Path, usize)>,
) {
    let key = api_key.map_or_else(|| "the one in your file".to_owned(), str::to_owned);
    let kept = kept.map(|(path, users)| format!("users: {}, {} so far\n", path.display(), HumanCount(users as u64)));
    let kept = kept.unwrap_or_default();
    write_err(&format!(
        "http://{address}\npartner id: {partner_id}\napi key: {key}\n{kept}serving POST /v1/backfill_users and POST /api/v2/partner/enrollee/info until stopped\n"
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

/// A count as people read it: 1,000.
pub(crate) fn number(count: u32) -> String {
    HumanCount(count.into()).to_string()
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
