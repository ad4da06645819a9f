//! Ledger or results cannot be written: nothing more is sent, and what can be known is kept.

use super::fixture::{SECOND, enrolled, settings, user};
use super::world::World;
use crate::domain::outcome::Status;
use crate::domain::stop::Stop;
use crate::ledger::{AttemptId, AttemptStatus, Entry};

#[test]
fn without_a_durable_intent_nothing_is_sent() {
    let mut world = World::new(settings(), 20);
    world.poll();
    world.feed(20);
    world.poll();
    world.prepared(0, None);
    world.poll();
    world.commit(false);
    for _ in 0..10 {
        world.poll();
        if world.committing.is_some() {
            world.commit(false);
        }
    }
    assert!(world.dispatcher.is_over());
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Storage));
    assert!(world.sent.is_empty());
    assert!((1..=20).all(|number| world.status(number) == Status::Pending));
}

/// As many requests in flight as there may be, and the recorder has a batch with intents.
fn busy() -> World {
    let mut world = World::new(settings(), 100);
    world.work();
    world.answer_id(AttemptId::FIRST, enrolled().into());
    loop {
        world.poll();
        while !world.reading.is_empty() {
            world.prepared(0, None);
        }
        let batch = world.committing.as_ref();
        let intends =
            batch.is_some_and(|batch| batch.entries.iter().any(|entry| matches!(entry, Entry::Intent { .. })));
        if intends && world.in_flight.len() == world.dispatcher.gate.limit() {
            return world;
        }
        match batch {
            Some(_) => world.commit(true),
            None => world.pass(SECOND / 100),
        }
    }
}

/// Whatever the dispatcher still wants to record, with what comes of it.
fn drain(world: &mut World, done: bool) {
    for _ in 0..100 {
        world.poll();
        if world.committing.is_some() {
            world.commit(done);
        } else if let Some(id) = world.in_flight.keys().next().copied() {
            world.answer_id(id, enrolled().into());
        } else {
            break;
        }
    }
    assert!(world.dispatcher.is_over());
}

#[test]
fn requests_in_flight_are_waited_for_though_nothing_can_be_recorded() {
    let mut world = busy();
    let (sent, flying) = (world.sent.len(), world.flying());
    world.commit(false);
    world.poll();
    assert!(!world.dispatcher.is_over());
    drain(&mut world, false);
    assert_eq!(world.sent.len(), sent);
    // Their intents are all that the ledger has, and that is a doubt.
    assert!(flying.iter().all(|number| world.status(*number) == Status::InDoubt));
}

#[test]
fn what_comes_in_after_a_failed_commit_is_recorded_if_there_is_space_again() {
    let mut world = busy();
    let flying = world.flying();
    world.commit(false);
    drain(&mut world, true);
    for number in flying {
        assert_eq!(world.status(number), Status::Enrolled, "{number}");
    }
}

#[test]
fn what_came_in_beside_a_failed_commit_is_not_thrown_away() {
    let mut world = busy();
    let number = world.flying()[0];
    // Its answer waits for the next batch when this one fails.
    let id = world.flight_of(number).unwrap();
    world.answer_id(id, enrolled().into());
    world.commit(false);
    drain(&mut world, true);
    assert_eq!(world.status(number), Status::Enrolled, "it was known to be enrolled");
}

#[test]
fn lost_results_leave_no_doubt_that_is_none() {
    let mut world = busy();
    let sent: Vec<String> = world.sent.iter().map(|sent| sent.user.clone()).collect();
    world.commit_without_results();
    drain(&mut world, true);
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Storage));
    for attempt in world.books.attempts.values() {
        let class = attempt.class;
        let was_sent = sent.contains(&attempt.user);
        assert_eq!(
            class == Some(AttemptStatus::NotSent),
            !was_sent,
            "{}: {class:?}",
            attempt.user
        );
        if was_sent {
            assert_eq!(world.books.view(&attempt.user).status, Status::Enrolled);
        }
    }
}

#[test]
fn a_ledger_that_stays_lost_does_not_keep_the_run_from_ending() {
    let mut world = busy();
    world.commit(false);
    world.wait_failing(30 * SECOND);
    assert!(world.dispatcher.is_over());
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Storage));
}

#[test]
fn a_record_that_fails_at_the_very_end_is_told() {
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer_id(AttemptId::FIRST, enrolled().into());
    world.poll();
    assert!(!world.dispatcher.is_over(), "its outcome is not durable yet");
    world.commit(false);
    drain(&mut world, false);
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Storage));
    assert_eq!(world.books.view(&user(1)).status, Status::InDoubt);
}
