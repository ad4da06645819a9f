//! SIGHUP, SIGINT and SIGTERM: the first drains, the deadline and the second give up, and the ledger is right.

use std::time::Duration;

use super::fixture::{SECOND, digest, enrolled, settings, user};
use super::world::World;
use crate::domain::outcome::{Reason, Status};
use crate::domain::stop::Stop;
use crate::ledger::AttemptStatus;

/// Eight requests in flight, and rows waiting behind them.
fn busy() -> World {
    let mut world = World::new(settings(), 200);
    world.work();
    while world.in_flight.len() < 8 {
        world.pass(Duration::from_millis(10));
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    world
}

fn signal(world: &mut World, stop: Stop) {
    world.dispatcher.end(stop, world.now.instant);
    world.work();
}

/// Every intent has been closed: nobody is left in a doubt that is none.
fn assert_in_doubt_are(world: &World, numbers: &[u32]) {
    let doubts: Vec<u32> = (1..=200)
        .filter(|number| world.status(*number) == Status::InDoubt)
        .collect();
    assert_eq!(doubts, numbers);
    assert!(world.books.attempts.values().all(|attempt| attempt.class.is_some()));
}

#[test]
fn the_first_signal_admits_nothing_and_waits_for_the_answers() {
    for stop in [Stop::HungUp, Stop::Interrupted, Stop::Terminated] {
        let mut world = busy();
        let sent = world.sent.len();
        signal(&mut world, stop);
        assert!(!world.dispatcher.is_over(), "{stop:?}");
        world.wait(24 * SECOND);
        for number in world.flying() {
            world.answer(number, enrolled());
        }
        assert!(world.dispatcher.is_over(), "{stop:?}");
        assert_eq!(
            (world.dispatcher.shutdown.stop(), world.sent.len(), world.aborts),
            (Some(stop), sent, 0)
        );
        assert_in_doubt_are(&world, &[]);
    }
}

#[test]
fn intents_that_were_durable_and_not_sent_are_taken_back() {
    let mut world = busy();
    signal(&mut world, Stop::Interrupted);
    let was_sent = |name: &str| world.sent.iter().any(|sent| sent.user == name);
    let unsent: Vec<_> = world
        .books
        .attempts
        .values()
        .filter(|attempt| !was_sent(&attempt.user))
        .collect();
    assert!(!unsent.is_empty(), "some were ready to go");
    assert!(
        unsent
            .iter()
            .all(|attempt| attempt.class == Some(AttemptStatus::NotSent))
    );
}

#[test]
fn an_intent_that_becomes_durable_after_the_signal_is_taken_back_too() {
    let mut world = World::new(settings(), 1);
    world.poll();
    world.feed(1);
    world.poll();
    world.prepared(0, None);
    world.poll();
    world.dispatcher.end(Stop::Interrupted, world.now.instant);
    world.work();
    assert!(world.dispatcher.is_over());
    assert!(world.sent.is_empty());
    assert_eq!(world.books.classes(&user(1)), [Some(AttemptStatus::NotSent)]);
    assert_eq!(world.status(1), Status::Pending);
}

#[test]
fn at_the_deadline_the_rest_is_given_up_and_in_doubt() {
    let mut world = busy();
    let flying = world.flying();
    signal(&mut world, Stop::Terminated);
    assert_eq!(world.next_wake(), Some(world.now.instant + 25 * SECOND));
    world.wait(Duration::from_millis(24_999));
    assert_eq!(world.aborts, 0);
    world.answer(flying[0], enrolled());
    world.wait(Duration::from_millis(1));
    assert_eq!(world.aborts, 1);
    assert!(world.dispatcher.is_over());
    assert_in_doubt_are(&world, &flying[1..]);
    let recorded = |number: &u32| world.books.outcomes[&user(*number)].status;
    assert!(flying[1..].iter().all(|number| recorded(number) == Status::InDoubt));
    let outcome = world.books.view(&user(flying[1]));
    assert_eq!(
        (outcome.reason, outcome.photo),
        (Some(Reason::Interrupted), Some(digest(flying[1] as u8)))
    );
}

#[test]
fn the_second_signal_ends_it_at_once() {
    for second in [Stop::Interrupted, Stop::Terminated] {
        let mut world = busy();
        let flying = world.flying();
        signal(&mut world, Stop::Interrupted);
        assert_eq!(world.aborts, 0, "{second:?}");
        signal(&mut world, second);
        assert_eq!(world.aborts, 1, "{second:?}");
        assert!(world.dispatcher.is_over(), "{second:?}");
        assert_in_doubt_are(&world, &flying);
    }
}

#[test]
fn a_signal_after_another_stop_is_the_first_signal() {
    let mut world = busy();
    signal(&mut world, Stop::MaxFailures);
    signal(&mut world, Stop::Interrupted);
    assert_eq!(
        (world.aborts, world.dispatcher.shutdown.stop()),
        (0, Some(Stop::Interrupted))
    );
    signal(&mut world, Stop::Interrupted);
    assert_eq!(world.aborts, 1);
}

#[test]
fn the_second_signal_ends_it_at_once_whatever_else_has_happened() {
    for stronger in [Stop::Storage, Stop::ManifestChanged] {
        let mut world = busy();
        signal(&mut world, Stop::Interrupted);
        signal(&mut world, stronger);
        signal(&mut world, Stop::Interrupted);
        assert_eq!(
            (world.aborts, world.dispatcher.shutdown.stop()),
            (1, Some(stronger)),
            "{stronger:?}"
        );

        let mut world = busy();
        signal(&mut world, stronger);
        signal(&mut world, Stop::Interrupted);
        assert_eq!(world.aborts, 0, "{stronger:?}");
        signal(&mut world, Stop::Interrupted);
        assert_eq!(world.aborts, 1, "{stronger:?}");
    }
}

#[test]
fn an_answer_that_comes_after_the_end_changes_nothing() {
    let mut world = busy();
    let late = world.in_flight.clone();
    signal(&mut world, Stop::Interrupted);
    signal(&mut world, Stop::Interrupted);
    let before = world.books.attempts.len();
    world.in_flight = late;
    let id = *world.in_flight.keys().next().unwrap();
    world.answer_id(id, enrolled().into());
    world.work();
    assert!(world.dispatcher.is_over());
    assert_eq!(world.books.attempts.len(), before);
}

#[test]
fn a_photo_that_is_read_for_ever_does_not_keep_the_run_from_ending() {
    let mut world = World::new(settings(), 5);
    world.poll();
    world.feed(5);
    world.poll();
    assert!(!world.reading.is_empty());
    world.dispatcher.end(Stop::Interrupted, world.now.instant);
    world.poll();
    assert!(
        world.dispatcher.is_over(),
        "nothing is in flight, and the photos are not needed any more"
    );
}

#[test]
fn it_does_not_spin_while_the_last_record_is_made_durable() {
    let mut world = busy();
    signal(&mut world, Stop::Interrupted);
    world.dispatcher.end(Stop::Interrupted, world.now.instant);
    world.poll();
    world.poll();
    assert!(world.committing.is_some() && !world.dispatcher.is_over());
    world.pass(SECOND);
    assert!(!world.poll());
    let wake = world.next_wake();
    assert!(
        wake.is_none_or(|wake| wake > world.now.instant),
        "it is polled without a pause"
    );
    world.commit(true);
    world.poll();
    assert!(world.dispatcher.is_over());
}
