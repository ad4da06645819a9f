//! Random schedules: whatever the order of commits, photos, answers, signals and crashes, the promises hold.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::books::Books;
use super::choices::{Choices, choices};
use super::fixture::{SECOND, invalid_photo, machine_fault, planned, settings, user};
use super::server::Server;
use super::world::World;
use crate::domain::outcome::Status;
use crate::domain::stop::Stop;
use crate::domain::testing::cases;
use crate::run::RunSettings;

const ROWS: u32 = 40;

/// How rough a schedule is. Faults and bad photos in chances of a hundred, the rest of a thousand.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    faults: u32,
    bad_photos: u32,
    lost_storage: u32,
    signals: u32,
    kills: u32,
}

/// One run over what is outstanding. False: the process was killed.
fn run(world: &mut World, server: &mut Server, weather: Weather, choices: &mut Choices) -> bool {
    let mut idle = 0;
    for _ in 0..200_000 {
        idle = if world.poll() { 0 } else { idle + 1 };
        if world.dispatcher.is_over() {
            return true;
        }
        if choices.chance(weather.kills, 1_000) {
            let lost: Vec<_> = world.in_flight.values().cloned().collect();
            server.lose(&lost, choices);
            return false;
        }
        if choices.chance(weather.signals, 1_000) {
            world.dispatcher.end(Stop::Interrupted, world.now.instant);
        }
        step(world, server, weather, choices);
        assert!(
            idle < 2_000,
            "the dispatcher spins: nothing happens, and it wants to be polled"
        );
    }
    panic!("the run never ends");
}

/// One thing happens, whichever.
fn step(world: &mut World, server: &mut Server, weather: Weather, choices: &mut Choices) {
    let mut possible = Vec::new();
    if world.committing.is_some() {
        possible.extend(["commit"; 4]);
    }
    if !world.reading.is_empty() {
        possible.extend(["photo"; 4]);
    }
    if !world.in_flight.is_empty() {
        possible.extend(["answer"; 4]);
    }
    if world.feed_wanted {
        possible.push("feed");
    }
    if world.next_wake().is_some() {
        possible.push("time");
    }
    assert!(
        !possible.is_empty(),
        "the dispatcher waits for nothing: {:?}",
        world.dispatcher.shutdown.stop()
    );
    match *choices.pick(&possible) {
        "commit" => {
            let lost = choices.chance(weather.lost_storage, 1_000);
            world.commit(!lost);
        }
        "photo" => {
            let place = choices.below(world.reading.len());
            let number = world.reading[place].row.number;
            let error = match () {
                () if number % 13 == 5 && weather.bad_photos > 0 => Some(invalid_photo()),
                () if choices.chance(weather.bad_photos, 100) => Some(machine_fault()),
                () => None,
            };
            world.prepared(place, error);
        }
        "answer" => {
            world.pass(Duration::from_millis(1 + choices.below(199) as u64));
            let ids: Vec<_> = world.in_flight.keys().copied().collect();
            let id = *choices.pick(&ids);
            let sent = world.in_flight[&id].clone();
            let back = server.answer(&sent, weather.faults, choices);
            world.answer_id(id, back);
        }
        // A zero hands out the most rows, so that a schedule without numbers comes to its end.
        "feed" => world.feed(19 - choices.below(20)),
        _ => {
            let wake = world.next_wake().unwrap();
            let rest = wake.saturating_duration_since(world.now.instant);
            // Requests, disk and ledger answer within seconds, so time only leaps when all of them are still.
            let most = if possible.len() == 1 { rest } else { SECOND };
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

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn every_row_ends_once_and_is_told_truly_in_any_weather(
        (faults, bad_photos) in (prop::sample::select(vec![0, 10, 40]), prop::sample::select(vec![0, 5])),
        jitter: u64,
        mut choices in choices(),
    ) {
        let mut server = Server::default();
        others(&mut server);
        let weather = Weather { faults, bad_photos, ..Weather::default() };
        let mut world = begin(settings(), Books::default(), jitter);
        let rows = world.source.len() as u32;
        run(&mut world, &mut server, weather, &mut choices);
        prop_assert_eq!(world.dispatcher.shutdown.stop(), None);
        world.assert_each_row_ended_once(rows);
        for number in 1..=ROWS {
            server.assert_told_truly(&world, number);
            let status = world.status(number);
            prop_assert_ne!(status, Status::Pending, "row {} was never done", number);
            let line = world.lines.iter().find(|line| line.0 == number).unwrap();
            prop_assert_eq!(line.1, status, "the followed results say something else of row {}", number);
        }
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_doubt_is_never_taken_back_into_failed_or_already_enrolled(jitter: u64, mut choices in choices()) {
        let mut server = Server::default();
        let weather = Weather { faults: 80, ..Weather::default() };
        let mut world = begin(settings(), Books::default(), jitter);
        run(&mut world, &mut server, weather, &mut choices);
        for number in 1..=ROWS {
            server.assert_told_truly(&world, number);
        }
        // Nobody else enrolls here, so that a 2209 is always our own doing.
        prop_assert_eq!(world.dispatcher.stats.count(Status::AlreadyEnrolled), 0);
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn killed_interrupted_or_out_of_disk_it_converges_when_it_is_run_again(
        jitter: u32,
        mut rounds in prop::collection::vec(choices(), 0..=8),
        mut ending in choices(),
    ) {
        let mut server = Server::default();
        others(&mut server);
        let mut books = Books::default();
        let weather = Weather { faults: 20, bad_photos: 2, lost_storage: 10, signals: 5, kills: 10 };
        for (round, choices) in (1..).zip(&mut rounds) {
            let mut world = begin(settings(), books, u64::from(jitter) + round);
            // The next process knows nothing of the last one's moment; the quiet time has gone by.
            world.pass(Duration::from_secs(3_600 * round));
            world.dispatcher.settings.started = world.now.instant;
            run(&mut world, &mut server, weather, choices);
            for number in 1..=ROWS {
                server.assert_told_truly(&world, number);
            }
            books = world.books;
        }
        let mut last = begin(settings(), books, u64::from(jitter));
        last.pass(1_000_000 * SECOND);
        run(&mut last, &mut server, Weather::default(), &mut ending);
        prop_assert_eq!(last.dispatcher.shutdown.stop(), None);
        for number in 1..=ROWS {
            server.assert_told_truly(&last, number);
            let status = last.status(number);
            let wanted = match number % 10 {
                _ if number % 11 == 0 => status.is_settled(),
                7 => status == Status::Rejected,
                _ => status.is_settled(),
            };
            prop_assert!(wanted, "row {} is {}", number, status);
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn whatever_the_limit_no_more_rows_are_sent(limit in 1..=12_u64, jitter: u64, mut choices in choices()) {
        let settings = RunSettings { limit: Some(limit), ..settings() };
        let mut world = begin(settings, Books::default(), jitter);
        let weather = Weather { faults: 15, bad_photos: 10, ..Weather::default() };
        run(&mut world, &mut Server::default(), weather, &mut choices);
        let users: HashSet<_> = world.sent.iter().map(|sent| &sent.user).collect();
        prop_assert!(users.len() as u64 <= limit, "{} of {}", users.len(), limit);
        let stop = world.dispatcher.shutdown.stop();
        prop_assert!(world.dispatcher.stats.left_by_limit, "{:?}", stop);
    }
}
