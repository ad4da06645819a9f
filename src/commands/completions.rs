//! `completions`: the script that teaches a shell the options, from the definitions of the command line.
//! It writes to stdout only; where the script belongs is the shell's affair.

use clap_complete::Shell;

use super::help::definitions;
use crate::error::Error;
use crate::exit::ExitStatus;

pub(super) fn run(shell: Shell) -> Result<ExitStatus, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definitions(), env!("CARGO_PKG_NAME"), &mut script);
    super::print(&script)
}
