//! How far the run is: a bar on a terminal, a line every 30 s elsewhere.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use chrono::Utc;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{counted, log, write_err};
use crate::config::{LogFormat, ProgressMode, Report};
use crate::domain::{outcome::Status, unix_millis::UnixMillis};
use crate::run::{Snapshot, Waiting};

/// Distance of the plain lines (contract, section 2).
const PLAIN_EVERY: Duration = Duration::from_secs(30);
/// The rate is that of the last so many seconds, so that it follows a change and does not jump.
const RATE_WINDOW: Duration = Duration::from_secs(15);
/// Below this width the bar itself is left out; the numbers matter more.
const NARROW: u16 = 60;

/// What shows how far the run is.
pub(super) struct Progress {
    rows: u32,
    bar: Option<ProgressBar>,
    plain: Option<LogFormat>,
    told_at: Instant,
    samples: VecDeque<(Instant, u32)>,
}

impl Progress {
    pub(super) fn new(report: Report, rows: u32, now: Instant) -> Self {
        let terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let text = report.log.format == LogFormat::Text;
        let bar = match report.progress {
            ProgressMode::Bar => true,
            ProgressMode::Auto => terminal && text && !report.log.quiet,
            ProgressMode::Plain | ProgressMode::None => false,
        };
        let plain = match report.progress {
            ProgressMode::Plain => true,
            ProgressMode::Auto => !bar && !report.log.quiet,
            ProgressMode::Bar | ProgressMode::None => false,
        };
        Self {
            rows,
            bar: bar.then(|| new_bar(rows)),
            plain: plain.then_some(report.log.format),
            told_at: now,
            samples: VecDeque::from([(now, 0)]),
        }
    }

    /// Shows what is new, if it is time for it.
    pub(super) fn tick(&mut self, snapshot: &dyn Fn() -> Snapshot, run_id: &str, now: Instant) {
        let due = self.plain.is_some() && now.duration_since(self.told_at) >= PLAIN_EVERY;
        if self.bar.is_none() && !due {
            return;
        }
        let snapshot = snapshot();
        let done = snapshot.stats.done().min(self.rows);
        let rate = self.rate(snapshot.stats.done() - snapshot.stats.settled_before(), now);
        let left = self.left(done, rate);
        if let Some(bar) = &self.bar {
            // A window may have been made narrower meanwhile.
            bar.set_style(style(is_narrow()));
            bar.set_position(done.into());
            bar.set_message(message(&snapshot, rate, left, now));
        }
        match self.plain.filter(|_| due) {
            Some(LogFormat::Json) => write_err(&log::progress(run_id, done, self.rows, rate, left)),
            Some(LogFormat::Text) => write_err(&self.line(&snapshot, done, rate, left, now)),
            None => return,
        }
        self.told_at = now;
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

    fn line(&self, snapshot: &Snapshot, done: u32, rate: f64, left: Option<Duration>, now: Instant) -> String {
        let at = UnixMillis::from(Utc::now());
        let message = message(snapshot, rate, left, now);
        format!(
            "{at} {} of {}, {message}\n",
            HumanCount(done.into()),
            counted(self.rows, "row")
        )
    }

    fn rate(&mut self, finished: u32, now: Instant) -> f64 {
        self.samples.push_back((now, finished));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at, _)| now - *at > RATE_WINDOW) {
            self.samples.pop_front();
        }
        let Some((since, before)) = self.samples.front() else {
            return 0.0;
        };
        let seconds = now.duration_since(*since).as_secs_f64();
        if seconds > 0.0 {
            f64::from(finished - before) / seconds
        } else {
            0.0
        }
    }

    fn left(&self, done: u32, rate: f64) -> Option<Duration> {
        let seconds = f64::from(self.rows - done) / rate;
        Duration::try_from_secs_f64(seconds).ok().filter(|_| rate > 0.0)
    }
}

fn new_bar(rows: u32) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(rows.into()), ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style(is_narrow()))
}

fn is_narrow() -> bool {
    console::Term::stderr().size().1 < NARROW
}

fn style(narrow: bool) -> ProgressStyle {
    let template = if narrow {
        "{human_pos}/{human_len} {wide_msg}"
    } else {
        "[{bar:20}] {human_pos}/{human_len} {wide_msg}"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

/// The numbers beside the bar, those that matter most first, since a narrow terminal cuts the rest: why nothing moves,
/// if so; what went wrong; the pace.
fn message(snapshot: &Snapshot, rate: f64, left: Option<Duration>, now: Instant) -> String {
    let mut parts = Vec::new();
    if let Some(stop) = snapshot.stop {
        parts.push(format!("stopping ({})", stop.word()));
    }
    parts.extend(snapshot.waiting.map(|waiting| waiting_text(waiting, now)));
    let stats = &snapshot.stats;
    let counts = [
        ("rejected", stats.count(Status::Rejected) + stats.unchanged),
        ("invalid", stats.count(Status::Invalid) + stats.invalid_rows()),
        ("failed", stats.count(Status::Failed)),
        ("in doubt", stats.count(Status::InDoubt)),
        ("to retry", snapshot.waiting_rows as u32),
    ];
    parts.extend(
        counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{count} {word}")),
    );
    parts.push(format!("{rate:.1}/s"));
    parts.extend(left.map(|left| format!("{:#} left", HumanDuration(left))));
    parts.push(format!("{} in flight", snapshot.in_flight));
    parts.join(", ")
}

fn waiting_text(waiting: Waiting, now: Instant) -> String {
    let seconds = |until: Instant| until.saturating_duration_since(now).as_secs_f64().ceil();
    match waiting {
        Waiting::Throttled { until } => format!("throttled, {} s", seconds(until)),
        Waiting::StoreDown { next_try } => format!("store of photos down, next try in {} s", seconds(next_try)),
        Waiting::Down { next_try } => format!("endpoint down, next try in {} s", seconds(next_try)),
    }
}
