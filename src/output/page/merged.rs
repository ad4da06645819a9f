//! The page of many machines: what became of the rows, and which runs have done it.

use std::io;
use std::path::Path;

use maud::{Markup, html};

use super::text::{self, counted, span};
use super::{bar, file_name, layout, outcomes, put, reasons, sentence, settings, verdict};
use crate::domain::text::hex;
use crate::ledger::PastRun;
use crate::output::MergedFacts;

/// All that the page tells.
pub(crate) struct MergedPage<'a> {
    pub(crate) facts: &'a MergedFacts<'a>,
    pub(crate) results: &'a Path,
    /// The ledger of all users, where it stays.
    pub(crate) ledger: Option<&'a Path>,
    /// The latest runs of all parts.
    pub(crate) runs: &'a [PastRun],
    /// Whether user ids stand there whole.
    pub(crate) full_ids: bool,
}

/// Puts the page in place of `path`.
pub(crate) fn write_merged_page(path: &Path, page: &MergedPage<'_>) -> io::Result<()> {
    put(path, document(page))
}

fn document(page: &MergedPage<'_>) -> Markup {
    let facts = page.facts;
    let title = format!("Enrollment of {}", file_name(facts.manifest));
    let content = html! {
        (headline(facts))
        (outcomes(facts.tally, 0))
        (reasons::section(facts.tally, page.full_ids))
        (over_time())
        section.settings {
            h2 { "The job" }
            (settings::list(&files(page)))
        }
        (settings::runs(page.runs, facts.run_id))
    };
    layout::document(&title, &content)
}

fn headline(facts: &MergedFacts<'_>) -> Markup {
    let (started_at, finished_at) = facts.span();
    let started = started_at.to_date_time().map(text::moment).unwrap_or_default();
    html! {
        header {
            p.over { "image-enroll · " (facts.env.word()) " · " (started) }
            h1 { (sentence(facts.tally)) }
            p class={ "verdict " (verdict(facts.status)) } {
                strong { "Merged" } " from " (counted(facts.proven.count, "part")) ", which took "
                (span(finished_at.since(started_at))) " from the first start to the last end, exit code "
                (facts.status.code()) ". " (text::what_to_do(facts.status))
            }
            (bar(facts.tally))
        }
    }
}

/// The ledgers know when an attempt was recorded and not when it left, and nothing of waits; and no two machines have one clock.
fn over_time() -> Markup {
    html! {
        section {
            h2 { "Over time" }
            p {
                "There are no charts of rate, latency and requests in flight here: the run of each part measures them, and its ledger "
                "does not keep them. The page that a part's own run writes with " code { "--report" } " has them."
            }
        }
    }
}

fn files(page: &MergedPage<'_>) -> Vec<(&'static str, String)> {
    let facts = page.facts;
    let path = |path: &Path| path.display().to_string();
    vec![
        ("Manifest", path(facts.manifest)),
        ("SHA-256 of the manifest", hex(facts.manifest_sha256)),
        ("Results", path(page.results)),
        ("Ledger", page.ledger.map(path).unwrap_or_default()),
        ("Endpoint", facts.pin.endpoint.clone()),
        ("Partner", facts.pin.partner_id.to_string()),
        ("Parts", facts.proven.count.to_string()),
        ("Version", format!("image-enroll {}", env!("CARGO_PKG_VERSION"))),
    ]
}
