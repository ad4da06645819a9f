//! Rows that are well-formed and surely wrong.

use super::{HEADER, file, open, open_strictly};
use crate::domain::outcome::Reason;
use crate::manifest::{ManifestError, Role, Survey};

/// One warning: the kind, how many rows, and the first of them as row, line and user.
type Told = (Reason, u32, Vec<(u32, u64, String)>);

fn warnings(rows: &str) -> Vec<Told> {
    let file = file(format!("{HEADER}{rows}"));
    let manifest = open(file.path()).unwrap();
    let survey = Survey::take(&manifest, |_, _| ()).unwrap();
    let warnings = survey.warnings(&manifest).unwrap().into_iter().map(|warning| {
        let examples = warning.examples.into_iter();
        let examples = examples.map(|finding| (finding.row, finding.line, finding.user_id));
        (warning.reason, warning.count, examples.collect())
    });
    warnings.collect()
}

/// The reason for which each row is invalid where suspicious ones are.
fn strict(rows: &str) -> Vec<Option<Reason>> {
    let file = file(format!("{HEADER}{rows}"));
    let manifest = open_strictly(file.path());
    let survey = Survey::take(&manifest, |_, _| ()).unwrap();
    assert!(survey.warnings(&manifest).unwrap().is_empty(), "{rows}");
    let mut records = manifest.records().unwrap();
    let mut reasons = Vec::new();
    while let Some((number, record)) = records.next().unwrap() {
        reasons.push(survey.fault(&manifest, number, record).map(|fault| fault.reason));
    }
    reasons
}

fn row(user: &str) -> String {
    format!("{user},2021-08-12,p.jpg\n")
}

#[test]
fn every_kind_is_counted_with_its_first_five_rows() {
    let spoilt: String = (1..=7).map(|number| row(&format!("1.2{number}E+11"))).collect();
    let rows = format!("{}\n{}{spoilt}old,2009-12-31,p.jpg\n", row("good"), row("NULL"));
    let told = warnings(&rows);
    let first = |rows: std::ops::RangeInclusive<u32>| -> Vec<_> {
        rows.map(|row| (row, u64::from(row) + 2, format!("1.2{}E+11", row - 2)))
            .collect()
    };
    assert_eq!(
        told,
        [
            (Reason::SpoiltUserId, 7, first(3..=7)),
            (Reason::PlaceholderUserId, 1, vec![(2, 4, "NULL".into())]),
            (Reason::SuspiciousDate, 1, vec![(10, 12, "old".into())]),
        ]
    );
}

#[test]
fn ids_that_look_alike_are_warned_of_each_with_another() {
    let rows = [
        row("ann"),
        row("b"),
        row("Ann"),
        row("ann\u{200b}"),
        row("c"),
        row("B2"),
    ]
    .concat();
    let file = file(format!("{HEADER}{rows}"));
    let manifest = open(file.path()).unwrap();
    let survey = Survey::take(&manifest, |_, _| ()).unwrap();
    let warnings = survey.warnings(&manifest).unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].reason, warnings[0].count), (Reason::SimilarUserIds, 3));
    let named: Vec<_> = warnings[0].examples.iter().map(|finding| finding.row).collect();
    assert_eq!(named, [1, 3, 4]);
    for (finding, other) in
        warnings[0]
            .examples
            .iter()
            .zip(["of row 3 (line 4) ", "of row 1 (line 2) ", "of row 1 (line 2) "])
    {
        assert!(finding.detail.contains(other), "{}", finding.detail);
    }
    assert!(
        warnings[0].examples[2].detail.contains("\\u{200b}"),
        "what cannot be seen is shown"
    );
}

#[test]
fn the_same_id_is_no_similar_one() {
    assert_eq!(warnings(&[row("Ann"), row("Ann"), row("Bob")].concat()), []);
    let twice = [row("Ann"), row("Ann"), row("ann")].concat();
    assert_eq!(warnings(&twice)[0].1, 3);
    assert_eq!(strict(&twice), [Some(Reason::SimilarUserIds); 3]);
}

#[test]
fn only_rows_that_would_be_sent_or_reported_like_one_are_warned_of() {
    // Rows 1 and 2 contradict each other, row 3 has no date; row 4 is like them.
    let rows = "NULL,2021-08-12,p.jpg\nNULL,2021-08-13,p.jpg\nnan,never,p.jpg\nNan,2021-08-12,p.jpg\n";
    let told = warnings(rows);
    let nan = vec![(4, 5, "Nan".to_owned())];
    assert_eq!(
        told,
        [
            (Reason::PlaceholderUserId, 1, nan.clone()),
            (Reason::SimilarUserIds, 1, nan)
        ]
    );
    let rows = "a,2021-08-12,p.jpg\na,2021-08-13,p.jpg\nA,2021-08-12,p.jpg\n";
    let conflict = Some(Reason::ConflictingRows);
    assert_eq!(strict(rows), [conflict, conflict, Some(Reason::SimilarUserIds)]);
    assert_eq!(warnings(rows)[0].1, 1);
}

#[test]
fn strictly_each_is_invalid_with_its_reason() {
    let rows = "1.23457E+11,2021-08-12,p.jpg\nNULL,2021-08-12,p.jpg\na,1970-01-01,p.jpg\nb,2009-01-01,p.jpg\n\
                good,2021-08-12,p.jpg\nx,2021-08-12,p.jpg\nX,2021-08-12,p.jpg\n-,never,p.jpg\n";
    let wanted = [
        Some(Reason::SpoiltUserId),
        Some(Reason::PlaceholderUserId),
        Some(Reason::SuspiciousDate),
        Some(Reason::SuspiciousDate),
        None,
        Some(Reason::SimilarUserIds),
        Some(Reason::SimilarUserIds),
        Some(Reason::BadDate),
    ];
    assert_eq!(strict(rows), wanted);
}

#[test]
fn a_manifest_without_rows_is_refused_only_strictly() {
    for text in [HEADER, "user_id,user_created_at,photo\n\n\r\n"] {
        let file = file(text);
        let manifest = open(file.path()).unwrap();
        assert_eq!(Survey::take(&manifest, |_, _| ()).unwrap().rows(), 0);
        let found = Survey::take(&open_strictly(file.path()), |_, _| ());
        assert!(matches!(found, Err(ManifestError::NoRows)), "{found:?}");
    }
}

#[test]
fn rows_that_look_alike_agree_with_a_naive_reading() {
    let ids = ["a", "A", "b", "B", "\u{ad}b", "c", "ａ", "d"];
    let looks = |id: &str| id.replace('\u{ad}', "").replace('ａ', "a").to_lowercase();
    let mut seed = 1_u32;
    for _ in 0..200 {
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ids[(seed >> 24) as usize % ids.len()]
        };
        let users: Vec<&str> = (0..6).map(|_| next()).collect();
        let is_similar = |user: &&str| users.iter().any(|other| other != user && looks(other) == looks(user));
        let wanted: Vec<u32> = (1..)
            .zip(&users)
            .filter(|(_, user)| is_similar(user))
            .map(|(row, _)| row)
            .collect();
        let rows: String = users.iter().map(|user| row(user)).collect();
        let survey = super::survey(format!("{HEADER}{rows}")).unwrap();
        let found: Vec<u32> = (1..=6).filter(|row| survey.similar(*row).is_some()).collect();
        assert_eq!(found, wanted, "{users:?}");
        assert_eq!(survey.count(Role::Similar), 0);
    }
}
