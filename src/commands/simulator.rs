//! `simulator`: the stand-in for the API, alone, until it is stopped.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::net::TcpListener;

use crate::config::SimulatorConfig;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::simulator::{Settings, Simulator};
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

pub(super) fn run(config: SimulatorConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    let partner_id = config.signer.partner_id().clone();
    let settings = Settings {
        signer: config.signer,
        latency: config.latency,
        fail_rate: config.fail_rate,
        seed: config.seed,
        provisional_rate: config.provisional_rate,
        decide_after: config.decide_after,
        lookup_fail_rate: config.lookup_fail_rate,
        clock_ahead: config.clock_ahead,
    };
    signals.enter(Mode::Drain);
    super::runtime()?.block_on(async {
        let (listener, address) = listen(config.port).await?;
        let simulator = simulator(settings, config.state.as_deref())?;
        let kept = config.state.as_deref().map(|path| (path, simulator.users()));
        terminal::simulator_started(address, partner_id.as_str(), config.shown_key, kept);
        simulator.serve(listener, signals.follow(|_| false)).await;
        Ok(ExitStatus::Settled)
    })
}

/// One that forgets everything, or one that goes on with the users of a file.
fn simulator(settings: Settings, state: Option<&Path>) -> Result<Simulator, Error> {
    let Some(path) = state else {
        return Ok(Simulator::new(settings));
    };
    Simulator::resume(settings, path).map_err(|source| Error::SimulatorState {
        path: path.to_owned(),
        source,
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
