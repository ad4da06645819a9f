//! The commands: each puts the rooms together for one purpose.

mod check;
mod confirm;
mod enroll;
mod results;
mod simulator;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::exit::ExitStatus;

pub(crate) fn run(cli: Cli) -> Result<ExitStatus, Error> {
    match cli.command {
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Results(args)) => results::run(&args),
        Some(Command::Simulator(args)) => simulator::run(&args),
        None => enroll::run(&cli.enroll),
    }
}

/// The runtime of a command that talks: enough threads for the disk, as many workers as cores.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(PHOTO_READERS)
        .build()
        .map_err(Error::Runtime)
}

/// Threads that read photos; more than cores, because disks and network file systems answer late.
const PHOTO_READERS: usize = 16;
