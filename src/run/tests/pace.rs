//! When a request may leave: the limit, the rate, backoff, quiet times and what the server asks for.

use std::time::Duration;

use super::fixture::{Back, SECOND, doubt, enrolled, settings, throttled};
use super::world::World;
use crate::client::SendErrorKind;
use crate::domain::outcome::{Reason, Status};
use crate::domain::response::Kind;
use crate::domain::stop::Stop;
use crate::run::RunSettings;

/// A run that is wide open: `wide` requests in flight.
fn open(wide: usize, rows: u32) -> World {
    let mut world = World::new(
        RunSettings {
            concurrency: wide,
            ..settings()
        },
        rows,
    );
    world.work();
    while world.in_flight.len() < wide {
        world.pass(Duration::from_millis(20));
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    world
}

#[test]
fn what_is_known_waits_for_company_for_a_moment_only() {
    let mut world = World::new(settings(), 100);
    world.work();
    while world.in_flight.len() < 8 {
        let number = world.flying()[0];
        world.answer(number, enrolled());
    }
    world.wait(SECOND);
    let recorded = world.lines.len();
    let number = world.flying()[0];
    world.answer(number, enrolled());
    assert_eq!(
        world.lines.len(),
        recorded,
        "enough rows are ready, so that others may share the commit"
    );
    let wake = world.next_wake().unwrap();
    assert!(wake <= world.now.instant + SECOND / 100);
    world.wait(SECOND / 100);
    assert_eq!(
        world.lines.len(),
        recorded + 1,
        "no other answer has come, and it is recorded all the same"
    );
}

#[test]
fn one_is_in_flight_until_the_first_row_is_settled() {
    for back in [
        Back::from(throttled(None)),
        doubt().into(),
        SendErrorKind::Connect.into(),
    ] {
        let mut world = World::new(settings(), 30);
        for _ in 0..5 {
            world.work();
            assert_eq!(world.in_flight.len(), 1, "{back:?}");
            let number = world.flying()[0];
            world.answer(number, back);
            if world.in_flight.is_empty() {
                world.until_sent();
            }
        }
        assert_eq!(world.in_flight.len(), 1, "{back:?}");
        let number = world.flying()[0];
        world.answer(number, enrolled());
        assert!(world.in_flight.len() > 1, "{back:?}");
    }
}

#[test]
fn it_grows_to_the_concurrency_and_no_further() {
    let mut world = World::new(settings(), 200);
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.most_in_flight, 8);
    assert!(world.dispatcher.is_over());
    world.assert_each_row_ended_once(200);
}

#[test]
fn photos_are_not_read_far_ahead() {
    let mut world = World::new(settings(), 500);
    world.poll();
    world.feed(256);
    world.poll();
    assert!(
        world.reading.len() <= 7,
        "{} photos before the first answer",
        world.reading.len()
    );
    world.work();
    world.answer(1, enrolled());
    let mut most = 0;
    for _ in 0..100 {
        world.poll();
        most = most.max(world.reading.len());
        if world.committing.is_some() {
            world.commit(true);
        } else if !world.reading.is_empty() {
            world.prepared(0, None);
        }
    }
    assert!(most <= 8 + 64, "{most}");
}

#[test]
fn no_more_photos_are_read_than_memory_may_hold_and_the_run_goes_on_all_the_same() {
    let mut world = World::new(settings(), 200);
    let answer_first = |world: &mut World| world.answer(world.flying()[0], enrolled());
    world.work();
    (0..8).for_each(|_| answer_first(&mut world));
    world.dispatcher.held_bytes = 34_000_000;
    while world.in_flight.len() > 1 {
        answer_first(&mut world);
    }
    for _ in 0..5 {
        answer_first(&mut world);
        assert_eq!(world.dispatcher.pipeline.rows(), 1, "one row in any case, and no more");
    }
    world.dispatcher.held_bytes = 0;
    answer_first(&mut world);
    assert!(
        world.dispatcher.pipeline.rows() > 8,
        "{}",
        world.dispatcher.pipeline.rows()
    );
    world.answer_all(|_| enrolled().into());
    world.assert_each_row_ended_once(200);
}

#[test]
fn on_a_slow_disk_more_rows_are_ahead_since_they_wait_for_their_intents() {
    let mut world = World::new(settings(), 500);
    world.work();
    for _ in 0..20 {
        world.pass(Duration::from_millis(2));
        world.answer(world.flying()[0], enrolled());
    }
    let ahead = |world: &World| world.dispatcher.pipeline.rows() - world.in_flight.len();
    let usual = ahead(&world);
    assert!(usual <= 6 * 8, "{usual}");
    let mut told = Vec::new();
    for _ in 0..20 {
        told.push(world.dispatcher.commits.begin(world.now.instant).slow_disk);
        world.dispatcher.commits.end(world.now.instant + SECOND / 10);
    }
    assert_eq!(
        [told.first(), told.last()],
        [Some(&false), Some(&true)],
        "the ledger hears of it"
    );
    world.poll();
    assert!(ahead(&world) > 2 * usual, "{}", ahead(&world));
}

#[test]
fn with_little_memory_a_row_at_a_time_goes_on() {
    let photo_memory = 0;
    let mut world = World::new(
        RunSettings {
            photo_memory,
            ..settings()
        },
        40,
    );
    world.answer_all(|_| enrolled().into());
    assert_eq!(world.most_in_flight, 1);
    world.assert_each_row_ended_once(40);
}

#[test]
fn a_rate_spreads_the_requests() {
    let mut world = World::new(
        RunSettings {
            interval: Some(SECOND / 2),
            ..settings()
        },
        10,
    );
    world.work();
    while !world.dispatcher.is_over() {
        match world.flying().first() {
            Some(number) => world.answer(*number, enrolled()),
            None => drop(world.wake()),
        }
    }
    let starts: Vec<_> = world
        .sent
        .iter()
        .map(|sent| (sent.at - world.start).as_millis())
        .collect();
    let wanted: Vec<_> = (0..10).map(|place| place * 500).collect();
    assert_eq!(starts, wanted);
}

#[test]
fn what_was_not_processed_backs_off_with_jitter_below_its_cap() {
    let mut longest = Duration::ZERO;
    for seed in 0..40 {
        let mut world = World::resumed(settings(), vec![super::fixture::pending(1)], Default::default(), seed);
        world.work();
        for most in [500, 1_000, 2_000, 4_000] {
            world.answer(1, SendErrorKind::Lost { whole: false });
            let waited = world.until_sent();
            assert!(waited <= Duration::from_millis(most), "{waited:?} of {most} ms");
            longest = longest.max(waited);
        }
    }
    assert!(longest > 3 * SECOND, "{longest:?}");
}

#[test]
fn a_doubt_has_its_quiet_time_before_every_further_attempt() {
    for wait in [5 * SECOND, 40 * SECOND] {
        let mut world = World::new(
            RunSettings {
                in_doubt_wait: wait,
                ..settings()
            },
            1,
        );
        world.work();
        // The world itself asserts the quiet time; here it must also be no more than it has to.
        while !world.dispatcher.is_over() {
            world.answer(1, doubt());
            if !world.dispatcher.is_over() {
                let waited = world.until_sent();
                assert!(waited >= wait && waited <= wait.max(30 * SECOND), "{waited:?}");
            }
        }
        assert_eq!(world.sent.len(), 10);
    }
}

#[test]
fn other_rows_are_sent_while_one_is_quiet() {
    let mut world = World::new(settings(), 3);
    world.work();
    world.answer(1, doubt());
    assert_eq!(world.flying(), [2]);
}

#[test]
fn a_retry_after_holds_everybody_for_its_seconds() {
    let mut world = open(4, 40);
    let (held, before) = (world.flying()[0], world.sent.len());
    world.answer(held, throttled(Some(7)));
    for number in world.flying() {
        world.answer(number, enrolled());
    }
    assert!(world.in_flight.is_empty());
    assert_eq!(world.sent.len(), before);
    world.wait(Duration::from_millis(6_999));
    assert_eq!(world.sent.len(), before, "still held");
    world.wait(Duration::from_millis(1));
    assert!(world.sent.len() > before);
}

#[test]
fn the_longest_hold_counts() {
    let mut world = open(4, 40);
    let flying = world.flying();
    world.answer(flying[0], throttled(Some(9)));
    world.answer(flying[1], throttled(Some(2)));
    for number in &flying[2..] {
        world.answer(*number, enrolled());
    }
    assert_eq!(world.until_sent(), 9 * SECOND);
}

#[test]
fn a_busy_server_may_ask_for_a_wait_with_a_doubt_too() {
    let mut world = open(4, 40);
    let flying = world.flying();
    world.answer(flying[0], Kind::InDoubt(Reason::ServerError, Some(11 * SECOND)));
    for number in &flying[1..] {
        world.answer(*number, enrolled());
    }
    assert_eq!(world.until_sent(), 11 * SECOND);
}

#[test]
fn throttling_narrows_the_run_once_per_round_trip() {
    let mut world = open(8, 300);
    for flying in world.flying() {
        world.answer(flying, throttled(None));
    }
    assert_eq!(
        world.dispatcher.gate.limit(),
        6,
        "of one round trip the first signs count"
    );
}

#[test]
fn a_single_throttled_answer_does_not_narrow_it() {
    let mut world = open(8, 300);
    let number = world.flying()[0];
    world.answer(number, throttled(None));
    assert_eq!(world.dispatcher.gate.limit(), 8);
}

#[test]
fn a_row_that_is_only_ever_throttled_is_pending_and_the_run_ends_as_an_outage() {
    for wait in [None, Some(0), Some(1)] {
        let mut world = World::new(settings(), 2);
        world.answer_all(|number| match number {
            1 => throttled(wait).into(),
            _ => enrolled().into(),
        });
        assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::Outage), "{wait:?}");
        assert_eq!(
            (world.status(1), world.reason(1), world.status(2)),
            (Status::Pending, Some(Reason::Throttled), Status::Enrolled),
            "{wait:?}"
        );
    }
}

#[test]
fn a_wait_of_nothing_does_not_switch_the_backoff_off() {
    let mut world = World::new(settings(), 3);
    world.work();
    let (start, sent) = (world.now.instant, 20);
    while world.sent.len() < sent {
        match world.flying().first() {
            Some(number) => world.answer(*number, throttled(Some(0))),
            None => drop(world.until_sent()),
        }
    }
    assert!(
        world.now.instant - start > 20 * SECOND,
        "{sent} requests in {:?}",
        world.now.instant - start
    );
}

#[test]
fn a_server_that_has_failed_asks_for_no_quiet_time_and_a_gateway_that_gave_up_does() {
    for (back, least) in [
        (Kind::ServerFailed(None), Duration::ZERO),
        (Kind::InDoubt(Reason::ServerError, None), 5 * SECOND),
    ] {
        let mut world = World::new(settings(), 1);
        world.work();
        world.answer(1, back);
        let waited = world.until_sent();
        assert!(
            waited >= least && waited <= least.max(SECOND / 2),
            "{back:?}: {waited:?}"
        );
    }
}

#[test]
fn the_quiet_time_counts_from_the_sending() {
    for (took, rest) in [(0, 5), (3, 2), (60, 0)] {
        let mut world = World::new(settings(), 1);
        world.work();
        world.pass(took * SECOND);
        world.answer(1, SendErrorKind::Silent { whole: true });
        let waited = world.until_sent();
        let (least, most) = (rest * SECOND, (rest * SECOND).max(SECOND / 2));
        assert!(waited >= least && waited <= most, "{took} s: {waited:?}");
    }
}

#[test]
fn a_slow_upload_does_not_shorten_the_quiet_time() {
    let mut world = World::new(settings(), 1);
    world.work();
    // Twenty seconds for the upload, one second until the connection was lost.
    world.pass(21 * SECOND);
    world.still_for = Some(SECOND);
    world.answer(1, SendErrorKind::Lost { whole: true });
    let waited = world.until_sent();
    assert!(waited >= 4 * SECOND && waited <= 9 * SECOND / 2, "{waited:?}");
}
