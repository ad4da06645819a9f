//! Enrolls existing users into Smile ID in bulk: right, resumable, and nothing twice.
//!
//! A house whose rooms follow the data. A row comes in at the door and walks one way until it is an
//! outcome; nothing walks back.
//!
//! ```text
//! csv record -> Row -> [room] -> Photo -> intent, durable -> [gate] -> Payload -> Reply | SendError
//!            -> Verdict -> Decision -> Outcome -> ledger -> results, progress -> Summary -> exit code
//!               ^---------- one attempt: the photo read again, signed anew ----------|
//! ```
//!
//! - `domain` is pure and imports nothing of the crate outside itself; `client`, `manifest`,
//!   `photo_file`, `ledger` and `simulator` import only `domain`.
//! - `client` alone opens sockets outward; `ledger` and `results` alone write files; `report` alone
//!   writes to the terminal; `main` alone exits.
//! - In `run`, a state machine decides, a driver acts, and a clerk owns ledger and results. An attempt
//!   reads its photo anew, so that a row that waits holds no photo in memory and the bytes sent are
//!   always the bytes validated. The intent is made durable before the gate is asked, so that the
//!   disk's latency never costs a place in flight.

mod cli;
mod client;
mod commands;
mod config;
mod domain;
mod error;
mod exit;
mod ledger;
mod manifest;
mod photo_file;
mod report;
mod results;
mod run;
mod simulator;

use std::process::ExitCode;

pub use cli::Cli;

/// Runs what the command line asks for. Errors are printed; the exit code says how it ended.
pub fn run(cli: Cli) -> ExitCode {
    let format = cli.log_format();
    let status = commands::run(cli).unwrap_or_else(|error| {
        report::print_error(&error, format);
        error.exit_status()
    });
    status.into()
}
