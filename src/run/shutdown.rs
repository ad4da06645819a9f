//! Why and how a run comes to its end: the reason, the wait for requests in flight, the second signal.

use std::time::{Duration, Instant};

use crate::domain::stop::Stop;

/// Longest wait for requests in flight after a signal (contract, section 9), or when their answers cannot be
/// recorded any more; any other end waits as long as their timeout does.
const DRAIN: Duration = Duration::from_secs(25);

/// The end of a run, once it has begun.
#[derive(Debug, Default)]
pub(super) struct Shutdown {
    stop: Option<Stop>,
    drain_until: Option<Instant>,
    /// Whether requests in flight are to be given up at the next poll.
    abort: bool,
    /// Whether the first signal has come.
    signalled: bool,
}

impl Shutdown {
    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    pub(super) fn has_begun(&self) -> bool {
        self.stop.is_some()
    }

    /// Ends the run; true if this is the reason from now on. A stronger reason stays, and a second signal ends the run
    /// at once.
    pub(super) fn begin(&mut self, stop: Stop, now: Instant) -> bool {
        if stop.is_signal() && std::mem::replace(&mut self.signalled, true) {
            self.abort_at(now);
        }
        if stop.is_signal() || stop == Stop::Storage {
            self.drain_until.get_or_insert(now + DRAIN);
        }
        let is_stronger = self.stop.is_none_or(|other| stop > other);
        if is_stronger {
            self.stop = Some(stop);
        }
        is_stronger
    }

    /// When requests in flight are given up.
    pub(super) fn drain_until(&self) -> Option<Instant> {
        self.drain_until
    }

    /// Gives up what is still in flight at the deadline.
    pub(super) fn check_deadline(&mut self, any_in_flight: bool, now: Instant) {
        if self.has_begun() && any_in_flight && self.drain_until.is_some_and(|end| now >= end) {
            self.abort_at(now);
        }
    }

    /// Whether requests in flight are to be given up; said once.
    pub(super) fn take_abort(&mut self) -> bool {
        std::mem::take(&mut self.abort)
    }

    fn abort_at(&mut self, now: Instant) {
        self.abort = true;
        self.drain_until = Some(now);
    }
}
