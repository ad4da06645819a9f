//! What an answer, or its absence, does to its row and to the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunEvent;
use super::dispatcher::{Dispatcher, Moment};
use super::row::{Answer, Flight, PendingRow};
use crate::client::SendErrorKind;
use crate::domain::{
    outcome::{Facts, Outcome, PhotoDigest, Reason, Status},
    response::{Kind, Refusal},
    resume,
    retry::{Decision, Failure, backoff},
    stop::Stop,
};
use crate::ledger::{AttemptId, AttemptStatus, Entry};

/// As many refusals alike in a row end the run (contract, section 9).
const REFUSALS_ALIKE: u32 = 20;
/// The HTTP status that says "too much at once" among those that leave a doubt.
const SERVICE_UNAVAILABLE: u16 = 503;

/// The end of one attempt, as everything below needs it.
struct End {
    id: AttemptId,
    sent_at: i64,
    took: Duration,
    facts: Facts,
    /// Why there was no answer.
    cause: Option<Arc<str>>,
    now: Moment,
}

/// How an attempt failed, and what that asks for.
struct Fault {
    failure: Failure,
    reason: Reason,
    /// The server's own wish.
    wait: Option<Duration>,
    /// A sign of too many requests at once.
    congestion: bool,
}

impl Dispatcher {
    /// An attempt has come to its end. One that was given up meanwhile is not known here any more.
    pub(super) fn answered(&mut self, answer: Answer, now: Moment) {
        let Some(flight) = self.flights.remove(&answer.id) else {
            return;
        };
        let Answer {
            id,
            sent_at,
            took,
            reading,
        } = answer;
        self.stats.answered(took);
        match reading {
            Err(error) => self.unanswered(
                flight,
                error.kind,
                End {
                    id,
                    sent_at,
                    took,
                    facts: Facts::default(),
                    cause: Some(error.cause().into()),
                    now,
                },
            ),
            Ok(reading) => {
                let end = End {
                    id,
                    sent_at,
                    took,
                    facts: reading.verdict.facts,
                    cause: None,
                    now,
                };
                self.judged(flight, reading.verdict.kind, reading.clock_ahead, end);
            }
        }
    }

    fn unanswered(&mut self, flight: Flight, error: SendErrorKind, end: End) {
        let (failure, reason) = match error {
            SendErrorKind::Certificate => return self.refused(flight, Refusal::Certificate, None, end),
            SendErrorKind::Machine => {
                self.gate.lower(self.flights.len() + 1, end.now.instant);
                (Failure::Unreachable, Reason::ConnectFailed)
            }
            SendErrorKind::Connect => (Failure::Unreachable, Reason::ConnectFailed),
            SendErrorKind::Lost { whole: false } => (Failure::NotProcessed, Reason::ConnectionLost),
            SendErrorKind::Silent { whole: false } => (Failure::NotProcessed, Reason::SendStalled),
            SendErrorKind::Lost { whole: true } | SendErrorKind::Silent { whole: true } => {
                (Failure::InDoubt, Reason::NoAnswer)
            }
        };
        let congestion = matches!(error, SendErrorKind::Silent { .. });
        self.failed(
            flight,
            Fault {
                failure,
                reason,
                wait: None,
                congestion,
            },
            end,
        );
    }

    fn judged(&mut self, flight: Flight, kind: Kind, clock_ahead: Option<i64>, end: End) {
        let fault = |failure, reason, wait, congestion| Fault {
            failure,
            reason,
            wait,
            congestion,
        };
        match kind {
            Kind::Settled(status, reason) => {
                let photo = Some(flight.photo);
                self.settled(flight, status, reason, photo, end);
            }
            Kind::Duplicate => {
                let (status, reason, photo) = resume::duplicate(&flight.pending.past.doubt, flight.photo);
                self.settled(flight, status, Some(reason), photo, end);
            }
            Kind::NotProcessed(Reason::Throttled, wait) => {
                self.failed(flight, fault(Failure::Throttled, Reason::Throttled, wait, true), end);
            }
            Kind::NotProcessed(reason, wait) => {
                self.failed(flight, fault(Failure::NotProcessed, reason, wait, false), end);
            }
            Kind::InDoubt(reason, wait) => {
                let congestion = end.facts.http_status == Some(SERVICE_UNAVAILABLE);
                self.failed(flight, fault(Failure::InDoubt, reason, wait, congestion), end);
            }
            Kind::Stop(refusal) => self.refused(flight, refusal, clock_ahead, end),
        }
    }

    /// The API has said what becomes of the row.
    fn settled(
        &mut self,
        flight: Flight,
        status: Status,
        reason: Option<Reason>,
        photo: Option<PhotoDigest>,
        end: End,
    ) {
        // Reached at any moment of its flight, which for a burst is when the last of it started.
        let reached = self.full_at.is_some_and(|at| at >= flight.started);
        self.gate.settled(end.took, reached);
        self.close(&end, AttemptStatus::Settled, reason);
        if flight.pending.is_in_doubt() {
            self.batch.entries.push(Entry::Resolve {
                user_id: flight.pending.row.user_id.clone(),
            });
        }
        self.report_attempt(&flight.pending, AttemptStatus::Settled, reason, &end);
        let now = end.now.instant;
        let outcome = self.outcome(&flight.pending, status, reason, photo, end);
        self.record(flight.pending, outcome, true);
        self.check_limits(now);
    }

    /// The answer ends the run; the row stays as it is, and this attempt of it was refused.
    fn refused(&mut self, flight: Flight, refusal: Refusal, clock_ahead: Option<i64>, end: End) {
        self.close(&end, AttemptStatus::Stopped, Some(Reason::RunStopped));
        self.report_attempt(&flight.pending, AttemptStatus::Stopped, Some(Reason::RunStopped), &end);
        let facts = end.facts.clone();
        self.events.push(RunEvent::Refused {
            row: flight.pending.row.number,
            refusal,
            facts,
            clock_ahead,
        });
        let now = end.now.instant;
        let status = open_status(&flight.pending);
        let outcome = self.outcome(
            &flight.pending,
            status,
            Some(Reason::RunStopped),
            Some(flight.photo),
            end,
        );
        self.record(flight.pending, outcome, false);
        self.end(Stop::Refused(refusal), now);
    }

    /// The attempt settled nothing.
    fn failed(&mut self, mut flight: Flight, fault: Fault, end: End) {
        let (failure, reason) = (fault.failure, fault.reason);
        let class = if failure == Failure::InDoubt {
            AttemptStatus::InDoubt
        } else {
            AttemptStatus::NotProcessed
        };
        self.close(&end, class, Some(reason));
        self.report_attempt(&flight.pending, class, Some(reason), &end);
        if failure == Failure::InDoubt {
            flight.pending.doubt(flight.photo);
        }
        let now = end.now.instant;
        let charged = self.gate.failed(failure, now, &mut self.rng) && failure != Failure::Unreachable;
        self.slow_down(&fault, now - end.took, now);
        flight.pending.used += u32::from(charged);
        flight.pending.failures = flight.pending.failures.saturating_add(1);
        self.decide(flight.pending, flight.photo, &fault, end, charged);
    }

    fn slow_down(&mut self, fault: &Fault, sent_at: Instant, now: Instant) {
        if fault.congestion {
            self.gate.congested(sent_at, now);
        }
        match fault.wait {
            Some(wait) => self.gate.hold(wait, now),
            None if fault.failure == Failure::Throttled => self.gate.throttled(self.flights.len(), now, &mut self.rng),
            None => {}
        }
    }

    fn decide(&mut self, pending: PendingRow, photo: PhotoDigest, fault: &Fault, end: End, charged: bool) {
        let now = end.now.instant;
        let decision = match charged {
            true => self.settings.attempts.decide(pending.used, pending.last_round),
            false => Decision::Again,
        };
        let status = match (decision, pending.is_in_doubt()) {
            (_, true) => Status::InDoubt,
            (Decision::GiveUp, false) => Status::Failed,
            (Decision::Again | Decision::LastRound, false) => Status::Pending,
        };
        let outcome = self.outcome(&pending, status, Some(fault.reason), Some(photo), end);
        let Some(mut pending) = self.record(pending, outcome, decision == Decision::GiveUp) else {
            return self.check_limits(now);
        };
        let due = now + self.delay(fault, pending.failures);
        if decision == Decision::LastRound {
            (pending.used, pending.failures, pending.last_round) = (0, 0, true);
            self.queue.postpone(pending, due);
        } else {
            self.queue.park(pending, due);
        }
    }

    /// A doubt asks for its quiet time, whatever the backoff or the server would allow.
    fn delay(&mut self, fault: &Fault, failures: u32) -> Duration {
        let wait = fault.wait.unwrap_or_else(|| backoff(failures, &mut self.rng));
        match fault.failure {
            Failure::InDoubt => wait.max(self.settings.in_doubt_wait),
            Failure::Unreachable | Failure::NotProcessed | Failure::Throttled => wait,
        }
    }

    /// The machine could not open the photo's file; another moment, another answer.
    pub(super) fn retry_later(&mut self, mut pending: PendingRow, now: Moment) {
        pending.failures = pending.failures.saturating_add(1);
        let due = now.instant + backoff(pending.failures, &mut self.rng);
        self.queue.park(pending, due);
    }

    /// The row's photo is not there or not good. A doubt about the user outlives that.
    pub(super) fn finish_invalid(&mut self, pending: PendingRow, reason: Reason, now: Moment) {
        let mut outcome = self.open_outcome(&pending, reason, None, now);
        if outcome.status == Status::Pending {
            outcome.status = Status::Invalid;
        }
        self.record(pending, outcome, true);
    }

    fn check_limits(&mut self, now: Instant) {
        if self
            .settings
            .max_failures
            .is_some_and(|most| self.stats.failures() >= most)
        {
            self.end(Stop::MaxFailures, now);
        }
        if self.stats.refusals_alike() >= REFUSALS_ALIKE {
            self.end(Stop::RefusalsAlike, now);
        }
    }

    fn close(&mut self, end: &End, class: AttemptStatus, reason: Option<Reason>) {
        let (id, http_status, at) = (end.id, end.facts.http_status, end.now.unix_ms);
        self.batch.entries.push(Entry::Close {
            id,
            class,
            reason,
            http_status,
            at,
        });
    }

    fn report_attempt(&mut self, pending: &PendingRow, class: AttemptStatus, reason: Option<Reason>, end: &End) {
        self.events.push(RunEvent::Attempt {
            row: pending.row.number,
            attempt: pending.past.attempts,
            class,
            reason,
            http_status: end.facts.http_status,
            cause: end.cause.clone(),
            took: end.took,
        });
    }

    fn outcome(
        &self,
        pending: &PendingRow,
        status: Status,
        reason: Option<Reason>,
        photo: Option<PhotoDigest>,
        end: End,
    ) -> Outcome {
        Outcome {
            status,
            reason,
            facts: end.facts,
            attempts: pending.past.attempts,
            photo,
            sent_at: Some(end.sent_at),
            finished_at: Some(end.now.unix_ms),
            duration_ms: Some(end.took.as_millis() as u64),
            run_id: self.settings.run_id.clone(),
        }
    }
}

fn open_status(pending: &PendingRow) -> Status {
    if pending.is_in_doubt() {
        Status::InDoubt
    } else {
        Status::Pending
    }
}
