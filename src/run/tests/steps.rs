//! Whole steps of a world, for tests that tell a story.

use std::collections::BTreeSet;
use std::time::Duration;

use super::fixture::{Back, user};
use super::world::{FEED, Sent, World};
use crate::domain::outcome::{Reason, Status};
use crate::domain::unix_millis::UnixMillis;
use crate::ledger::AttemptId;
use crate::photo::PhotoError;

impl World {
    /// Answers the request of a row, then does all that follows from it at this moment.
    pub(super) fn answer(&mut self, number: u32, back: impl Into<Back>) {
        let id = self
            .flight_of(number)
            .unwrap_or_else(|| panic!("row {number} is not in flight"));
        self.answer_id(id, back.into());
        self.work();
    }

    pub(super) fn flight_of(&self, number: u32) -> Option<AttemptId> {
        let name = user(number);
        self.in_flight
            .values()
            .find(|sent| sent.user == name)
            .map(|sent| sent.id)
    }

    /// The rows in flight.
    pub(super) fn flying(&self) -> Vec<u32> {
        let number = |sent: &Sent| sent.user.trim_start_matches("user-").parse().unwrap();
        self.in_flight.values().map(number).collect()
    }

    /// Does whatever the dispatcher asks for, until it waits for an answer or for time to go by.
    pub(super) fn work(&mut self) {
        self.work_with(|_| None);
    }

    pub(super) fn work_with(&mut self, mut result: impl FnMut(u32) -> Option<PhotoError>) {
        for _ in 0..100_000 {
            self.poll();
            if self.committing.is_some() {
                self.commit(true);
            } else if let Some(pending) = self.reading.first() {
                let result = result(pending.row.number);
                self.prepared(0, result);
            } else if self.feed_wanted && self.dispatcher.shutdown.stop().is_none() {
                self.feed(FEED);
            } else if self.dispatcher.is_over() || self.next_wake().is_none_or(|wake| wake > self.now.instant) {
                return;
            }
        }
        panic!("the dispatcher never comes to rest");
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.at = UnixMillis::new(self.now.at.get() + time.as_millis() as i64);
    }

    /// Lets time go by, and does what follows.
    pub(super) fn wait(&mut self, time: Duration) {
        self.pass(time);
        self.work();
    }

    /// Lets time go by until the dispatcher wants to be polled again.
    pub(super) fn wake(&mut self) -> Duration {
        let wake = self.next_wake().expect("a time to wake up");
        let time = wake.saturating_duration_since(self.now.instant);
        self.wait(time);
        time
    }

    /// Waits until a request leaves; the time it took.
    pub(super) fn until_sent(&mut self) -> Duration {
        let (before, since) = (self.sent.len(), self.now.instant);
        for _ in 0..1_000 {
            if self.sent.len() > before {
                return self.now.instant - since;
            }
            assert!(
                !self.dispatcher.is_over(),
                "the run ended: {:?}",
                self.dispatcher.shutdown.stop()
            );
            self.wake();
        }
        panic!("nothing is sent");
    }

    /// Answers every request with the same, until the run is over or nothing more happens for want of rows.
    pub(super) fn answer_all(&mut self, back: impl Fn(u32) -> Back) {
        for _ in 0..100_000 {
            self.work();
            if self.dispatcher.is_over() {
                return;
            }
            match self.flying().first() {
                Some(number) => {
                    self.pass(Duration::from_millis(50));
                    self.answer(*number, back(*number));
                }
                None => drop(self.wake()),
            }
        }
        panic!("the run never ends");
    }

    pub(super) fn status(&self, number: u32) -> Status {
        self.books.view(&user(number)).status
    }

    pub(super) fn reason(&self, number: u32) -> Option<Reason> {
        self.books.view(&user(number)).reason
    }

    pub(super) fn sent_of(&self, number: u32) -> usize {
        let name = user(number);
        self.sent.iter().filter(|sent| sent.user == name).count()
    }

    /// Every row stands once in the results that are followed, or was refused before and is unchanged.
    pub(super) fn assert_each_row_ended_once(&self, rows: u32) {
        let numbers: BTreeSet<u32> = self.lines.iter().map(|line| line.0).collect();
        assert_eq!(numbers.len(), self.lines.len(), "a row ended twice");
        assert_eq!(
            numbers.len() as u32 + self.dispatcher.stats.unchanged,
            rows,
            "a row is lost"
        );
        assert_eq!(self.dispatcher.stats.done(), rows);
    }
}
