//! The status as people read it: values in, text out.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::exit::ExitStatus;
use crate::output::{RunStatus, State};
use crate::terminal::{number, time};

/// A run that lives says so every second; after this silence something holds it up.
const SILENT: Duration = Duration::from_secs(10);

/// All of it, on one screen.
pub(super) fn page(status: &RunStatus, now: DateTime<Utc>) -> String {
    let mut text = format!("{}\n", headline(status, now));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    if status.rows > 0 {
        line("done", done(status));
    }
    if let Some(pace) = pace(status) {
        line("pace", pace);
    }
    if let Some(weather) = weather(status, now) {
        line("weather", weather);
    }
    let counts = status.counts.iter().filter(|(_, count)| **count > 0);
    let counts = counts.map(|(word, count)| format!("{} {word}", number(*count)));
    let counts = counts.collect::<Vec<_>>().join(", ");
    if !counts.is_empty() {
        line("rows", counts);
    }
    line("manifest", status.manifest.clone());
    if let Some(shard) = &status.shard {
        line("part", shard.clone());
    }
    line(
        "sends to",
        format!("{}, partner {} ({})", status.endpoint, status.partner_id, status.env),
    );
    line("run", format!("{}, process {}", status.run_id, status.process));
    text
}

/// What changes, in one line.
pub(super) fn line(status: &RunStatus) -> String {
    let mut parts = vec![state(status), done(status)];
    parts.extend(pace(status));
    if status.weather != "fine" && !is_over(status) {
        parts.push(status.weather.clone());
    }
    format!("{} {}\n", status.heard_at, parts.join(", "))
}

fn is_over(status: &RunStatus) -> bool {
    matches!(status.state, State::Ended | State::Died)
}

fn state(status: &RunStatus) -> String {
    let by = status
        .stopped_by
        .as_ref()
        .map(|word| format!(" ({word})"))
        .unwrap_or_default();
    match (status.state, status.exit_code) {
        (State::Ended, Some(code)) => format!("ended{by} with exit code {code}"),
        (state, _) => format!("{}{by}", state.word()),
    }
}

fn headline(status: &RunStatus, now: DateTime<Utc>) -> String {
    let heard = since(&status.heard_at, now);
    let ago = |time_ago: Option<Duration>| time_ago.map(|ago| format!(", {} ago", time(ago))).unwrap_or_default();
    let state = state(status);
    match status.state {
        State::Died => format!(
            "{state}: its process is gone without a word; last heard of at {}{}; run the same command again",
            status.heard_at,
            ago(heard)
        ),
        State::Ended => {
            let meaning = status.exit_code.and_then(ExitStatus::of_code).map(ExitStatus::meaning);
            format!(
                "{state} at {}{}: {}",
                status.heard_at,
                ago(heard),
                meaning.unwrap_or_default()
            )
        }
        State::Preparing | State::Running | State::Stopping | State::Writing => {
            let silence = heard.filter(|silence| *silence > SILENT && status.state == State::Running);
            let silence = silence.map(|silence| format!(", not heard of for {}", time(silence)));
            let since = since(&status.started_at, now).map(|time_ago| format!(" for {}", time(time_ago)));
            format!(
                "{state}{}, since {}{}",
                since.unwrap_or_default(),
                status.started_at,
                silence.unwrap_or_default()
            )
        }
    }
}

fn since(at: &str, now: DateTime<Utc>) -> Option<Duration> {
    let at = DateTime::parse_from_rfc3339(at).ok()?;
    (now - at.to_utc()).to_std().ok()
}

fn done(status: &RunStatus) -> String {
    let percent = u64::from(status.done) * 100 / u64::from(status.rows.max(1));
    let (done, rows) = (number(status.done), number(status.rows));
    let before = match status.settled_before {
        0 => String::new(),
        count => format!(", {} settled by earlier runs", number(count)),
    };
    format!("{done} of {rows} ({percent}%){before}")
}

fn pace(status: &RunStatus) -> Option<String> {
    let moves = matches!(status.state, State::Running | State::Stopping);
    let left = status
        .seconds_left
        .map(|seconds| format!(", {} left", time(Duration::from_secs(seconds))));
    let retry = match status.to_retry {
        0 => String::new(),
        count => format!(", {} to retry", number(count)),
    };
    moves.then(|| {
        format!(
            "{:.1}/s{}, {} in flight of at most {}{retry}",
            status.rows_per_second,
            left.filter(|_| status.state == State::Running).unwrap_or_default(),
            status.in_flight,
            status.concurrency_limit
        )
    })
}

fn weather(status: &RunStatus, now: DateTime<Utc>) -> Option<String> {
    if is_over(status) || status.rows == 0 {
        return None;
    }
    let next = status.seconds_to_next_try;
    let next = next.map(|seconds| format!(", next try in {}", time(Duration::from_secs(seconds))));
    let for_long = status.weather_since.as_deref().and_then(|at| since(at, now));
    let for_long = for_long.map(|long| format!(" for {}", time(long))).unwrap_or_default();
    let waited = status.seconds_throttled + status.seconds_down + status.seconds_store_down;
    let waited = (waited > 0).then(|| format!("; waited {} in all", time(Duration::from_secs(waited))));
    let (next, waited) = (next.unwrap_or_default(), waited.unwrap_or_default());
    Some(format!("{}{for_long}{next}{waited}", status.weather))
}
