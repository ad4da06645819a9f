//! Servers that take a few requests at a time, or fail now and then, in time that passes as it would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::fixture::{Back, enrolled, settings, throttled};
use super::world::{Sent, World};
use crate::client::SendErrorKind;
use crate::domain::response::Kind;
use crate::ledger::AttemptId;
use crate::run::RunSettings;

/// Time of an answer by a server that takes the request, and of a refusal.
const ANSWER: Duration = Duration::from_millis(50);
const REFUSAL: Duration = Duration::from_millis(2);

/// When each request in flight is answered, and whether it was taken.
#[derive(Default)]
struct Narrow(BTreeMap<AttemptId, (Instant, bool)>);

impl Narrow {
    fn receive(&mut self, world: &World, places: usize) {
        for id in world.in_flight.keys() {
            let taken = self.0.values().filter(|(_, taken)| *taken).count() < places;
            let due = world.now.instant + if taken { ANSWER } else { REFUSAL };
            self.0.entry(*id).or_insert((due, taken));
        }
    }

    /// Lets time go by until something happens.
    fn step(&mut self, world: &mut World) {
        let now = world.now.instant;
        let answer = self.0.values().map(|(due, _)| *due).min();
        let next = [answer, world.next_wake()].into_iter().flatten().min();
        world.pass(next.expect("something to wait for").saturating_duration_since(now));
        let now = world.now.instant;
        let due: Vec<_> = self.0.extract_if(.., |_, (due, _)| *due <= now).collect();
        for (id, (_, taken)) in due {
            let answer = if taken { enrolled() } else { throttled(None) };
            world.answer_id(id, answer.into());
        }
    }
}

/// Requests that it takes to enroll so many rows, and how long.
fn enroll(rows: u32, places: usize) -> (usize, Duration) {
    let settings = RunSettings {
        concurrency: 32,
        ..settings()
    };
    let (mut world, mut server) = (World::new(settings, rows), Narrow::default());
    world.work();
    while !world.dispatcher.is_over() {
        server.receive(&world, places);
        server.step(&mut world);
        world.work();
    }
    world.assert_each_row_ended_once(rows);
    (world.sent.len(), world.now.instant - world.start)
}

#[test]
fn a_server_that_takes_four_at_a_time_costs_less_than_half_a_request_a_row() {
    let (requests, took) = enroll(1_000, 4);
    assert!(requests < 1_500, "{requests} requests for 1,000 rows");
    let at_best = ANSWER * 250;
    assert!(took < at_best * 2, "{took:?} where {at_best:?} would do");
}

#[test]
fn a_server_that_takes_all_is_asked_once_a_row_and_is_kept_busy() {
    let (requests, took) = enroll(3_200, 32);
    assert_eq!(requests, 3_200);
    let at_best = ANSWER * 100;
    assert!(took < at_best * 11 / 10, "{took:?} where {at_best:?} would do");
}

/// How long it takes to enroll so many rows at a server that answers after 100 ms and fails with so many of a thousand:
/// 503, a lost answer, a reset before the last byte.
fn enroll_where_some_fail(rows: u32, seed: u64, [busy, lost, reset]: [u32; 3]) -> Duration {
    const LATENCY: Duration = Duration::from_millis(100);
    let settings = RunSettings {
        concurrency: 16,
        in_doubt_wait: Duration::from_secs(1),
        ..settings()
    };
    let (mut world, mut rng) = (World::new(settings, rows), StdRng::seed_from_u64(seed));
    world.work();
    while !world.dispatcher.is_over() {
        let now = world.now.instant;
        let answer = world.in_flight.values().map(|sent| sent.at + LATENCY).min();
        let next = [answer, world.next_wake()].into_iter().flatten().min();
        world.pass(next.expect("something to wait for").saturating_duration_since(now));
        let is_due = |sent: &&Sent| sent.at + LATENCY <= world.now.instant;
        let due: Vec<_> = world.in_flight.values().filter(is_due).map(|sent| sent.id).collect();
        for id in due {
            let back = match rng.random_range(0..1_000) {
                chance if chance < busy => Kind::ServerFailed(None).into(),
                chance if chance < busy + lost => SendErrorKind::Lost { whole: true }.into(),
                chance if chance < busy + lost + reset => SendErrorKind::Lost { whole: false }.into(),
                _ => Back::from(enrolled()),
            };
            world.answer_id(id, back);
        }
        world.work();
    }
    world.assert_each_row_ended_once(rows);
    world.now.instant - world.start
}

#[test]
fn a_server_that_fails_now_and_then_costs_little_more_than_its_failures() {
    let at_best = enroll_where_some_fail(3_000, 1, [0, 0, 0]);
    let took: Vec<Duration> = (1..=10)
        .map(|seed| enroll_where_some_fail(3_000, seed, [50, 30, 30]))
        .collect();
    let mean = took.iter().sum::<Duration>() / took.len() as u32;
    assert!(mean < at_best * 13 / 10, "{took:?} instead of {at_best:?}");
}
