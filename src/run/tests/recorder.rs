//! The recorder: what the manifest and the ledger make of each row, and what is recorded when.

use std::sync::Arc;

use chrono::DateTime;
use tempfile::TempDir;

use super::fixture::digest;
use crate::domain::created_at::CreatedAt;
use crate::domain::outcome::{Outcome, ResultColumns, Status};
use crate::domain::partner_id::PartnerId;
use crate::domain::stats::Skipped;
use crate::domain::unix_millis::UnixMillis;
use crate::domain::user_id::UserId;
use crate::ledger::{AttemptId, Entry, Holder, Ledger, Lock, Pin, RunRecord};
use crate::manifest::{ManifestError, ManifestOptions, Marks, Opened, Surveyed};
use crate::output::{Follower, Target};
use crate::run::RunError;
use crate::run::group_commit::{Batch, ResultsLine};
use crate::run::recorder::{Command, Completion, Recorder, commands};
use crate::run::row::Feed;
use crate::sys::user_hash::UserHashKeys;

struct Office {
    folder: TempDir,
    manifest: Surveyed,
    marks: Marks,
    ledger: Ledger,
    follower: Option<Follower>,
}

impl Office {
    fn new(rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.csv");
        std::fs::write(&path, format!("user_id,user_created_at,photo\n{rows}")).unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let manifest = Opened::open(&path, &ManifestOptions::in_folder("/photos"), now).unwrap();
        let keys = UserHashKeys::default();
        let (manifest, marks) = manifest.survey_with(None, &keys).unwrap();
        let pin = Pin {
            endpoint: "https://api.example".into(),
            partner_id: PartnerId::parse("007").unwrap(),
            shard: None,
        };
        let holder = Holder::new("image-enroll", &path, now);
        let lock = Lock::take(&folder.path().join("ledger.db"), holder).unwrap();
        let mut ledger = Ledger::open_with(lock, &pin, keys).unwrap();
        let run = RunRecord {
            run_id: "r".into(),
            manifest: "m.csv".into(),
            manifest_sha256: manifest.survey.sha256,
            started_at: UnixMillis::new(0),
        };
        ledger.begin_run(&run).unwrap();
        let follower = Target::new(&folder.path().join("r.csv"))
            .follow(&manifest.manifest, ResultColumns::Plain)
            .unwrap();
        Self {
            folder,
            manifest,
            marks,
            ledger,
            follower,
        }
    }

    /// Gives these commands, one after the other; the completions on them.
    fn work(&mut self, list: Vec<Command>) -> Vec<Completion> {
        let (sender, receiver) = commands();
        for command in list {
            sender.send(command).unwrap();
        }
        drop(sender);
        let recorder = Recorder::new(&self.manifest, &mut self.ledger, &mut self.follower).unwrap();
        let mut completions = Vec::new();
        recorder.work(&receiver, |completion| completions.push(completion));
        completions
    }

    fn feeds(&mut self, count: usize) -> Vec<Result<Feed, RunError>> {
        let commands = (0..count).map(|_| Command::Feed).collect();
        let feeds = self.work(commands).into_iter().map(|completion| match completion {
            Completion::Fed(feed) => feed,
            Completion::Committed(_) => panic!("no commit was ordered"),
        });
        feeds.collect()
    }

    fn record(&mut self, user: &str, status: Status, photo: u8) {
        self.ledger.commit(&[entry(user, status, photo)]).unwrap();
    }

    /// Finds out before the first feed whom the ledger has settled.
    fn find_settled(&mut self) {
        let ledger = &self.ledger;
        let survey = &mut self.manifest.survey;
        survey.find_settled(&self.marks, |user| ledger.settled(user));
    }

    fn followed(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("r.csv")).unwrap()
    }
}

fn date() -> CreatedAt {
    CreatedAt::parse("2021-08-12", DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap()
}

fn entry(user: &str, status: Status, photo: u8) -> Entry {
    Entry::Outcome {
        user_id: UserId::parse(user).unwrap(),
        created_at: date(),
        outcome: Arc::new(outcome(status, photo)),
    }
}

fn outcome(status: Status, photo: u8) -> Outcome {
    Outcome {
        attempts: 2,
        photo: Some(digest(photo)),
        run_id: "r".into(),
        ..Outcome::untried(status, None)
    }
}

fn row(user: &str) -> String {
    format!("{user},2021-08-12,{user}.jpg\n")
}

#[test]
fn each_row_is_planned_by_what_the_ledger_knows_of_its_user() {
    let users = [
        "new",
        "enrolled",
        "inferred",
        "provisional",
        "already",
        "rejected",
        "failed",
        "doubt",
        "pending",
    ];
    let mut office = Office::new(&users.map(row).concat());
    for (user, status) in [
        ("enrolled", Status::Enrolled),
        ("inferred", Status::EnrolledInferred),
        ("provisional", Status::Provisional),
        ("already", Status::AlreadyEnrolled),
        ("rejected", Status::Rejected),
        ("failed", Status::Failed),
        ("doubt", Status::InDoubt),
        ("pending", Status::Pending),
    ] {
        office.record(user, status, 4);
    }
    let intent = Entry::Intent {
        id: AttemptId::FIRST,
        user_id: UserId::parse("doubt").unwrap(),
        number: 3,
        created_at: date(),
        photo: digest(5),
        object: None,
        at: UnixMillis::new(77),
    };
    office.ledger.commit(&[intent]).unwrap();
    let feed = office.feeds(1).remove(0).unwrap();
    assert_eq!((feed.skipped.settled.total(), feed.ended), (4, true));
    let found: Vec<_> = feed
        .rows
        .iter()
        .map(|pending| (pending.row.user_id.as_str(), pending.past.attempts))
        .collect();
    assert_eq!(
        found,
        [("new", 0), ("rejected", 2), ("failed", 2), ("doubt", 3), ("pending", 2)]
    );
    let refused: Vec<_> = feed
        .rows
        .iter()
        .map(|pending| pending.rejected.as_ref().map(|refused| refused.photo))
        .collect();
    assert_eq!(refused, [None, Some(digest(4)), None, None, None]);
    assert_eq!(feed.rows[3].past.doubts[0].photo, digest(5));
    assert_eq!(
        feed.rows[3].past.last_doubt_at,
        Some(UnixMillis::MAX),
        "nobody knows when it ended"
    );
    assert_eq!(feed.rows[0].cells, vec!["new", "2021-08-12", "new.jpg"]);
}

#[test]
fn wrong_and_repeated_rows_are_counted_and_the_wrong_ones_are_in_the_results_at_once() {
    let rows = [
        row("a"),
        row("a"),
        row("b"),
        "b,2021-08-13,b.jpg\n".into(),
        "c,never,c.jpg\n".into(),
    ]
    .concat();
    let mut office = Office::new(&rows);
    let feed = office.feeds(1).remove(0).unwrap();
    assert_eq!(
        (feed.rows.len(), feed.skipped.repeated, feed.skipped.invalid),
        (1, 1, 3)
    );
    let lines: Vec<String> = office.followed().lines().skip(1).map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].starts_with("b,2021-08-12,b.jpg,3,invalid,conflicting_rows,"),
        "{}",
        lines[0]
    );
    assert!(
        lines[2].starts_with("c,never,c.jpg,5,invalid,bad_date,"),
        "{}",
        lines[2]
    );
}

#[test]
fn feeds_are_small_and_together_they_are_the_manifest() {
    let rows: String = (0..3_000).map(|number| row(&format!("u{number}"))).collect();
    let mut office = Office::new(&rows);
    for number in (0..3_000).filter(|number| number % 2 == 0) {
        office.record(&format!("u{number}"), Status::Enrolled, 1);
    }
    let feeds: Vec<Feed> = office.feeds(20).into_iter().map_while(Result::ok).collect();
    let ended = feeds.iter().position(|feed| feed.ended).unwrap();
    let feeds = &feeds[..=ended];
    assert!(
        feeds
            .iter()
            .all(|feed| feed.rows.len() <= 256 && feed.rows.len() as u32 + feed.skipped.settled.total() <= 1_024)
    );
    assert_eq!(
        feeds.iter().map(|feed| feed.skipped.settled.total()).sum::<u32>(),
        1_500
    );
    let numbers: Vec<u32> = feeds
        .iter()
        .flat_map(|feed| feed.rows.iter().map(|pending| pending.row.number))
        .collect();
    let wanted: Vec<u32> = (1..=3_000).filter(|number| number % 2 == 0).collect();
    assert_eq!(numbers, wanted);
}

/// Numbers of the rows to send, and what was skipped.
fn fed(office: &mut Office) -> (Vec<u32>, Skipped) {
    let (mut numbers, mut skipped) = (Vec::new(), Skipped::default());
    let feeds = office.feeds(30).into_iter().map_while(Result::ok);
    for feed in feeds {
        numbers.extend(feed.rows.iter().map(|pending| pending.row.number));
        skipped.settled.add_all(&feed.skipped.settled);
        skipped.repeated += feed.skipped.repeated;
        skipped.invalid += feed.skipped.invalid;
        if feed.ended {
            return (numbers, skipped);
        }
    }
    panic!("the manifest has no end")
}

#[test]
fn rows_that_are_known_to_be_settled_are_passed_by_and_all_others_are_fed_as_before() {
    let record = |number: usize| match number % 7 {
        0 => format!("u{number},2021-08-12,\"a\n{number}.jpg\"\r\n"),
        1 => format!("\n{}", row(&format!("u{}", number - 1))),
        2 => format!("u{number},never,x.jpg\n"),
        3 => format!("u{number},2021-08-12,x.jpg\nu{number},2021-08-13,x.jpg\n"),
        4 => format!("u{number},2021-08-12,x.jpg\nu{number},2021-08-12,x.jpg\n"),
        _ => row(&format!("u{number}")),
    };
    let rows: String = (0..3_000).map(record).collect();
    let mut office = Office::new(&rows);
    let statuses = Status::ALL.iter().cycle();
    for (number, status) in (0..3_000).step_by(3).zip(statuses) {
        office.record(&format!("u{number}"), *status, 1);
    }
    let before = fed(&mut office);
    office.find_settled();
    assert!(office.manifest.survey.settled().total() > 150);
    assert_eq!(fed(&mut office), before);
    assert!(before.0.len() > 500 && before.1.repeated > 300 && before.1.invalid > 1_000);
}

#[test]
fn a_manifest_of_nothing_but_settled_rows_takes_few_feeds() {
    let rows: String = (0..3_000).map(|number| row(&format!("u{number}"))).collect();
    let mut office = Office::new(&rows);
    let all = (0..3_000).map(|number| entry(&format!("u{number}"), Status::Enrolled, 1));
    office.ledger.commit(&all.collect::<Vec<_>>()).unwrap();
    office.find_settled();
    let feed = office.feeds(1).remove(0).unwrap();
    assert_eq!((feed.skipped.settled.total(), feed.ended), (3_000, true));
}

#[test]
fn what_is_passed_by_has_to_be_the_manifest_still() {
    for rows in [
        row("a"),
        [row("a"), row("x")].concat(),
        [row("a"), row("b"), row("c")].concat(),
        "\"a".into(),
    ] {
        let mut office = Office::new(&[row("a"), row("b")].concat());
        let settled = ["a", "b"].map(|user| entry(user, Status::Enrolled, 1));
        office.ledger.commit(&settled).unwrap();
        office.find_settled();
        let text = format!("user_id,user_created_at,photo\n{rows}");
        std::fs::write(office.folder.path().join("m.csv"), text).unwrap();
        let feed = office.feeds(1).remove(0);
        let changed = matches!(feed, Err(RunError::Manifest(ManifestError::Changed)));
        assert!(changed, "{rows}: {feed:?}");
    }
}

#[test]
fn a_manifest_that_was_changed_since_the_first_pass_is_an_error() {
    for rows in [
        row("a"),
        [row("a"), row("x")].concat(),
        [row("a"), row("b"), row("c")].concat(),
        "a,b\n".into(),
    ] {
        let mut office = Office::new(&[row("a"), row("b")].concat());
        let text = format!("user_id,user_created_at,photo\n{rows}");
        std::fs::write(office.folder.path().join("m.csv"), text).unwrap();
        let feed = office.feeds(1).remove(0);
        let changed = matches!(feed, Err(RunError::Manifest(ManifestError::Changed)));
        assert!(changed, "{rows}: {feed:?}");
    }
}

/// Feeds a manifest of 1,100 rows, which takes more than one feed, and does `between` after the first one.
fn second_feed(between: impl FnOnce(&std::path::Path, &str)) -> Result<Feed, RunError> {
    let users: Vec<String> = (0..1_100).map(|number| format!("u{number:04}")).collect();
    let rows: String = users.iter().map(|user| row(user)).collect();
    let mut office = Office::new(&rows);
    let settled: Vec<Entry> = users.iter().map(|user| entry(user, Status::Enrolled, 1)).collect();
    office.ledger.commit(&settled).unwrap();
    let path = office.folder.path().join("m.csv");
    let recorder = Recorder::new(&office.manifest, &mut office.ledger, &mut office.follower).unwrap();
    let (sender, receiver) = commands();
    sender.send(Command::Feed).unwrap();
    let (mut sender, mut between, mut last) = (Some(sender), Some(between), None);
    recorder.work(&receiver, |completion| {
        last = Some(completion);
        let Some(between) = between.take() else {
            sender = None;
            return;
        };
        between(&path, &format!("user_id,user_created_at,photo\n{rows}"));
        sender.as_ref().unwrap().send(Command::Feed).unwrap();
    });
    match last.unwrap() {
        Completion::Fed(feed) => feed,
        Completion::Committed(_) => panic!("no commit was ordered"),
    }
}

/// Gives the file a time of its last change that it had not before.
fn touch(path: &std::path::Path) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    file.set_modified(long_ago).unwrap();
}

#[test]
fn another_time_of_the_same_bytes_changes_nothing() {
    let feed = second_feed(|path, _| touch(path)).unwrap();
    assert_eq!((feed.skipped.settled.total(), feed.ended), (76, true));
    let feed = second_feed(|path, text| std::fs::write(path, text).unwrap()).unwrap();
    assert_eq!(
        (feed.skipped.settled.total(), feed.ended),
        (76, true),
        "written anew with the same bytes"
    );
}

#[cfg(unix)]
#[test]
fn another_file_in_the_manifests_place_leaves_the_open_one_as_it_is() {
    let feed = second_feed(|path, text| {
        let other = path.with_extension("new");
        std::fs::write(&other, text.replace("u0001", "x0001")).unwrap();
        std::fs::rename(&other, path).unwrap();
    });
    let feed = feed.unwrap();
    assert_eq!((feed.skipped.settled.total(), feed.ended), (76, true));
}

#[test]
fn other_bytes_are_found_by_the_next_feed_wherever_they_are() {
    let changes: [fn(&str) -> String; 5] = [
        |text| text.replace("u0001", "x0001"),
        |text| text.replace("u1099", "x1099"),
        |text| text.to_owned() + "late,2021-08-12,late.jpg\n",
        |text| text[..text.len() - 1].to_owned(),
        |text| text.to_owned() + "\"never closed",
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let feed = second_feed(|path, text| {
            std::fs::write(path, change(text)).unwrap();
            touch(path);
        });
        let changed = matches!(feed, Err(RunError::Manifest(ManifestError::Changed)));
        assert!(changed, "{number}: {feed:?}");
    }
}

fn batch(user: &str, number: u32, id: AttemptId) -> Batch {
    let entry = Entry::Intent {
        id,
        user_id: UserId::parse(user).unwrap(),
        number: 1,
        created_at: date(),
        photo: digest(1),
        object: None,
        at: UnixMillis::new(0),
    };
    let line = ResultsLine {
        number,
        cells: csv::StringRecord::from(vec![user, "2021-08-12", "x.jpg"]),
        outcome: Arc::new(outcome(Status::Enrolled, 1)),
    };
    Batch {
        entries: vec![entry],
        lines: vec![line],
        ..Batch::default()
    }
}

#[test]
fn a_batch_is_durable_and_then_visible() {
    let mut office = Office::new(&[row("a"), row("b")].concat());
    let completions = office.work(vec![
        Command::Commit(batch("a", 1, AttemptId::FIRST)),
        Command::Commit(batch("b", 2, AttemptId::FIRST.next())),
    ]);
    assert!(
        completions
            .iter()
            .all(|completion| matches!(completion, Completion::Committed(Ok(_))))
    );
    assert_eq!(office.followed().lines().count(), 3);
    assert_eq!(office.ledger.next_attempt().unwrap(), AttemptId::FIRST.next().next());
}

#[test]
fn a_batch_that_the_ledger_does_not_take_is_not_in_the_results() {
    let mut office = Office::new(&[row("a"), row("b")].concat());
    let completions = office.work(vec![
        Command::Commit(batch("a", 1, AttemptId::FIRST)),
        Command::Commit(batch("b", 2, AttemptId::FIRST)),
    ]);
    assert!(matches!(
        completions[1],
        Completion::Committed(Err(RunError::Ledger(_)))
    ));
    assert_eq!(office.followed().lines().count(), 2);
}

#[test]
fn a_log_that_has_grown_is_merged_before_a_batch_unless_the_disk_is_slow() {
    for slow_disk in [false, true] {
        let mut office = Office::new(&row("a"));
        let size = |office: &Office| office.folder.path().join("ledger.db").metadata().unwrap().len();
        let mut id = AttemptId::FIRST;
        let mut next = |user: &str| {
            let entry = batch(user, 1, id).entries.remove(0);
            id = id.next();
            entry
        };
        let entries = (0..10_000).map(|number| next(&format!("u{number}"))).collect();
        let last = vec![next("a")];
        let command = |entries| {
            let lines = Vec::new();
            Command::Commit(Batch {
                entries,
                lines,
                slow_disk,
            })
        };
        office.work(vec![command(entries)]);
        let before = size(&office);
        office.work(vec![command(last)]);
        assert_eq!(size(&office) == before, slow_disk, "{slow_disk}");
    }
}
