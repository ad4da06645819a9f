//! What a check leaves, and what it remembers of it.

use std::io;
use std::path::Path;

use crate::domain::{
    finding::{Finding, Severity},
    outcome::Reason,
};
use crate::output::{FindingTally, Findings, Target, write_findings};

fn finding(row: u32, severity: Severity, reason: Reason) -> Finding {
    Finding {
        severity,
        reason,
        row,
        line: u64::from(row) + 1,
        user_id: format!("u{row}"),
        detail: format!("=of {row}"),
    }
}

fn write_to(path: &Path, find: impl FnOnce(&mut Findings<'_>) -> io::Result<()>) -> io::Result<FindingTally> {
    write_findings(Some(&Target::new(path)), find).map(|((), tally)| tally)
}

#[test]
fn five_of_each_kind_are_remembered_and_all_are_counted() {
    let tally = write_findings(None, |findings| {
        for row in 1..=1_000 {
            findings.add(finding(row, Severity::Warning, Reason::SharedPhoto))?;
            findings.add(finding(row, Severity::Invalid, Reason::PhotoEmpty))?;
        }
        findings.add(finding(7, Severity::Invalid, Reason::BadDate))
    });
    let ((), tally) = tally.unwrap_or_else(|error: io::Error| panic!("{error}"));
    let groups: Vec<_> = tally
        .groups()
        .map(|(severity, reason, group)| (severity, reason, group.count, group.examples.len()))
        .collect();
    assert_eq!(
        groups,
        [
            (Severity::Invalid, Reason::BadDate, 1, 1),
            (Severity::Invalid, Reason::PhotoEmpty, 1_000, 5),
            (Severity::Warning, Reason::SharedPhoto, 1_000, 5),
        ]
    );
    assert_eq!(
        [Severity::Invalid, Severity::Warning].map(|of| tally.count(of)),
        [1_001, 1_000]
    );
}

#[test]
fn a_detail_is_no_formula_and_a_user_stands_as_in_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.csv");
    let found = Finding {
        user_id: "=u\"1".into(),
        ..finding(3, Severity::Invalid, Reason::BadDate)
    };
    write_to(&path, |findings| findings.add(found)).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        text,
        "row,line,user_id,reason,detail\n3,4,\"=u\"\"1\",bad_date,'=of 3\n"
    );
}

#[test]
fn a_search_that_fails_leaves_what_was_there_and_nothing_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.csv");
    std::fs::write(&path, "earlier").unwrap();
    let failed = write_to(&path, |findings| {
        findings.add(finding(1, Severity::Invalid, Reason::BadDate))?;
        Err(io::ErrorKind::Other.into())
    });
    assert!(failed.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_cannot_be_written_shows_before_the_search() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("none/found.csv")] {
        let failed = write_to(&path, |_| panic!("the search has begun"));
        assert!(failed.is_err(), "{path:?}");
    }
}
