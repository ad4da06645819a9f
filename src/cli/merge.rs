//! The arguments of `merge`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::enroll::LogArgs;
use super::files::{FileArgs, OUTPUT, PHOTOS};
use super::sharding::MACHINES;
use super::values::ReportIds;

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Ledgers of all parts, in any order; none of them is changed
    #[arg(value_name = "LEDGER", required = true, num_args = 1.., value_hint = ValueHint::FilePath, help_heading = None::<&str>)]
    pub(crate) ledgers: Vec<PathBuf>,
    /// Write the columns that say what was done to photos, as a run with this flag does
    #[arg(long, help_heading = PHOTOS)]
    pub(crate) fix_photos: bool,
    /// Proof that `split` has left [default: <manifest stem>.split.json beside the manifest, if it is there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MACHINES)]
    pub(crate) split_proof: Option<PathBuf>,
    /// Results CSV; '-' is stdout [default: <manifest stem>.<env>.results.csv beside the manifest]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) results: Option<PathBuf>,
    /// Also make one ledger of all users here, to go on with; no ledger is replaced
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) ledger: Option<PathBuf>,
    /// The rows that are not settled, with reasons [default: <manifest stem>.<env>.failures.csv, if there are any]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) failures: Option<PathBuf>,
    /// One summary of all parts as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) summary: Option<PathBuf>,
    /// All parts as one HTML page for people
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) report: Option<PathBuf>,
    /// How --report names users: by the first letters of their ids, or whole
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ReportIds::Masked, help_heading = OUTPUT)]
    pub(crate) report_ids: ReportIds,
    /// Let results and failures replace a file that is not an earlier one of them
    #[arg(long, hide_short_help = true, help_heading = OUTPUT)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}
