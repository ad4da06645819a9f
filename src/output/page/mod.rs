//! The report: one HTML page that tells a run to people, whole in itself. It loads nothing, runs no script, and stays
//! below a megabyte whatever the number of rows.
//!
//! Everything in it goes through the template engine, which escapes; the one exception is our own style sheet. Users are
//! masked unless `--report-ids full` is given.

mod chart;
mod figures;
mod layout;
mod merged;
mod plot;
mod reasons;
mod settings;
mod text;
mod work;

use std::io::{self, Write as _};
use std::path::Path;

use maud::{Markup, html};

use super::{RunFacts, Tally, Unstarted};
use crate::domain::{outcome::Status, timeline::Timeline};
use crate::exit::ExitStatus;
use crate::ledger::Retrospect;
use crate::sys::atomic;
pub(crate) use merged::{MergedPage, write_merged_page};
use text::{counted, grouped, percent, span};

/// How many of the latest runs are listed.
pub(crate) const LISTED_RUNS: u32 = 20;

/// All that the page tells.
pub(crate) struct PageFacts<'a> {
    pub(crate) run: &'a RunFacts<'a>,
    pub(crate) timeline: &'a Timeline,
    /// None where the ledger could not be read any more.
    pub(crate) retrospect: Option<Retrospect>,
    /// The ledger, where it outlives the run.
    pub(crate) ledger: Option<&'a Path>,
    /// Whether user ids stand there whole.
    pub(crate) full_ids: bool,
}

/// Puts the page of a run in place of `path`.
pub(crate) fn write_page(path: &Path, facts: &PageFacts<'_>) -> io::Result<()> {
    put(path, page(facts))
}

/// Puts the page of a run that ended before its first row in place of `path`, so that no earlier one is taken for its own.
pub(crate) fn write_unstarted_page(path: &Path, unstarted: &Unstarted<'_>, why: &str) -> io::Result<()> {
    put(path, unstarted_page(unstarted, why))
}

fn put(path: &Path, page: Markup) -> io::Result<()> {
    atomic::Place::of(path).write(|file| file.write_all(page.into_string().as_bytes()))
}

fn page(facts: &PageFacts<'_>) -> Markup {
    let run = facts.run;
    let title = format!("Enrollment of {}", file_name(&run.config.files.manifest));
    let content = html! {
        (headline(facts))
        (outcomes(run.tally, run.stats.settled_before()))
        (reasons::section(run.tally, facts.full_ids))
        (chart::section(facts.timeline, run.stats))
        (work::section(run.stats, facts.retrospect.as_ref()))
        (settings::section(facts))
        @if let Some(retrospect) = &facts.retrospect { (settings::runs(&retrospect.runs, run.run_id)) }
    };
    layout::document(&title, &content)
}

/// What happened in one sentence and one bar.
fn headline(facts: &PageFacts<'_>) -> Markup {
    let run = facts.run;
    let (class, sentence) = (verdict(run.status), sentence(run.tally));
    html! {
        header {
            p.over { "image-enroll · " (run.config.files.env.word()) " · " (text::moment(run.started_at)) }
            h1 { (sentence) }
            p class={ "verdict " (class) } {
                @match run.stop {
                    Some(stop) => { strong { "Stopped" } " (" (stop.word()) ")" },
                    None => { strong { "Finished" } },
                }
                " after " (span((run.finished_at - run.started_at).to_std().unwrap_or_default()))
                ", exit code " (run.status.code()) ". " (text::what_to_do(run.status))
            }
            (bar(run.tally))
        }
    }
}

fn sentence(tally: &Tally) -> String {
    let rows = tally.rows();
    let settled: u32 = Status::ALL
        .iter()
        .filter(|status| status.is_settled())
        .map(|status| tally.count(*status))
        .sum();
    let open = Status::ALL.iter().filter(|status| !status.is_settled());
    let open: Vec<String> = open
        .filter(|status| tally.count(**status) > 0)
        .map(|status| format!("{} {}", grouped(tally.count(*status)), text::plain(*status)))
        .collect();
    match (rows, settled) {
        (0, _) => "The manifest has no rows".to_owned(),
        (1, 1) => "The one row is settled".to_owned(),
        _ if rows == settled => format!("All {} are settled", counted(rows, "row")),
        _ => format!(
            "{} of {} settled; {}",
            grouped(settled),
            counted(rows, "row"),
            open.join(", ")
        ),
    }
}

/// How the run is to be taken at a glance.
fn verdict(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Settled => "good",
        ExitStatus::DataFaults
        | ExitStatus::Failed
        | ExitStatus::InDoubt
        | ExitStatus::Limit
        | ExitStatus::HungUp
        | ExitStatus::Interrupted
        | ExitStatus::Terminated => "fair",
        ExitStatus::Usage
        | ExitStatus::Refused
        | ExitStatus::Unreachable
        | ExitStatus::Storage
        | ExitStatus::Locked
        | ExitStatus::Manifest => "bad",
    }
}

/// Every status with rows as a part of one bar, in the order of the table below it.
fn bar(tally: &Tally) -> Markup {
    let rows = f64::from(tally.rows().max(1));
    let counts: Vec<_> = counts(tally).collect();
    let label: Vec<String> = counts
        .iter()
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    let mut at = 0.0;
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=(label.join(", ")) {
            @for (status, count) in counts {
                @let width = f64::from(count) / rows * 1_000.0;
                // A single row among a million is still to be seen.
                rect class={ "s-" (status) } x=(format!("{at:.2}")) y="0" width=(format!("{:.2}", width.max(2.0))) height="10" {}
                @let () = at += width;
            }
        }
    }
}

fn counts(tally: &Tally) -> impl Iterator<Item = (Status, u32)> {
    let counts = Status::ALL.iter().map(|status| (*status, tally.count(*status)));
    counts.filter(|(_, count)| *count > 0)
}

/// `settled_before`: rows that earlier runs had settled.
fn outcomes(tally: &Tally, settled_before: u32) -> Markup {
    let rows = tally.rows();
    html! {
        section {
            h2 { "Outcomes" }
            table.outcomes {
                caption { "Rows by what became of them" }
                thead { tr { th scope="col" { "Status" } th.number scope="col" { "Rows" } th.number scope="col" { "Share" } } }
                tbody {
                    @for (status, count) in counts(tally) {
                        tr {
                            th scope="row" {
                                span class={ "dot s-" (status) } {} (status)
                                small { (text::prose(status.explanation())) }
                            }
                            td.number { (grouped(count)) }
                            td.number { (percent(count.into(), rows.into())) }
                        }
                    }
                }
                tfoot { tr { th scope="row" { "All rows" } td.number { (grouped(rows)) } td.number {} } }
            }
            @if settled_before > 0 {
                p { (counted(settled_before, "row")) " had been settled by earlier runs and needed no request." }
            }
        }
    }
}

fn unstarted_page(unstarted: &Unstarted<'_>, why: &str) -> Markup {
    let title = format!("Enrollment of {}", file_name(unstarted.manifest));
    let content = html! {
        header {
            p.over { "image-enroll · " (unstarted.env.word()) " · " (text::moment(unstarted.started_at)) }
            h1 { "The run ended before its first row" }
            p.verdict.bad {
                strong { "Nothing was sent" } " (" (unstarted.stopped_by) "), exit code " (unstarted.status.code()) ". "
                (text::what_to_do(unstarted.status))
            }
            p { (why) }
        }
        section {
            h2 { "The run" }
            (settings::list(&[
                ("Manifest", unstarted.manifest.display().to_string()),
                ("Endpoint", unstarted.endpoint.to_owned()),
                ("Partner", unstarted.partner_id.to_owned()),
                ("Run", unstarted.run_id.to_owned()),
                ("Version", env!("CARGO_PKG_VERSION").to_owned()),
            ]))
        }
    };
    layout::document(&title, &content)
}

/// The last part of a path; the whole where it has none, as `-`.
fn file_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "standard input".to_owned())
}
