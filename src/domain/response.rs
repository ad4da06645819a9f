//! The reading of one answer: from HTTP status, headers and body to a [`Verdict`].
//!
//! One pure function, [`judge`], holds the table of the contract's section 6. It claims nothing
//! that the answer does not prove: whatever cannot be read as an enrollment or a refusal is no answer.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Number, value::RawValue};
use strum::{Display, IntoStaticStr};

use super::{
    outcome::{Facts, Reason, Status},
    signature::Signer,
    text::server_text,
    user_id::UserId,
};

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;

/// One answer as the client received it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) http_status: u16,
    /// The `Retry-After` header, verbatim.
    pub(crate) retry_after: Option<String>,
    /// The `Date` header, read.
    pub(crate) date: Option<SystemTime>,
    /// At most 1 MiB of the body.
    pub(crate) body: Vec<u8>,
    /// Whether the body arrived to its end.
    pub(crate) complete: bool,
}

/// What one answer says about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) facts: Facts,
}

/// The kinds of reading, by what they mean for the row and the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `enrolled` or `provisional`, by the API's own word.
    Settled(Status, Option<Reason>),
    /// Refused. Only a verdict on the photo proves that no earlier attempt has enrolled the user.
    Rejected { reason: Reason, on_photo: bool },
    /// A 403 without a code of the provider: the credentials, or this row's, as the run so far tells.
    Forbidden,
    /// Code 2209: the user is enrolled already, and the ledger knows whether we may have done it.
    Duplicate,
    /// The server did not process the request; it may ask for a wait.
    NotProcessed(Reason, Option<Duration>),
    /// The server may have processed the request, or may still be at it.
    InDoubt(Reason, Option<Duration>),
    /// The server may have processed the request and is done with it.
    ServerFailed(Option<Duration>),
    /// Nothing more may be sent.
    Stop(Refusal),
}

/// Why an answer ends the run at once (exit 5 or 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refusal {
    /// 2205, 2405, HTTP 401 and 403, "authori…": key, partner, clock or signature.
    #[strum(serialize = "credentials_refused")]
    Credentials,
    /// 1016, 2220, 2203, 2212, 2217: the account or the tool may not do this.
    #[strum(serialize = "account_refused")]
    Account,
    /// HTTP 402.
    #[strum(serialize = "payment_required")]
    Payment,
    /// HTTP 404, 405, 415: there is no such API at this address.
    NotTheApi,
    /// Any 3xx.
    #[strum(serialize = "redirected")]
    Redirect,
    /// The first successes of a run all carry a wrong signature: another key, or another scheme.
    #[strum(serialize = "wrong_signatures")]
    Signatures,
    /// The peer's certificate is not trusted, or is another host's.
    #[strum(serialize = "certificate_refused")]
    Certificate,
}

impl Refusal {
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
}

/// Longest `Retry-After` that is believed; a longer one is cut to a day and ends the run by `--max-outage`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads an answer to the request for `user_id`, signed by the partner of `signer`.
pub(crate) fn judge(reply: &Reply, user_id: &UserId, signer: &Signer) -> Verdict {
    let body = Body::read(&reply.body);
    let kind = match reply.http_status {
        300..=399 => Kind::Stop(Refusal::Redirect),
        403 if body.result_code().is_none() => Kind::Forbidden,
        401 | 403 => Kind::Stop(Refusal::Credentials),
        402 => Kind::Stop(Refusal::Payment),
        404 | 405 | 415 => Kind::Stop(Refusal::NotTheApi),
        429 => Kind::NotProcessed(Reason::Throttled, retry_after(reply)),
        408 | 425 => Kind::NotProcessed(Reason::ServerBusy, retry_after(reply)),
        413 => rejected(None, Reason::BodyTooLarge),
        // The gateway has given up waiting; what stands behind it may not have.
        504 => Kind::InDoubt(Reason::ServerError, retry_after(reply)),
        500..=599 => Kind::ServerFailed(retry_after(reply)),
        _ if !reply.complete => Kind::InDoubt(Reason::AnswerCutOff, None),
        200..=299 => judge_success(&body, user_id, signer, reply),
        400..=499 => judge_refusal(&body, reply),
        _ => Kind::InDoubt(Reason::UnreadableAnswer, None),
    };
    Verdict {
        kind,
        facts: body.facts(reply.http_status),
    }
}

/// A 2xx counts for what its body proves, and for nothing else.
fn judge_success(body: &Body, user_id: &UserId, signer: &Signer, reply: &Reply) -> Kind {
    if body.object.is_none() {
        return Kind::InDoubt(Reason::UnreadableAnswer, None);
    }
    if !body.signature_holds(signer) {
        return Kind::InDoubt(Reason::WrongSignature, None);
    }
    let echo = body.user_id();
    if echo.as_ref().is_some_and(|echo| *echo != user_id.as_str()) {
        return Kind::InDoubt(Reason::WrongUser, None);
    }
    match body.result_code().as_deref() {
        Some("0840" | "1240" | "0842" | "0844" | "0846") if echo.is_none() => Kind::InDoubt(Reason::WrongUser, None),
        Some("0840" | "1240") => Kind::Settled(Status::Enrolled, None),
        Some("0842" | "0844" | "0846") => Kind::Settled(Status::Provisional, Some(Reason::HumanReview)),
        // "System Error" under a 2xx says nothing of what became of the user.
        Some("2201" | "2301" | "2401") | None => Kind::InDoubt(Reason::UnreadableAnswer, None),
        Some(_) => judge_refusal(body, reply),
    }
}

/// A refusal by the API goes by its code; one by something else in front of it proves nothing of the row.
fn judge_refusal(body: &Body, reply: &Reply) -> Kind {
    if !body.is_provider() {
        return Kind::NotProcessed(Reason::GatewayRefused, retry_after(reply));
    }
    let code = body.result_code();
    match code.as_deref().unwrap_or_default() {
        "2209" => Kind::Duplicate,
        "2205" | "2405" => Kind::Stop(Refusal::Credentials),
        "2204" | "2413" if body.speaks_of_authority() => Kind::Stop(Refusal::Credentials),
        "1016" | "2203" | "2212" | "2217" | "2220" => Kind::Stop(Refusal::Account),
        "2222" => Kind::NotProcessed(Reason::Throttled, retry_after(reply)),
        code => rejected(Some(code), reason_of(code)),
    }
}

fn rejected(code: Option<&str>, reason: Reason) -> Kind {
    let on_photo = code.is_some_and(|code| code.starts_with('0') || code.starts_with("12"));
    Kind::Rejected { reason, on_photo }
}

/// The reason of a refusal, from what the ledger keeps of it.
pub(crate) fn rejection(facts: &Facts) -> Reason {
    match (facts.http_status, facts.result_code.as_deref()) {
        (Some(413), _) => Reason::BodyTooLarge,
        (Some(403), None) => Reason::Forbidden,
        (_, code) => reason_of(code.unwrap_or_default()),
    }
}

fn reason_of(code: &str) -> Reason {
    match code {
        "0001" | "1241" => Reason::PhotoUnusable,
        "0841" => Reason::CompareFailed,
        "0843" | "0907" | "1242" => Reason::PossibleSpoof,
        "0941" => Reason::NoFaceFound,
        "0942" => Reason::PoorQuality,
        "2207" => Reason::UserDisabled,
        "2208" => Reason::UserDeleted,
        "2204" | "2213" | "2413" => Reason::BadParameter,
        _ => Reason::Refused,
    }
}

/// Seconds, or a date against the answer's own `Date`, so that our clock does not matter.
fn retry_after(reply: &Reply) -> Option<Duration> {
    let text = reply.retry_after.as_deref()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let wait = until.duration_since(reply.date?).unwrap_or_default();
    Some(wait.min(MAX_RETRY_AFTER))
}

/// A JSON object: each value still as it stands there, since an answer says much that nobody asks for. Of a key that is
/// there twice the last counts, as with most readers of JSON.
type Object<'a> = BTreeMap<Key<'a>, &'a RawValue>;

#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Key<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What counts as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(Number),
}

/// The JSON of an answer, if it is a JSON object.
pub(super) struct Body<'a> {
    object: Option<Object<'a>>,
    params: Object<'a>,
}

impl<'a> Body<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let object: Option<Object> = serde_json::from_slice(bytes).ok();
        let params = object.as_ref().and_then(|object| object.get("PartnerParams"));
        let params = params.and_then(|params| serde_json::from_str(params.get()).ok());
        Self {
            object,
            params: params.unwrap_or_default(),
        }
    }

    /// A string or a number as text; anything else is as good as absent.
    fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        scalar(self.object.as_ref()?.get(key)?)
    }

    fn params(&self, key: &str) -> Option<Cow<'a, str>> {
        scalar(self.params.get(key)?)
    }

    fn user_id(&self) -> Option<Cow<'a, str>> {
        self.params("user_id")
    }

    /// Four characters; a number has lost its leading zeros, which are put back.
    pub(super) fn result_code(&self) -> Option<Cow<'a, str>> {
        let code = self.text("ResultCode").or_else(|| self.text("code"))?;
        match code.trim() {
            "" => None,
            trimmed if trimmed.len() == code.len() && trimmed.chars().count() >= 4 => Some(code),
            trimmed => Some(format!("{trimmed:0>4}").into()),
        }
    }

    fn message(&self) -> Option<Cow<'a, str>> {
        ["ResultText", "error", "message"].iter().find_map(|key| self.text(key))
    }

    fn is_provider(&self) -> bool {
        self.result_code().is_some() || self.message().is_some()
    }

    fn speaks_of_authority(&self) -> bool {
        self.message()
            .is_some_and(|text| text.to_lowercase().contains("authori"))
    }

    /// Right or absent. A signature without its timestamp cannot be right.
    fn signature_holds(&self, signer: &Signer) -> bool {
        match self.object.as_ref().and_then(|object| object.get("signature")) {
            None => true,
            Some(signature) if signature.get() == "null" => true,
            Some(_) => match (self.text("timestamp"), self.text("signature")) {
                (Some(timestamp), Some(signature)) => signer.verify(&timestamp, &signature),
                _ => false,
            },
        }
    }

    /// What goes into ledger and results: made harmless and cut, since anybody may have written it.
    fn facts(&self, http_status: u16) -> Facts {
        let safe = |text: Option<Cow<'_, str>>| text.map(|text| server_text(&text));
        Facts {
            http_status: Some(http_status),
            result_code: safe(self.result_code()),
            result_text: safe(self.message()),
            smile_job_id: safe(self.text("SmileJobID")),
            job_id: safe(self.params("job_id")),
            confidence: safe(self.text("ConfidenceValue")),
        }
    }
}

fn scalar(value: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str(value.get()).ok()? {
        Scalar::Text(text) => Some(text),
        Scalar::Number(number) => Some(number.to_string().into()),
    }
}
