//! Diagnostics as lines: for people, or one JSON object each for programs.
//!
//! Beyond row numbers no personal data stands in those of a run unless `-v` is given; what a check finds
//! names its user. A key, a signature or a photo never stands in any.

use chrono::Utc;
use serde_json::{Value, json};

use super::events::{Level, Name};
use super::layout::time;
use super::weather::Change;
use super::{Closing, advice, counted, counts};
use crate::domain::{
    row_at::RowAt,
    standing::{Standing, Weather},
    unix_millis::UnixMillis,
};
use crate::exit::ExitStatus;
use crate::run::RunEvent;

/// An event as one line of text.
pub(super) fn text(event: &RunEvent) -> String {
    match event {
        RunEvent::Attempt {
            row,
            line,
            attempt,
            class,
            reason,
            http_status,
            cause,
            took,
        } => {
            let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            let status = http_status.map(|status| format!(" HTTP {status}")).unwrap_or_default();
            let cause = cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!(
                "{}: attempt {attempt} {class}{reason}{status} in {} ms{cause}\n",
                RowAt { row: *row, line: *line },
                took.as_millis()
            )
        }
        RunEvent::Finished { row, line, outcome } => {
            let reason = outcome.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{}: {}{reason}\n", RowAt { row: *row, line: *line }, outcome.status)
        }
        RunEvent::InvalidPhoto {
            row,
            line,
            reason,
            detail,
        } => format!("{}: {reason}: {detail}\n", RowAt { row: *row, line: *line }),
        RunEvent::LargePhoto { row, line, bytes } => {
            format!(
                "warning: {}: the photo has {bytes} bytes; above 4,500,000 a gateway may refuse it\n",
                RowAt { row: *row, line: *line }
            )
        }
        RunEvent::SharedPhoto { row, line, other } => {
            let whose = match other {
                Some(other) => format!("{other} is another user with the same photo"),
                None => "a user of an earlier run has the same photo".to_owned(),
            };
            format!(
                "warning: {}: {whose}; --strict makes such a row invalid\n",
                RowAt { row: *row, line: *line }
            )
        }
        RunEvent::StoreFailed(error) => format!("warning: the store of the photos, {error}\n"),
        RunEvent::Refused { refusal, .. } => format!("refused: {refusal}\n"),
        RunEvent::Stopping {
            stop,
            in_flight,
            drains_for,
        } => {
            let waits = match in_flight {
                0 => "nothing is in flight".to_owned(),
                count => format!("waiting for {} in flight", counted(*count as u64, "request")),
            };
            let most = drains_for.map(|most| format!(", for at most {}", time(most)));
            let most = most.filter(|_| *in_flight > 0).unwrap_or_default();
            let again = if stop.is_signal() && *in_flight > 0 {
                "; Ctrl-C again gives them up"
            } else {
                ""
            };
            format!("stopping: {}; {waits}{most}{again}\n", stop.word())
        }
    }
}

/// The level at which an event is told of.
pub(super) fn level(event: &RunEvent) -> Level {
    match event {
        RunEvent::Finished { outcome, .. } if outcome.status.is_settled() => Level::Debug,
        RunEvent::Finished { .. } => Name::Finished.level(),
        RunEvent::Attempt { .. } => Name::Attempt.level(),
        RunEvent::InvalidPhoto { .. } => Name::InvalidPhoto.level(),
        RunEvent::LargePhoto { .. } => Name::LargePhoto.level(),
        RunEvent::SharedPhoto { .. } => Name::SharedPhoto.level(),
        RunEvent::StoreFailed(_) => Name::StoreFailed.level(),
        RunEvent::Refused { .. } => Name::Refused.level(),
        RunEvent::Stopping { .. } => Name::Stopping.level(),
    }
}

/// An event as a JSON object; `verbose` lets file names through.
pub(super) fn event(run_id: &str, event: &RunEvent, verbose: bool) -> String {
    let level = level(event);
    let (event, fields) = match event {
        RunEvent::Attempt {
            row,
            line: _,
            attempt,
            class,
            reason,
            http_status,
            cause,
            took,
        } => (
            Name::Attempt,
            json!({"row": row, "attempt": attempt, "class": class, "reason": reason, "http_status": http_status,
                "latency_ms": took.as_millis() as u64, "cause": cause.as_deref()}),
        ),
        RunEvent::Finished { row, line: _, outcome } => (
            Name::Finished,
            json!({"row": row, "status": outcome.status, "reason": outcome.reason,
                "result_code": outcome.facts.result_code, "attempts": outcome.attempts}),
        ),
        RunEvent::InvalidPhoto {
            row,
            line: _,
            reason,
            detail,
        } => {
            let detail = verbose.then_some(detail);
            (
                Name::InvalidPhoto,
                json!({"row": row, "reason": reason, "detail": detail}),
            )
        }
        RunEvent::LargePhoto { row, line: _, bytes } => (Name::LargePhoto, json!({"row": row, "bytes": bytes})),
        RunEvent::SharedPhoto { row, line, other } => (
            Name::SharedPhoto,
            json!({"row": row, "line": line, "other_row": other.map(|other| other.row),
                "other_line": other.map(|other| other.line)}),
        ),
        RunEvent::StoreFailed(error) => (Name::StoreFailed, json!({"store": error.store, "detail": error.detail})),
        RunEvent::Refused {
            refusal,
            facts,
            clock_ahead,
        } => (
            Name::Refused,
            json!({"refusal": refusal, "clock_ahead_s": clock_ahead, "http_status": facts.http_status,
                "result_code": facts.result_code, "result_text": facts.result_text,
                "advice": advice::refused(*refusal, facts, *clock_ahead)}),
        ),
        RunEvent::Stopping {
            stop,
            in_flight,
            drains_for,
        } => (
            Name::Stopping,
            json!({"stopped_by": stop.word(), "in_flight": in_flight,
                "seconds_at_most": drains_for.map(|most| most.as_secs())}),
        ),
    };
    line_of(run_id, event, level, fields)
}

/// A message of no other kind.
pub(super) fn message(run_id: &str, event: Name, text: &str) -> String {
    line(run_id, event, json!({"message": text}))
}

/// An error that ends a command, with the exit code it ends with.
pub(super) fn error(run_id: &str, text: &str, status: ExitStatus) -> String {
    line(
        run_id,
        Name::Error,
        json!({"message": text, "exit_code": status.code()}),
    )
}

/// A change of the weather, for people.
pub(super) fn weather_text(change: Change) -> String {
    let at = UnixMillis::from(Utc::now());
    match change {
        Change::Bad(weather) => {
            let next = time(weather.wait());
            match weather {
                Weather::Throttled { .. } => format!("{at} throttled: nothing is sent for {next}\n"),
                Weather::StoreDown { .. } => format!("{at} store of photos down: next try in {next}\n"),
                Weather::Down { .. } | Weather::Fine => format!("{at} endpoint down: next try in {next}\n"),
            }
        }
        Change::Back(lasted) => format!("{at} back after {}\n", time(lasted)),
    }
}

/// The same for programs.
pub(super) fn weather(run_id: &str, change: Change) -> String {
    let fields = match change {
        Change::Bad(weather) => json!({"state": weather.word(), "seconds_to_next_try": weather.wait().as_secs_f64()}),
        Change::Back(lasted) => json!({"state": Weather::Fine.word(), "lasted_seconds": lasted.as_secs_f64()}),
    };
    line(run_id, Name::Weather, fields)
}

/// How far the run is.
pub(super) fn progress(run_id: &str, standing: &Standing) -> String {
    let left = standing.left.map(|left| left.as_secs());
    line(
        run_id,
        Name::Progress,
        json!({"done": standing.done, "rows": standing.rows, "rows_per_second": standing.rate, "seconds_left": left,
            "in_flight": standing.in_flight, "to_retry": standing.to_retry, "weather": standing.weather.word()}),
    )
}

/// How the run ended.
pub(super) fn closing(run_id: &str, closing: &Closing<'_>, advice: Option<&str>) -> String {
    let facts = closing.facts;
    let counts: serde_json::Map<_, _> = counts(facts.tally)
        .map(|(status, count)| (status.word().to_owned(), count.into()))
        .collect();
    let level = match facts.status {
        ExitStatus::Settled => Name::Ended.level(),
        _ => Level::Warn,
    };
    let fields = json!({"exit_code": facts.status.code(), "stopped_by": facts.stop.map(|stop| stop.word()),
        "counts": counts, "results": facts.config.files.results, "failures": facts.failures, "ledger": closing.ledger,
        "why": advice, "next": closing.remedy()});
    line_of(run_id, Name::Ended, level, fields)
}

/// One object, with these fields; a command that is no run has no `run_id`.
pub(super) fn line(run_id: &str, event: Name, fields: Value) -> String {
    line_of(run_id, event, event.level(), fields)
}

fn line_of(run_id: &str, event: Name, level: Level, mut fields: Value) -> String {
    fields["at"] = UnixMillis::from(Utc::now()).to_string().into();
    fields["level"] = level.to_string().into();
    fields["run_id"] = run_id.into();
    fields["event"] = event.to_string().into();
    format!("{fields}\n")
}
