//! `completions`: the script that teaches a shell the options, from the definitions of the command line.
//! It writes to stdout only; where the script belongs is the shell's affair.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::Error;
use crate::exit::ExitStatus;

pub(super) fn run(args: &CompletionsArgs) -> Result<ExitStatus, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    super::print(&script)
}
