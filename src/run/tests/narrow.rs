//! A server that takes a few requests at a time and refuses the rest, in time that passes as it would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::fixture::{enrolled, settings, throttled};
use super::world::World;
use crate::ledger::AttemptId;
use crate::run::RunSettings;

/// Time of an answer by a server that takes the request, and of a refusal.
const ANSWER: Duration = Duration::from_millis(50);
const REFUSAL: Duration = Duration::from_millis(2);

/// When each request in flight is answered, and whether it was taken.
#[derive(Default)]
struct Narrow(BTreeMap<AttemptId, (Instant, bool)>);

impl Narrow {
    fn answer(&mut self, world: &World, places: usize) {
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
        server.answer(&world, places);
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
