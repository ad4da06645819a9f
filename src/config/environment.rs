//! Every long flag by a variable of the environment, as containers want it.
//!
//! What was typed is read first. Then each variable whose flag was not typed, and is not at odds with one that was, is put
//! among the arguments, and all are read together. An empty variable counts as none. The library's own way is used for
//! `--help` and the man page alone: it takes an empty variable for a value, and a flag that excludes another for an error.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

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
/// Values that leave no choice for another flag.
const EXCLUDED: [(&str, &str, &str); 1] = [("env", "local", "endpoint")];

/// A variable that is set, and the argument that it stands for.
struct Found {
    variable: String,
    /// The flag as messages write it.
    flag: String,
    arguments: Vec<OsString>,
}

/// Reads the command line and the variables of its flags.
pub(crate) fn read(definitions: &Command, typed: Vec<OsString>) -> Result<ArgMatches, clap::Error> {
    read_with(definitions, typed, |name| std::env::var_os(name))
}

fn read_with(
    definitions: &Command,
    typed: Vec<OsString>,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, clap::Error> {
    let matches = match without_required_flags(definitions.clone()).try_get_matches_from(&typed) {
        Err(error) if error.kind() == ErrorKind::DisplayHelp && asks_for_all(&typed) => {
            return with_variables(definitions.clone()).try_get_matches_from(typed);
        }
        read => read?,
    };
    let mut built = definitions.clone();
    built.build();
    let (command, own, depth) = chosen(&built, &matches);
    let found = found(command, own, |name| lookup(name).filter(|value| !value.is_empty()))?;
    if found.is_empty() {
        return definitions.clone().try_get_matches_from(typed);
    }
    let (before, behind) = typed.split_at(depth.min(typed.len()));
    let inserted = found.iter().flat_map(|found| &found.arguments);
    let all = before.iter().chain(inserted).chain(behind);
    let read = definitions.clone().try_get_matches_from(all);
    read.map_err(|error| naming_the_variable(error, &found))
}

/// The definitions for what was typed alone: a flag that is required may still come from its variable.
fn without_required_flags(command: Command) -> Command {
    let relaxed = command.mut_args(|arg| match arg.get_long() {
        Some(_) => arg.required(false),
        None => arg,
    });
    relaxed.mut_subcommands(without_required_flags)
}

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
fn variable(command: &str, arg: &Arg) -> Option<String> {
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

fn asks_for_all(typed: &[OsString]) -> bool {
    typed.iter().any(|word| word == "--help") || typed.get(1).is_some_and(|word| word == "help")
}

/// The command that was typed, its own matches, and how many words name it.
fn chosen<'a>(definitions: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches, usize) {
    let subcommand = matches
        .subcommand()
        .and_then(|(name, own)| Some((definitions.find_subcommand(name)?, own)));
    subcommand.map_or((definitions, matches, 1), |(command, own)| (command, own, 2))
}

fn found(
    command: &Command,
    matches: &ArgMatches,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<Found>, clap::Error> {
    let mut all = Vec::new();
    for arg in command.get_arguments() {
        let Some(variable) = variable(command.get_name(), arg) else {
            continue;
        };
        let Some(value) = lookup(&variable) else { continue };
        if is_typed(arg, matches) || is_at_odds(command, arg, &value, matches) {
            continue;
        }
        let arguments = arguments(arg, &variable, &value)?;
        let flag = arg.to_string();
        all.push(Found {
            variable,
            flag,
            arguments,
        });
    }
    Ok(all)
}

fn is_typed(arg: &Arg, matches: &ArgMatches) -> bool {
    matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// Whether what was typed leaves no place for this flag, or for this value of it.
fn is_at_odds(command: &Command, arg: &Arg, value: &OsStr, matches: &ArgMatches) -> bool {
    let excludes = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    let typed = || command.get_arguments().filter(|other| is_typed(other, matches));
    let by_flag = typed().any(|other| excludes(arg, other) || excludes(other, arg));
    let typed_value = |flag: &str, value: &str| {
        let other = typed().find(|other| other.get_long() == Some(flag));
        other.is_some_and(|other| raw(matches, other).is_some_and(|typed| typed == value))
    };
    let is_typed_flag = |flag: &str| typed().any(|other| other.get_long() == Some(flag));
    by_flag
        || EXCLUDED.iter().any(|(flag, choice, excluded)| {
            let is_excluded = arg.get_long() == Some(*excluded) && typed_value(flag, choice);
            let excludes = arg.get_long() == Some(*flag) && value == *choice && is_typed_flag(excluded);
            is_excluded || excludes
        })
}

fn raw<'a>(matches: &'a ArgMatches, arg: &Arg) -> Option<&'a OsStr> {
    matches.get_raw(arg.get_id().as_str())?.next()
}

/// What would have been typed.
fn arguments(arg: &Arg, variable: &str, value: &OsStr) -> Result<Vec<OsString>, clap::Error> {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    let with = |value: &OsStr| {
        let mut argument = OsString::from(format!("{flag}="));
        argument.push(value);
        argument
    };
    match (arg.get_action(), value.to_str()) {
        (ArgAction::SetTrue, text) => match text.and_then(switch) {
            Some(true) => Ok(vec![flag.into()]),
            Some(false) => Ok(Vec::new()),
            None => Err(clap::Error::raw(
                ErrorKind::InvalidValue,
                format!("{variable} stands for {flag}: write 1, true or yes, or else 0, false or no\n"),
            )),
        },
        (ArgAction::Append, Some(text)) => Ok(text.split(',').map(|part| with(OsStr::new(part.trim()))).collect()),
        _ => Ok(vec![with(value)]),
    }
}

fn switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// What was not typed is not found on the command line by whoever reads the message.
fn naming_the_variable(mut error: clap::Error, found: &[Found]) -> clap::Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if let Some(found) = found.iter().find(|found| found.flag == *flag) {
        let text = format!("{flag} (from {})", found.variable);
        error.insert(ContextKind::InvalidArg, ContextValue::String(text));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    /// Reads with these variables alone.
    fn with(variables: &[(&str, &str)], typed: &[&str]) -> Result<ArgMatches, clap::Error> {
        let typed = ["image-enroll"].iter().chain(typed).map(OsString::from).collect();
        let lookup = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        read_with(&Cli::command(), typed, lookup)
    }

    fn commands(definitions: &Command) -> Vec<Command> {
        let subcommands = definitions.get_subcommands().cloned();
        [definitions.clone()].into_iter().chain(subcommands).collect()
    }

    /// A value that the flag takes.
    fn sample(arg: &Arg) -> String {
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            return "yes".into();
        }
        let possible = arg.get_possible_values();
        if let Some(value) = possible.last() {
            return value.get_name().to_owned();
        }
        let name = arg.get_value_names().map_or("", |names| names[0].as_str());
        match name {
            "N/s" => "7/s",
            "DUR" => "7s",
            "SHARE" => "0.7",
            "CHAR" => ";",
            "I/N" => "1/7",
            "NAME=HEADER" => "user_id=id",
            "NAME" => "utf-8",
            "FMT" => "epoch",
            "ZONE" => "UTC",
            "STATUS" => "in_doubt",
            "TEXT" => "{user_id}.jpg",
            "PX" => "700",
            "PORT" | "N" => "7",
            "URL" => "https://seven.example",
            _ => "seven",
        }
        .into()
    }

    #[test]
    fn every_flag_of_every_command_has_a_variable_that_sets_it() {
        let definitions = Cli::command();
        let mut seen = 0;
        for command in commands(&definitions) {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
                let variable = variable(command.get_name(), arg).unwrap();
                let value = sample(arg);
                let mut typed = vec![command.get_name()];
                typed.retain(|name| *name != definitions.get_name());
                let positionals = command.get_positionals().count();
                typed.extend(vec!["m.csv"; positionals]);
                // The longest side is of use with the one alone, and the other is required.
                let fixes = ("IMAGE_ENROLL_FIX_PHOTOS", "yes");
                let photos = ("IMAGE_ENROLL_EXTRACT_PHOTOS", "photos");
                let parts = ("IMAGE_ENROLL_PARTS", "7");
                let matches = with(&[(&variable, &value), fixes, photos, parts], &typed);
                let matches = matches.unwrap_or_else(|error| panic!("{variable}={value}: {error}"));
                let (_, own, _) = chosen(&definitions, &matches);
                assert!(is_typed(arg, own), "{variable} does not set {arg}");
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn the_long_help_names_every_variable_and_shows_no_value() {
        for command in commands(&with_variables(Cli::command())) {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
                assert_eq!(
                    arg.get_env(),
                    variable(command.get_name(), arg).as_deref().map(OsStr::new)
                );
                assert!(arg.is_hide_env_values_set(), "{arg}");
            }
        }
    }

    #[test]
    fn a_flag_wins_over_its_variable_and_over_one_that_it_excludes() {
        let concurrency = |matches: &ArgMatches| *matches.get_one::<u16>("concurrency").unwrap();
        let variable = ("IMAGE_ENROLL_CONCURRENCY", "7");
        assert_eq!(concurrency(&with(&[variable], &["m.csv"]).unwrap()), 7);
        assert_eq!(concurrency(&with(&[variable], &["-c", "3", "m.csv"]).unwrap()), 3);
        let verbose = with(&[("IMAGE_ENROLL_QUIET", "1")], &["-v", "m.csv"]).unwrap();
        assert!(verbose.get_flag("verbose") && !verbose.get_flag("quiet"));
        let both = [("IMAGE_ENROLL_QUIET", "1"), ("IMAGE_ENROLL_VERBOSE", "1")];
        assert!(with(&both, &["m.csv"]).is_err());
        let elsewhere = ("IMAGE_ENROLL_ENDPOINT", "https://a.example");
        let local = with(&[elsewhere], &["--env", "local", "m.csv"]).unwrap();
        assert!(!local.contains_id("endpoint"));
        let local = ("IMAGE_ENROLL_ENV", "local");
        let named = with(&[local], &["--endpoint", "https://a.example", "m.csv"]).unwrap();
        assert_eq!(named.value_source("env"), Some(ValueSource::DefaultValue));
    }

    #[test]
    fn an_empty_variable_is_none_and_a_switch_takes_yes_or_no() {
        let empty = [("IMAGE_ENROLL_RATE", ""), ("IMAGE_ENROLL_YES", "")];
        let matches = with(&empty, &["m.csv"]).unwrap();
        assert!(!matches.contains_id("rate") && !matches.get_flag("yes"));
        for (text, wanted) in [("1", true), ("True", true), ("yes", true), ("0", false), ("no", false)] {
            let matches = with(&[("IMAGE_ENROLL_YES", text)], &["m.csv"]).unwrap();
            assert_eq!(matches.get_flag("yes"), wanted, "{text}");
        }
        let error = with(&[("IMAGE_ENROLL_YES", "maybe")], &["m.csv"]).unwrap_err();
        assert!(error.to_string().contains("IMAGE_ENROLL_YES"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_told_with_the_name_of_its_variable() {
        let error = with(&[("IMAGE_ENROLL_RATE", "20")], &["m.csv"]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--rate <N/s> (from IMAGE_ENROLL_RATE)"), "{text}");
    }

    #[test]
    fn the_simulator_is_not_set_up_by_what_is_meant_for_a_run() {
        let of_run = ("IMAGE_ENROLL_API_KEY_FILE", "production.key");
        let matches = with(&[of_run], &["simulator"]).unwrap();
        assert!(!matches.subcommand().unwrap().1.contains_id("api_key_file"));
        let own = ("IMAGE_ENROLL_SIMULATOR_PORT", "7");
        let matches = with(&[own], &["simulator"]).unwrap();
        assert_eq!(matches.subcommand().unwrap().1.get_one::<u16>("port"), Some(&7));
    }
}
