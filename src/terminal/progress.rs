//! How far the run is: a bar on a terminal, a line every 30 s elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::layout::{bar_line, plain_line};
use super::{counted, log, write_err};
use crate::config::{LogFormat, LogLevel, ProgressMode, Report};
use crate::domain::standing::Standing;

/// Distance of the plain lines (contract, section 2).
const PLAIN_EVERY: Duration = Duration::from_secs(30);

/// What shows how far the run is.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    plain: Option<LogFormat>,
    colour: bool,
    told_at: Instant,
}

impl Progress {
    pub(super) fn new(report: Report, now: Instant) -> Self {
        let terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let text = report.log.format == LogFormat::Text;
        let bar = match report.progress {
            ProgressMode::Bar => true,
            ProgressMode::Auto => terminal && text && !report.log.quiet,
            ProgressMode::Plain | ProgressMode::None => false,
        };
        let plain = match report.progress {
            ProgressMode::Plain => true,
            ProgressMode::Auto => !bar && !report.log.quiet && report.log.level >= LogLevel::Info,
            ProgressMode::Bar | ProgressMode::None => false,
        };
        Self {
            bar: bar.then(new_bar),
            plain: plain.then_some(report.log.format),
            colour: report.log.colour,
            told_at: now,
        }
    }

    /// Whether people see each moment of the run.
    pub(super) fn has_bar(&self) -> bool {
        self.bar.is_some()
    }

    /// Shows what is new, if it is time for it.
    pub(super) fn show(&mut self, standing: &Standing, run_id: &str, now: Instant) {
        if let Some(bar) = &self.bar {
            // A window may have been made narrower meanwhile. The last column stays free, so that no terminal wraps.
            let width = usize::from(console::Term::stderr().size().1);
            bar.set_message(bar_line(standing, width.saturating_sub(1), self.colour));
        }
        let Some(format) = self.plain.filter(|_| now.duration_since(self.told_at) >= PLAIN_EVERY) else {
            return;
        };
        self.told_at = now;
        write_err(&match format {
            LogFormat::Json => log::progress(run_id, standing),
            LogFormat::Text => format!("{} {}\n", standing.at, plain_line(standing)),
        });
    }

    /// The run is over, and its results are being written.
    pub(super) fn writing(&self, rows: u32) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("writing the results: {}", counted(rows, "row")));
        }
    }

    /// Prints above the bar.
    pub(super) fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write_err(text)),
            None => write_err(text),
        }
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    /// However the run ends, nothing is left of the bar.
    fn drop(&mut self) {
        self.clear();
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}

/// So many of so many.
pub(super) fn part(done: u32, all: u32) -> String {
    format!("{} of {}", HumanCount(done.into()), counted(all, "row"))
}
