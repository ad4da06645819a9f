//! The limits that a user sets: rows, time, failures, and refusals alike.

use super::fixture::{SECOND, doubt, enrolled, invalid_photo, planned, refused_before, rejected, settings};
use super::world::World;
use crate::client::SendErrorKind;
use crate::domain::outcome::{Reason, Status};
use crate::domain::response::Kind;
use crate::domain::retry::RetryPolicy;
use crate::domain::stop::Stop;
use crate::run::{RunEvent, RunSettings};

fn limited(limit: u64, rows: u32) -> World {
    World::new(
        RunSettings {
            limit: Some(limit),
            ..settings()
        },
        rows,
    )
}

#[test]
fn no_more_rows_are_sent_than_the_limit_allows() {
    for limit in [1, 2, 3, 9, 100] {
        let mut world = limited(limit, 400);
        world.answer_all(|_| enrolled().into());
        assert_eq!(world.sent.len() as u64, limit);
        assert!(world.dispatcher.stats.left_by_limit, "{limit}");
        assert_eq!(world.lines.len() as u64, limit);
    }
}

#[test]
fn a_limit_that_is_not_reached_is_not_told() {
    for rows in [0, 4, 5] {
        let mut world = limited(5, rows);
        world.answer_all(|_| enrolled().into());
        assert_eq!(world.sent.len() as u32, rows);
        assert!(!world.dispatcher.stats.left_by_limit, "{rows}");
    }
}

#[test]
fn further_attempts_do_not_count_against_the_limit() {
    let mut world = limited(1, 5);
    world.work();
    world.answer(1, doubt());
    world.until_sent();
    world.answer(1, enrolled());
    assert!(world.dispatcher.is_over());
    assert_eq!(world.sent_of(1), 2);
}

#[test]
fn a_row_that_is_not_sent_leaves_its_place_to_another() {
    for limit in [1, 2, 3, 10] {
        let mut world = limited(limit, 40);
        world.work_with(|number| (number <= 20).then(invalid_photo));
        world.answer_all(|_| enrolled().into());
        assert_eq!(world.sent.len() as u64, limit, "the limit counts rows that are sent");
    }
}

#[test]
fn refused_rows_that_are_unchanged_do_not_use_up_the_limit() {
    let mut rows: Vec<_> = (1..=30)
        .filter_map(|number| planned(number, refused_before(1, number as u8)))
        .collect();
    rows.extend((31..=40).map(super::fixture::pending));
    let mut world = World::with_rows(
        RunSettings {
            limit: Some(2),
            ..settings()
        },
        rows,
    );
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.sent.len(), 2, "the same command would never get any further");
}

#[test]
fn at_the_limit_the_last_round_still_takes_place() {
    let mut world = World::new(
        RunSettings {
            limit: Some(1),
            retry: RetryPolicy { retries: 1 },
            ..settings()
        },
        1,
    );
    // The manifest's second part comes late.
    world.source.push_back(super::fixture::pending(2));
    world.poll();
    world.feed(1);
    world.poll();
    world.prepared(0, None);
    for _ in 0..2 {
        while world.in_flight.is_empty() {
            world.poll();
            match world.committing.is_some() {
                true => world.commit(true),
                false if !world.reading.is_empty() => world.prepared(0, None),
                false if world.in_flight.is_empty() => world.pass(SECOND),
                false => {}
            }
        }
        world.answer_id(world.in_flight.keys().copied().next().unwrap(), doubt().into());
        world.poll();
        world.commit(true);
        world.poll();
    }
    assert_eq!(world.under_way(), (0, 1), "the row waits for the last round");
    world.feed(1);
    world.poll();
    assert!(
        world.next_wake().is_some(),
        "the dispatcher has a row to send, and waits for nothing"
    );
    world.answer_all(|_| enrolled().into());
    assert_eq!((world.status(1), world.sent_of(2)), (Status::Enrolled, 0));
}

#[test]
fn the_window_closes_and_what_is_in_flight_is_drained() {
    let mut world = World::new(
        RunSettings {
            stop_after: Some(100 * SECOND),
            ..settings()
        },
        1_000,
    );
    world.work();
    for _ in 0..20 {
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    world.wait(100 * SECOND);
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::WindowOver));
    assert!(!world.dispatcher.is_over());
    let (sent, flying) = (world.sent.len(), world.flying());
    for number in flying {
        world.answer(number, enrolled());
    }
    assert!(world.dispatcher.is_over());
    assert_eq!(world.sent.len(), sent);
    assert_eq!(world.lines.len(), sent);
}

#[test]
fn the_dispatcher_wakes_up_for_the_end_of_the_window_and_not_after_the_run() {
    let settings = RunSettings {
        stop_after: Some(100 * SECOND),
        ..settings()
    };
    let mut world = World::new(settings.clone(), 3);
    world.work();
    world.wait(SECOND);
    assert_eq!(world.next_wake(), Some(world.start + 100 * SECOND));
    world.answer_all(|_| enrolled().into());
    world.wait(200 * SECOND);
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        None,
        "it was done before the window closed"
    );
}

#[test]
fn a_row_that_backs_off_when_the_window_closes_is_left_as_it_is() {
    let mut world = World::new(
        RunSettings {
            stop_after: Some(SECOND),
            ..settings()
        },
        2,
    );
    world.work();
    world.answer(1, doubt());
    world.answer(2, enrolled());
    world.wait(SECOND);
    assert!(world.dispatcher.is_over());
    assert_eq!(
        (world.dispatcher.shutdown.stop(), world.status(1)),
        (Some(Stop::WindowOver), Status::InDoubt)
    );
}

#[test]
fn it_stops_after_so_many_rows_that_ended_rejected_or_failed() {
    let mut world = World::new(
        RunSettings {
            max_failures: Some(3),
            retry: RetryPolicy { retries: 0 },
            concurrency: 1,
            ..settings()
        },
        100,
    );
    world.answer_all(|number| match number % 4 {
        0 => rejected(Reason::NoFaceFound).into(),
        1 => SendErrorKind::Lost { whole: false }.into(),
        2 => doubt().into(),
        _ => enrolled().into(),
    });
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::MaxFailures));
    let stats = &world.dispatcher.stats;
    assert_eq!(stats.count(Status::Rejected) + stats.count(Status::Failed), 3);
    assert_eq!(world.sent.len(), 5, "a doubt is no failure: {:?}", world.lines);
}

#[test]
fn twenty_refusals_alike_stop_it_and_a_success_begins_the_count_anew() {
    let alone = RunSettings {
        concurrency: 1,
        ..settings()
    };
    let mut world = World::new(alone.clone(), 100);
    world.answer_all(|_| rejected(Reason::NoFaceFound).into());
    assert_eq!(
        (world.dispatcher.shutdown.stop(), world.sent.len()),
        (Some(Stop::RefusalsAlike), 20)
    );

    let mut world = World::new(alone.clone(), 100);
    world.answer_all(|number| match number {
        20 => enrolled().into(),
        _ => rejected(Reason::NoFaceFound).into(),
    });
    assert_eq!(
        (world.dispatcher.shutdown.stop(), world.sent.len()),
        (Some(Stop::RefusalsAlike), 40)
    );

    let mut world = World::new(alone, 100);
    world.answer_all(|number| match number % 20 {
        0 => rejected(Reason::PoorQuality).into(),
        _ => rejected(Reason::NoFaceFound).into(),
    });
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        None,
        "another refusal is another refusal"
    );
}

#[test]
fn a_refusal_of_the_key_stops_the_run_at_once_and_leaves_its_rows_pending() {
    use crate::domain::response::Refusal;
    let mut world = World::new(settings(), 50);
    world.work();
    world.answer(1, Kind::Stop(Refusal::Credentials));
    assert!(world.dispatcher.is_over());
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        Some(Stop::Refused(Refusal::Credentials))
    );
    assert_eq!(world.sent.len(), 1, "a wrong key costs one request");
    assert!((1..=50).all(|number| world.status(number) == Status::Pending));
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, RunEvent::Refused { .. }))
    );
    assert_eq!(world.lines, []);
    // What was ready to go is taken back, so that it leaves no doubt.
    assert!(world.books.attempts.values().all(|attempt| attempt.class.is_some()));
}

#[test]
fn a_certificate_that_is_not_trusted_stops_it_too() {
    use crate::domain::response::Refusal;
    let mut world = World::new(settings(), 5);
    world.work();
    world.answer(1, SendErrorKind::Certificate);
    assert!(world.dispatcher.is_over());
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        Some(Stop::Refused(Refusal::Certificate))
    );
    assert_eq!(world.status(1), Status::Pending);
}

#[test]
fn a_refusal_of_the_key_leaves_a_doubt_in_doubt() {
    use crate::domain::response::Refusal;
    let mut world = World::new(settings(), 1);
    world.work();
    world.answer(1, doubt());
    world.until_sent();
    world.answer(1, Kind::Stop(Refusal::Account));
    assert_eq!(world.status(1), Status::InDoubt);
}
