//! What `check` finds: grouped for people, an object each for programs.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::HumanCount;
use serde_json::json;

use super::events::Name;
use super::{counted, log, warnings::NO_ROWS, write_err};
use crate::config::{Log, LogFormat};
use crate::domain::{
    finding::{Finding, Severity},
    text::one_line,
    user_id::MAX_USER_ID_CHARS,
};
use crate::exit::ExitStatus;
use crate::output::FindingTally;

/// Tells what a check finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FindingReporter(Log);

/// The end of a check.
pub(crate) struct Checked<'a> {
    pub(crate) rows: u32,
    /// Rows that repeat another.
    pub(crate) repeats: u32,
    pub(crate) tally: &'a FindingTally,
    /// Where all findings stand, unless it is stdout.
    pub(crate) file: Option<&'a Path>,
    pub(crate) status: ExitStatus,
}

impl FindingReporter {
    pub(crate) fn new(log: Log) -> Self {
        Self(log)
    }

    /// People are told at the end, when it is known how many are alike.
    pub(crate) fn found(self, finding: &Finding) {
        if self.0.format == LogFormat::Json && !self.0.quiet {
            write_err(&finding_object(finding));
        }
    }

    pub(crate) fn close(self, checked: &Checked<'_>) {
        if self.0.quiet && checked.tally.is_well() && checked.rows > 0 {
            return;
        }
        if self.0.format == LogFormat::Json && checked.rows == 0 {
            write_err(&log::message("", Name::Warning, NO_ROWS));
        }
        write_err(&match (self.0.format, self.0.quiet) {
            (LogFormat::Json, _) => checked.object(),
            (LogFormat::Text, true) => checked.short_text(),
            (LogFormat::Text, false) => checked.text(),
        });
    }
}

impl Checked<'_> {
    fn text(&self) -> String {
        let (groups, all_shown) = groups(self.tally);
        let mut text = self.headline() + &groups;
        if !all_shown && self.file.is_none() {
            text += "all of them: check again with -o FILE\n";
        }
        text + &self.file_line()
    }

    /// For a cron job's mail: one paragraph.
    fn short_text(&self) -> String {
        let groups = self.tally.groups();
        let groups: Vec<_> = groups
            .map(|(severity, reason, group)| format!("{} {severity} {reason}", HumanCount(group.count)))
            .collect();
        let groups = match groups.join(", ") {
            none if none.is_empty() => none,
            groups => format!("  {groups}\n"),
        };
        self.headline() + &groups + &self.file_line()
    }

    fn headline(&self) -> String {
        let invalid = HumanCount(self.tally.count(Severity::Invalid));
        let mut line = format!("checked: {}, {invalid} invalid", counted(self.rows, "row"));
        match self.tally.count(Severity::Warning) {
            0 => {}
            warnings => line += &format!(", {}", counted(warnings, "warning")),
        }
        match self.tally.count(Severity::Info) {
            0 => {}
            fixed => line += &format!(", {} fixed", counted(fixed, "photo")),
        }
        match self.repeats {
            0 => {}
            1 => line += ", 1 repeats another and is sent once",
            repeats => line += &format!(", {} repeat others and are sent once", HumanCount(repeats.into())),
        }
        if self.rows == 0 {
            line += &format!("\nwarning: {NO_ROWS}");
        }
        line + "\n"
    }

    fn file_line(&self) -> String {
        let file = self.file.map(|path| format!("findings: {}\n", path.display()));
        file.unwrap_or_default()
    }

    fn object(&self) -> String {
        let reasons: serde_json::Map<_, _> = self
            .tally
            .groups()
            .map(|(_, reason, group)| (reason.word().to_owned(), group.count.into()))
            .collect();
        let fields = json!({"exit_code": self.status.code(), "rows": self.rows, "repeats": self.repeats,
            "invalid": self.tally.count(Severity::Invalid), "warnings": self.tally.count(Severity::Warning), "fixed": self.tally.count(Severity::Info),
            "reasons": reasons, "findings": self.file});
        log::line("", Name::Checked, fields)
    }
}

/// What was found, with examples, and whether these are all.
pub(super) fn groups(tally: &FindingTally) -> (String, bool) {
    let (mut text, mut all_shown) = (String::new(), true);
    for (severity, reason, group) in tally.groups() {
        let _ = writeln!(text, "{severity} {reason}: {}", HumanCount(group.count));
        group.examples.iter().for_each(|finding| text += &finding_line(finding));
        let more = group.count - group.examples.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "  and {} more", HumanCount(more));
            all_shown = false;
        }
    }
    (text, all_shown)
}

fn finding_line(finding: &Finding) -> String {
    let user = one_line(&finding.user_id, MAX_USER_ID_CHARS);
    let Finding { reason, detail, .. } = finding;
    format!("  {}, user {user}: {reason}: {detail}\n", finding.row_at())
}

fn finding_object(finding: &Finding) -> String {
    let Finding {
        severity,
        reason,
        row,
        line,
        user_id,
        detail,
    } = finding;
    let user_id = one_line(user_id, MAX_USER_ID_CHARS);
    let fields = json!({"severity": severity, "row": row, "line": line, "user_id": user_id, "reason": reason,
        "detail": detail});
    log::line("", Name::Finding, fields)
}
