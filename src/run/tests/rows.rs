//! One row's way: how its attempts end, and what is reported of it.

use std::time::Duration;

use super::fixture::{
    Back, SECOND, digest, doubt, enrolled, invalid_photo, pending, rejected, settings, throttled, user,
};
use super::world::World;
use crate::client::SendErrorKind;
use crate::domain::outcome::{Reason, Status};
use crate::domain::response::{Kind, Refusal};
use crate::domain::retry::RetryPolicy;
use crate::domain::stop::Stop;
use crate::ledger::{AttemptId, AttemptStatus};
use crate::run::{RunEvent, RunSettings};

#[test]
fn an_enrolled_row_is_in_ledger_and_results_with_all_that_is_known() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.pass(Duration::from_millis(120));
    world.answer(1, enrolled());
    assert!(world.dispatcher.is_over());
    let outcome = world.books.view(&user(1));
    assert_eq!((outcome.status, outcome.reason), (Status::Enrolled, None));
    assert_eq!((outcome.attempts, outcome.photo), (1, Some(digest(1))));
    assert_eq!(outcome.duration_ms, Some(120));
    let took = outcome.finished_at.unwrap().since(outcome.sent_at.unwrap());
    assert_eq!(took, Duration::from_millis(120));
    assert_eq!(outcome.run_id, "r");
    assert_eq!(world.lines, [(1, Status::Enrolled)]);
    assert_eq!(world.books.classes(&user(1)), [Some(AttemptStatus::Settled)]);
}

#[test]
fn nothing_leaves_before_its_intent_is_durable() {
    let mut world = World::new(settings(), 1);
    world.poll();
    world.feed(1);
    world.poll();
    world.prepared(0, None);
    world.poll();
    assert!(world.committing.is_some());
    for _ in 0..3 {
        world.poll();
        assert!(world.in_flight.is_empty(), "silence means: do not start");
    }
    world.commit(true);
    world.poll();
    assert_eq!(world.flying(), [1]);
}

#[test]
fn intents_that_wait_share_one_commit() {
    let mut world = World::new(settings(), 60);
    world.work();
    world.answer_id(AttemptId::FIRST, enrolled().into());
    world.poll();
    assert!(world.committing.is_some(), "the recorder has the first outcome");
    while !world.reading.is_empty() {
        world.prepared(0, None);
        world.poll();
    }
    world.commit(true);
    world.poll();
    world.pass(SECOND / 100);
    world.poll();
    let intents = world.committing.as_ref().map_or(0, |batch| batch.entries.len());
    assert!(intents > 2, "{intents} intents in the next commit");
}

#[test]
fn a_row_without_a_good_photo_is_invalid_and_costs_no_request() {
    let mut world = World::new(settings(), 2);
    world.work_with(|number| (number == 1).then(invalid_photo));
    assert_eq!(world.sent_of(1), 0);
    world.answer(2, enrolled());
    assert!(world.dispatcher.is_over());
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::Invalid, Some(Reason::PhotoNotFound))
    );
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, RunEvent::InvalidPhoto { row: 1, .. }))
    );
    world.assert_each_row_ended_once(2);
}

#[test]
fn a_photo_that_goes_missing_after_a_doubt_leaves_the_doubt() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer(1, doubt());
    world.pass(60 * SECOND);
    world.work_with(|_| Some(invalid_photo()));
    assert!(world.dispatcher.is_over());
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::InDoubt, Some(Reason::PhotoNotFound))
    );
    assert_eq!(world.lines, [(1, Status::InDoubt)]);
}

#[test]
fn every_kind_of_answer_has_its_class_and_its_state() {
    let cases: [(Back, AttemptStatus, Status); 12] = [
        (
            rejected(Reason::NoFaceFound).into(),
            AttemptStatus::Settled,
            Status::Rejected,
        ),
        (Kind::Duplicate.into(), AttemptStatus::Settled, Status::AlreadyEnrolled),
        (throttled(None).into(), AttemptStatus::NotProcessed, Status::Pending),
        (throttled(Some(3)).into(), AttemptStatus::NotProcessed, Status::Pending),
        (
            Kind::NotProcessed(Reason::ServerBusy, None).into(),
            AttemptStatus::NotProcessed,
            Status::Pending,
        ),
        (doubt().into(), AttemptStatus::InDoubt, Status::InDoubt),
        (
            SendErrorKind::Connect.into(),
            AttemptStatus::NotProcessed,
            Status::Pending,
        ),
        (
            SendErrorKind::Machine.into(),
            AttemptStatus::NotProcessed,
            Status::Pending,
        ),
        (
            SendErrorKind::Lost { whole: false }.into(),
            AttemptStatus::NotProcessed,
            Status::Pending,
        ),
        (
            SendErrorKind::Silent { whole: false }.into(),
            AttemptStatus::NotProcessed,
            Status::Pending,
        ),
        (
            SendErrorKind::Lost { whole: true }.into(),
            AttemptStatus::InDoubt,
            Status::InDoubt,
        ),
        (
            SendErrorKind::Silent { whole: true }.into(),
            AttemptStatus::InDoubt,
            Status::InDoubt,
        ),
    ];
    for (back, class, status) in cases {
        let mut world = World::new(settings(), 1);
        world.work();
        world.answer(1, back);
        assert_eq!(world.books.classes(&user(1)), [Some(class)], "{back:?}");
        assert_eq!(world.status(1), status, "{back:?}");
        let final_lines = usize::from(class == AttemptStatus::Settled);
        assert_eq!(world.lines.len(), final_lines, "{back:?}");
    }
}

#[test]
fn a_duplicate_after_a_doubt_of_this_run_is_inferred() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer(1, SendErrorKind::Lost { whole: true });
    world.until_sent();
    world.answer(1, Kind::Duplicate);
    let outcome = world.books.view(&user(1));
    assert_eq!(
        (outcome.status, outcome.reason),
        (Status::EnrolledInferred, Some(Reason::AnswerLost))
    );
    assert_eq!((outcome.photo, outcome.attempts), (Some(digest(1)), 2));
    assert_eq!(
        world.books.classes(&user(1)),
        [Some(AttemptStatus::Settled), Some(AttemptStatus::Settled)]
    );
}

#[test]
fn a_duplicate_after_a_doubt_with_another_photo_names_the_photo_that_was_sent() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer(1, doubt());
    world.photos.insert(1, 77);
    world.until_sent();
    world.answer(1, Kind::Duplicate);
    let outcome = world.books.view(&user(1));
    assert_eq!(outcome.status, Status::EnrolledInferred);
    assert_eq!(
        (outcome.reason, outcome.photo),
        (Some(Reason::EarlierPhotoEnrolled), Some(digest(1)))
    );
}

#[test]
fn a_duplicate_after_an_attempt_that_was_not_processed_is_not_ours() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer(1, SendErrorKind::Lost { whole: false });
    world.until_sent();
    world.answer(1, Kind::Duplicate);
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::AlreadyEnrolled, Some(Reason::UserIdTaken))
    );
}

/// The attempts of a row that is always answered alike, beside one that is always enrolled.
fn exhausted(back: Back, retries: u32) -> World {
    let mut world = World::new(
        RunSettings {
            retry: RetryPolicy { retries },
            ..settings()
        },
        2,
    );
    world.answer_all(|number| if number == 1 { back } else { enrolled().into() });
    assert_eq!(world.dispatcher.shutdown.stop(), None);
    world.assert_each_row_ended_once(2);
    world
}

#[test]
fn out_of_retries_it_has_a_last_round_and_then_its_end() {
    for (back, status, reason) in [
        (
            Back::from(SendErrorKind::Lost { whole: false }),
            Status::Failed,
            Reason::ConnectionLost,
        ),
        (Kind::ServerFailed(None).into(), Status::InDoubt, Reason::ServerError),
        (doubt().into(), Status::InDoubt, Reason::UnreadableAnswer),
        (
            SendErrorKind::Silent { whole: true }.into(),
            Status::InDoubt,
            Reason::NoAnswer,
        ),
    ] {
        for (retries, attempts) in [(0, 1), (1, 4), (4, 10)] {
            let world = exhausted(back, retries);
            assert_eq!(world.sent_of(1), attempts, "{back:?} {retries}");
            assert_eq!(
                (world.status(1), world.reason(1)),
                (status, Some(reason)),
                "{back:?} {retries}"
            );
            let told = world.books.view(&user(1)).attempts as usize;
            assert_eq!(told, attempts, "{back:?} {retries}");
        }
    }
}

#[test]
fn the_last_round_begins_when_all_others_are_done() {
    let mut world = World::new(
        RunSettings {
            retry: RetryPolicy { retries: 1 },
            ..settings()
        },
        600,
    );
    world.answer_all(|number| if number == 1 { doubt().into() } else { enrolled().into() });
    let of_first: Vec<usize> = world
        .sent
        .iter()
        .enumerate()
        .filter(|(_, sent)| sent.user == user(1))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(of_first.len(), 4);
    assert!(of_first[1] < 599, "the first round is among the others");
    assert_eq!(of_first[2..], [601, 602], "the last round comes after all others");
}

#[test]
fn a_row_out_of_attempts_after_one_doubt_among_others_stays_in_doubt() {
    let mut world = World::new(
        RunSettings {
            retry: RetryPolicy { retries: 1 },
            ..settings()
        },
        1,
    );
    world.work();
    world.answer(1, doubt());
    while !world.dispatcher.is_over() {
        world.until_sent();
        world.answer(1, SendErrorKind::Lost { whole: false });
    }
    assert_eq!(
        (world.status(1), world.reason(1)),
        (Status::InDoubt, Some(Reason::ConnectionLost))
    );
    assert_eq!(world.lines, [(1, Status::InDoubt)]);
}

#[test]
fn an_empty_manifest_is_over_at_once() {
    let mut world = World::new(settings(), 0);
    assert!(!world.dispatcher.is_over(), "nothing is known yet");
    world.work();
    assert!(world.dispatcher.is_over());
    assert_eq!(world.dispatcher.shutdown.stop(), None);
}

#[test]
fn a_feed_of_nothing_but_settled_rows_asks_for_the_next() {
    let mut world = World::with_rows(settings(), vec![pending(1)]);
    world.poll();
    world.feed(0);
    assert!(!world.feed_wanted);
    world.poll();
    assert!(world.feed_wanted, "the manifest has not ended");
    world.work();
    assert_eq!(world.flying(), [1]);
}

#[test]
fn a_refusal_that_proves_nothing_leaves_an_earlier_doubt_as_it_is() {
    for on_photo in [false, true] {
        let mut world = World::new(settings(), 1);
        world.work();
        world.answer(1, SendErrorKind::Lost { whole: true });
        world.until_sent();
        let reason = Reason::BadParameter;
        world.answer(1, Kind::Rejected { reason, on_photo });
        assert!(world.dispatcher.is_over(), "{on_photo}");
        let wanted = if on_photo { Status::Rejected } else { Status::InDoubt };
        assert_eq!((world.status(1), world.reason(1)), (wanted, Some(reason)), "{on_photo}");
        assert_eq!(world.lines, [(1, wanted)]);
        let open = world.books.history(&user(1)).unresolved.len();
        assert_eq!(open, usize::from(!on_photo), "the attempt in doubt");
    }
}

#[test]
fn a_refusal_by_something_in_front_of_the_api_is_the_rows_own_once_others_get_through() {
    let mut world = World::new(settings(), 9);
    world.work();
    world.answer(1, enrolled());
    let number = world.flying()[0];
    world.answer(number, Kind::Forbidden);
    world.wait(SECOND / 100);
    assert_eq!(
        (world.status(number), world.reason(number)),
        (Status::Rejected, Some(Reason::Forbidden))
    );
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.dispatcher.shutdown.stop(), None);
    world.assert_each_row_ended_once(9);
}

#[test]
fn before_any_row_is_settled_such_a_refusal_ends_the_run() {
    let mut world = World::new(settings(), 9);
    world.work();
    world.answer(1, Kind::Forbidden);
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        Some(Stop::Refused(Refusal::Credentials))
    );
    assert_eq!((world.status(1), world.sent.len()), (Status::Pending, 1));
}

#[test]
fn twenty_such_refusals_in_a_row_end_the_run_all_the_same() {
    let mut world = World::new(settings(), 200);
    world.work();
    world.answer(1, enrolled());
    world.answer_all(|_| Kind::Forbidden.into());
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::RefusalsAlike));
}

fn unsigned() -> Kind {
    Kind::InDoubt(Reason::WrongSignature, None)
}

#[test]
fn three_successes_that_all_carry_a_wrong_signature_end_the_run() {
    let mut world = World::new(settings(), 20);
    world.work();
    for _ in 0..3 {
        assert_eq!(world.dispatcher.shutdown.stop(), None);
        let number = world.flying()[0];
        world.answer(number, unsigned());
    }
    assert!(world.dispatcher.is_over());
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        Some(Stop::Refused(Refusal::Signatures))
    );
    assert_eq!(world.sent.len(), 3, "nobody was sent twice");
    assert!((1..=3).all(|number| world.status(number) == Status::InDoubt));
}

#[test]
fn after_one_right_signature_a_wrong_one_is_that_answers_own() {
    let mut world = World::new(settings(), 20);
    world.work();
    world.answer(1, unsigned());
    world.answer(2, enrolled());
    for _ in 0..6 {
        let number = world.flying()[0];
        world.answer(number, unsigned());
    }
    assert_eq!(world.dispatcher.shutdown.stop(), None);
}

#[test]
fn a_photo_that_another_user_has_is_told_of_and_not_sent_by_a_strict_run() {
    for strict in [false, true] {
        let mut world = World::new(RunSettings { strict, ..settings() }, 3);
        world.photos.insert(3, 1);
        world.answer_all(|_| enrolled().into());
        let shared = |event: &&RunEvent| matches!(event, RunEvent::SharedPhoto { .. });
        assert_eq!(world.events.iter().filter(shared).count(), 1, "{strict}");
        let invalid: Vec<_> = (1..=3).filter(|row| world.status(*row) == Status::Invalid).collect();
        assert_eq!(invalid.len(), usize::from(strict));
        assert!(
            invalid
                .iter()
                .all(|row| world.reason(*row) == Some(Reason::SharedPhoto))
        );
        world.assert_each_row_ended_once(3);
    }
}

/// A pause takes back rows whose photo was read and that were not sent; it is read again afterwards.
#[test]
fn a_shared_photo_is_told_of_once_for_a_row_that_is_taken_back_and_read_again() {
    let mut world = World::new(settings(), 40);
    world.photos.extend((1..=40).map(|row| (row, 1)));
    world.work();
    world.answer(1, enrolled());
    let number = world.flying()[0];
    world.answer(number, throttled(Some(7)));
    world.answer_all(|_| enrolled().into());
    let told = |event: &RunEvent| match event {
        RunEvent::SharedPhoto { row, .. } => Some(*row),
        _ => None,
    };
    let mut rows: Vec<_> = world.events.iter().filter_map(told).collect();
    rows.sort_unstable();
    assert_eq!(rows, (2..=40).collect::<Vec<_>>());
}
