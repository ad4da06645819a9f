//! What an answer, or its absence, does to its row and to the run.

use std::sync::Arc;
use std::time::Instant;

use super::Moment;
use super::RunEvent;
use super::dispatcher::Dispatcher;
use super::failures::FailedAttempt;
use super::group_commit::ResultsLine;
use super::row::{Answer, AttemptEnd, Flight, PendingRow, Reading};
use crate::client::SendErrorKind;
use crate::domain::{
    outcome::{Facts, Outcome, PhotoDigest, Reason, Status},
    response::{Kind, Refusal},
    resume,
    stop::Stop,
};
use crate::ledger::{AttemptStatus, Entry};

/// As many refusals alike in a row end the run (contract, section 9).
const REFUSALS_ALIKE: u32 = 20;

impl Dispatcher {
    /// An attempt has come to its end. One that was given up meanwhile is not known here any more.
    pub(super) fn answered(&mut self, answer: Answer, now: Moment) {
        let Answer {
            id,
            sent_at,
            took,
            reading,
        } = answer;
        let Some(flight) = self.pipeline.answered(id) else {
            return;
        };
        let end = AttemptEnd {
            id,
            sent_at,
            took,
            still_for: took,
            facts: Facts::default(),
            cause: None,
            now,
        };
        match reading {
            Err(error) => {
                let cause = Some(error.cause().into());
                let still_for = error.still_for.unwrap_or(took);
                let end = AttemptEnd {
                    cause,
                    still_for,
                    ..end
                };
                self.unanswered(flight, error.kind, end);
            }
            Ok(Reading { verdict, clock_ahead }) => {
                self.stats.answered(took);
                let facts = verdict.facts;
                self.judged(flight, verdict.kind, clock_ahead, AttemptEnd { facts, ..end });
            }
        }
    }

    fn unanswered(&mut self, flight: Flight, error: SendErrorKind, end: AttemptEnd) {
        match error {
            SendErrorKind::Certificate => return self.refused(flight, Refusal::Certificate, None, end),
            SendErrorKind::Machine => {
                let busy = self.pipeline.in_flight() + 1;
                self.gate.machine_is_short(busy, end.now.instant);
            }
            SendErrorKind::Connect | SendErrorKind::Lost { .. } | SendErrorKind::Silent { .. } => {}
        }
        self.failed(flight, FailedAttempt::without_answer(error), end);
    }

    fn judged(&mut self, flight: Flight, kind: Kind, clock_ahead: Option<i64>, end: AttemptEnd) {
        match kind {
            Kind::Settled(status, reason) => self.succeeded(flight, status, reason, end),
            Kind::Duplicate => {
                let (past, photo) = (&flight.pending.past, flight.photo);
                let (status, reason, photo) = resume::duplicate(&past.doubts, photo, &flight.pending.row.created_at);
                self.settled(flight, status, Some(reason), photo, end);
            }
            Kind::Rejected { reason, on_photo } => self.rejected(flight, reason, on_photo, end),
            // Where others get through it is this row that is refused, by something in front of the API.
            Kind::Forbidden if self.stats.any_settled() => self.rejected(flight, Reason::Forbidden, false, end),
            Kind::Forbidden => self.refused(flight, Refusal::Credentials, clock_ahead, end),
            Kind::Stop(refusal) => self.refused(flight, refusal, clock_ahead, end),
            Kind::NotProcessed(reason, wait) => self.failed(flight, FailedAttempt::not_processed(reason, wait), end),
            Kind::InDoubt(reason, wait) => {
                let now = end.now.instant;
                self.failed(flight, FailedAttempt::in_doubt(reason, wait), end);
                if reason == Reason::WrongSignature && self.stats.wrong_signature() {
                    self.refuse_all(Refusal::Signatures, now);
                }
            }
            Kind::ServerFailed(wait) => {
                let failed = FailedAttempt::by_server(end.facts.http_status, wait);
                self.failed(flight, failed, end);
            }
        }
    }

    fn succeeded(&mut self, flight: Flight, status: Status, reason: Option<Reason>, end: AttemptEnd) {
        self.stats.right_signature();
        let photo = Some(flight.photo);
        self.settled(flight, status, reason, photo, end);
    }

    /// A refusal that says nothing of an earlier attempt leaves that attempt's doubt as it is.
    fn rejected(&mut self, flight: Flight, reason: Reason, on_photo: bool, end: AttemptEnd) {
        let photo = Some(flight.photo);
        if on_photo || !flight.pending.past.is_in_doubt() {
            return self.settled(flight, Status::Rejected, Some(reason), photo, end);
        }
        self.gate.answered(false, end.now.instant - end.took, end.now.instant);
        self.close(&end, AttemptStatus::NotProcessed, Some(reason));
        self.report_attempt(&flight.pending, AttemptStatus::NotProcessed, Some(reason), &end);
        let now = end.now.instant;
        let outcome = self.outcome(&flight.pending, Status::InDoubt, Some(reason), photo, end);
        self.record(flight.pending, outcome, true);
        self.check_limits(now);
    }

    /// The API has said what becomes of the row.
    fn settled(
        &mut self,
        flight: Flight,
        status: Status,
        reason: Option<Reason>,
        photo: Option<PhotoDigest>,
        end: AttemptEnd,
    ) {
        let now = end.now.instant;
        // Reached at any moment of its flight, which for a burst is when the last of it started.
        let reached = self.full_at.is_some_and(|at| at >= flight.started);
        self.gate.answered(false, now - end.took, now);
        if self.gate.settled(end.took, reached) {
            self.queue.put_repeats_behind();
        }
        self.close(&end, AttemptStatus::Settled, reason);
        if flight.pending.past.is_in_doubt() {
            let user_id = flight.pending.row.user_id.clone();
            self.commits.push(Entry::Resolve { user_id });
        }
        self.report_attempt(&flight.pending, AttemptStatus::Settled, reason, &end);
        let outcome = self.outcome(&flight.pending, status, reason, photo, end);
        self.record(flight.pending, outcome, true);
        self.check_limits(now);
    }

    /// The answer ends the run; the row stays as it is, and this attempt of it was refused.
    fn refused(&mut self, flight: Flight, refusal: Refusal, clock_ahead: Option<i64>, end: AttemptEnd) {
        self.close(&end, AttemptStatus::Stopped, Some(Reason::RunStopped));
        self.report_attempt(&flight.pending, AttemptStatus::Stopped, Some(Reason::RunStopped), &end);
        let facts = end.facts.clone();
        self.events.push(RunEvent::Refused {
            refusal,
            facts,
            clock_ahead,
        });
        let now = end.now.instant;
        let status = flight.pending.open_status();
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

    /// Not one answer, but several together forbid to go on.
    fn refuse_all(&mut self, refusal: Refusal, now: Instant) {
        self.events.push(RunEvent::Refused {
            refusal,
            facts: Facts::default(),
            clock_ahead: None,
        });
        self.end(Stop::Refused(refusal), now);
    }

    /// The row's photo is not there or not good. A doubt about the user outlives that, and so does a refusal.
    pub(super) fn finish_invalid(&mut self, mut row: PendingRow, reason: Reason, now: Moment) {
        let outcome = match row.rejected.take() {
            Some(refused) => resume::away(*refused, reason),
            None => self.open_outcome(&row, Status::Invalid, reason, None, now),
        };
        self.record(row, outcome, true);
    }

    /// The requests that were given up may have been processed.
    pub(super) fn aborted(&mut self, now: Moment) {
        for (id, mut flight) in self.pipeline.abort() {
            flight.doubt();
            let (reason, at) = (Some(Reason::Interrupted), now.at);
            self.stats.ended(AttemptStatus::InDoubt.word());
            self.commits.push(Entry::Close {
                id,
                class: AttemptStatus::InDoubt,
                reason,
                http_status: None,
                at,
            });
            let photo = Some(flight.photo);
            let outcome = self.open_outcome(&flight.pending, Status::InDoubt, Reason::Interrupted, photo, now);
            self.record(flight.pending, outcome, false);
        }
    }

    /// Records the state of a user, for the ledger and, where it is final, for the results.
    pub(super) fn record(&mut self, row: PendingRow, outcome: Outcome, is_final: bool) -> Option<PendingRow> {
        let outcome = Arc::new(outcome);
        self.commits.push(Entry::Outcome {
            user_id: row.row.user_id.clone(),
            created_at: row.row.created_at.clone(),
            outcome: Arc::clone(&outcome),
        });
        if !is_final {
            return Some(row);
        }
        let (number, line, cells) = (row.row.number, row.row.line, row.cells);
        self.stats.finished(&outcome);
        self.events.push(RunEvent::Finished {
            row: number,
            line,
            outcome: Arc::clone(&outcome),
        });
        self.commits.push_line(ResultsLine { number, cells, outcome });
        None
    }

    pub(super) fn check_limits(&mut self, now: Instant) {
        let most = self.settings.max_failures;
        if most.is_some_and(|most| self.stats.failures() >= most) {
            self.end(Stop::MaxFailures, now);
        }
        if self.stats.refusals_alike() >= REFUSALS_ALIKE {
            self.end(Stop::RefusalsAlike, now);
        }
    }

    pub(super) fn close(&mut self, end: &AttemptEnd, class: AttemptStatus, reason: Option<Reason>) {
        self.stats.ended(class.word());
        self.commits.push(Entry::Close {
            id: end.id,
            class,
            reason,
            http_status: end.facts.http_status,
            at: end.now.at,
        });
    }

    pub(super) fn report_attempt(
        &mut self,
        row: &PendingRow,
        class: AttemptStatus,
        reason: Option<Reason>,
        end: &AttemptEnd,
    ) {
        self.events.push(RunEvent::Attempt {
            row: row.row.number,
            line: row.row.line,
            attempt: row.past.attempts,
            class,
            reason,
            http_status: end.facts.http_status,
            cause: end.cause.clone(),
            took: end.took,
        });
    }

    pub(super) fn outcome(
        &self,
        row: &PendingRow,
        status: Status,
        reason: Option<Reason>,
        photo: Option<PhotoDigest>,
        end: AttemptEnd,
    ) -> Outcome {
        Outcome {
            status,
            reason,
            facts: end.facts,
            attempts: row.past.attempts,
            photo,
            sent_at: Some(end.sent_at),
            finished_at: Some(end.now.at),
            duration_ms: Some(end.took.as_millis() as u64),
            run_id: self.settings.run_id.clone(),
        }
    }

    /// What is known of a row without a new answer: it is in doubt, or else as `status` says.
    fn open_outcome(
        &self,
        row: &PendingRow,
        status: Status,
        reason: Reason,
        photo: Option<PhotoDigest>,
        now: Moment,
    ) -> Outcome {
        let status = if row.past.is_in_doubt() {
            Status::InDoubt
        } else {
            status
        };
        Outcome {
            attempts: row.past.attempts,
            photo,
            finished_at: Some(now.at),
            run_id: self.settings.run_id.clone(),
            ..Outcome::untried(status, Some(reason))
        }
    }
}
