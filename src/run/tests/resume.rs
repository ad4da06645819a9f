//! What earlier runs leave to this one.

use super::books::Books;
use super::fixture::{
    DATE, SECOND, digest, doubt, enrolled, invalid_photo, planned, refused_before, rejected, settings, user,
};
use super::world::World;
use crate::domain::outcome::{Reason, Status};
use crate::domain::response::Kind;
use crate::domain::resume::{Doubt, Past, Plan};
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::AttemptId;

const NOW_MS: i64 = 1_780_000_000_000;

fn refused(photo: u8) -> World {
    World::with_rows(settings(), planned(1, refused_before(3, photo)).into_iter().collect())
}

#[test]
fn a_refused_row_whose_photo_is_unchanged_is_skipped() {
    let mut world = refused(1);
    world.work();
    assert!(world.dispatcher.is_over());
    assert!(world.sent.is_empty() && world.books.attempts.is_empty());
    assert_eq!(world.dispatcher.stats.unchanged, 1);
    world.assert_each_row_ended_once(1);
}

#[test]
fn a_refused_row_with_another_photo_is_sent_and_its_attempts_are_counted_on() {
    let mut world = refused(2);
    world.work();
    world.answer(1, enrolled());
    let outcome = world.books.view(&user(1));
    assert_eq!((outcome.status, outcome.attempts), (Status::Enrolled, 4));
    assert_eq!(world.dispatcher.stats.retries, 1);
}

#[test]
fn a_doubt_about_the_new_photo_is_followed_up_though_the_old_photo_is_put_back() {
    let mut world = refused(2);
    world.work();
    world.answer(1, doubt());
    world.photos.insert(1, 2);
    world.until_sent();
    world.answer(1, Kind::Duplicate);
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::EnrolledInferred, Some(Reason::EarlierPhotoEnrolled))
    );
}

fn doubted(since_ms: i64, photo: u8) -> World {
    let past = Past {
        attempts: 1,
        doubts: vec![Doubt {
            photo: digest(photo),
            created_at: Some(DATE.into()),
        }],
        sent: None,
        last_doubt_at: Some(UnixMillis::new(NOW_MS - since_ms)),
    };
    World::with_rows(settings(), planned(1, Plan::Send(past)).into_iter().collect())
}

#[test]
fn a_doubt_of_an_earlier_run_keeps_its_quiet_time() {
    for (since_ms, wait_ms) in [
        (0, 5_000),
        (4_000, 1_000),
        (4_999, 1),
        (5_000, 0),
        (60_000, 0),
        (-60_000, 5_000),
    ] {
        let mut world = doubted(since_ms, 1);
        world.work();
        if wait_ms > 0 {
            assert!(world.sent.is_empty(), "{since_ms}");
            assert_eq!(world.until_sent().as_millis(), wait_ms, "{since_ms}");
        }
        assert_eq!(world.flying(), [1], "{since_ms}");
    }
}

#[test]
fn the_wait_of_one_does_not_keep_others_from_being_sent() {
    let mut world = doubted(0, 1);
    world.source.push_back(super::fixture::pending(2));
    world.work();
    assert_eq!(world.flying(), [2]);
    world.answer(2, enrolled());
    world.wait(5 * SECOND);
    assert_eq!(world.flying(), [1]);
}

#[test]
fn a_duplicate_after_a_doubt_of_an_earlier_run_is_inferred_with_the_photo_that_was_sent() {
    for (photo, reason) in [(1, Reason::AnswerLost), (9, Reason::EarlierPhotoEnrolled)] {
        let mut world = doubted(60_000, photo);
        world.work();
        world.answer(1, Kind::Duplicate);
        let outcome = world.books.view(&user(1));
        assert_eq!(
            (outcome.status, outcome.reason),
            (Status::EnrolledInferred, Some(reason))
        );
        assert_eq!((outcome.photo, outcome.attempts), (Some(digest(photo)), 2), "{reason}");
    }
}

#[test]
fn numbers_of_attempts_go_on_from_those_in_the_ledger() {
    let mut books = Books::default();
    let mut first = World::with_rows(settings(), vec![super::fixture::pending(1)]);
    first.work();
    books.attempts = first.books.attempts.clone();
    assert_eq!(
        books.view(&user(1)).status,
        Status::InDoubt,
        "killed with its request under way"
    );
    let plan = books.history(&user(1)).plan(&super::fixture::pending(1).row.created_at);
    let mut second = World::resumed(settings(), planned(1, plan).into_iter().collect(), books, 1);
    second.work();
    second.pass(60 * SECOND);
    second.work();
    second.answer(1, Kind::Duplicate);
    let ids: Vec<_> = second.books.attempts.keys().copied().collect();
    assert_eq!(ids, [AttemptId::FIRST, AttemptId::FIRST.next()]);
    assert_eq!(
        (second.status(1), second.books.view(&user(1)).attempts),
        (Status::EnrolledInferred, 2)
    );
}

#[test]
fn a_duplicate_after_a_doubt_with_another_date_says_so() {
    let past = Past {
        attempts: 1,
        doubts: vec![Doubt {
            photo: digest(1),
            created_at: Some("2020-01-01".into()),
        }],
        sent: None,
        last_doubt_at: Some(UnixMillis::new(0)),
    };
    let mut world = World::with_rows(settings(), planned(1, Plan::Send(past)).into_iter().collect());
    world.work();
    world.answer(1, Kind::Duplicate);
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::EnrolledInferred, Some(Reason::EarlierDateEnrolled))
    );
}

/// What another run over the same row would be, by the books.
fn again(world: World) -> World {
    let date = super::fixture::pending(1).row.created_at;
    let plan = world.books.history(&user(1)).plan(&date);
    World::resumed(settings(), planned(1, plan).into_iter().collect(), world.books, 1)
}

#[test]
fn a_refused_photo_that_was_away_for_a_run_is_not_sent_again_when_it_comes_back() {
    let mut first = World::new(settings(), 1);
    first.work();
    first.answer(1, rejected(Reason::NoFaceFound));
    let refusal = first.books.view(&user(1));
    let mut away = again(first);
    away.work_with(|_| Some(invalid_photo()));
    assert_eq!(
        (away.status(1), away.reason(1)),
        (Status::Invalid, Some(Reason::PhotoNotFound))
    );
    let mut back = again(away);
    back.work();
    assert!(back.dispatcher.is_over() && back.sent.is_empty());
    let mut told = back.books.view(&user(1));
    // The made-up answer has no code, from which its reason would be told.
    assert_eq!(told.reason, Some(Reason::Refused));
    told.reason = refusal.reason;
    assert_eq!(told, refusal);
    let mut other = again(back);
    other.photos.insert(1, 99);
    other.work();
    assert_eq!(other.flying(), [1], "another photo is another enrollment");
}
