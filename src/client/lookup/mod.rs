//! ONE look-up of a user at the provider: read-only, no retry, no redirect.
//!
//! Its answer holds names, numbers and photos of people. It is never kept as a whole: it flows through a parser that
//! takes times, job types, job ids and codes, and each piece is wiped when it has been read.

mod chunks;
mod history;

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, DATE};
use reqwest::{Body, Method, Request, Response};
use tokio::time::timeout;
use url::Url;

use super::{ClientError, ClientSettings, JSON, SendError, SendErrorKind, connect, read};
use crate::domain::{lookup::LookupAnswer, response::Reply, user_id::UserId};

/// The only path that is ever asked (endpoint.md, Looking up and freeing a user).
const PATH: &str = "/api/v2/partner/enrollee/info";

/// Asks one host over a pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct LookupClient {
    http: reqwest::Client,
    url: Url,
    timeout: Duration,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum LookupReply {
    /// A history, as far as it is looked at.
    Answer(LookupAnswer),
    /// A 2xx that cannot be understood.
    Unreadable,
    /// Any other answer.
    Other(Reply),
}

impl LookupClient {
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let mut url = settings.endpoint.clone();
        url.set_path(&format!("{}{PATH}", url.path().trim_end_matches('/')));
        Ok(Self {
            http: connect::connections(settings)?,
            url,
            timeout: settings.timeout,
        })
    }

    /// Asks for one user with a body that is signed already.
    pub(crate) async fn ask(&self, question: Vec<u8>, user_id: &UserId) -> Result<LookupReply, SendError> {
        let asked = timeout(self.timeout, self.exchange(question, user_id)).await;
        asked.unwrap_or_else(|_| Err(SendErrorKind::Silent { whole: true }.into()))
    }

    async fn exchange(&self, question: Vec<u8>, user_id: &UserId) -> Result<LookupReply, SendError> {
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        *request.body_mut() = Some(Body::from(question));
        let response = self.http.execute(request).await;
        let response = response.map_err(|error| SendError::new(error, false))?;
        match response.status().is_success() {
            true => history(response, user_id).await,
            false => Ok(LookupReply::Other(read(response).await)),
        }
    }
}

/// Reads a history piece by piece, on a thread of its own that parses what has come.
async fn history(mut response: Response, user_id: &UserId) -> Result<LookupReply, SendError> {
    let clock_ahead_ms = clock_ahead_ms(&response);
    let (pieces, reader) = chunks::channel();
    let user_id = user_id.clone();
    let parser = tokio::task::spawn_blocking(move || history::parse(reader, &user_id));
    let broken = loop {
        match response.chunk().await {
            // A parser that has heard enough takes no more.
            Ok(Some(piece)) => match pieces.send(piece) {
                Ok(()) => {}
                Err(_) => break None,
            },
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    drop(pieces);
    let history = parser.await.ok().flatten();
    match (broken, history) {
        (Some(error), _) => Err(SendError::new(error, true)),
        (None, Some(history)) => Ok(LookupReply::Answer(LookupAnswer {
            history,
            clock_ahead_ms,
        })),
        (None, None) => Ok(LookupReply::Unreadable),
    }
}

/// The `Date` of an answer has whole seconds, so that on average half a second has passed since.
fn clock_ahead_ms(response: &Response) -> Option<i64> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    let server = httpdate::parse_http_date(text).ok()? + Duration::from_millis(500);
    match server.duration_since(SystemTime::now()) {
        Ok(ahead) => i64::try_from(ahead.as_millis()).ok(),
        Err(behind) => i64::try_from(behind.duration().as_millis()).ok().map(|millis| -millis),
    }
}
