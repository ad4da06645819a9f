//! Stores of photos: one that is down ends the run in time, one that fails at single objects does not.

use super::fixture::{SECOND, enrolled, pending, settings};
use super::world::World;
use crate::domain::{
    outcome::Status,
    photo::{ObjectUrl, PhotoPlace},
    stop::Stop,
};
use crate::photo::{PhotoError, StoreError, StoreFault};
use crate::run::row::PendingRow;

const STORE: &str = "s3://bucket";

fn in_store(number: u32) -> PendingRow {
    let mut row = pending(number);
    row.row.photo = PhotoPlace::Object(ObjectUrl::parse(&format!("{STORE}/{number}.jpg")).unwrap());
    row
}

fn over(rows: u32) -> World {
    World::with_rows(settings(), (1..=rows).map(in_store).collect())
}

/// The store does not give this object, and answers otherwise or not.
fn fails_at(number: u32, answers_otherwise: bool) -> PhotoError {
    PhotoError::Store(StoreError {
        fault: StoreFault::Down,
        store: STORE.into(),
        detail: "no answer".into(),
        only_at: answers_otherwise.then(|| format!("{STORE}/{number}.jpg")),
    })
}

/// Reads and answers until the run is over; gives back how often each row's photo was read.
fn work(world: &mut World, read: impl Fn(u32) -> Option<PhotoError>) -> Vec<u32> {
    let mut reads = vec![0; 10_001];
    for _ in 0..200_000 {
        world.work_with(|number| {
            reads[number as usize] += 1;
            read(number)
        });
        if world.dispatcher.is_over() {
            return reads;
        }
        match world.flying().first() {
            Some(number) => world.answer_id(world.flight_of(*number).unwrap(), enrolled().into()),
            None => world.pass(world.next_wake().unwrap().saturating_duration_since(world.now.instant)),
        }
    }
    panic!("no end of it");
}

#[test]
fn an_object_that_breaks_for_ever_ends_its_row_alone() {
    for broken in [1, 50, 100] {
        let mut world = over(100);
        let reads = work(&mut world, |number| (number == broken).then(|| fails_at(number, true)));
        assert_eq!(world.dispatcher.shutdown.stop(), None);
        assert_eq!((world.status(broken), reads[broken as usize]), (Status::Invalid, 10));
        assert!((1..=100).all(|number| number == broken || world.status(number) == Status::Enrolled));
        world.assert_each_row_ended_once(100);
    }
}

#[test]
fn a_run_with_nothing_but_broken_objects_comes_to_its_end() {
    for (rows, most_seconds) in [(1, 60), (50, 600), (500, 3_600)] {
        let mut world = over(rows);
        work(&mut world, |number| Some(fails_at(number, true)));
        assert_eq!(world.dispatcher.shutdown.stop(), None, "{rows}");
        assert!(
            (1..=rows).all(|number| world.status(number) == Status::Invalid),
            "{rows}"
        );
        let took = world.now.instant - world.start;
        assert!(took < most_seconds * SECOND, "{rows}: {took:?}");
    }
}

#[test]
fn broken_objects_among_good_ones_hold_the_run_up_by_minutes_only() {
    let mut world = over(2_000);
    work(&mut world, |number| (number % 20 == 0).then(|| fails_at(number, true)));
    let took = world.now.instant - world.start;
    assert!(took < 300 * SECOND, "{took:?}");
    let invalid = (1..=2_000).filter(|number| world.status(*number) == Status::Invalid);
    assert_eq!(invalid.count(), 100);
}

#[test]
fn a_store_that_says_nothing_at_all_is_to_blame_itself() {
    let mut world = over(20);
    let reads = work(&mut world, |number| Some(fails_at(number, false)));
    assert_eq!(world.dispatcher.shutdown.stop(), Some(Stop::StoreOutage));
    assert_eq!(world.now.instant - world.start, 600 * SECOND);
    assert!((1..=20).all(|number| world.status(number) == Status::Pending));
    assert!(reads.iter().sum::<u32>() < 200, "{reads:?}");
}
