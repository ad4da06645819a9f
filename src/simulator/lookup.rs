//! The look-up of a user: five signed fields in, a history out, with faults on request.

use chrono::{DateTime, SecondsFormat, Utc};
use hyper::body::Incoming;
use hyper::{Request, Response};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::Told;
use super::judge::is_timestamp;
use super::refusal::Refusal;
use super::reply::{self, JOB_TYPE};
use super::route::{HangUp, receive};
use super::state::fingerprint;
use super::{Simulator, wait};
use crate::domain::signature::Signer;

/// The path of the look-up.
pub(super) const PATH: &str = "/api/v2/partner/enrollee/info";
/// Tells the stream of these faults from the others of one seed.
const LOOKUPS: u64 = 0x6c6f_6f6b_2d75_7073;

/// What can go wrong with a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookupFault {
    Throttled,
    Unavailable,
    /// The connection is closed without an answer.
    Dropped,
    /// The history is not there yet, or not at all; the next look-up may find it.
    Late,
}

impl LookupFault {
    const ALL: [Self; 4] = [Self::Throttled, Self::Unavailable, Self::Dropped, Self::Late];
}

/// The sequence of faults of look-ups.
pub(super) struct LookupFaults {
    rng: StdRng,
    rate: f64,
}

impl LookupFaults {
    pub(super) fn new(seed: u64, rate: f64) -> Self {
        let rng = StdRng::seed_from_u64(seed ^ LOOKUPS);
        Self { rng, rate }
    }

    fn draw(&mut self) -> Option<LookupFault> {
        let (chance, kind) = (
            self.rng.random::<f64>(),
            self.rng.random_range(0..LookupFault::ALL.len()),
        );
        LookupFault::ALL.get(kind).copied().filter(|_| chance < self.rate)
    }
}

/// What is asked. Nothing else may stand beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    environment: String,
    partner_id: String,
    signature: String,
    timestamp: String,
    user_id: String,
}

/// Answers one look-up.
pub(super) async fn answer(simulator: &Simulator, request: Request<Incoming>) -> Result<Response<String>, HangUp> {
    let fault = simulator.state().lookup_faults.draw();
    let body = receive(request).await?;
    wait(simulator.latency).await;
    let refused = match fault {
        Some(LookupFault::Dropped) => return Err(HangUp),
        Some(LookupFault::Throttled) => Some(Refusal::Throttled),
        Some(LookupFault::Unavailable) => Some(Refusal::Unavailable),
        Some(LookupFault::Late) | None => None,
    };
    let read = body.and_then(|body| read(&body, &simulator.signer));
    Ok(match (refused, read) {
        (Some(refusal), _) | (None, Err(refusal)) => reply::refused(&refusal),
        (None, Ok(user_id)) => {
            let now = simulator.now();
            let history = simulator.state().histories.tell(fingerprint(&user_id), now);
            let history = if fault.is_some() { Vec::new() } else { history };
            reply::told(&history_of(&user_id, &history))
        }
    })
}

/// The user who is asked for, if the question is the documented one and signed by the partner.
fn read(body: &[u8], signer: &Signer) -> Result<String, Refusal> {
    let question: Question = serde_json::from_slice(body).map_err(|_| Refusal::NotJson)?;
    let Question {
        environment,
        partner_id,
        signature,
        timestamp,
        user_id,
    } = question;
    if partner_id != signer.partner_id().as_str() || !is_timestamp(&timestamp) || !signer.verify(&timestamp, &signature)
    {
        return Err(Refusal::NotAuthorized);
    }
    match environment.as_str() {
        "test" | "production" => Ok(user_id),
        _ => Err(Refusal::WrongType("environment".to_owned())),
    }
}

fn history_of(user_id: &str, told: &[Told]) -> Value {
    let has = |codes: &[&str]| told.iter().any(|job| codes.contains(&job.code));
    let flags = json!({
        "allow_new_enroll": false,
        "complete": has(&["0840", "1240"]),
        "deleted": false,
        "inactive": false,
        "is_fraudulent": false,
        "pending": false,
        "provisional": has(&["0842"]),
    });
    let history: Vec<_> = told.iter().map(|job| entry(user_id, job)).collect();
    json!({"enrolled_user": flags, "history": history})
}

fn entry(user_id: &str, job: &Told) -> Value {
    json!({
        "created_at": moment(job.at),
        "partner_params": {"job_id": job.id.to_string(), "user_id": user_id, "job_type": JOB_TYPE},
        "job_id": format!("{:010}", job.number),
        "result_code": job.code,
        "result_message": job.text,
        "id_check": null,
    })
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn question() -> Value {
        let timestamp = "2023-02-13T15:07:42.214Z";
        json!({
            "environment": "test",
            "partner_id": sample::PARTNER,
            "signature": sample::signer().sign(timestamp),
            "timestamp": timestamp,
            "user_id": "u1",
        })
    }

    fn with(name: &str, value: Value) -> Result<String, Refusal> {
        let mut body = question();
        body[name] = value;
        read(body.to_string().as_bytes(), &sample::signer())
    }

    #[test]
    fn the_question_is_signed_and_has_five_texts() {
        assert_eq!(
            read(question().to_string().as_bytes(), &sample::signer()),
            Ok("u1".to_owned())
        );
        assert_eq!(with("environment", json!("production")), Ok("u1".to_owned()));
        assert!(matches!(with("environment", json!("live")), Err(Refusal::WrongType(_))));
        for (name, value) in [("partner_id", "85"), ("signature", "AAAA"), ("timestamp", "now")] {
            assert_eq!(with(name, json!(value)), Err(Refusal::NotAuthorized), "{name}");
        }
        assert_eq!(with("user_id", json!(7)), Err(Refusal::NotJson));
        assert_eq!(with("more", json!("x")), Err(Refusal::NotJson));
    }

    #[test]
    fn the_faults_fall_at_their_rate() {
        for (rate, wanted) in [(0.0, 0..=0), (1.0, 1_000..=1_000), (0.3, 250..=350)] {
            let mut faults = LookupFaults::new(1, rate);
            let count = (0..1_000).filter(|_| faults.draw().is_some()).count();
            assert!(wanted.contains(&count), "{rate}: {count}");
        }
    }
}
