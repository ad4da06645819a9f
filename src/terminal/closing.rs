//! The closing text of a run: what became of the rows, where that is recorded, and what to do next.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::HumanCount;

use super::paint::{Tone, paint};
use super::progress::part;
use super::{counted, counts};
use crate::domain::{outcome::Status, row_at::RowAt, stop::Stop};
use crate::exit::ExitStatus;
use crate::output::{Group, RunFacts};

/// Rows of each group that are shown.
const EXAMPLES: usize = 5;

/// What the closing text is made of.
pub(crate) struct Closing<'a> {
    pub(crate) facts: &'a RunFacts<'a>,
    /// The ledger, where it outlives the run.
    pub(crate) ledger: Option<&'a Path>,
    /// The command line of this run, as a shell takes it.
    pub(crate) command: &'a str,
}

impl Closing<'_> {
    /// All of it, with groups and examples.
    pub(super) fn text(&self, advice: Option<&str>, colour: bool) -> String {
        let mut text = self.headline(colour);
        for (status, count) in counts(self.facts.tally) {
            let _ = writeln!(text, "  {status:<18}{:>10}", HumanCount(count.into()).to_string());
        }
        for ((status, reason, code), group) in self.facts.tally.groups() {
            let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            let code = code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            write_group(&mut text, &format!("{status}{reason}{code}"), group);
        }
        text + &self.files() + &self.ending(advice)
    }

    /// For a cron job's mail: one paragraph.
    pub(super) fn short_text(&self, advice: Option<&str>, colour: bool) -> String {
        let counts: Vec<_> = counts(self.facts.tally)
            .map(|(status, count)| format!("{count} {status}"))
            .collect();
        format!(
            "{}  {}\n{}{}",
            self.headline(colour),
            counts.join(", "),
            self.files(),
            self.ending(advice)
        )
    }

    /// For whoever is told of the end elsewhere: nobody and no file is named.
    pub(crate) fn paragraph(&self) -> String {
        let counts = counts(self.facts.tally).map(|(status, count)| format!("{count} {status}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let remedy = self.remedy().map(|remedy| format!("next: {remedy}\n"));
        format!("{}{counts}\n{}", self.headline(false), remedy.unwrap_or_default())
    }

    fn headline(&self, colour: bool) -> String {
        let facts = self.facts;
        let seconds = (facts.finished_at - facts.started_at).as_seconds_f64();
        let how = match facts.stop {
            Some(stop) => format!("stopped ({})", stop.word()),
            None => "finished".to_owned(),
        };
        let tone = match facts.status {
            ExitStatus::Settled => Tone::Good,
            ExitStatus::DataFaults | ExitStatus::Failed | ExitStatus::InDoubt | ExitStatus::Limit => Tone::Care,
            _ => Tone::Bad,
        };
        let how = paint(&how, tone, colour);
        let (all, pending) = (facts.tally.rows(), facts.tally.count(Status::Pending));
        let rows = if pending > 0 {
            part(all - pending, all)
        } else {
            counted(all, "row")
        };
        let requests = counted(facts.stats.attempts, "request");
        let before = match facts.stats.settled_before() {
            0 => String::new(),
            count => format!(", {} settled by earlier runs", HumanCount(count.into())),
        };
        format!("{how}: {rows} in {seconds:.1} s, {requests}{before}\n")
    }

    fn files(&self) -> String {
        let mut text = String::new();
        if self.facts.config.files.results.as_os_str() != "-" {
            let _ = writeln!(text, "results: {}", self.facts.config.files.results.display());
        }
        if let Some(failures) = self.facts.failures {
            let _ = writeln!(text, "failures: {}", failures.display());
        }
        if let Some(ledger) = self.ledger {
            let _ = writeln!(text, "ledger:  {}", ledger.display());
        }
        if let Some(page) = &self.facts.config.page {
            let _ = writeln!(text, "report:  {}", page.path.display());
        }
        text
    }

    /// Why it was stopped, and the one thing to do next.
    fn ending(&self, advice: Option<&str>) -> String {
        let why = advice.map(|advice| format!("why:     {advice}\n")).unwrap_or_default();
        let next = self
            .remedy()
            .map(|remedy| format!("next:    {remedy}:\n  {}\n", self.command));
        let next = next.unwrap_or_default();
        why + &next
    }

    /// What to do before the command is typed again.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        match (self.facts.status, self.ledger) {
            (ExitStatus::DataFaults, None) => {
                Some("fix the rows named in the results; no ledger was kept, so every row is sent again")
            }
            (ExitStatus::Failed | ExitStatus::InDoubt, None) => {
                Some("run again; no ledger was kept, so every row is sent again")
            }
            (ExitStatus::Unreachable, _) if self.facts.stop == Some(Stop::StoreOutage) => {
                Some("look at the store of the photos, and run again later")
            }
            (status, _) => remedy(status),
        }
    }
}

fn write_group(text: &mut String, title: &str, group: &Group) {
    let _ = writeln!(text, "{title}: {}", HumanCount(group.rows.into()));
    for example in group.examples.iter().take(EXAMPLES) {
        let said = example
            .text
            .as_ref()
            .map(|said| format!(": {said}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "  {}, user {}{said}",
            RowAt {
                row: example.row,
                line: example.line
            },
            example.user
        );
    }
    let more = (group.rows as usize).saturating_sub(EXAMPLES);
    if more > 0 {
        let _ = writeln!(text, "  and {} more", HumanCount(more as u64));
    }
}

/// The same, of a run whose ledger was kept.
fn remedy(status: ExitStatus) -> Option<&'static str> {
    match status {
        ExitStatus::Settled | ExitStatus::Usage | ExitStatus::Locked => None,
        ExitStatus::DataFaults => Some("fix the rows named in the results; settled rows are not sent again"),
        ExitStatus::Failed => Some("run again; only what is not settled is sent"),
        ExitStatus::InDoubt => Some("run again; if a row stays in doubt, look it up in the provider's portal"),
        ExitStatus::Refused => Some("fix the credentials"),
        ExitStatus::Unreachable => Some("look at the endpoint, and run again later"),
        ExitStatus::Storage => Some("fix the machine (space, rights); nothing will be sent twice"),
        ExitStatus::Manifest => Some("run again when nothing writes to the manifest"),
        ExitStatus::Limit => Some("look at the results, and run again to go on"),
        ExitStatus::HungUp | ExitStatus::Interrupted | ExitStatus::Terminated => Some("run again to go on"),
    }
}
