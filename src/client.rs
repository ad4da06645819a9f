//! ONE attempt over HTTP: no retry, no redirect, no second guess.
//!
//! A transport error is classified here, once, by whether the server can have seen the whole
//! request; `reqwest` stays in this file. Beside a request that never reached a connection, which
//! the pool hands to another one, nothing is sent twice.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use tokio::time::{Instant, sleep_until};

use crate::domain::{machine::is_machines_fault, request::Payload, response::Reply};

/// Most bytes of an answer that are read: the sample of the API has 1.2 kB.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Idle connections are given up before common load balancers close them, at 60 s.
const IDLE: Duration = Duration::from_secs(30);
/// The only path that is ever posted to.
const PATH: &str = "/v1/backfill_users";

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
    http: reqwest::Client,
    url: String,
    timeout: Duration,
}

/// Why the client cannot be built: the certificates or the address.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the connection")]
pub(crate) struct ClientError(#[from] reqwest::Error);

/// Why an attempt brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) struct SendError {
    pub(crate) kind: SendErrorKind,
    source: Option<reqwest::Error>,
}

/// What a failed attempt means, by what the server can have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendErrorKind {
    /// The certificate is not trusted or names another host: nothing may be sent there.
    Certificate,
    /// No connection: refused, DNS, TLS handshake, timed out.
    Connect,
    /// This machine is out of file descriptors.
    Machine,
    /// The connection was lost; `whole` says that the last byte had been handed over.
    Lost { whole: bool },
    /// Nothing moved for the length of the timeout.
    Silent { whole: bool },
}

impl Client {
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let mut builder = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("image-enroll/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(IDLE);
        if settings.direct {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &settings.ca_pem {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        let url = format!("{}{PATH}", settings.endpoint);
        Ok(Self {
            http: builder.build()?,
            url,
            timeout: settings.timeout,
        })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn post(&self, payload: Payload) -> Result<Reply, SendError> {
        let progress = Arc::new(Progress::new());
        let body = StreamedBody {
            payload,
            progress: Arc::clone(&progress),
        };
        let request = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(body));
        tokio::select! {
            biased;
            reply = exchange(request) => reply.map_err(|error| SendError::new(error, &progress)),
            () = silence(&progress, self.timeout) => Err(SendError::silent(&progress)),
        }
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
    let mut response = request.send().await?;
    let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let mut reply = Reply {
        http_status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        date: header(DATE).and_then(|text| httpdate::parse_http_date(&text).ok()),
        body: Vec::new(),
        complete: false,
    };
    // An answer that breaks off is still an answer: its status may say enough.
    while let Ok(chunk) = response.chunk().await {
        let Some(chunk) = chunk else {
            reply.complete = true;
            break;
        };
        let room = MAX_ANSWER_BYTES - reply.body.len();
        reply
            .body
            .extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if chunk.len() > room {
            break;
        }
    }
    Ok(reply)
}

/// Resolves when nothing has moved for `timeout`: no byte of the request, and then no answer.
async fn silence(progress: &Progress, timeout: Duration) {
    let mut deadline = progress.last_move() + timeout;
    while Instant::now() < deadline {
        sleep_until(deadline).await;
        deadline = progress.last_move() + timeout;
    }
}

/// How far the body has been handed over, as the body itself knows it.
#[derive(Debug)]
struct Progress {
    start: Instant,
    /// When the last chunk was taken, in milliseconds after `start`.
    moved_ms: AtomicU64,
    whole: AtomicBool,
}

impl Progress {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            moved_ms: AtomicU64::new(0),
            whole: AtomicBool::new(false),
        }
    }

    fn step(&self, whole: bool) {
        self.moved_ms
            .store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.whole.store(whole, Ordering::Release);
    }

    fn last_move(&self) -> Instant {
        self.start + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    fn whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }
}

/// A payload as a body that reports its progress.
struct StreamedBody {
    payload: Payload,
    progress: Arc<Progress>,
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = self.payload.next();
        self.progress.step(self.payload.left() == 0);
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.payload.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.payload.left())
    }
}

impl SendError {
    fn new(error: reqwest::Error, progress: &Progress) -> Self {
        let whole = progress.whole();
        let kind = if causes(&error).any(is_certificate_error) {
            SendErrorKind::Certificate
        } else if causes(&error).filter_map(as_io).any(is_machines_fault) {
            SendErrorKind::Machine
        } else if error.is_connect() {
            SendErrorKind::Connect
        } else {
            SendErrorKind::Lost { whole }
        };
        // The address is known to the reader, and may hold what is not meant for a log.
        Self {
            kind,
            source: Some(error.without_url()),
        }
    }

    fn silent(progress: &Progress) -> Self {
        Self {
            kind: SendErrorKind::Silent {
                whole: progress.whole(),
            },
            source: None,
        }
    }

    fn text(&self) -> &'static str {
        match self.kind {
            SendErrorKind::Certificate => "the server's certificate is not trusted",
            SendErrorKind::Connect => "no connection",
            SendErrorKind::Machine => "this machine cannot open another connection",
            SendErrorKind::Lost { whole: true } => "the connection was lost before the answer",
            SendErrorKind::Lost { whole: false } => "the connection was lost before the request was sent",
            SendErrorKind::Silent { whole: true } => "no answer in time",
            SendErrorKind::Silent { whole: false } => "the server stopped taking the request",
        }
    }
}

/// An error and all that stands behind it, including what an `io::Error` wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        let wrapped = as_io(error).and_then(io::Error::get_ref);
        wrapped
            .map(|inner| inner as &(dyn StdError + 'static))
            .or_else(|| error.source())
    })
}

fn as_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    error.downcast_ref()
}

fn is_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}
