//! Accepts connections and serves HTTP/1.1 on each until the client leaves or the simulator stops.
//!
//! It must not know the API. A request that gets an error in place of an answer closes its connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Simulator, route};

/// How long requests under way may take to end after the stop.
const DRAIN: Duration = Duration::from_secs(1);

/// The pause after a failed `accept`, which mostly means that no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves. Idle connections are then closed at once, and none outlives the call.
pub(super) async fn serve(simulator: Arc<Simulator>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener) => { connections.spawn(serve_connection(stream, Arc::clone(&simulator), &graceful)); }
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

/// Answers the requests of one connection, one after the other.
fn serve_connection(
    stream: TcpStream,
    simulator: Arc<Simulator>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    // Without it small answers may wait for an acknowledgement; the connection works either way.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let simulator = Arc::clone(&simulator);
        async move { route::answer(&simulator, request).await }
    });
    let connection = graceful.watch(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    async move {
        // An error is a client that went away, or a connection closed on purpose.
        let _ = connection.await;
    }
}
