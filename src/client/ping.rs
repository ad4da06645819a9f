//! Tells a service of a run's start and end: one POST each, whose failure changes nothing.

use std::time::Duration;

use reqwest::{Certificate, StatusCode, redirect};

use super::connect::AGENT;
use crate::domain::ping_url::{PingUrl, PingUrlError};

/// Longest time that a ping takes in all, with name, connection and answer.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the service was not told. The address is left out of the causes, because it is a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PingError {
    #[error(transparent)]
    Url(#[from] PingUrlError),
    #[error("cannot set up TLS")]
    Setup(#[source] reqwest::Error),
    #[error("no answer in time")]
    Silent,
    #[error("no answer")]
    Failed(#[source] reqwest::Error),
    #[error("the answer is HTTP {}", .0.as_u16())]
    Refused(StatusCode),
}

/// Posts `body` to the address of `event`. Redirects are not followed, and nothing is repeated.
pub(crate) async fn ping(url: &PingUrl, event: &str, body: String, ca_pem: &[u8]) -> Result<(), PingError> {
    let roots = Certificate::from_pem_bundle(ca_pem).map_err(PingError::Setup)?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_rustls()
        .tls_certs_merge(roots)
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(AGENT)
        .timeout(PING_TIMEOUT);
    if url.is_loopback() {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(PingError::Setup)?;
    let request = client.post(url.for_event(event)?).body(body);
    let answer = request.send().await.map_err(|error| match error.is_timeout() {
        true => PingError::Silent,
        false => PingError::Failed(error.without_url()),
    })?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(PingError::Refused(status)),
    }
}
