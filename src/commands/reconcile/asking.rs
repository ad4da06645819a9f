//! The asking itself: at most so many look-ups a second, a few of them under way at once, so that a slow answer does not
//! hold up the others. What is down or throttles is waited for, since a look-up may be repeated freely.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::Utc;
use rand::rngs::StdRng;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep_until;

use crate::client::{LookupClient, LookupReply, SendError, SendErrorKind};
use crate::config::ReconcileConfig;
use crate::domain::{
    endpoint::Endpoint,
    lookup::{Learned, LookupAnswer, LookupCounts, LookupEnvironment, Setback, Subject, learn, question, setback},
    outcome::{Facts, Outcome},
    response::Refusal,
    retry::backoff,
    signature::Signer,
    stop::Stop,
};
use crate::error::Error;
use crate::ledger::{Dossier, Ledger, LookedUp};
use crate::sys::signals::Signals;
use crate::terminal::ReconcileReporter;

/// Most look-ups under way. With answers of a second it is more than anybody should ask for.
const IN_FLIGHT: usize = 16;
/// Failures after which a user is left alone, where others were answered meanwhile.
const TRIES: u32 = 5;

/// Asks for users and records what it learns.
pub(super) struct Asking<'a> {
    config: &'a ReconcileConfig,
    client: LookupClient,
    source: String,
    run_id: &'a str,
    ledger: &'a mut Ledger,
    reporter: &'a mut ReconcileReporter,
    rng: StdRng,
    waiting: VecDeque<Question>,
    in_flight: JoinSet<(Question, Result<LookupReply, SendError>)>,
    /// No look-up starts before.
    next_start: Instant,
    /// Since when nothing but failures has come, and how many.
    failing: Option<(Instant, u32)>,
    answers: u64,
    ended: Ended,
}

/// How the asking ended.
#[derive(Default)]
pub(super) struct Ended {
    pub(super) stop: Option<Stop>,
    pub(super) counts: LookupCounts,
    /// Users of whom nothing is known because the look-up failed, or because it was ended before.
    pub(super) unanswered: u32,
    pub(super) error: Option<Error>,
}

/// A user who is to be asked for.
struct Question {
    dossier: Dossier,
    failures: u32,
    /// How many answers others had when this one failed first.
    answers_then: u64,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        config: &'a ReconcileConfig,
        client: LookupClient,
        endpoint: &Endpoint,
        run_id: &'a str,
        ledger: &'a mut Ledger,
        reporter: &'a mut ReconcileReporter,
    ) -> Self {
        Self {
            config,
            client,
            source: endpoint.host().to_owned(),
            run_id,
            ledger,
            reporter,
            rng: rand::make_rng(),
            waiting: VecDeque::new(),
            in_flight: JoinSet::new(),
            next_start: Instant::now(),
            failing: None,
            answers: 0,
            ended: Ended::default(),
        }
    }

    /// Asks for every user, until all are done or something ends it.
    pub(super) async fn ask(mut self, dossiers: Vec<Dossier>, signals: &Signals) -> Ended {
        for dossier in dossiers {
            self.ended.counts.expect(dossier.outcome.status);
            self.waiting.push_back(Question {
                dossier,
                failures: 0,
                answers_then: 0,
            });
        }
        let mut heard = None;
        let mut signalled = std::pin::pin!(signals.follow(|signal| {
            heard = Some(Stop::from(signal));
            false
        }));
        while self.ended.stop.is_none() && !(self.waiting.is_empty() && self.in_flight.is_empty()) {
            tokio::select! {
                biased;
                () = &mut signalled => break,
                Some(answered) = self.in_flight.join_next() => self.joined(answered),
                () = sleep_until(self.next_start.into()), if self.may_start() => self.start(),
            }
        }
        self.ended.unanswered += (self.waiting.len() + self.in_flight.len()) as u32;
        self.ended
    }

    /// One at a time, until one has been answered: a wrong key costs one look-up.
    fn may_start(&self) -> bool {
        let most = if self.answers == 0 { 1 } else { IN_FLIGHT };
        !self.waiting.is_empty() && self.in_flight.len() < most
    }

    fn start(&mut self) {
        let Some(asked) = self.waiting.pop_front() else {
            return;
        };
        self.next_start = Instant::now() + self.config.pace.interval;
        let (client, signer) = (self.client.clone(), self.config.account.signer.clone());
        let environment = self.config.environment;
        self.in_flight.spawn(async move {
            let reply = ask_once(&client, &signer, environment, &asked).await;
            (asked, reply)
        });
    }

    fn joined(&mut self, answered: Result<(Question, Result<LookupReply, SendError>), JoinError>) {
        let (asked, reply) = match answered {
            Ok(answered) => answered,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Nothing is ever cancelled but by the end of the asking.
            Err(_) => return,
        };
        match reply {
            Ok(LookupReply::Answer(answer)) => self.learn(&asked.dossier, &answer),
            Ok(LookupReply::Unreadable) => self.learn_nothing(&asked.dossier),
            Ok(LookupReply::Other(reply)) => {
                match setback(&reply, &asked.dossier.user_id, &self.config.account.signer) {
                    Setback::NothingKnown => self.learn_nothing(&asked.dossier),
                    Setback::Wait(wait) => self.failed(asked, wait),
                    Setback::Stop(refusal, facts) => {
                        self.reporter.refused(refusal, &facts);
                        self.stop(asked, Stop::Refused(refusal));
                    }
                }
            }
            Err(error) if error.kind == SendErrorKind::Certificate => {
                self.reporter.refused(Refusal::Certificate, &Facts::default());
                self.stop(asked, Stop::Refused(Refusal::Certificate));
            }
            Err(error) => {
                self.reporter.failed(&error.cause());
                self.failed(asked, None);
            }
        }
    }

    fn answered(&mut self) {
        self.answers += 1;
        self.failing = None;
        self.reporter.answered(Instant::now());
    }

    fn learn_nothing(&mut self, dossier: &Dossier) {
        self.answered();
        self.ended.counts.answered(dossier.outcome.status, None);
    }

    fn learn(&mut self, dossier: &Dossier, answer: &LookupAnswer) {
        let subject = Subject {
            status: dossier.outcome.status,
            outcome: Some(&dossier.outcome),
            attempts: &dossier.attempts,
            answered_at: &dossier.answered_at,
        };
        let Some(outcome) = self.outcome(dossier, learn(subject, answer)) else {
            return self.learn_nothing(dossier);
        };
        let (before, after) = (dossier.outcome.status, outcome.status);
        let learned = LookedUp {
            user_id: dossier.user_id.clone(),
            created_at: dossier.created_at.clone(),
            before,
            outcome,
            asked_at: Utc::now().into(),
            source: self.source.clone(),
        };
        self.answered();
        match self.ledger.record_lookup(&learned) {
            Ok(()) => self.ended.counts.answered(before, Some(after)),
            Err(error) => {
                self.ended.stop = Some(Stop::from(&error).once_begun());
                self.ended.error = Some(Error::of_ledger(&self.config.ledger.path)(error));
            }
        }
    }

    /// The outcome as it is known now: what was sent and when stays, what was found out is this run's.
    fn outcome(&self, dossier: &Dossier, learned: Learned) -> Option<Outcome> {
        let Learned::Known {
            status,
            reason,
            facts,
            photo,
        } = learned
        else {
            return None;
        };
        Some(Outcome {
            status,
            reason: Some(reason),
            facts,
            photo,
            finished_at: Some(Utc::now().into()),
            duration_ms: None,
            run_id: self.run_id.to_owned(),
            ..dossier.outcome.clone()
        })
    }

    /// It is asked again later, behind the others, unless they were answered and this one never is.
    fn failed(&mut self, mut asked: Question, wait: Option<Duration>) {
        let now = Instant::now();
        let (since, failures) = self.failing.map_or((now, 1), |(since, failures)| (since, failures + 1));
        self.failing = Some((since, failures));
        let wait = wait.unwrap_or_default().max(backoff(failures, &mut self.rng));
        self.next_start = self.next_start.max(now + wait);
        if self.next_start > since + self.config.pace.max_outage {
            return self.stop(asked, Stop::Outage);
        }
        if asked.failures == 0 {
            asked.answers_then = self.answers;
        }
        asked.failures += 1;
        match asked.failures >= TRIES && self.answers > asked.answers_then {
            true => self.ended.unanswered += 1,
            false => self.waiting.push_back(asked),
        }
    }

    fn stop(&mut self, asked: Question, stop: Stop) {
        self.waiting.push_back(asked);
        self.ended.stop = self.ended.stop.max(Some(stop));
    }
}

async fn ask_once(
    client: &LookupClient,
    signer: &Signer,
    environment: LookupEnvironment,
    asked: &Question,
) -> Result<LookupReply, SendError> {
    let user_id = &asked.dossier.user_id;
    match question(environment, signer, Utc::now(), user_id) {
        Ok(body) => client.ask(body, user_id).await,
        // Five texts have a form in JSON whatever they hold; were it not so, nothing would be known.
        Err(_) => Ok(LookupReply::Unreadable),
    }
}
