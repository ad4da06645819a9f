//! ONE attempt over HTTP: no retry, no redirect, no second guess.
//!
//! A transport error is classified here, once, by whether the server can have seen the whole
//! request; HTTP and TLS libraries stay in this room. Beside a request that never reached a
//! connection, which the pool hands to another one, nothing is sent twice.

mod body;
mod connect;
mod error;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_util::client::legacy;
use tokio::time::{Instant, sleep_until};

use crate::domain::{request::Payload, response::Reply};
use crate::sys::buffers::BufferPool;
use body::{Progress, StreamedBody};
use connect::Pool;

pub(crate) use error::{ClientError, SendError, SendErrorKind};

/// Most bytes of an answer that are read: the sample of the API has 1.2 kB.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Most bytes of buffers for chunks that are kept for the next request.
const IDLE_CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// The only path that is ever posted to.
const PATH: &str = "/v1/backfill_users";
const AGENT: HeaderValue = HeaderValue::from_static(concat!("image-enroll/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the client is built from.
#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    /// Base URL without a trailing slash.
    pub(crate) endpoint: String,
    pub(crate) connect_timeout: Duration,
    /// Longest wait for an answer once the request is sent, and longest standstill while it is being sent.
    pub(crate) timeout: Duration,
    /// Further root certificates, PEM.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// Whether proxies of the environment are passed by, as for loopback.
    pub(crate) direct: bool,
}

/// Posts to one endpoint over a pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pool: Pool,
    /// For the chunks of bodies.
    buffers: Arc<BufferPool>,
    uri: Uri,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let uri: Uri = format!("{}{PATH}", settings.endpoint).parse()?;
        Ok(Self {
            pool: Pool::new(&uri, settings)?,
            buffers: BufferPool::new(IDLE_CHUNK_BYTES),
            uri,
            timeout: settings.timeout,
        })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn post(&self, payload: Payload) -> Result<Reply, SendError> {
        let (body, progress) = StreamedBody::new(payload, Arc::clone(&self.buffers));
        tokio::select! {
            biased;
            reply = self.exchange(body) => reply.map_err(|error| SendError::new(error, &progress)),
            () = silence(&progress, self.timeout) => Err(SendError::silent(&progress)),
        }
    }

    async fn exchange(&self, body: StreamedBody) -> Result<Reply, legacy::Error> {
        let mut request = Request::new(body);
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, ANYTHING);
        headers.insert(USER_AGENT, AGENT);
        Ok(read(self.pool.send(request).await?).await)
    }
}

async fn read(mut response: Response<Incoming>) -> Reply {
    let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let mut reply = Reply {
        http_status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        date: header(DATE).and_then(|text| httpdate::parse_http_date(&text).ok()),
        body: Vec::new(),
        complete: false,
    };
    // An answer that breaks off is still an answer: its status may say enough.
    while let Some(frame) = response.frame().await {
        let Ok(frame) = frame else { return reply };
        let chunk = frame.into_data().unwrap_or_default();
        let room = MAX_ANSWER_BYTES - reply.body.len();
        reply.body.extend_from_slice(&chunk[..room.min(chunk.len())]);
        if chunk.len() > room {
            return reply;
        }
    }
    reply.complete = true;
    reply
}

/// Resolves when nothing has moved for `timeout`: no byte of the request, and then no answer.
async fn silence(progress: &Progress, timeout: Duration) {
    let mut deadline = progress.last_move() + timeout;
    while Instant::now() < deadline {
        sleep_until(deadline).await;
        deadline = progress.last_move() + timeout;
    }
}
