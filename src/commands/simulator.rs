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
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

/// The key that requests are signed with unless a file names another; it guards nothing.
const DEFAULT_API_KEY: &str = "simulator-key-not-a-secret";

pub(super) fn run(args: &SimulatorArgs, signals: &Signals) -> Result<ExitStatus, Error> {
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
    signals.enter(Mode::Drain);
    super::runtime()?.block_on(async {
        let (listener, address) = listen(args.port).await?;
        terminal::simulator_started(address, &partner_id, shown_key.as_deref());
        Simulator::new(settings)
            .serve(listener, signals.follow(|_| false))
            .await;
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
