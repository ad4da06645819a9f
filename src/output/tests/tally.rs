//! The counts behind the closing words and the exit code.

use super::{Fixture, full, of};
use crate::domain::outcome::{Facts, Outcome, Reason, Status};

#[test]
fn the_counts_of_the_statuses_add_up_to_the_rows() {
    let users: Vec<String> = Status::ALL.iter().map(|status| status.word().to_owned()).collect();
    let mut names: Vec<&str> = users.iter().map(String::as_str).collect();
    names.push("never-tried");
    let mut fixture = Fixture::of(&names);
    for status in Status::ALL {
        fixture.record(status.word(), of(*status));
    }
    let tally = fixture.write_to(std::io::sink()).unwrap();
    assert_eq!(tally.rows(), Status::ALL.len() as u32 + 1);
    for status in Status::ALL {
        let wanted = if *status == Status::Pending { 2 } else { 1 };
        assert_eq!(tally.count(*status), wanted, "{status}");
    }
}

fn refused(code: &str, text: &str) -> Outcome {
    Outcome {
        status: Status::Rejected,
        reason: Some(Reason::NoFaceFound),
        facts: Facts {
            result_code: Some(code.into()),
            result_text: Some(text.into()),
            ..Facts::default()
        },
        ..full()
    }
}

#[test]
fn rows_are_grouped_by_status_reason_and_code_with_the_first_twenty_of_each() {
    let users: Vec<String> = (1..=25).map(|user| format!("u{user}")).collect();
    let names: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut fixture = Fixture::of(&names);
    for (place, user) in names.iter().enumerate() {
        let outcome = match place {
            0 => of(Status::Enrolled),
            1 => refused("0942", "poor"),
            _ => refused("0941", &format!("no face {user}")),
        };
        fixture.record(user, outcome);
    }
    let tally = fixture.write_to(std::io::sink()).unwrap();
    let groups: Vec<_> = tally.groups().collect();
    assert_eq!(groups.len(), 2, "what is enrolled needs no example");
    let (key, group) = groups[0];
    assert_eq!(*key, (Status::Rejected, Some(Reason::NoFaceFound), Some("0941".into())));
    assert_eq!(group.rows, 23);
    let shown: Vec<_> = group
        .examples
        .iter()
        .map(|example| (example.row, example.line))
        .collect();
    assert_eq!(shown, (3..=22).map(|row| (row, u64::from(row) + 1)).collect::<Vec<_>>());
    assert_eq!(group.examples[0].user, "u3");
    assert_eq!(group.examples[0].text.as_deref(), Some("no face u3"));
    assert_eq!(tally.reasons().get(&Reason::NoFaceFound), Some(&24));
}

#[test]
fn rows_that_nobody_has_tried_are_no_group_and_those_that_were_put_off_are_one() {
    let mut fixture = Fixture::of(&["a", "b"]);
    fixture.record(
        "b",
        Outcome {
            reason: Some(Reason::Throttled),
            ..of(Status::Pending)
        },
    );
    let tally = fixture.write_to(std::io::sink()).unwrap();
    let groups: Vec<_> = tally.groups().map(|(key, group)| (key.1, group.rows)).collect();
    assert_eq!(groups, [(Some(Reason::Throttled), 1)]);
}

#[test]
fn an_example_of_a_broken_row_is_harmless() {
    let fixture = Fixture::new("user_id,user_created_at,photo\n\"a\u{1b}[2J\",2021-08-12,a.jpg\n");
    let tally = fixture.write_to(std::io::sink()).unwrap();
    let (_, group) = tally.groups().next().unwrap();
    assert_eq!(group.examples[0].user, "a\\u{1b}[2J");
}
