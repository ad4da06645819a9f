//! Accepts connections, speaks HTTP/1.1 on them, and ends them when told to.
//!
//! It must not know the API. It is here, below the router, because only a service of the connection
//! can close it without an answer: by failing.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Simulator;
use super::route::{self, HangUp};

/// How long requests under way may take to end after the stop.
const DRAIN: Duration = Duration::from_secs(1);

/// The pause after a failed `accept`, which mostly means that no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The header by which a provider's support finds a request.
const REQUEST_ID: &str = "x-request-id";

/// Serves until `stop` resolves. Idle connections are then closed at once, and none outlives the call.
pub(super) async fn serve(simulator: Arc<Simulator>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener) => { connections.spawn(converse(stream, Arc::clone(&simulator), &graceful)); }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    // What has not ended by then is aborted when the set is dropped.
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// The life of one connection.
fn converse(
    stream: TcpStream,
    simulator: Arc<Simulator>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    // Without it small answers may wait for an acknowledgement; the connection works either way.
    let _ = stream.set_nodelay(true);
    let router = route::router(Arc::clone(&simulator));
    let service = service_fn(move |request| respond(Arc::clone(&simulator), router.clone(), request));
    let connection = graceful.watch(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    async move {
        // An error is a client that went away, or a connection closed on purpose.
        let _ = connection.await;
    }
}

async fn respond(
    simulator: Arc<Simulator>,
    router: Router,
    request: Request<Incoming>,
) -> Result<Response<Body>, HangUp> {
    let answer = TowerToHyperService::new(router).call(request).await;
    let mut response = answer.unwrap_or_else(|never| match never {});
    if let Some(hang_up) = response.extensions().get::<HangUp>() {
        return Err(*hang_up);
    }
    let id = simulator.state().identifier().to_string();
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}
