//! What people hear of `merge`.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::HumanCount;
use serde_json::json;

use super::events::Name;
use super::{counted, counts, log, print_warning, write_err};
use crate::config::{Log, LogFormat};
use crate::domain::merging::Proven;
use crate::exit::ExitStatus;
use crate::output::Tally;

/// Parts that are named in a warning; the rest is counted.
const NAMED: usize = 20;

/// The ledgers of the parts are put together.
pub(crate) struct Merged<'a> {
    pub(crate) parts: u32,
    pub(crate) tally: &'a Tally,
    pub(crate) status: ExitStatus,
    pub(crate) results: &'a Path,
    /// The ledger of all users, where it stays.
    pub(crate) ledger: Option<&'a Path>,
    /// Where the rows are that are not settled, if there are any.
    pub(crate) failures: Option<&'a Path>,
}

/// Tells of what is worth a look, and is no reason to refuse.
pub(crate) fn warn_of_parts(proven: &Proven, log: Log) {
    if log.quiet {
        return;
    }
    let versions = proven.versions();
    if versions.len() > 1 {
        let each = versions
            .iter()
            .map(|(version, parts)| format!("{version} ({})", counted(*parts as u64, "part")));
        let each: Vec<String> = each.collect();
        let text = format!(
            "the parts ran with different versions of image-enroll: {}",
            each.join(", ")
        );
        print_warning(&text, log, "");
    }
    let unfinished: Vec<_> = proven.unfinished().collect();
    for (shard, run) in unfinished.iter().take(NAMED) {
        let how = match &run.stopped_by {
            Some(word) if word != "died" => format!("was stopped ({word})"),
            _ => "was killed".to_owned(),
        };
        let text = format!("the last run of part {shard} {how}: its rows are as they were then; run that part again");
        print_warning(&text, log, "");
    }
    let more = unfinished.len().saturating_sub(NAMED);
    if more > 0 {
        let text = format!("{} whose last run did not finish", counted(more as u64, "more part"));
        print_warning(&text, log, "");
    }
}

impl Merged<'_> {
    pub(crate) fn tell(&self, log: Log) {
        if log.quiet && self.status == ExitStatus::Settled {
            return;
        }
        write_err(&match log.format {
            LogFormat::Json => self.object(),
            LogFormat::Text => self.text(),
        });
    }

    fn object(&self) -> String {
        let counts: serde_json::Map<_, _> = counts(self.tally)
            .map(|(status, count)| (status.word().to_owned(), count.into()))
            .collect();
        let fields = json!({"exit_code": self.status.code(), "parts": self.parts, "rows": self.tally.rows(),
            "counts": counts, "results": self.results, "failures": self.failures, "ledger": self.ledger});
        log::line("", Name::Merged, fields)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "merged: {} of {}\n",
            counted(self.tally.rows(), "row"),
            counted(self.parts, "part")
        );
        for (status, count) in counts(self.tally) {
            let _ = writeln!(text, "  {status:<18}{:>10}", HumanCount(count.into()).to_string());
        }
        let results = Some(self.results).filter(|path| path.as_os_str() != "-");
        for (name, path) in [
            ("results: ", results),
            ("failures:", self.failures),
            ("ledger:  ", self.ledger),
        ] {
            text += &path
                .map(|path| format!("{name} {}\n", path.display()))
                .unwrap_or_default();
        }
        text
    }
}
