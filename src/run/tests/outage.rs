//! An endpoint that is down or throttling: the run pauses, probes, waits, and gives up in time.

use super::fixture::{Back, SECOND, doubt, enrolled, settings, throttled};
use super::world::World;
use crate::client::SendErrorKind;
use crate::domain::outcome::Status;
use crate::domain::response::Kind;
use crate::domain::retry::RetryPolicy;
use crate::domain::stop::Stop;
use crate::run::{RunSettings, Waiting};

/// Answers everything alike until the run is over or `enough` says so.
fn weather(world: &mut World, back: Back, mut enough: impl FnMut(&World) -> bool) {
    for _ in 0..10_000 {
        world.work();
        if world.dispatcher.is_over() || enough(world) {
            return;
        }
        match world.flying().first() {
            Some(number) => world.answer(*number, back),
            None => drop(world.wake()),
        }
    }
    panic!("no end of it");
}

#[test]
fn a_refused_connection_ends_the_run_after_max_outage_and_burns_no_row() {
    let mut world = World::new(settings(), 20);
    weather(&mut world, SendErrorKind::Connect.into(), |_| false);
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Outage));
    assert_eq!(world.now.instant - world.start, 600 * SECOND);
    assert_eq!(world.lines, [], "no row has ended");
    for number in 1..=20 {
        assert_eq!(world.status(number), Status::Pending, "{number}");
    }
    assert!(
        world.sent.len() < 200,
        "{} connections in ten minutes",
        world.sent.len()
    );
}

#[test]
fn throttling_without_end_ends_the_run_too() {
    for back in [throttled(None), throttled(Some(30))] {
        let mut world = World::new(
            RunSettings {
                retry: RetryPolicy { retries: 1_000 },
                ..settings()
            },
            20,
        );
        weather(&mut world, back.into(), |_| false);
        assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Outage), "{back:?}");
        assert_eq!(world.now.instant - world.start, 600 * SECOND, "{back:?}");
        assert!(
            (1..=20).all(|number| world.status(number) == Status::Pending),
            "{back:?}"
        );
    }
}

#[test]
fn a_wait_beyond_max_outage_ends_the_run_at_once() {
    for (seconds, stop) in [(600, None), (601, Some(Stop::Outage)), (86_400, Some(Stop::Outage))] {
        let mut world = World::new(settings(), 5);
        world.work();
        world.answer(1, throttled(Some(seconds)));
        assert_eq!(world.dispatcher.shutdown.stop(), stop, "{seconds}");
        assert_eq!(world.dispatcher.is_over(), stop.is_some(), "{seconds}");
    }
}

#[test]
fn a_wait_beyond_max_outage_ends_the_run_even_if_another_row_is_settled_in_the_same_moment() {
    let mut world = World::new(settings(), 9);
    world.work();
    world.answer(1, enrolled());
    let ids: Vec<_> = world.in_flight.keys().copied().collect();
    world.answer_id(ids[0], throttled(Some(86_400)).into());
    world.answer_id(ids[1], enrolled().into());
    world.work();
    assert_eq!(
        world.dispatcher.shutdown.stop(),
        Some(Stop::Outage),
        "it would hold the run for a day"
    );
}

#[test]
fn a_row_that_is_settled_shows_that_the_outage_is_over() {
    let mut world = World::new(settings(), 50);
    weather(&mut world, SendErrorKind::Connect.into(), |world| {
        world.now.instant - world.start > 500 * SECOND
    });
    while world.in_flight.is_empty() {
        world.until_sent();
    }
    let number = world.flying()[0];
    world.answer(number, enrolled());
    weather(&mut world, SendErrorKind::Connect.into(), |world| {
        world.now.instant - world.start > 1_000 * SECOND
    });
    assert_eq!(world.dispatcher.shutdown.stop(), None, "its patience began anew");
}

#[test]
fn doubts_without_end_pause_the_run_before_they_burn_the_rows() {
    let mut world = World::new(settings(), 100);
    weather(&mut world, doubt().into(), |world| {
        world.dispatcher.gate.waiting(world.now.instant).is_some()
    });
    assert!(matches!(
        world.dispatcher.gate.waiting(world.now.instant),
        Some(Waiting::Down { .. })
    ));
    let before = world.sent.len();
    // From here on one row at a time, and nobody is charged for it.
    weather(&mut world, doubt().into(), |world| {
        assert!(world.in_flight.len() <= 1, "a probe is one row");
        false
    });
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Outage));
    assert!(world.sent.len() > before, "it was probed");
    assert_eq!(world.lines, [], "no row has ended");
}

#[test]
fn a_probe_that_succeeds_lets_all_go_on_and_every_row_is_enrolled() {
    let mut world = World::new(settings(), 300);
    world.work();
    while world.in_flight.len() < 8 {
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    weather(&mut world, doubt().into(), |world| {
        world.now.instant - world.start > 300 * SECOND
    });
    assert_eq!(world.dispatcher.shutdown.stop(), None);
    let ended = world.lines.len();
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.dispatcher.shutdown.stop(), None);
    assert!(world.lines[ended..].iter().all(|line| line.1 == Status::Enrolled));
    world.assert_each_row_ended_once(300);
    assert!(
        world.lines.iter().all(|line| line.1 == Status::Enrolled),
        "an outage burns no row"
    );
}

#[test]
fn attempts_during_a_pause_are_not_charged() {
    let mut world = World::new(
        RunSettings {
            retry: RetryPolicy { retries: 1 },
            max_outage: 100_000 * SECOND,
            ..settings()
        },
        2,
    );
    // 60 refused connections: the budget is spent, and neither row has lost an attempt.
    weather(&mut world, SendErrorKind::Connect.into(), |world| world.sent.len() > 60);
    weather(&mut world, doubt().into(), |world| world.sent.len() > 100);
    assert_eq!(world.lines, []);
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.lines.len(), 2);
}

#[test]
fn rows_that_always_fail_do_not_starve_those_behind_them() {
    for (bad, seed) in [(80, 1), (80, 2), (80, 3), (200, 4)] {
        let rows = (1..=bad + 200).map(super::fixture::pending).collect();
        let settings = RunSettings {
            concurrency: 16,
            ..settings()
        };
        let mut world = World::resumed(settings, rows, Default::default(), seed);
        world.answer_all(|number| match number {
            number if number <= bad => Kind::ServerFailed(None).into(),
            _ => enrolled().into(),
        });
        let good = world.lines.iter().filter(|line| line.1 == Status::Enrolled).count();
        assert_eq!(good, 200, "{bad} bad rows in front, seed {seed}");
    }
}

#[test]
fn every_other_probe_of_a_pause_is_a_fresh_row() {
    let mut world = World::new(settings(), 200);
    weather(&mut world, SendErrorKind::Connect.into(), |world| {
        world.dispatcher.gate.waiting(world.now.instant).is_some()
    });
    let before = world.sent.len();
    weather(&mut world, SendErrorKind::Connect.into(), |world| {
        world.sent.len() > before + 20
    });
    let seen = |place: usize| {
        let user = &world.sent[place].user;
        world.sent[..place].iter().any(|sent| sent.user == *user)
    };
    // The first of them may have been chosen before the pause.
    let repeats: Vec<bool> = (before + 1..before + 20).map(seen).collect();
    assert!(repeats.windows(2).all(|pair| pair[0] != pair[1]), "{repeats:?}");
}
