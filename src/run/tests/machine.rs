//! Too many open files, or no memory: the run becomes smaller, and no row has to answer for it.

use super::fixture::{SECOND, enrolled, machine_fault, settings};
use super::world::World;
use crate::client::SendErrorKind;
use crate::domain::outcome::Status;
use crate::domain::retry::RetryPolicy;
use crate::domain::stop::Stop;
use crate::run::RunSettings;

/// A run with 32 requests in flight.
fn wide() -> World {
    let mut world = World::new(
        RunSettings {
            concurrency: 32,
            retry: RetryPolicy { retries: 0 },
            ..settings()
        },
        500,
    );
    world.work();
    while world.in_flight.len() < 32 {
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    world
}

#[test]
fn no_descriptor_for_a_connection_lowers_the_concurrency_and_fails_no_row() {
    let mut world = wide();
    let number = world.flying()[0];
    world.answer(number, SendErrorKind::Machine);
    let limit = world.dispatcher.gate.limit();
    assert!((16..32).contains(&limit), "{limit}");
    assert_ne!(world.status(number), Status::Failed);
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.status(number), Status::Enrolled);
    assert!(
        world.dispatcher.gate.limit() > limit,
        "a shortage of a moment is not one for ever"
    );
    world.assert_each_row_ended_once(500);
}

#[test]
fn no_descriptor_for_a_photo_does_the_same() {
    let mut world = wide();
    let number = world.flying()[0];
    world.answer_id(world.flight_of(number).unwrap(), enrolled().into());
    let mut faults = 0;
    while faults == 0 {
        world.poll();
        if !world.reading.is_empty() {
            world.prepared(0, Some(machine_fault()));
            faults += 1;
        } else if world.committing.is_some() {
            world.commit(true);
        } else {
            let number = world.flying()[0];
            world.answer_id(world.flight_of(number).unwrap(), enrolled().into());
        }
    }
    let limit = world.dispatcher.gate.limit();
    assert!((16..32).contains(&limit), "{limit}");
    world.answer_all(|_| enrolled().into());
    world.assert_each_row_ended_once(500);
    assert!(world.lines.iter().all(|line| line.1 == Status::Enrolled));
}

#[test]
fn a_burst_of_faults_is_one_sign_and_not_thirty() {
    let mut world = wide();
    for id in world.in_flight.keys().copied().collect::<Vec<_>>() {
        world.answer_id(id, SendErrorKind::Machine.into());
    }
    let limit = world.dispatcher.gate.limit();
    assert!(limit >= 16, "{limit} in flight for the rest of the run");
}

#[test]
fn photos_that_can_never_be_opened_end_the_run_after_max_outage() {
    let mut world = World::new(settings(), 20);
    for _ in 0..10_000 {
        world.work_with(|_| Some(machine_fault()));
        if world.dispatcher.is_over() {
            break;
        }
        world.pass(world.next_wake().unwrap().saturating_duration_since(world.now.instant));
    }
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Outage));
    assert_eq!(world.now.instant - world.start, 600 * SECOND);
    assert!((1..=20).all(|number| world.status(number) == Status::Pending));
}
