//! The arguments of `reconcile`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::enroll::{AccountArgs, LogArgs};
use super::files::{ManifestArgs, PHOTOS, PhotoArgs, PlaceArgs, SENDING};
use super::sharding::ShardArgs;
use super::values::{Env, Rate, duration, positive_duration};

/// Statuses that a look-up may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum LookupStatus {
    InDoubt,
    EnrolledInferred,
    Provisional,
}

#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Manifest whose users are asked for, and whose results are written [default: every user of the ledger]
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ManifestArgs,
    #[command(flatten)]
    pub(crate) photos: PhotoArgs,
    /// Write the columns that a run with --fix-photos writes
    #[arg(long, help_heading = PHOTOS, hide_short_help = true)]
    pub(crate) fix_photos: bool,
    /// Whose users are asked for
    #[arg(long, value_enum, default_value_t = Env::Sandbox, help_heading = SENDING)]
    pub(crate) env: Env,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    /// Base URL of the look-up; http:// only for loopback [default: the provider's for --env]
    #[arg(long, value_name = "URL", help_heading = SENDING)]
    pub(crate) lookup_endpoint: Option<String>,
    /// Which users are asked for; may be a list
    #[arg(
        long, value_enum, value_delimiter = ',', value_name = "STATUS", help_heading = SENDING,
        default_value = "in_doubt,enrolled_inferred,provisional"
    )]
    pub(crate) status: Vec<LookupStatus>,
    /// Most look-ups started per time: N/s, N/m or N/h
    #[arg(long, value_name = "N/s", default_value = "5/s", help_heading = SENDING)]
    pub(crate) rate: Rate,
    /// Longest wait for an answer
    #[arg(
        long, value_name = "DUR", default_value = "60s", value_parser = positive_duration, help_heading = SENDING,
        hide_short_help = true
    )]
    pub(crate) timeout: Duration,
    /// Longest wait for a connection: name, TCP, proxy and TLS together
    #[arg(
        long, value_name = "DUR", default_value = "10s", value_parser = positive_duration, help_heading = SENDING,
        hide_short_help = true
    )]
    pub(crate) connect_timeout: Duration,
    /// How long to wait for a look-up that is down or throttling
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration, help_heading = "Limits")]
    pub(crate) max_outage: Duration,
    /// Ask for at most N users
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) sharding: ShardArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}
