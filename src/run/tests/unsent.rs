//! Rows that have not left: while nothing may start no intent of theirs stays open, and otherwise as few as the disk asks
//! for.

use std::time::Duration;

use super::fixture::{Back, SECOND, doubt, enrolled, settings, throttled};
use super::world::World;
use crate::client::SendErrorKind;
use crate::ledger::AttemptId;
use crate::run::RunSettings;

/// Intents that are durable and open though their request has not left.
fn open_intents(world: &World) -> usize {
    let is_open = |id: &&AttemptId| world.books.attempts[id].class.is_none();
    let ids = world.books.attempts.keys();
    ids.filter(is_open)
        .filter(|id| !world.in_flight.contains_key(*id))
        .count()
}

/// A run with 16 requests in flight, whose answers take `took`, and whose commits take no time.
fn open(took: Duration, interval: Option<Duration>) -> World {
    let mut world = World::new(
        RunSettings {
            concurrency: 16,
            interval,
            ..settings()
        },
        2_000,
    );
    world.work();
    for _ in 0..200 {
        if let Some(number) = world.flying().first().copied() {
            world.pass(took / 16);
            world.answer(number, enrolled());
        } else {
            world.wake();
        }
    }
    world
}

#[test]
fn behind_a_retry_after_a_pause_or_a_stop_no_intent_is_open() {
    let fast = Duration::from_millis(2);
    for back in [
        Back::from(throttled(Some(60))),
        SendErrorKind::Connect.into(),
        doubt().into(),
    ] {
        let mut world = open(fast, None);
        for _ in 0..2_000 {
            let Some(number) = world.flying().first().copied() else {
                break;
            };
            world.answer(number, back);
            if world.dispatcher.gate.waiting(world.now.instant).is_some() {
                assert_eq!(open_intents(&world), 0, "{back:?}");
            }
        }
        assert!(world.dispatcher.gate.waiting(world.now.instant).is_some(), "{back:?}");
        // Nor while the wait goes on.
        world.wait(Duration::from_millis(1));
        assert_eq!(open_intents(&world), 0, "{back:?}");
    }
}

#[test]
fn an_intent_that_becomes_durable_while_the_run_is_held_is_taken_back_and_its_row_goes_on_later() {
    let mut world = World::new(settings(), 40);
    world.work();
    world.answer(1, enrolled());
    // A batch with intents is under way when the server asks everybody to wait.
    while world.committing.as_ref().is_none_or(|batch| batch.entries.len() < 2) {
        if world.committing.is_some() {
            world.commit(true);
        } else if !world.reading.is_empty() {
            world.prepared(0, None);
        } else {
            let number = world.flying()[0];
            let id = world.flight_of(number).unwrap();
            world.answer_id(id, enrolled().into());
        }
        world.poll();
    }
    let number = world.flying()[0];
    let id = world.flight_of(number).unwrap();
    world.answer_id(id, throttled(Some(30)).into());
    world.work();
    assert_eq!(open_intents(&world), 0);
    world.wait(30 * SECOND);
    world.answer_all(|_| enrolled().into());
    world.assert_each_row_ended_once(40);
}

#[test]
fn with_slow_answers_a_row_or_two_are_ahead_and_with_fast_ones_as_many_as_a_commit_needs() {
    let slow = open_intents(&open(SECOND, None));
    assert!(slow <= 2, "{slow}");
    let fast = open_intents(&open(Duration::from_millis(16), None));
    assert!((1..=32).contains(&fast), "{fast}");
}

#[test]
fn under_a_rate_only_the_next_row_has_an_intent() {
    let world = open(Duration::from_millis(16), Some(SECOND));
    assert!(open_intents(&world) <= 2, "{}", open_intents(&world));
}
