//! What the results say against what the server's books say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, RESULTS, kind, photo, user};
use crate::harness::{Run, Server, sha256};

/// A line of the results, by column.
type Line = BTreeMap<String, String>;

fn lines(run: &Run<'_>, name: &str) -> Vec<Line> {
    let mut reader = csv::Reader::from_path(run.path(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The server's books at one moment.
struct Books {
    held: BTreeMap<String, String>,
    told: BTreeSet<String>,
}

impl Books {
    fn of(server: &Server) -> Self {
        let (held, told) = (server.held(), server.told());
        Self { held, told }
    }
}

/// Words that claim something are true. A file that was written by a run that was killed holds some rows only.
pub(super) fn assert_no_false_word(server: &Server, run: &Run<'_>, name: &str) {
    let books = Books::of(server);
    let is_false = |line: &Line| !is_true(&books, line);
    let found: Vec<_> = lines(run, name).into_iter().filter(is_false).collect();
    assert!(found.is_empty(), "{name}: {found:#?}");
}

/// Nobody whom the server has enrolled is said to be untouched. For results that were written while nothing was sent.
pub(super) fn assert_nothing_hidden(server: &Server, run: &Run<'_>, name: &str) {
    let books = Books::of(server);
    let is_untouched = |line: &Line| ["pending", "failed"].contains(&line["status"].as_str());
    let is_hidden = |line: &Line| is_untouched(line) && books.held.contains_key(&line["user_id"]);
    let found: Vec<_> = lines(run, name).into_iter().filter(is_hidden).collect();
    assert!(found.is_empty(), "{name}: {found:#?}");
}

/// What the server knows now it may have learnt after the line was written; but it forgets nothing.
fn is_true(books: &Books, line: &Line) -> bool {
    let row: usize = line["row"].parse().unwrap();
    let (user, its_photo) = (user(row), sha256(&photo(row)));
    let held = books.held.get(&user);
    let is_true = match line["status"].as_str() {
        "enrolled" => held.is_some() && books.told.contains(&user),
        "enrolled_inferred" => held.is_some(),
        "rejected" => kind(row) == Kind::Faceless,
        "invalid" => matches!(kind(row), Kind::Odd(_)),
        "failed" | "in_doubt" | "pending" => true,
        _ => false,
    };
    let names_its_photo = !line["status"].starts_with("enrolled") || line["photo_sha256"] == its_photo;
    is_true && names_its_photo && held.is_none_or(|held| *held == its_photo) && line["user_id"] == user
}

/// Every user is enrolled once, with the photo of its row, and every row says what became of it.
pub(super) fn assert_final(server: &Server, run: &Run<'_>, rows: usize) {
    assert_no_false_word(server, run, RESULTS);
    let wanted: BTreeMap<String, String> = (1..=rows)
        .filter(|row| kind(*row) == Kind::Good)
        .map(|row| (user(row), sha256(&photo(row))))
        .collect();
    assert!(server.held() == wanted, "the server holds other users or other photos");
    let asked = server.asked();
    let lines = lines(run, RESULTS);
    assert_eq!(lines.len(), rows);
    for (row, line) in (1..).zip(&lines) {
        let status = line["status"].as_str();
        let is_final = match kind(row) {
            Kind::Good | Kind::Repeat => ["enrolled", "enrolled_inferred"].contains(&status),
            Kind::Faceless => status == "rejected",
            Kind::Odd(_) => status == "invalid" && !asked.contains(&user(row)),
        };
        assert!(
            is_final && line["row"] == row.to_string(),
            "row {row}, {:?}: {line:?}",
            kind(row)
        );
    }
}
