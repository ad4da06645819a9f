//! With what the run was made, and the runs before it. No secret is among it: the key is nowhere but in the signer.

use maud::{Markup, html};

use super::PageFacts;
use super::text::{self, span};
use crate::domain::text::hex;
use crate::ledger::PastRun;

/// Names and their values; those without a value are left out.
pub(super) fn list(entries: &[(&str, String)]) -> Markup {
    html! {
        dl {
            @for (name, value) in entries.iter().filter(|(_, value)| !value.is_empty()) {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

pub(super) fn section(facts: &PageFacts<'_>) -> Markup {
    html! {
        section.settings {
            h2 { "The run" }
            (list(&files(facts)))
            h3 { "Settings" }
            (list(&pace(facts)))
        }
    }
}

fn files(facts: &PageFacts<'_>) -> Vec<(&'static str, String)> {
    let (run, config) = (facts.run, facts.run.config);
    let all = || "all".to_owned();
    vec![
        (
            "Part of the users",
            config.files.shard.map_or_else(all, |shard| shard.to_string()),
        ),
        ("Manifest", config.files.manifest.display().to_string()),
        ("SHA-256 of the manifest", hex(&run.survey.sha256)),
        ("Results", config.files.results.display().to_string()),
        (
            "Ledger",
            facts
                .ledger
                .map(|path| path.display().to_string())
                .unwrap_or_else(|| "none was kept".into()),
        ),
        ("Endpoint", config.account.endpoint_name()),
        ("Partner", config.account.signer.partner_id().to_string()),
        ("Started", text::moment(run.started_at)),
        ("Ended", text::moment(run.finished_at)),
        ("Run", run.run_id.to_owned()),
        ("Version", format!("image-enroll {}", env!("CARGO_PKG_VERSION"))),
    ]
}

fn pace(facts: &PageFacts<'_>) -> Vec<(&'static str, String)> {
    let (pace, files) = (&facts.run.config.pace, &facts.run.config.files);
    let rate = pace
        .interval
        .map(|interval| format!("{}/s", text::decimal(1.0 / interval.as_secs_f64())));
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    vec![
        ("Most requests in flight", pace.concurrency.to_string()),
        ("Rate limit", or_none(rate)),
        ("Timeout", span(pace.timeout)),
        ("Connect timeout", span(pace.connect_timeout)),
        ("Retries of a row", pace.retry.retries.to_string()),
        ("Wait after a lost answer", span(pace.in_doubt_wait)),
        ("Longest outage", span(pace.max_outage)),
        ("Time limit", or_none(pace.stop_after.map(span))),
        ("Limit of rows", or_none(pace.limit.map(text::grouped))),
        ("Limit of failures", or_none(pace.max_failures.map(text::grouped))),
        ("Strict", if files.reading.strict { "yes" } else { "no" }.to_owned()),
    ]
}

/// The latest runs of the ledger, this one among them.
pub(super) fn runs(runs: &[PastRun], this: &str) -> Markup {
    html! {
        section.runs {
            h2 { "Runs of this ledger" }
            @if runs.len() <= 1 {
                p { "This is the first one." }
            } @else {
                table {
                    caption { "The latest runs, this one first" }
                    thead { tr { th scope="col" { "Started" } th scope="col" { "Lasted" } th scope="col" { "Ended" } th scope="col" { "Manifest" } } }
                    tbody { @for run in runs { (past_run(run, this)) } }
                }
            }
        }
    }
}

fn past_run(run: &PastRun, this: &str) -> Markup {
    let started = run.started_at.to_date_time();
    let finished = run.finished_at.and_then(|at| at.to_date_time());
    let lasted = started.zip(finished).and_then(|(from, to)| (to - from).to_std().ok());
    html! {
        tr class=[(run.run_id == this).then_some("this")] {
            th scope="row" { (started.map(text::moment).unwrap_or_default()) @if run.run_id == this { " (this run)" } }
            td { (lasted.map(span).unwrap_or_else(|| "–".into())) }
            td {
                @match run.exit_code { Some(code) => { "exit " (code) }, None => { "was killed" } }
                @if let Some(word) = &run.stopped_by { ", " (word) }
            }
            td.text { (run.manifest) small { "version " (run.version) } }
        }
    }
}
