//! What the variables of the flags are called, and how the help shows them.
//!
//! The library's own way of reading variables is used for `--help` and the man page alone: it takes an empty variable for a
//! value, and a flag that excludes another for an error.

use clap::{Arg, ArgAction, Command};

/// What the names of the variables begin with; then comes the flag in capitals, `-` as `_`.
const PREFIX: &str = "IMAGE_ENROLL_";
/// A variable that has a name of its own, since Smile ID's other tools know it too.
const PARTNER_ID: (&str, &str) = ("partner-id", "SMILE_PARTNER_ID");
/// The stand-in for the API is set up beside a run, and not like one.
const APART: &str = "simulator";
/// Flags that mean something else to these commands than to a run.
const OTHERS: [(&str, &str); 10] = [
    ("merge", "ledger"),
    ("split", "ledger"),
    ("split", "force"),
    ("extract", "photos"),
    ("extract", "manifest"),
    ("status", "format"),
    ("reconcile", "rate"),
    ("reconcile", "limit"),
    ("reconcile", "timeout"),
    ("reconcile", "max-outage"),
];

/// The definitions as the long help and the man page show them: with the variable of each flag, and without its value.
pub(crate) fn with_variables(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let shown = command.mut_args(|arg| match variable(&name, &arg) {
        Some(variable) => arg.env(variable).hide_env_values(true),
        None => arg,
    });
    shown.mut_subcommands(with_variables)
}

/// The variable of a flag of this command.
pub(super) fn variable(command: &str, arg: &Arg) -> Option<String> {
    let flag = arg.get_long().filter(|_| !tells_of_itself(arg))?;
    let name = flag.to_ascii_uppercase().replace('-', "_");
    let is_apart = command == APART || OTHERS.contains(&(command, flag));
    Some(match (is_apart, flag == PARTNER_ID.0) {
        (true, _) => format!("{PREFIX}{}_{name}", command.to_ascii_uppercase()),
        (false, true) => PARTNER_ID.1.to_owned(),
        (false, false) => format!("{PREFIX}{name}"),
    })
}

fn tells_of_itself(arg: &Arg) -> bool {
    use ArgAction::{Help, HelpLong, HelpShort, Version};
    matches!(arg.get_action(), Help | HelpLong | HelpShort | Version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;
    use std::ffi::OsStr;

    #[test]
    fn the_long_help_names_every_variable_and_shows_no_value() {
        let shown = with_variables(Cli::command());
        for command in std::iter::once(&shown).chain(shown.get_subcommands()) {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
                assert_eq!(
                    arg.get_env(),
                    variable(command.get_name(), arg).as_deref().map(OsStr::new)
                );
                assert!(arg.is_hide_env_values_set(), "{arg}");
            }
        }
    }
}
