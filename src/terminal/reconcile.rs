//! What people hear of `reconcile`: how far it is, every half minute, and what it has found out.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use indicatif::HumanCount;

use super::events::Name;
use super::{advice, counted, log, write_err};
use crate::config::{Log, LogFormat};
use crate::domain::{
    lookup::LookupCounts,
    outcome::{Facts, Status},
    response::Refusal,
    stop::Stop,
};
use crate::exit::ExitStatus;

/// How often it says how far it is.
const EVERY: Duration = Duration::from_secs(30);

/// Tells of the asking.
pub(crate) struct ReconcileReporter {
    log: Log,
    run_id: String,
    users: usize,
    answered: usize,
    told_at: Instant,
    /// What kept the latest look-up from being answered.
    cause: Option<String>,
    /// Why the provider ended it.
    advice: Option<String>,
}

/// How it ended.
pub(crate) struct Reconciled<'a> {
    pub(crate) counts: &'a LookupCounts,
    pub(crate) unanswered: u32,
    pub(crate) stop: Option<Stop>,
    pub(crate) status: ExitStatus,
    /// Where the results were written, if there was a manifest.
    pub(crate) results: Option<&'a Path>,
}

impl ReconcileReporter {
    pub(crate) fn new(log: Log, run_id: &str, users: usize) -> Self {
        Self {
            log,
            run_id: run_id.to_owned(),
            users,
            answered: 0,
            told_at: Instant::now(),
            cause: None,
            advice: None,
        }
    }

    /// Another user has been asked for.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered += 1;
        if self.log.quiet || now < self.told_at + EVERY {
            return;
        }
        self.told_at = now;
        let (answered, users) = (self.answered as u64, self.users as u64);
        write_err(&match self.log.format {
            LogFormat::Text => format!("looked up {} of {}\n", HumanCount(answered), counted(users, "user")),
            LogFormat::Json => {
                let fields = json!({"looked_up": answered, "users": users});
                log::line(&self.run_id, Name::LookupProgress, fields)
            }
        });
    }

    /// A look-up brought nothing, by its cause.
    pub(crate) fn failed(&mut self, cause: &str) {
        self.cause = Some(cause.to_owned());
    }

    /// The provider's answer forbids to go on.
    pub(crate) fn refused(&mut self, refusal: Refusal, facts: &Facts) {
        self.advice = Some(advice::refused_lookup(refusal, facts));
    }

    pub(crate) fn close(&self, reconciled: &Reconciled<'_>) {
        if self.log.quiet && reconciled.status == ExitStatus::Settled {
            return;
        }
        let why = self.why(reconciled);
        write_err(&match self.log.format {
            LogFormat::Json => self.object(reconciled, why.as_deref()),
            LogFormat::Text => text(reconciled, why.as_deref()),
        });
    }

    fn why(&self, reconciled: &Reconciled<'_>) -> Option<String> {
        let outage = || {
            let cause = self
                .cause
                .as_ref()
                .map(|cause| format!(" ({cause})"))
                .unwrap_or_default();
            format!("the look-up failed, or asked to wait, for longer than --max-outage{cause}")
        };
        let is_outage = reconciled.stop == Some(Stop::Outage);
        self.advice.clone().or_else(|| is_outage.then(outage))
    }

    fn object(&self, reconciled: &Reconciled<'_>, why: Option<&str>) -> String {
        let counts = reconciled.counts;
        let changes: Vec<_> = counts
            .changes()
            .map(|(before, after, users)| json!({"from": before, "to": after, "users": users}))
            .collect();
        let fields = json!({"exit_code": reconciled.status.code(), "stopped_by": reconciled.stop.map(Stop::word),
            "users": counts.users(), "looked_up": counts.asked(), "unanswered": reconciled.unanswered,
            "changes": changes, "results": reconciled.results, "why": why});
        log::line(&self.run_id, Name::Reconciled, fields)
    }
}

fn text(reconciled: &Reconciled<'_>, why: Option<&str>) -> String {
    let counts = reconciled.counts;
    let mut text = format!(
        "looked up {} of {}; nobody was enrolled\n",
        HumanCount(counts.asked().into()),
        counted(counts.users(), "user")
    );
    for (before, after, users) in counts.changes() {
        let _ = writeln!(
            text,
            "  {:>9}  {before} -> {after}",
            HumanCount(users.into()).to_string()
        );
    }
    for status in [Status::InDoubt, Status::EnrolledInferred, Status::Provisional] {
        let left = counts.after(status).saturating_sub(come(counts, status));
        if left > 0 {
            let _ = writeln!(text, "  {:>9}  {status} as before", HumanCount(left.into()).to_string());
        }
    }
    if reconciled.unanswered > 0 {
        let _ = writeln!(
            text,
            "{} got no answer; run it again",
            counted(reconciled.unanswered, "user")
        );
    }
    let stopped = reconciled.stop.map(Stop::word).map(|word| format!("stopped: {word}\n"));
    text += &stopped.unwrap_or_default();
    text += &why.map(|why| format!("{why}\n")).unwrap_or_default();
    if let Some(path) = reconciled.results {
        let _ = writeln!(text, "results: {}", path.display());
    }
    text
}

/// Users who have come to this status.
fn come(counts: &LookupCounts, status: Status) -> u32 {
    counts
        .changes()
        .filter(|(_, after, _)| *after == status)
        .map(|(_, _, users)| users)
        .sum()
}
