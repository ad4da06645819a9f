//! The arguments of the other commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use clap_complete::Shell;

use super::enroll::{LogArgs, PinArgs};
use super::files::{FileArgs, FixArgs, ManifestArgs, OUTPUT, PHOTOS, PhotoArgs, PlaceArgs};
use super::sharding::ShardArgs;
use super::values::{Env, StatusFormat, duration, share};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// CSV or JSON Lines with user_id, user_created_at and photo; '-' reads standard input
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: PathBuf,
    #[command(flatten)]
    pub(crate) reading: ManifestArgs,
    #[command(flatten)]
    pub(crate) photos: PhotoArgs,
    /// Look at the rows only
    #[arg(long, help_heading = PHOTOS)]
    pub(crate) no_photos: bool,
    #[command(flatten)]
    pub(crate) fixing: FixArgs,
    /// Keep the fixed copies in this folder, for a person to look at
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = PHOTOS, requires = "fix_photos", conflicts_with = "no_photos")]
    pub(crate) save_fixed: Option<PathBuf>,
    /// Further root certificates (PEM) for stores of photos, beside the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true, help_heading = PHOTOS)]
    pub(crate) ca_cert: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sharding: ShardArgs,
    /// All findings as CSV: row, line, user_id, reason, detail; '-' is stdout
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) findings: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResultsArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Write the columns that say what was done to photos, as a run with this flag does
    #[arg(long, help_heading = PHOTOS)]
    pub(crate) fix_photos: bool,
    /// Needed where --ledger is not given.
    #[command(flatten)]
    pub(crate) pin: PinArgs,
    #[command(flatten)]
    pub(crate) sharding: ShardArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
    /// Only the rows with these statuses, with reasons, in the form of a failures file; -o names another place than its own
    #[arg(long, value_name = "STATUS,...", value_delimiter = ',', help_heading = OUTPUT)]
    pub(crate) status: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// CSV, JSON array of objects or JSON Lines with user_id, user_created_at and photo (base64); '-' reads standard input
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath)]
    pub(crate) data: PathBuf,
    /// Folder for the photos, made if it is not there; no file in it is written over
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = PHOTOS)]
    pub(crate) photos: PathBuf,
    /// Manifest that names the photos; '-' is stdout [default: <data stem>.manifest.csv in the folder of the photos]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Whose run it is, where --ledger is not given
    #[arg(long, value_enum, default_value_t = Env::Sandbox)]
    pub(crate) env: Env,
    #[command(flatten)]
    pub(crate) pin: PinArgs,
    #[command(flatten)]
    pub(crate) sharding: ShardArgs,
    /// Ledger of the run [default: the one of endpoint and partner]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// A page for people, or an object for programs
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
    /// Follow the run until it ends: in place on a terminal, a line for each change elsewhere
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub(crate) port: u16,
    /// Partner id that requests must name
    #[arg(long, value_name = "ID", default_value = DEFAULT_PARTNER_ID)]
    pub(crate) partner_id: String,
    /// File with the API key that requests must be signed with [default: a key that is printed]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) api_key_file: Option<PathBuf>,
    /// File that keeps the enrolled users, so that a killed simulator goes on where it was [default: memory only]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// Time before each answer
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    pub(crate) latency: Duration,
    /// Share of requests, 0 to 1, that get a 429, a 503, a dropped connection or a lost answer
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) fail_rate: f64,
    /// Which of the many bad nights it is: the same seed gives the same faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Share of registrations, 0 to 1, that a person has to decide on
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) provisional_rate: f64,
    /// Time that the person takes; one of eight is refused
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    pub(crate) decide_after: Duration,
    /// Share of look-ups, 0 to 1, that get a 429, a 503, a dropped connection, or a history that is not there yet
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) lookup_fail_rate: f64,
    /// How far its clock is ahead
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    pub(crate) clock_ahead: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell that will read the script
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// The simulator's partner, unless another is named; its leading zero shows whether a client keeps it.
pub(crate) const DEFAULT_PARTNER_ID: &str = "085";
