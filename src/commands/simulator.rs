//! `simulator`: the stand-in for the API, alone, until it is stopped.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::cli::SimulatorArgs;
use crate::config;
use crate::domain::signature::Signer;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::simulator::{Settings, Simulator};
use crate::terminal;

/// The key that requests are signed with unless a file names another; it guards nothing.
const DEFAULT_API_KEY: &str = "simulator-key-not-a-secret";

pub(super) fn run(args: &SimulatorArgs) -> Result<ExitStatus, Error> {
    let partner_id = config::partner(args.partner_id.clone())?;
    let file = args.api_key_file.as_deref();
    let api_key = match file {
        Some(path) => config::key_from_file(path)?,
        None => SecretString::from(DEFAULT_API_KEY),
    };
    let shown_key = file.is_none().then(|| api_key.expose_secret().to_owned());
    let settings = Settings {
        signer: Signer::new(partner_id.clone(), api_key),
        latency: args.latency,
        fail_rate: args.fail_rate,
        seed: args.seed,
    };
    super::runtime()?.block_on(async {
        let stop = stopped();
        let (listener, address) = listen(args.port).await?;
        terminal::simulator_started(address, &partner_id, shown_key.as_deref());
        Simulator::new(settings).serve(listener, stop).await;
        Ok(ExitStatus::Settled)
    })
}

/// Listens on loopback only; port 0 picks a free one.
pub(super) async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound
        .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse if port != 0 => Error::PortInUse(port),
            _ => Error::Listen { port, source: error },
        })
}

/// Resolves at SIGINT or SIGTERM. They are caught from the call on, not from the first poll, so that nobody who has
/// read the address can be too early.
fn stopped() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        async {
            let [Ok(mut terminate), Ok(mut interrupt)] = signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        drop(tokio::signal::ctrl_c().await);
    }
}
