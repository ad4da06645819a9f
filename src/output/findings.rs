//! What a check finds: every finding in a CSV file, and the counts with a few examples of each kind.
//!
//! Findings are written as they come and forgotten, so that a manifest of millions of wrong rows takes no more
//! memory than one of ten.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};

use super::target::IgnoreBrokenPipe;
use super::{EXAMPLES, Target};
use crate::domain::{
    finding::{Finding, Severity},
    outcome::Reason,
    text,
};
use crate::sys::{atomic::Place, folder::folder_of};

/// The columns of the findings CSV; the public interface.
pub(crate) const FINDING_COLUMNS: [&str; 5] = ["row", "line", "user_id", "reason", "detail"];

/// Why findings could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindingsError {
    #[error(transparent)]
    Write(#[from] io::Error),
    #[error("it is no earlier file of findings; name another one with -o")]
    NotFindings,
}

/// Where a check puts what it finds.
pub(crate) struct Findings<'a> {
    writer: csv::Writer<&'a mut dyn Write>,
    tally: FindingTally,
}

/// Findings by severity and reason.
#[derive(Debug, Default)]
pub(crate) struct FindingTally {
    groups: BTreeMap<(Severity, Reason), FindingGroup>,
}

/// Findings of one kind: how many, and the first few.
#[derive(Debug, Default)]
pub(crate) struct FindingGroup {
    pub(crate) count: u64,
    pub(crate) examples: Vec<Finding>,
}

/// Writes what `find` finds to `target`, whole or not at all. An unwritable place shows before the search begins.
/// Gives back what `find` does, with the counts.
pub(crate) fn write_findings<T, E: From<io::Error>>(
    target: Option<&Target>,
    find: impl FnOnce(&mut Findings<'_>) -> Result<T, E>,
) -> Result<(T, FindingTally), E> {
    match target {
        None => fill(&mut io::sink(), find),
        Some(Target::Stdout) => fill(&mut IgnoreBrokenPipe(io::stdout().lock()), find),
        Some(Target::Place(place @ Place::Device(_))) => place.write(|file| fill(&mut IgnoreBrokenPipe(file), find)),
        Some(Target::Place(Place::File(path))) if path.is_dir() => Err(io::Error::from(ErrorKind::IsADirectory).into()),
        Some(Target::Place(place @ Place::File(path))) => {
            // A check takes long, and a nameless file is gone with the process, however that ends.
            let mut spool = tempfile::tempfile_in(folder_of(path))?;
            let found = fill(&mut spool, find)?;
            put_in_place(place, spool)?;
            Ok(found)
        }
    }
}

fn put_in_place(place: &Place, mut spool: File) -> io::Result<()> {
    spool.rewind()?;
    place.write(|file| io::copy(&mut spool, file).map(drop))
}

fn fill<T, E: From<io::Error>>(
    out: &mut dyn Write,
    find: impl FnOnce(&mut Findings<'_>) -> Result<T, E>,
) -> Result<(T, FindingTally), E> {
    let mut findings = Findings {
        writer: csv::Writer::from_writer(out),
        tally: FindingTally::default(),
    };
    findings.writer.write_record(FINDING_COLUMNS).map_err(io::Error::from)?;
    let found = find(&mut findings)?;
    findings.writer.flush()?;
    Ok((found, findings.tally))
}

impl Findings<'_> {
    /// Writes a finding and counts it.
    pub(crate) fn add(&mut self, finding: Finding) -> io::Result<()> {
        let (row, line) = (finding.row.to_string(), finding.line.to_string());
        let detail = text::cell(&finding.detail);
        let cells = [&row, &line, &finding.user_id, finding.reason.word(), &*detail];
        self.writer.write_record(cells)?;
        self.tally.add(finding);
        Ok(())
    }
}

impl FindingTally {
    pub(crate) fn add(&mut self, finding: Finding) {
        let group = self.groups.entry((finding.severity, finding.reason)).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(finding);
        }
    }

    /// How many there are of this severity.
    pub(crate) fn count(&self, severity: Severity) -> u64 {
        let of_it = self.groups.iter().filter(|((other, _), _)| *other == severity);
        of_it.map(|(_, group)| group.count).sum()
    }

    /// Whether nothing is wrong or looks so.
    pub(crate) fn is_well(&self) -> bool {
        self.count(Severity::Invalid) == 0 && self.count(Severity::Warning) == 0
    }

    /// What was found, the weightier first.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (Severity, Reason, &FindingGroup)> {
        let groups = self.groups.iter();
        groups.map(|((severity, reason), group)| (*severity, *reason, group))
    }
}
