//! `completions`: the script that teaches a shell the options, from the definitions of the command line.
//! It writes to stdout only; where the script belongs is the shell's affair.
//!
//! The scripts come from `clap_complete`, and are corrected where they do not know a command line like ours: a word in
//! first place that is a manifest or a command, and a hyphen in the program's name. The tests drive the real shells.

mod bash;
mod fish;
mod zsh;

use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;

use super::help::definitions;
use crate::error::Error;
use crate::exit::ExitStatus;

const NAME: &str = env!("CARGO_PKG_NAME");

pub(super) fn run(shell: Shell) -> Result<ExitStatus, Error> {
    let mut command = definitions_for_shells();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match shell {
        Shell::Bash => bash::correct(&script, &command),
        Shell::Fish => fish::correct(&script, &command),
        Shell::Zsh => zsh::correct(&script, &command),
        _ => script.into_owned(),
    };
    super::print(script.as_bytes())
}

/// The definitions with a hint at every value: what is no file is not completed as one.
fn definitions_for_shells() -> Command {
    definitions()
        .mut_args(no_files)
        .mut_subcommands(|subcommand| subcommand.mut_args(no_files))
}

fn no_files(argument: Arg) -> Arg {
    let is_open = argument.get_value_hint() == ValueHint::Unknown && argument.get_possible_values().is_empty();
    match is_open && argument.get_action().takes_values() {
        true => argument.value_hint(ValueHint::Other),
        false => argument,
    }
}

/// Whether the command takes a file without a flag before it.
fn takes_file(command: &Command) -> bool {
    command
        .get_positionals()
        .any(|argument| argument.get_value_hint() == ValueHint::FilePath)
}
