//! What somebody may have meant whose command line means nothing.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Error};

use super::help::definitions;
use crate::config::ConfigError;
use crate::sys::similar::{closest, file_like};

/// Flags by which other tools do what `check` does.
const LIKE_CHECK: [&str; 8] = [
    "--check",
    "--dry-run",
    "--dryrun",
    "--no-op",
    "--noop",
    "--simulate",
    "--test",
    "--validate",
];

/// Reads a command line again that was refused. A missing manifest is not the parser's affair: it is named together with
/// whatever else a run lacks.
pub(crate) fn second_reading(refused: Error, arguments: &[OsString]) -> Result<ArgMatches, Error> {
    match refused.kind() {
        ErrorKind::MissingRequiredArgument => {
            let relaxed = definitions().mut_arg("manifest", |manifest| manifest.required(false));
            relaxed.try_get_matches_from(arguments).map_err(|_| refused)
        }
        ErrorKind::UnknownArgument | ErrorKind::ArgumentConflict => Err(explained(refused, arguments)),
        _ => Err(refused),
    }
}

/// The same error with what was meant, where that can be told.
fn explained(mut error: Error, arguments: &[OsString]) -> Error {
    let unknown = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(unknown)) => unknown.clone(),
        _ => String::new(),
    };
    if LIKE_CHECK.contains(&unknown.as_str()) {
        let tip = "to look at rows and photos and send nothing: image-enroll check <MANIFEST>";
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
        );
        return error;
    }
    let words = arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    let mut words = words.filter(|word| !word.starts_with('-'));
    let first = words.clone().next().unwrap_or_default();
    // A command that stands first as it should is not what the error is about.
    match words
        .find_map(|word| Some((word, mistaken(word)?)).filter(|(word, command)| command != word || *word != first))
    {
        Some((word, command)) if word != command => no_such_command(word, &command),
        Some((_, command)) => {
            let tip = format!("a command stands first: image-enroll {command}");
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
            );
            error
        }
        None => another_manifest(&error, first).unwrap_or(error),
    }
}

/// The command that somebody may have meant by a word that is no file and has no ending.
fn mistaken(word: &str) -> Option<String> {
    let path = Path::new(word);
    let may_be = path.extension().is_none() && !path.exists();
    may_be.then(|| command_like(word)).flatten()
}

/// The error where a second manifest stands behind the first. `first` is the first word, which may be a command.
fn another_manifest(error: &Error, first: &str) -> Option<Error> {
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) if !word.starts_with('-') => Some(word.clone()),
        _ => None,
    };
    let other = of(ContextKind::InvalidSubcommand).or_else(|| of(ContextKind::InvalidArg))?;
    let definitions = definitions();
    let command = definitions.find_subcommand(first).unwrap_or(&definitions);
    let takes_one = command
        .get_positionals()
        .any(|argument| argument.get_id() == "manifest");
    takes_one.then(|| {
        Error::raw(
            ErrorKind::UnknownArgument,
            format!(
                "one manifest is taken at a time, and '{other}' is another one\n\n  \
                 tip: type the command once for each; while both go by the same ledger, nobody is sent twice\n  \
                 tip: where their headers are equal, join them: (cat FIRST; tail -n +2 {other}) > both.csv\n"
            ),
        )
    })
}

fn no_such_command(word: &str, command: &str) -> Error {
    let mut error = Error::new(ErrorKind::InvalidSubcommand).with_cmd(&definitions());
    error.insert(ContextKind::InvalidSubcommand, ContextValue::String(word.to_owned()));
    error.insert(
        ContextKind::SuggestedSubcommand,
        ContextValue::Strings(vec![command.to_owned()]),
    );
    error
}

/// The error where the only word, taken for a manifest, is no file and nearly a command.
pub(super) fn mistaken_command(manifest: Option<&Path>) -> Option<ConfigError> {
    let path = manifest.filter(|path| path.extension().is_none() && matches!(path.try_exists(), Ok(false)))?;
    let word = path.to_str()?.to_owned();
    Some(ConfigError::NoSuchCommand {
        command: command_like(&word)?,
        word,
        file: file_like(path),
    })
}

fn command_like(word: &str) -> Option<String> {
    let definitions = definitions();
    let names = definitions.get_subcommands().map(clap::Command::get_name);
    closest(word, names).map(str::to_owned)
}
