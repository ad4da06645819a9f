//! Attempts that settled nothing: how they failed, what that does to the run's pace, and when their row is tried again.

use std::time::{Duration, Instant};

use super::Moment;
use super::dispatcher::Dispatcher;
use super::row::{AttemptEnd, Flight, PendingRow};
use crate::client::SendErrorKind;
use crate::domain::{
    outcome::{Reason, Status},
    retry::{Decision, Failure, backoff},
};
use crate::ledger::AttemptStatus;

/// The HTTP status that says "too much at once" among those that leave a doubt.
const SERVICE_UNAVAILABLE: u16 = 503;

/// How an attempt failed, and what that asks for.
pub(super) struct FailedAttempt {
    failure: Failure,
    reason: Reason,
    /// The server's own wish.
    wait: Option<Duration>,
    /// Whether somebody may still be at work on the request, so that it needs its quiet time.
    is_open: bool,
    /// A sign of too many requests at once.
    congestion: bool,
}

impl FailedAttempt {
    fn new(failure: Failure, reason: Reason) -> Self {
        Self {
            failure,
            reason,
            wait: None,
            is_open: failure == Failure::InDoubt,
            congestion: false,
        }
    }

    /// Nothing came back.
    pub(super) fn without_answer(error: SendErrorKind) -> Self {
        let (failure, reason) = match error {
            SendErrorKind::Certificate | SendErrorKind::Machine | SendErrorKind::Connect => {
                (Failure::Unreachable, Reason::ConnectFailed)
            }
            SendErrorKind::Lost { whole: false } => (Failure::NotProcessed, Reason::ConnectionLost),
            SendErrorKind::Silent { whole: false } => (Failure::NotProcessed, Reason::SendStalled),
            SendErrorKind::Lost { whole: true } | SendErrorKind::Silent { whole: true } => {
                (Failure::InDoubt, Reason::NoAnswer)
            }
        };
        Self {
            congestion: matches!(error, SendErrorKind::Silent { .. }),
            ..Self::new(failure, reason)
        }
    }

    /// The server did not process the request.
    pub(super) fn not_processed(reason: Reason, wait: Option<Duration>) -> Self {
        let is_throttled = reason == Reason::Throttled;
        let failure = if is_throttled {
            Failure::Throttled
        } else {
            Failure::NotProcessed
        };
        Self {
            wait,
            congestion: is_throttled,
            ..Self::new(failure, reason)
        }
    }

    /// What came back proves nothing.
    pub(super) fn in_doubt(reason: Reason, wait: Option<Duration>) -> Self {
        Self {
            wait,
            ..Self::new(Failure::InDoubt, reason)
        }
    }

    /// The server failed and has said so: it may have processed the request, and is done with it.
    pub(super) fn by_server(http_status: Option<u16>, wait: Option<Duration>) -> Self {
        Self {
            wait,
            is_open: false,
            congestion: http_status == Some(SERVICE_UNAVAILABLE),
            ..Self::new(Failure::InDoubt, Reason::ServerError)
        }
    }
}

impl Dispatcher {
    /// The attempt settled nothing.
    pub(super) fn failed(&mut self, mut flight: Flight, failed: FailedAttempt, end: AttemptEnd) {
        let class = match failed.failure {
            Failure::InDoubt => AttemptStatus::InDoubt,
            Failure::Unreachable | Failure::NotProcessed | Failure::Throttled => AttemptStatus::NotProcessed,
        };
        self.close(&end, class, Some(failed.reason));
        self.report_attempt(&flight.pending, class, Some(failed.reason), &end);
        if failed.failure == Failure::InDoubt {
            flight.doubt();
        }
        let now = end.now.instant;
        let paid = self.gate.failed(failed.failure, now, &mut self.rng);
        self.slow_down(&failed, now - end.took, now);
        let charged = paid && failed.failure.counts_against_row();
        flight.pending.used += u32::from(charged);
        flight.pending.failures = flight.pending.failures.saturating_add(1);
        self.decide(flight, &failed, end, charged);
    }

    fn slow_down(&mut self, failed: &FailedAttempt, started: Instant, now: Instant) {
        if failed.failure != Failure::Unreachable {
            self.gate.answered(failed.congestion, started, now);
        }
        match failed.wait.filter(|wait| *wait > Duration::ZERO) {
            Some(wait) => self.gate.hold(wait, now),
            None if failed.failure == Failure::Throttled => {
                self.gate.throttled(self.pipeline.in_flight(), now, &mut self.rng);
            }
            None => {}
        }
    }

    fn decide(&mut self, flight: Flight, failed: &FailedAttempt, end: AttemptEnd, charged: bool) {
        let (now, quiet_since) = (end.now.instant, end.now.instant - end.still_for);
        let Flight { pending, photo, .. } = flight;
        let decision = match charged {
            true => self.settings.retry.decide(pending.used, pending.last_round),
            false => Decision::Again,
        };
        let status = match decision {
            Decision::GiveUp if !pending.past.is_in_doubt() => Status::Failed,
            Decision::GiveUp | Decision::Again | Decision::LastRound => pending.open_status(),
        };
        let outcome = self.outcome(&pending, status, Some(failed.reason), Some(photo), end);
        let Some(mut pending) = self.record(pending, outcome, decision == Decision::GiveUp) else {
            return self.check_limits(now);
        };
        let due = self.due(failed, pending.failures, quiet_since, now);
        if decision == Decision::LastRound {
            pending.begin_last_round();
            self.queue.postpone(pending, due);
        } else {
            self.queue.park(pending, due);
        }
    }

    /// When the row may be tried again: never before its backoff, nor before the server's wish; and where somebody may
    /// still be at work on the request, not before its quiet time.
    fn due(&mut self, failed: &FailedAttempt, failures: u32, quiet_since: Instant, now: Instant) -> Instant {
        let wait = backoff(failures, &mut self.rng).max(failed.wait.unwrap_or_default());
        let quiet = failed.is_open.then(|| quiet_since + self.settings.in_doubt_wait);
        (now + wait).max(quiet.unwrap_or(now))
    }

    /// The machine could not open the photo's file; another moment, another answer.
    pub(super) fn retry_later(&mut self, mut row: PendingRow, now: Moment) {
        row.failures = row.failures.saturating_add(1);
        let due = now.instant + backoff(row.failures, &mut self.rng);
        self.queue.park(row, due);
    }
}
