//! Random schedules: whatever the order of commits, photos, answers, signals and crashes, the promises hold.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::books::Books;
use super::fixture::{SECOND, invalid_photo, machine_fault, planned, settings, user};
use super::server::Server;
use super::world::World;
use crate::domain::outcome::Status;
use crate::domain::stop::Stop;
use crate::run::RunSettings;

const ROWS: u32 = 40;

/// How rough a schedule is, in chances of a hundred.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    faults: u32,
    bad_photos: u32,
    lost_storage: u32,
    signals: u32,
    kills: u32,
}

/// One run over what is outstanding. False: the process was killed.
fn run(world: &mut World, server: &mut Server, weather: Weather, rng: &mut StdRng) -> bool {
    let mut idle = 0;
    for _ in 0..200_000 {
        idle = if world.poll() { 0 } else { idle + 1 };
        if world.dispatcher.is_over() {
            return true;
        }
        if rng.random_ratio(weather.kills, 1_000) {
            let lost: Vec<_> = world.in_flight.values().cloned().collect();
            server.lose(&lost, rng);
            return false;
        }
        if rng.random_ratio(weather.signals, 1_000) {
            world.dispatcher.end(Stop::Interrupted, world.now.instant);
        }
        step(world, server, weather, rng);
        assert!(
            idle < 2_000,
            "the dispatcher spins: nothing happens, and it wants to be polled"
        );
    }
    panic!("the run never ends");
}

/// One thing happens, whichever.
fn step(world: &mut World, server: &mut Server, weather: Weather, rng: &mut StdRng) {
    let mut choices = Vec::new();
    if world.committing.is_some() {
        choices.extend(["commit"; 4]);
    }
    if !world.reading.is_empty() {
        choices.extend(["photo"; 4]);
    }
    if !world.in_flight.is_empty() {
        choices.extend(["answer"; 4]);
    }
    if world.feed_wanted {
        choices.push("feed");
    }
    if world.next_wake().is_some() {
        choices.push("time");
    }
    assert!(
        !choices.is_empty(),
        "the dispatcher waits for nothing: {:?}",
        world.dispatcher.shutdown.stop()
    );
    match choices[rng.random_range(0..choices.len())] {
        "commit" => {
            let done = !rng.random_ratio(weather.lost_storage, 1_000);
            world.commit(done);
        }
        "photo" => {
            let place = rng.random_range(0..world.reading.len());
            let number = world.reading[place].row.number;
            let error = match () {
                () if number % 13 == 5 && weather.bad_photos > 0 => Some(invalid_photo()),
                () if rng.random_ratio(weather.bad_photos, 100) => Some(machine_fault()),
                () => None,
            };
            world.prepared(place, error);
        }
        "answer" => {
            world.pass(Duration::from_millis(rng.random_range(1..200)));
            let ids: Vec<_> = world.in_flight.keys().copied().collect();
            let id = ids[rng.random_range(0..ids.len())];
            let sent = world.in_flight[&id].clone();
            let back = server.answer(&sent, weather.faults, rng);
            world.answer_id(id, back);
        }
        "feed" => world.feed(rng.random_range(0..20)),
        _ => {
            let wake = world.next_wake().unwrap();
            let rest = wake.saturating_duration_since(world.now.instant);
            // Requests, disk and ledger answer within seconds, so time only leaps when all of them are still.
            let most = if choices.len() == 1 { rest } else { SECOND };
            world.pass(rest.min(most));
        }
    }
}

/// The rows that are outstanding by the books.
fn begin(settings: RunSettings, books: Books, seed: u64) -> World {
    let date = super::fixture::pending(1).row.created_at;
    let plan = |number| planned(number, books.history(&user(number)).plan(&date));
    let rows = (1..=ROWS).filter_map(plan).collect();
    World::resumed(settings, rows, books, seed)
}

fn others(server: &mut Server) {
    for number in (1..=ROWS).filter(|number| number % 11 == 0) {
        server.users.insert(user(number), None);
    }
}

#[test]
fn every_row_ends_once_and_is_told_truly_in_any_weather() {
    for seed in 0..300 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut server = Server::default();
        others(&mut server);
        let weather = Weather {
            faults: [0, 10, 40][seed as usize % 3],
            bad_photos: [0, 5][seed as usize % 2],
            ..Weather::default()
        };
        let mut world = begin(settings(), Books::default(), seed);
        let rows = world.source.len() as u32;
        run(&mut world, &mut server, weather, &mut rng);
        assert_eq!(world.dispatcher.shutdown.stop(), None, "seed {seed}");
        world.assert_each_row_ended_once(rows);
        for number in 1..=ROWS {
            server.assert_told_truly(&world, number);
            let status = world.status(number);
            assert_ne!(status, Status::Pending, "seed {seed}: row {number} was never done");
            let line = world.lines.iter().find(|line| line.0 == number).unwrap();
            assert_eq!(line.1, status, "seed {seed}: the followed results say something else");
        }
    }
}

#[test]
fn a_doubt_is_never_taken_back_into_failed_or_already_enrolled() {
    for seed in 0..100 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut server = Server::default();
        let weather = Weather {
            faults: 80,
            ..Weather::default()
        };
        let mut world = begin(settings(), Books::default(), seed);
        run(&mut world, &mut server, weather, &mut rng);
        for number in 1..=ROWS {
            server.assert_told_truly(&world, number);
        }
        // Nobody else enrolls here, so that a 2209 is always our own doing.
        assert_eq!(world.dispatcher.stats.count(Status::AlreadyEnrolled), 0, "seed {seed}");
    }
}

#[test]
fn killed_interrupted_or_out_of_disk_it_converges_when_it_is_run_again() {
    for seed in 0..150 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut server = Server::default();
        others(&mut server);
        let mut books = Books::default();
        let weather = Weather {
            faults: 20,
            bad_photos: 2,
            lost_storage: 10,
            signals: 5,
            kills: 10,
        };
        for round in 0..8 {
            let mut world = begin(settings(), books, seed * 100 + round);
            // The next process knows nothing of the last one's moment; the quiet time has gone by.
            world.pass(Duration::from_secs(3_600 * (round + 1)));
            world.dispatcher.settings.started = world.now.instant;
            run(&mut world, &mut server, weather, &mut rng);
            for number in 1..=ROWS {
                server.assert_told_truly(&world, number);
            }
            books = world.books;
        }
        let mut last = begin(settings(), books, seed);
        last.pass(1_000_000 * SECOND);
        run(&mut last, &mut server, Weather::default(), &mut rng);
        assert_eq!(last.dispatcher.shutdown.stop(), None);
        for number in 1..=ROWS {
            server.assert_told_truly(&last, number);
            let status = last.status(number);
            let wanted = match number % 10 {
                _ if number % 11 == 0 => status.is_settled(),
                7 => status == Status::Rejected,
                _ => status.is_settled(),
            };
            assert!(wanted, "seed {seed}: row {number} is {status}");
        }
    }
}

#[test]
fn whatever_the_limit_no_more_rows_are_sent() {
    for seed in 0..60 {
        let mut rng = StdRng::seed_from_u64(seed);
        let limit = seed % 12 + 1;
        let mut world = begin(
            RunSettings {
                limit: Some(limit),
                ..settings()
            },
            Books::default(),
            seed,
        );
        let weather = Weather {
            faults: 15,
            bad_photos: 10,
            ..Weather::default()
        };
        run(&mut world, &mut Server::default(), weather, &mut rng);
        let users: std::collections::HashSet<_> = world.sent.iter().map(|sent| &sent.user).collect();
        assert!(users.len() as u64 <= limit, "seed {seed}: {} of {limit}", users.len());
        assert!(
            world.dispatcher.stats.left_by_limit,
            "seed {seed}: {:?}",
            world.dispatcher.shutdown.stop()
        );
    }
}
