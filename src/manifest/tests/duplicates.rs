//! The same user more than once.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{HEADER, file, open};
use crate::domain::outcome::Reason;
use crate::manifest::{Role, Survey};

fn roles(rows: &str) -> Vec<Role> {
    let survey = super::survey(format!("{HEADER}{rows}")).unwrap();
    (1..=survey.rows()).map(|number| survey.role(number).unwrap()).collect()
}

#[test]
fn equal_rows_are_sent_once_and_different_ones_not_at_all() {
    use Role::{Conflict, First, Invalid, Repeat};
    let a = "a,2021-08-12,a.jpg\n";
    for (rows, wanted) in [
        (format!("{a}{a}{a}"), vec![First, Repeat, Repeat]),
        (format!("{a}a,2021-08-13,a.jpg\n"), vec![Conflict; 2]),
        (format!("{a}a,2021-08-12,b.jpg\n{a}"), vec![Conflict; 3]),
        (format!("{a}A,2021-08-12,a.jpg\n"), vec![First; 2]),
        (format!("{a}b,2021-08-12,a.jpg\n{a}"), vec![First, First, Repeat]),
        // The same moment, written as it is sent, is the same date.
        (
            "a,2021-05-18T15:14:43Z,a.jpg\na,2021-05-18 15:14:43+0000,a.jpg\n".to_owned(),
            vec![First, Repeat],
        ),
        // A row that is wrong by itself may be the one that was meant.
        (format!("{a}a,2021-13-01,a.jpg\n"), vec![Conflict, Invalid]),
        (format!("a,x,a.jpg\n{a}{a}"), vec![Invalid, Conflict, Conflict]),
    ] {
        assert_eq!(roles(&rows), wanted, "{rows}");
    }
}

#[test]
fn a_conflict_names_the_row_it_contradicts() {
    let rows = "a,2021-08-12,a.jpg\nb,2021-08-12,b.jpg\na,2021-08-13,a.jpg\n";
    let file = file(format!("{HEADER}{rows}"));
    let manifest = open(file.path()).unwrap();
    let survey = Survey::take(&manifest, |_, _| ()).unwrap();
    assert_eq!(survey.conflicts(), [(1, 3), (3, 1)]);
    let mut records = manifest.records().unwrap();
    let mut reasons = Vec::new();
    while let Some((number, record)) = records.next().unwrap() {
        reasons.push(survey.fault(&manifest, number, record).map(|fault| fault.reason));
    }
    assert_eq!(
        reasons,
        [Some(Reason::ConflictingRows), None, Some(Reason::ConflictingRows)]
    );
}

#[test]
fn of_several_contradictions_the_first_row_is_named_whatever_the_keys_are() {
    let days: String = (1..=9).map(|day| format!("a,2021-08-0{day},a.jpg\n")).collect();
    let text = format!("{HEADER}{days}a,2021-08-01,a.jpg\n");
    let wanted: Vec<_> = [(1, 2)]
        .into_iter()
        .chain((2..=9).map(|row| (row, 1)))
        .chain([(10, 2)])
        .collect();
    // Each survey makes keys of its own.
    for _ in 0..8 {
        assert_eq!(super::survey(text.clone()).unwrap().conflicts(), wanted);
    }
}

#[test]
fn a_row_beyond_the_last_has_no_role() {
    let survey = super::survey(format!("{HEADER}a,2021-08-12,a.jpg\n")).unwrap();
    assert_eq!((survey.role(0), survey.role(2)), (None, None));
}

/// What the contract says, row against row.
fn oracle(rows: &[[&str; 3]]) -> Vec<Role> {
    let is_good = |row: &[&str; 3]| row[1] != "bad" && !row[2].is_empty();
    let role = |(place, row): (usize, &[&str; 3])| {
        let same_user = |other: &&[&str; 3]| !row[0].is_empty() && other[0] == row[0];
        if row[0].is_empty() || !is_good(row) {
            Role::Invalid
        } else if rows.iter().filter(same_user).any(|other| other != row) {
            Role::Conflict
        } else if rows[..place].contains(row) {
            Role::Repeat
        } else {
            Role::First
        }
    };
    rows.iter().enumerate().map(role).collect()
}

#[test]
fn small_manifests_agree_with_a_naive_reading() {
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..500 {
        let mut pick = |words: &[&'static str]| words[rng.random_range(0..words.len())];
        let rows: Vec<[&str; 3]> = (0..8)
            .map(|_| {
                let user = pick(&["a", "b", "c", "d", ""]);
                let date = pick(&["2021-08-12", "2021-08-12", "2021-08-12", "2021-08-13", "bad"]);
                [user, date, pick(&["x.jpg", "x.jpg", "x.jpg", "y.jpg", ""])]
            })
            .collect();
        let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
        assert_eq!(roles(&text), oracle(&rows), "{text}");
        let survey = super::survey(format!("{HEADER}{text}")).unwrap();
        let sum: u32 = [Role::First, Role::Repeat, Role::Conflict, Role::Invalid]
            .iter()
            .map(|role| survey.count(*role))
            .sum();
        assert_eq!(sum, survey.rows());
        for (row, other) in survey.conflicts() {
            let (row, other) = (&rows[*row as usize - 1], &rows[*other as usize - 1]);
            assert!(row[0] == other[0] && row != other, "{text}");
        }
    }
}
