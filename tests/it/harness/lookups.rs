//! The provider's look-up of a user, from the books of the same server: five signed fields, and a history.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::reply::{Body, Reply, What};
use super::server::{Asked, Shared};
use super::sign::signing_key;
use super::wire::{Stream, read_body};

/// Where users are looked up.
pub(super) const LOOKUP_PATH: &str = "/api/v2/partner/enrollee/info";

/// One job of the provider as its history tells it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) at: DateTime<Utc>,
    pub(crate) smile_job_id: String,
    pub(crate) code: String,
    pub(crate) text: String,
}

/// A look-up that arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct LookedUp {
    pub(crate) user_id: String,
    /// Which look-up of this user it is, from 1.
    pub(crate) nth: usize,
    pub(crate) fields: Map<String, Value>,
}

/// What becomes of a look-up; it is given the answer that the books make.
pub(super) type LookupBehaviour = dyn Fn(&LookedUp, Value) -> Reply + Send + Sync;

pub(super) fn by_the_books() -> Arc<LookupBehaviour> {
    Arc::new(|_, answer| Reply::json(200, answer))
}

impl Job {
    /// What a processed request leaves in the history.
    pub(super) fn of(reply: &Reply, asked: &Asked) -> Option<Self> {
        let body = match &reply.what {
            What::Answer(answer) | What::CutOff(answer, _) => match &answer.body {
                Body::Success(_) => serde_json::from_slice(&answer.bytes(asked)).ok(),
                Body::Bytes(_) => None,
            },
            _ => None,
        };
        let text = |name: &str| {
            body.as_ref()
                .and_then(|body: &Value| body[name].as_str().map(str::to_owned))
        };
        let code = text("ResultCode").or_else(|| reply.enrolls.then(|| "0840".to_owned()))?;
        Some(Self {
            at: Utc::now(),
            smile_job_id: text("SmileJobID").unwrap_or_else(|| format!("{:010}", asked.order)),
            code,
            text: text("ResultText").unwrap_or_else(|| "Enroll User".to_owned()),
        })
    }

    /// The entry of a history, with marked data of a person in it.
    pub(crate) fn entry(&self, user_id: &str) -> Value {
        json!({
            "created_at": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "partner_params": {"job_id": format!("job-of-{user_id}"), "user_id": user_id, "job_type": 4},
            "job_id": self.smile_job_id,
            "result_code": self.code,
            "result_message": self.text,
            "id_check": {"FullName": "MARKED Person", "IDNumber": "MARKED-123", "Photo": "MARKED".repeat(1_000)},
        })
    }
}

/// A server tells its time; a test that gives another one is heard first.
fn now() -> String {
    Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl Shared {
    /// One look-up. False: the connection is to be closed.
    pub(super) fn look_up(&self, stream: &mut dyn Stream, buffer: &mut Vec<u8>, length: usize) -> io::Result<bool> {
        if !read_body(stream, buffer, length, None)? {
            return Ok(false);
        }
        let body: Vec<u8> = buffer.drain(..length).collect();
        let fields: Map<String, Value> = serde_json::from_slice(&body)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let signed = signing_key(text("partner_id"), text("timestamp"), text("signature")).is_some();
        let user_id = text("user_id").to_owned();
        let reply = match signed && fields.len() == 5 {
            false => Reply::error("2205", "You are not authorized to do that."),
            true => {
                let (looked_up, answer) = self.looked_up(&user_id, &fields);
                let behaviour = Arc::clone(&self.lookup.lock().unwrap());
                behaviour(&looked_up, answer).header("Date", &now())
            }
        };
        if let Some(latch) = &reply.latch {
            latch.wait();
        }
        let asked = Asked {
            user_id,
            nth: 0,
            order: 0,
            key: None,
            fields,
        };
        self.answer(stream, buffer, &asked, &reply)
    }

    fn looked_up(&self, user_id: &str, fields: &Map<String, Value>) -> (LookedUp, Value) {
        let mut books = self.books.lock().unwrap();
        let nth = books.lookups.iter().filter(|other| other.user_id == user_id).count() + 1;
        let looked_up = LookedUp {
            user_id: user_id.to_owned(),
            nth,
            fields: fields.clone(),
        };
        books.lookups.push(looked_up.clone());
        self.changed.notify_all();
        let jobs = books.jobs.get(user_id).into_iter().flatten();
        let history: Vec<_> = jobs.map(|job| job.entry(user_id)).collect();
        let flags = json!({"allow_new_enroll": false, "complete": !history.is_empty(), "name": "MARKED Person"});
        (looked_up, json!({"enrolled_user": flags, "history": history}))
    }
}
