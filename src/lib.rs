//! Enrolls existing users into Smile ID in bulk: right, resumable, and nothing twice.
//!
//! A row comes in from the manifest and moves one way until it is an outcome; nothing moves back.
//!
//! ```text
//! csv record -> Row -> Photo -> intent, durable -> Request -> Response | SendError
//!            -> Verdict -> Decision -> Outcome -> ledger -> results, progress -> Summary -> exit code
//!               ^-- one attempt: the photo read again, signed anew --|
//! ```
//!
//! - `domain` is pure and imports nothing of the crate outside itself; `client`, `manifest`, `photo`, `ledger` and
//!   `simulator` import only `domain` and `sys`, the machine.
//! - `client` alone opens sockets outward; `ledger`, `output` and `sys`'s atomic file alone write files; `terminal`
//!   alone writes to the terminal; `main` alone exits.
//! - In `run`, the dispatcher (a state machine) decides, the driver acts, and the recorder owns ledger and results. An
//!   attempt reads its photo anew, so that a row that waits holds no photo in memory and the bytes sent are always the
//!   bytes validated. The intent is made durable before the gate is asked, so that the disk's latency never costs a
//!   place in flight.

mod cli;
mod client;
mod commands;
mod config;
mod domain;
mod error;
mod exit;
#[cfg(fuzzing)]
pub mod fuzzing;
mod ledger;
mod manifest;
mod output;
mod photo;
mod run;
mod simulator;
mod sys;
mod terminal;

use std::process::ExitCode;

pub use cli::Cli;

/// Runs what the command line asks for. Errors are printed; the exit code says how it ended.
pub fn run(cli: Cli) -> ExitCode {
    let format = cli.log_format();
    let status = commands::run(cli).unwrap_or_else(|error| {
        terminal::print_error(&error, format);
        error.exit_status()
    });
    status.into()
}
