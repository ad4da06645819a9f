//! The command line as it is written: raw arguments, no I/O, nothing resolved. It names no other module of the crate.

mod enroll;
mod files;
mod merge;
mod reading;
mod reconcile;
mod sharding;
mod subcommands;
mod values;

use clap::{Parser, Subcommand};

pub(crate) use enroll::{AccountArgs, EnrollArgs, LimitArgs, LogArgs, PaceArgs, PinArgs, ReportArgs};
pub(crate) use files::{FileArgs, FixArgs, ManifestArgs, PhotoArgs, PlaceArgs};
pub(crate) use merge::MergeArgs;
pub(crate) use reading::{ColumnHeader, ColumnName, ManifestFormat};
pub(crate) use reconcile::{LookupStatus, ReconcileArgs};
pub(crate) use sharding::{RateOf, ShardArgs, ShardChoice, SplitArgs};
pub(crate) use subcommands::{
    CheckArgs, CompletionsArgs, DEFAULT_PARTNER_ID, ExtractArgs, ResultsArgs, SimulatorArgs, StatusArgs,
};
pub(crate) use values::{Color, Env, LogFormat, LogLevel, ProgressMode, ReportIds, StatusFormat};

/// Enrolls existing users into Smile ID in bulk.
///
/// Reads a CSV manifest of users and photos, posts one signed request per user, many at once, and leaves a
/// results CSV that says for every row what became of it. Nothing is sent twice: run the same command again
/// to go on where the last run ended.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    long_about,
    after_help = "See --help for every option, examples and exit codes."
)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) enroll: EnrollArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Validate rows and photos, send nothing
    Check(CheckArgs),
    /// Write the results CSV again from the ledger
    Results(ResultsArgs),
    /// Say how a running or finished run stands
    Status(StatusArgs),
    /// Ask the provider what became of users in doubt; enrolls nobody
    Reconcile(ReconcileArgs),
    /// Put the results of many machines together and prove them complete
    Merge(MergeArgs),
    /// Turn a Postman data file (photos as base64) into photo files and a manifest
    Extract(ExtractArgs),
    /// Cut a manifest into the parts of many machines
    Split(SplitArgs),
    /// Serve a local stand-in for the API until stopped
    Simulator(SimulatorArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print the man page
    Man,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }
}
