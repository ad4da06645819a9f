//! What the server does with one request: an answer, half of one, or none.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use super::{KEY, PATIENCE, server::Asked, sign};

/// Changes the answer of a success before it is sent.
type Edit = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// What becomes of one request.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(super) what: What,
    /// The user is enrolled by this request, unless it is already: then the answer is a 2209.
    pub(super) enrolls: bool,
    /// Wait for this before anything goes back.
    pub(super) latch: Option<Latch>,
}

#[derive(Clone)]
pub(super) enum What {
    Answer(Answer),
    /// Closes when the head and the first fields are read, the rest of the body is not.
    CloseEarly,
    /// Answers at the same moment, then reads on.
    AnswerEarly(Answer),
    /// Reads the whole body, then closes without an answer.
    HangUp,
    /// Reads the whole body and never answers.
    Silence,
    /// Promises the whole answer and closes after so many bytes of its body.
    CutOff(Answer, usize),
}

/// An answer as it goes over the wire.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(Clone)]
pub(super) enum Body {
    /// The sample of the API for this request, signed, then edited.
    Success(Vec<Edit>),
    Bytes(Vec<u8>),
}

impl Reply {
    fn new(what: What, enrolls: bool) -> Self {
        Self {
            what,
            enrolls,
            latch: None,
        }
    }

    /// Enrolls the user and says so as the API's sample does; 2209 where the user is enrolled already.
    pub(crate) fn success() -> Self {
        Self::new(What::Answer(Answer::new(200, Body::Success(Vec::new()))), true)
    }

    /// A processed request with this result; of the codes only those of an approval enroll.
    pub(crate) fn result(code: &str, text: &str) -> Self {
        let enrolls = ["0840", "1240", "0842", "0844", "0846"].contains(&code);
        let (code, text) = (code.to_owned(), text.to_owned());
        let edited = Self::success().edit(move |answer| {
            answer["ResultCode"] = code.clone().into();
            answer["ResultText"] = text.clone().into();
        });
        Self { enrolls, ..edited }
    }

    /// Any status with any JSON; nobody is enrolled.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::text(status, &body.to_string()).header("Content-Type", "application/json")
    }

    /// Any status with any body; nobody is enrolled.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, body.as_bytes().to_vec())
    }

    pub(crate) fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self::new(What::Answer(Answer::new(status, Body::Bytes(body))), false)
    }

    /// HTTP 400 in the provider's form.
    pub(crate) fn error(code: &str, text: &str) -> Self {
        Self::json(400, json!({"error": text, "code": code}))
    }

    /// The provider's word for a second enrollment.
    pub(crate) fn taken() -> Self {
        Self::error("2209", "Wrong user id. This user is already enrolled with user_id")
    }

    pub(crate) fn close_early() -> Self {
        Self::new(What::CloseEarly, false)
    }

    pub(crate) fn hang_up() -> Self {
        Self::new(What::HangUp, false)
    }

    /// Enrolls the user and closes without a word.
    pub(crate) fn lost() -> Self {
        Self::new(What::HangUp, true)
    }

    pub(crate) fn silence() -> Self {
        Self::new(What::Silence, false)
    }

    /// Enrolls the user and never answers.
    pub(crate) fn stalled() -> Self {
        Self::new(What::Silence, true)
    }

    /// Answers before the body has been read.
    pub(crate) fn early(self) -> Self {
        let What::Answer(answer) = self.what else {
            panic!("only an answer can come early");
        };
        Self::new(What::AnswerEarly(answer), false)
    }

    /// Sends only so many bytes of the body that was announced.
    pub(crate) fn cut_off(self, bytes: usize) -> Self {
        let What::Answer(answer) = self.what else {
            panic!("only an answer can be cut off");
        };
        Self {
            what: What::CutOff(answer, bytes),
            ..self
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let What::Answer(answer) = &mut self.what {
            answer.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Another HTTP status with the same body.
    pub(crate) fn status(mut self, status: u16) -> Self {
        if let What::Answer(answer) = &mut self.what {
            answer.status = status;
        }
        self
    }

    /// Changes the JSON of a success.
    pub(crate) fn edit(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        if let What::Answer(Answer {
            body: Body::Success(edits),
            ..
        }) = &mut self.what
        {
            edits.push(Arc::new(edit));
        }
        self
    }

    /// Nothing goes back before the latch is released.
    pub(crate) fn after(mut self, latch: &Latch) -> Self {
        self.latch = Some(latch.clone());
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(super) fn bytes(&self, asked: &Asked) -> Vec<u8> {
        match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Success(edits) => {
                let mut answer = sample(asked);
                edits.iter().for_each(|edit| edit(&mut answer));
                answer.to_string().into_bytes()
            }
        }
    }
}

/// The success of the API's documentation, for this request and signed with its own timestamp.
fn sample(asked: &Asked) -> Value {
    let timestamp = "2023-02-14T00:07:49.924Z";
    json!({
        "Actions": {"Register_Selfie": "Approved", "Selfie_Check": "Passed", "Selfie_Provided": "Passed",
            "Human_Review_Compare": "Not Applicable", "Human_Review_Liveness_Check": "Not Applicable",
            "Liveness_Check": "Not Applicable", "Verify_ID_Number": "Not Applicable"},
        "ConfidenceValue": "99",
        "PartnerParams": {"job_type": 4, "user_id": asked.user_id, "job_id": "d9821b53-ada3-411c-8c5c-d6ea2a95915c",
            "user_created_at": asked.field("user_created_at")},
        "ResultCode": "0840", "ResultText": "Enroll User", "Source": "Rest API",
        "SmileJobID": format!("{:010}", asked.order),
        "signature": sign(asked.key.unwrap_or(KEY), asked.field("partner_id"), timestamp),
        "timestamp": timestamp,
    })
}

/// Holds answers back until it is released.
#[derive(Clone, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn release(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn wait(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_timeout_while(open, PATIENCE, |open| !*open).unwrap());
    }
}
