//! Connections: names, TCP, a proxy's tunnel, TLS, and the pool that keeps them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, Write};
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::{
    self,
    connect::{Connect, Connection, HttpConnector, proxy::Tunnel},
};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls_platform_verifier::Verifier;
use tower_service::Service;

use super::body::StreamedBody;
use super::{ClientError, ClientSettings};

/// Idle connections are given up before common load balancers close them, at 60 s.
const IDLE: Duration = Duration::from_secs(30);
/// A peer that vanished without a word is noticed by TCP's probes, so far apart and so many.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;
/// Plain text that TLS takes at a time. With the 64 KiB of rustls the body of a small photo needs a second round
/// through the socket.
const TLS_BUFFER_BYTES: usize = 256 * 1024;
/// Bytes of a body that are encoded ahead of the socket.
const BODY_BUFFER_BYTES: usize = 256 * 1024;

type Tls<T> = MaybeHttpsStream<T>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Straight = HttpsConnector<HttpConnector>;
type Tunnelled = HttpsConnector<Tunnel<Straight>>;
type HyperClient<C> = legacy::Client<Link<C>, StreamedBody>;

/// A pool of connections to one endpoint, straight or through a proxy.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    Straight(Arc<HyperClient<Straight>>),
    Tunnelled(Arc<HyperClient<Tunnelled>>),
}

impl Pool {
    pub(super) fn new(uri: &Uri, settings: &ClientSettings) -> Result<Self, ClientError> {
        let tls = Arc::new(tls(settings.ca_pem.as_deref())?);
        let timeout = settings.connect_timeout;
        let straight = HttpsConnector::from((tcp(), Arc::clone(&tls)));
        let proxy = match settings.direct {
            true => None,
            false => Matcher::from_system().intercept(uri),
        };
        Ok(match proxy {
            None => Self::Straight(client(straight, timeout)),
            Some(proxy) => {
                let tunnel = HttpsConnector::from((tunnel(&proxy, straight)?, tls));
                Self::Tunnelled(client(tunnel, timeout))
            }
        })
    }

    pub(super) async fn send(&self, request: Request<StreamedBody>) -> Result<Response<Incoming>, legacy::Error> {
        match self {
            Self::Straight(client) => client.request(request).await,
            Self::Tunnelled(client) => client.request(request).await,
        }
    }
}

fn client<C>(connector: C, timeout: Duration) -> Arc<HyperClient<C>>
where
    Link<C>: Connect + Clone,
{
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .http1_max_buf_size(BODY_BUFFER_BYTES)
        .build(Link { connector, timeout });
    Arc::new(client)
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
    // With data under way there are no probes; there it is data that nobody acknowledges.
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(KEEPALIVE * 2));
    tcp
}

fn tunnel(proxy: &Intercept, way: Straight) -> Result<Tunnel<Straight>, ClientError> {
    match proxy.uri().scheme_str() {
        Some("http" | "https") => {}
        other => return Err(ClientError::Proxy(other.unwrap_or_default().to_owned())),
    }
    let tunnel = Tunnel::new(proxy.uri().clone(), way);
    Ok(match proxy.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    })
}

/// A connector with one time limit for the whole way, from the name to the TLS handshake.
#[derive(Debug, Clone)]
pub(super) struct Link<C> {
    connector: C,
    timeout: Duration,
}

impl<C, T> Service<Uri> for Link<C>
where
    C: Service<Uri, Response = Tls<T>, Error = BoxError, Future: Send + 'static>,
    T: Read + Write + Connection + Send + Unpin + 'static,
{
    type Response = Tls<T>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Tls<T>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.connector.call(uri));
        Box::pin(async move { Ok(widen(connecting.await??)) })
    }
}

fn widen<T>(mut link: Tls<T>) -> Tls<T> {
    if let MaybeHttpsStream::Https(stream) = &mut link {
        stream.inner_mut().get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
    }
    link
}

/// Certificates are judged by the platform's verifier, with the given roots beside its own.
fn tls(ca_pem: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default()).collect::<Result<Vec<_>, _>>()?;
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
