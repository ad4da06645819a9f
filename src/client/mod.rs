//! ONE attempt over HTTP: no retry, no redirect, no second guess.
//!
//! A transport error is classified here, once, by whether the server can have seen the whole
//! request; HTTP and TLS libraries stay in this module. A request of which no
//! byte has left may be handed to another connection; nothing else is sent twice.

mod body;
mod connect;
mod error;
mod lookup;
mod ping;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use reqwest::{Body, Method, Request, Response};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use url::Url;

use crate::domain::{request::Payload, response::Reply};
use crate::sys::buffers::BufferPool;
use body::{Progress, StreamedBody};

pub(crate) use error::{ClientError, SendError, SendErrorKind};
pub(crate) use lookup::{LookupClient, LookupReply};
pub(crate) use ping::{PING_TIMEOUT, PingError, ping};

/// Most bytes of an answer that are read: the sample of the API has 1.2 kB.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Bytes of buffers for chunks that are kept for the next requests, or more where more was in use at a time.
const KEPT_CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// The only path that is ever posted to.
const PATH: &str = "/v1/backfill_users";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the client is built from.
#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    /// Base URL, with or without a slash at its end.
    pub(crate) endpoint: Url,
    pub(crate) connect_timeout: Duration,
    /// Longest standstill of a request, from the first byte of its body to the end of its answer.
    pub(crate) timeout: Duration,
    /// Further root certificates, PEM.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// Whether proxies of the environment are passed by, as for loopback.
    pub(crate) direct: bool,
}

/// Posts to one endpoint over a pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// For the chunks of bodies.
    buffers: Arc<BufferPool>,
    url: Url,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        Ok(Self {
            http: connect::connections(settings)?,
            buffers: BufferPool::new(KEPT_CHUNK_BYTES),
            url: below(&settings.endpoint),
            timeout: settings.timeout,
        })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn post(&self, payload: Payload) -> Result<Reply, SendError> {
        let (body, progress) = StreamedBody::new(payload, Arc::clone(&self.buffers));
        let result = tokio::select! {
            biased;
            reply = self.exchange(body) => reply.map_err(|error| SendError::new(error, progress.give_up())),
            () = silence(&progress, self.timeout) => {
                Err(SendErrorKind::Silent { whole: progress.give_up() }.into())
            }
        };
        result.map_err(|error: SendError| error.moved_at(progress.last_move()))
    }

    async fn exchange(&self, body: StreamedBody) -> reqwest::Result<Reply> {
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        *request.body_mut() = Some(Body::wrap(body));
        let reply = read(self.http.execute(request).await?).await;
        // The connection goes back to its pool in a task of its own. It has its turn before the next request asks for one,
        // which would open another.
        yield_now().await;
        Ok(reply)
    }
}

/// The one path below a base.
fn below(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{PATH}", base.path().trim_end_matches('/')));
    url
}

async fn read(mut response: Response) -> Reply {
    let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let mut reply = Reply {
        http_status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        date: header(DATE).and_then(|text| httpdate::parse_http_date(&text).ok()),
        body: Vec::new(),
        complete: false,
    };
    // An answer that breaks off is still an answer: its status may say enough.
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(_) => return reply,
        };
        let free = MAX_ANSWER_BYTES - reply.body.len();
        reply.body.extend_from_slice(&chunk[..free.min(chunk.len())]);
        if chunk.len() > free {
            return reply;
        }
    }
    reply.complete = true;
    reply
}

/// Resolves when nothing has moved for `timeout`: no byte of the request, and then no answer. While there is no
/// connection the time does not run; that has a limit of its own.
async fn silence(progress: &Progress, timeout: Duration) {
    loop {
        let now = Instant::now();
        let deadline = progress.last_move().unwrap_or(now) + timeout;
        if deadline <= now {
            return;
        }
        sleep_until(deadline).await;
    }
}
