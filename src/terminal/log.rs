//! Diagnostics as lines: for people, or one JSON object each for programs.
//!
//! Beyond row numbers no personal data stands in those of a run unless `-v` is given; what a check finds
//! names its user. A key, a signature or a photo never stands in any.

use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};

use super::{Closing, advice, counts};
use crate::domain::unix_millis::UnixMillis;
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
                "row {row} (line {line}): attempt {attempt} {class}{reason}{status} in {} ms{cause}\n",
                took.as_millis()
            )
        }
        RunEvent::Finished { row, line, outcome } => {
            let reason = outcome.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("row {row} (line {line}): {}{reason}\n", outcome.status)
        }
        RunEvent::InvalidPhoto {
            row,
            line,
            reason,
            detail,
        } => format!("row {row} (line {line}): {reason}: {detail}\n"),
        RunEvent::LargePhoto { row, line, bytes } => {
            format!(
                "warning: row {row} (line {line}): the photo has {bytes} bytes; above 4,500,000 a gateway may refuse it\n"
            )
        }
        RunEvent::SharedPhoto { row, line, other } => {
            let whose = match other {
                Some(other) => format!("row {other} is another user with the same photo"),
                None => "a user of an earlier run has the same photo".to_owned(),
            };
            format!("warning: row {row} (line {line}): {whose}; --strict makes such a row invalid\n")
        }
        RunEvent::StoreFailed(error) => format!("warning: the store of the photos, {error}\n"),
        RunEvent::Refused { refusal, .. } => format!("refused: {refusal}\n"),
        RunEvent::Stopping(stop) => format!("stopping: {}; waiting for requests in flight\n", stop.word()),
    }
}

/// An event as a JSON object; `verbose` lets file names through.
pub(super) fn event(run_id: &str, event: &RunEvent, verbose: bool) -> String {
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
            "attempt",
            json!({"row": row, "attempt": attempt, "class": class, "reason": reason, "http_status": http_status,
                "latency_ms": took.as_millis() as u64, "cause": cause.as_deref()}),
        ),
        RunEvent::Finished { row, line: _, outcome } => (
            "finished",
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
            ("invalid_photo", json!({"row": row, "reason": reason, "detail": detail}))
        }
        RunEvent::LargePhoto { row, line: _, bytes } => ("large_photo", json!({"row": row, "bytes": bytes})),
        RunEvent::SharedPhoto { row, line: _, other } => ("shared_photo", json!({"row": row, "other_row": other})),
        RunEvent::StoreFailed(error) => ("store_failed", json!({"store": error.store, "detail": error.detail})),
        RunEvent::Refused {
            refusal,
            facts,
            clock_ahead,
        } => (
            "refused",
            json!({"refusal": refusal, "clock_ahead_s": clock_ahead, "http_status": facts.http_status,
                "result_code": facts.result_code, "result_text": facts.result_text,
                "advice": advice::refused(*refusal, facts, *clock_ahead)}),
        ),
        RunEvent::Stopping(stop) => ("stopping", json!({"stopped_by": stop.word()})),
    };
    line(run_id, event, fields)
}

/// A message of no other kind.
pub(super) fn message(run_id: &str, event: &str, text: &str) -> String {
    line(run_id, event, json!({"message": text}))
}

/// How far the run is.
pub(super) fn progress(run_id: &str, done: u32, rows: u32, rate: f64, left: Option<Duration>) -> String {
    let left = left.map(|left| left.as_secs());
    line(
        run_id,
        "progress",
        json!({"done": done, "rows": rows, "rows_per_second": rate, "seconds_left": left}),
    )
}

/// How the run ended.
pub(super) fn closing(run_id: &str, closing: &Closing<'_>, advice: Option<&str>) -> String {
    let facts = closing.facts;
    let counts: serde_json::Map<_, _> = counts(facts.tally)
        .map(|(status, count)| (status.word().to_owned(), count.into()))
        .collect();
    line(
        run_id,
        "ended",
        json!({"exit_code": facts.status.code(), "stopped_by": facts.stop.map(|stop| stop.word()), "counts": counts,
            "results": facts.config.files.results, "failures": facts.failures, "ledger": closing.ledger, "why": advice, "next": closing.remedy()}),
    )
}

/// One object, with these fields; a command that is no run has no `run_id`.
pub(super) fn line(run_id: &str, event: &str, mut fields: Value) -> String {
    fields["at"] = UnixMillis::from(Utc::now()).to_string().into();
    fields["run_id"] = run_id.into();
    fields["event"] = event.into();
    format!("{fields}\n")
}
