//! The one path of the API and the walk of one request along it.
//!
//! It must not read fields or word answers; it puts the steps in their order, faults and latency included.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use axum::routing::post;
use chrono::Utc;

use super::body::{self, Unread};
use super::fault::Fault;
use super::refusal::Refusal;
use super::state::Job;
use super::{Simulator, reply};

/// The path of the API.
const PATH: &str = "/v1/backfill_users";

/// Marks a response that is not to be sent: the connection is closed in its place.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub(super) struct HangUp;

impl IntoResponse for HangUp {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) fn router(simulator: Arc<Simulator>) -> Router {
    Router::new()
        .route(PATH, post(enroll).fallback(method_not_allowed))
        .fallback(not_found)
        .with_state(simulator)
}

async fn not_found(request: Request) -> Result<Response<Body>, HangUp> {
    refuse(request, Refusal::NotFound).await
}

async fn method_not_allowed(request: Request) -> Result<Response<Body>, HangUp> {
    refuse(request, Refusal::MethodNotAllowed).await
}

/// Says no when the body is off the wire.
async fn refuse(request: Request, refusal: Refusal) -> Result<Response<Body>, HangUp> {
    match body::read(request).await {
        Err(Unread::Broken) => Err(HangUp),
        Ok(_) | Err(Unread::TooLong) => Ok(reply::refused(&refusal)),
    }
}

async fn enroll(State(simulator): State<Arc<Simulator>>, request: Request) -> Result<Response<Body>, HangUp> {
    let fault = simulator.state().draw_fault();
    if fault == Some(Fault::Dropped) {
        return Err(HangUp);
    }
    let body = receive(request).await?;
    // The body is freed and the user enrolled before the wait, so that a client which gives up is in doubt.
    let processed = decide(&simulator, fault, body);
    wait(simulator.latency).await;
    match processed {
        _ if fault == Some(Fault::LostAnswer) => Err(HangUp),
        Ok(job) => Ok(reply::processed(&job, &simulator.signer, Utc::now())),
        Err(refusal) => Ok(reply::refused(&refusal)),
    }
}

/// The body, or the gateway's reason not to pass it on.
async fn receive(request: Request) -> Result<Result<Vec<u8>, Refusal>, HangUp> {
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

/// No latency is no timer either, whose grain is a millisecond.
async fn wait(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
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
    use axum::http::HeaderValue;

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
