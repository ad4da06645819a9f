//! The commands: each puts the modules together for one purpose. What was typed is resolved here, before a command begins.

mod check;
mod completions;
mod enroll;
mod extract;
mod help;
mod man;
mod merge;
mod places;
mod reconcile;
mod results;
mod simulator;
mod split;
mod status;
mod suggest;

use std::io::{self, ErrorKind, Write as _};

use crate::cli::{Cli, Command};
use crate::config::{
    CheckConfig, EnrollConfig, ExtractConfig, Known, MergeConfig, ReconcileConfig, ResultsConfig, SimulatorConfig,
    SplitConfig, StatusConfig,
};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::sys::signals::Signals;

pub(crate) use help::definitions;
pub(crate) use suggest::second_reading;

pub(crate) fn run(cli: Cli, signals: &Signals) -> Result<ExitStatus, Error> {
    match cli.command {
        Some(Command::Check(args)) => check::run(&CheckConfig::resolve(&args)?),
        Some(Command::Results(args)) => results::run(&ResultsConfig::resolve(&args)?, signals),
        Some(Command::Status(args)) => status::run(&StatusConfig::resolve(&args)?),
        Some(Command::Reconcile(args)) => reconcile::run(&ReconcileConfig::resolve(&args)?, signals),
        Some(Command::Merge(args)) => merge::run(&MergeConfig::resolve(&args)?, signals),
        Some(Command::Extract(args)) => extract::run(&ExtractConfig::resolve(&args)?),
        Some(Command::Split(args)) => split::run(&SplitConfig::resolve(&args)?, signals),
        Some(Command::Simulator(args)) => simulator::run(SimulatorConfig::resolve(&args)?, signals),
        Some(Command::Completions(args)) => completions::run(args.shell),
        Some(Command::Man) => man::run(),
        None => {
            let (start, known) = (enroll::Start::now(), Known::of(&cli.enroll));
            let mistaken = suggest::mistaken_command(cli.enroll.files.manifest.as_deref());
            let config = mistaken.map_or_else(|| EnrollConfig::resolve(&cli.enroll), Err);
            Ok(enroll::run(&start, &known, config, signals))
        }
    }
}

/// Writes a document to stdout. A reader that has seen enough and closes early is no error.
fn print(document: &[u8]) -> Result<ExitStatus, Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(document).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
        Ok(()) | Err(_) => Ok(ExitStatus::Settled),
    }
}

/// The runtime of a command that talks: enough threads for the disk, as many workers as cores.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    #[cfg(unix)]
    if rlimit::Resource::NOFILE
        .get_soft()
        .is_ok_and(|most| most < LEAST_DESCRIPTORS)
    {
        let text = format!("fewer than {LEAST_DESCRIPTORS} file descriptors; raise `ulimit -n`");
        return Err(Error::Runtime(std::io::Error::other(text)));
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(PHOTO_READERS)
        .build()
        .map_err(Error::Runtime)
}

/// File descriptors without which the runtime, the ledger and one request cannot be opened.
#[cfg(unix)]
const LEAST_DESCRIPTORS: u64 = 24;

/// Threads that read photos; more than cores, because disks and network file systems answer late.
const PHOTO_READERS: usize = 4;

/// Most objects that are read at a time where photos are fixed: each may have 64 MB then, and there are no more processors than
/// a few.
const FIXED_OBJECT_READS: usize = 8;
