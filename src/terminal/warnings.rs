//! What is said, before a run sends anything, of rows that are well-formed and look wrong.

use std::path::Path;

use serde_json::json;

use super::events::Name;
use super::{log, warning, write_err};
use crate::config::{Log, LogFormat, Report};
use crate::domain::{finding::Finding, outcome::Reason, text::one_line, user_id::MAX_USER_ID_CHARS};
use crate::manifest::Warning;

/// Said of a manifest that may have been cut off, or exported from the wrong table.
pub(super) const NO_ROWS: &str = "the manifest has no rows; --strict makes that an error";

/// Tells of all kinds of warnings, a line each. Nothing with `-q`: what is to stop a run by itself is for `--strict`.
pub(crate) fn warn_of_rows(log: Log, run_id: &str, is_empty: bool, warnings: &[Warning]) {
    if log.quiet {
        return;
    }
    if is_empty {
        write_err(&match log.format {
            LogFormat::Text => warning(log, NO_ROWS),
            LogFormat::Json => super::log::message(run_id, Name::Warning, NO_ROWS),
        });
    }
    for found in warnings {
        write_err(&match log.format {
            LogFormat::Text => text(log, found),
            LogFormat::Json => object(run_id, found, log.verbose()),
        });
    }
}

/// Tells that others than its owner may read the file of the key.
pub(crate) fn warn_of_open_key(report: Report, run_id: &str, path: &Path, mode: u32) {
    if report.log.quiet {
        return;
    }
    let text = format!("others may read the key file {path:?} (mode {mode:04o}); `chmod 600` keeps it to its owner");
    write_err(&match report.log.format {
        LogFormat::Text => warning(report.log, &text),
        LogFormat::Json => log::message(run_id, Name::Warning, &text),
    });
}

fn text(log: Log, found: &Warning) -> String {
    let named = found.examples.iter().map(example).collect::<Vec<_>>().join(", ");
    let more = found.count as usize - found.examples.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    warning(
        log,
        &format!("{}: {named}{more}; {}", headline(found), remedy(found.count)),
    )
}

fn example(finding: &Finding) -> String {
    let user = finding.user_id.chars().take(MAX_USER_ID_CHARS).collect::<String>();
    format!("row {} (line {}) {user:?}", finding.row, finding.line)
}

fn headline(warning: &Warning) -> String {
    let one = warning.count == 1;
    let count = warning.count;
    let pick = |singular: &'static str, plural: &'static str| if one { singular } else { plural };
    let ids = pick("user id", "user ids");
    match warning.reason {
        Reason::SpoiltUserId => format!("{count} {ids} {} spoilt by a spreadsheet", pick("looks", "look")),
        Reason::PlaceholderUserId => format!("{count} {ids} {} for no value", pick("is a word", "are words")),
        Reason::SimilarUserIds => format!(
            "{count} {ids} {} from another only in case, Unicode form or invisible characters",
            pick("differs", "differ")
        ),
        Reason::SuspiciousDate => format!("{count} {} before 2010", pick("date is", "dates are")),
        other => format!("{count} {}: {other}", pick("row", "rows")),
    }
}

fn remedy(count: u32) -> &'static str {
    if count == 1 {
        "--strict makes it invalid"
    } else {
        "--strict makes them invalid"
    }
}

/// Users are named with `-v` only, as in every other line of a run for programs.
fn object(run_id: &str, warning: &Warning, verbose: bool) -> String {
    let example = |finding: &Finding| {
        let user_id = verbose.then(|| one_line(&finding.user_id, MAX_USER_ID_CHARS));
        json!({"row": finding.row, "line": finding.line, "user_id": user_id})
    };
    let examples: Vec<_> = warning.examples.iter().map(example).collect();
    let message = format!("{}; {}", headline(warning), remedy(warning.count));
    let fields = json!({"message": message, "reason": warning.reason, "count": warning.count, "examples": examples});
    log::line(run_id, Name::Warning, fields)
}
