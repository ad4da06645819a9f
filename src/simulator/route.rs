//! The paths of the API and the way of one request along it, faults and latency included.
//!
//! It must not read fields or word answers; it puts the steps in their order.

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};

use super::body::{self, Unread};
use super::fault::Fault;
use super::refusal::Refusal;
use super::state::Job;
use super::{Simulator, lookup, reply, wait};

/// The path of the API.
const PATH: &str = "/v1/backfill_users";

/// The header by which a provider's support finds a request.
const REQUEST_ID: &str = "x-request-id";

/// There is no answer: the connection is closed in its place.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub(super) struct HangUp;

/// Answers one request.
pub(super) async fn answer(simulator: &Simulator, request: Request<Incoming>) -> Result<Response<String>, HangUp> {
    let mut response = match (request.uri().path(), request.method()) {
        (PATH, &Method::POST) => enroll(simulator, request).await?,
        (lookup::PATH, &Method::POST) => lookup::answer(simulator, request).await?,
        (PATH | lookup::PATH, _) => refuse(request, Refusal::MethodNotAllowed).await?,
        _ => refuse(request, Refusal::NotFound).await?,
    };
    let id = simulator.state().identifier().to_string();
    let id = HeaderValue::try_from(id).map_err(|_| HangUp)?;
    response.headers_mut().insert(REQUEST_ID, id);
    response.headers_mut().insert(DATE, date(simulator)?);
    Ok(response)
}

/// The simulator's own clock, also where it is ahead.
fn date(simulator: &Simulator) -> Result<HeaderValue, HangUp> {
    let date = httpdate::fmt_http_date(simulator.now().into());
    HeaderValue::try_from(date).map_err(|_| HangUp)
}

/// Refuses the request once its body is off the wire.
async fn refuse(request: Request<Incoming>, refusal: Refusal) -> Result<Response<String>, HangUp> {
    match body::read(request).await {
        Err(Unread::Broken) => Err(HangUp),
        Ok(_) | Err(Unread::TooLong) => Ok(reply::refused(&refusal)),
    }
}

async fn enroll(simulator: &Simulator, request: Request<Incoming>) -> Result<Response<String>, HangUp> {
    let fault = simulator.state().next_fault();
    if fault == Some(Fault::Dropped) {
        return Err(HangUp);
    }
    let body = receive(request).await?;
    // The body is freed and the user enrolled before the wait, so that a client which gives up is in doubt.
    let processed = decide(simulator, fault, body);
    wait(simulator.latency).await;
    match processed {
        _ if fault == Some(Fault::LostAnswer) => Err(HangUp),
        Ok(job) => Ok(reply::processed(&job, &simulator.signer, simulator.now())),
        Err(refusal) => Ok(reply::refused(&refusal)),
    }
}

/// The body, or the gateway's reason not to pass it on.
pub(super) async fn receive(request: Request<Incoming>) -> Result<Result<Vec<u8>, Refusal>, HangUp> {
    let is_json = is_json(request.headers());
    match body::read(request).await {
        Err(Unread::Broken) => Err(HangUp),
        Err(Unread::TooLong) => Ok(Err(Refusal::TooLong)),
        Ok(_) if !is_json => Ok(Err(Refusal::UnsupportedMediaType)),
        Ok(body) => Ok(Ok(body)),
    }
}

fn decide(simulator: &Simulator, fault: Option<Fault>, body: Result<Vec<u8>, Refusal>) -> Result<Job, Refusal> {
    match fault {
        Some(Fault::Throttled) => Err(Refusal::Throttled),
        Some(Fault::Unavailable) => Err(Refusal::Unavailable),
        Some(Fault::Dropped | Fault::LostAnswer) | None => simulator.process(&body?),
    }
}

/// `application/json`, with or without parameters such as a charset.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_media_type() {
        let cases = [
            ("application/json", true),
            ("Application/JSON ; charset=utf-8", true),
            ("application/jsonp", false),
            ("text/plain", false),
            ("", false),
        ];
        for (value, expected) in cases {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(is_json(&headers), expected, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
