//! The command line with what its long help adds: examples, exit codes, and where the key comes from.

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::exit::ExitStatus;

/// Commands to copy, each with its purpose; for `--help` and the man page.
pub(crate) const EXAMPLES: [(&str, &str); 4] = [
    (
        "image-enroll --env local examples/manifest.csv",
        "See it work, no account and no network needed.",
    ),
    (
        "image-enroll check manifest.csv",
        "Find what is wrong before anything is sent.",
    ),
    (
        "image-enroll --env sandbox manifest.csv",
        "Enroll; the same command again takes up the rest.",
    ),
    (
        "image-enroll --env production --yes --stop-after 4h manifest.csv",
        "A nightly window on real users.",
    ),
];

/// Where the key comes from: no flag takes it, so that no process list shows it.
const KEY_SOURCES: &str = "\
The API key comes from --api-key-file, from SMILE_SANDBOX_API_KEY or SMILE_PRODUCTION_API_KEY, or from SMILE_API_KEY.";

/// What stands below the options in the long help.
fn closing_help() -> String {
    let examples = EXAMPLES.map(|(command, purpose)| format!("  {command}\n      {purpose}\n"));
    let codes = ExitStatus::ALL.map(|status| format!("  {:>3}  {}\n", status.code(), status.meaning()));
    format!(
        "Examples:\n{}\nExit codes:\n{}\n{KEY_SOURCES}",
        examples.concat(),
        codes.concat()
    )
}

/// The definitions of the command line, whole.
pub(crate) fn definitions() -> Command {
    Cli::command().after_long_help(closing_help())
}
