//! The arguments of a run, in the groups in which `--help` shows them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::files::{FileArgs, FixArgs, OUTPUT, PlaceArgs, SENDING};
use super::sharding::{RateOfArgs, ShardArgs};
use super::values::{Color, LogFormat, LogLevel, ProgressMode, Rate, ReportIds, duration, positive_duration};

#[derive(Debug, Args)]
pub(crate) struct EnrollArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) fixing: FixArgs,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    /// Ask no question before a production run; needed where there is no terminal to ask on
    #[arg(long, help_heading = SENDING)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) sharding: ShardArgs,
    #[command(flatten)]
    pub(crate) share: RateOfArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// What a ledger is pinned to.
#[derive(Debug, Args)]
#[command(next_help_heading = SENDING)]
pub(crate) struct PinArgs {
    /// Another base URL; http:// only for loopback
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Partner id, kept as written; or SMILE_PARTNER_ID
    #[arg(long, value_name = "ID")]
    pub(crate) partner_id: Option<String>,
}

/// In whose name, and to whom.
#[derive(Debug, Args)]
#[command(next_help_heading = SENDING)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    pub(crate) pin: PinArgs,
    /// File with the API key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Further root certificates (PEM), beside the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) ca_cert: Option<PathBuf>,
}

/// How fast, and how often.
#[derive(Debug, Args)]
#[command(next_help_heading = SENDING)]
pub(crate) struct PaceArgs {
    /// Most requests in flight (1 to 256)
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
    /// Most requests started per time: N/s, N/m or N/h
    #[arg(long, value_name = "N/s")]
    pub(crate) rate: Option<Rate>,
    /// Longest time in which a request may stand still: from its body's first byte on, and then for the answer
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = positive_duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    /// Longest wait for a connection: name, TCP, proxy and TLS together
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = positive_duration, hide_short_help = true)]
    pub(crate) connect_timeout: Duration,
    /// Further attempts of a row, and as many again at the end of the run; throttling and outages are not counted
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=1000), hide_short_help = true)]
    pub(crate) retries: u32,
    /// Shortest time from the sending of an attempt whose answer was lost to the next attempt
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = duration, hide_short_help = true)]
    pub(crate) in_doubt_wait: Duration,
}

/// What ends a run before its last row.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// How long to wait for an endpoint that is down or throttling
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration)]
    pub(crate) max_outage: Duration,
    /// Admit no new rows after this time, drain, end
    #[arg(long, value_name = "DUR", value_parser = positive_duration)]
    pub(crate) stop_after: Option<Duration>,
    /// Send at most N rows in this run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Stop after N rows that ended rejected or failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_failures: Option<u32>,
}

/// What is told, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct ReportArgs {
    /// The rows that are not settled, with reasons, as CSV for a spreadsheet; corrected, it is the next manifest [default:
    /// <manifest stem>.<env>.failures.csv beside the manifest, if there are any]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) failures: Option<PathBuf>,
    /// The run's summary as JSON, written even when the run is stopped
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) summary: Option<PathBuf>,
    /// Metrics for Prometheus, every 15 s and at the end; name it *.prom in the folder of node_exporter's textfile collector
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) metrics: Option<PathBuf>,
    /// Service that is told of start and end, as URL/start and URL/<exit code>, or with {event} in its place
    // Better by its variable: whoever knows the address can use it, and a process list shows what is typed.
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub(crate) ping_url: Option<String>,
    /// The run as one HTML page for people
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// How --report names users: by the first letters of their ids, or whole
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ReportIds::Masked, hide_short_help = true)]
    pub(crate) report_ids: ReportIds,
    /// auto: a bar on a terminal, a line every 30 s elsewhere
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto)]
    pub(crate) progress: ProgressMode,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// How much is told
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info, conflicts_with_all = ["quiet", "verbose"], hide_short_help = true)]
    pub(crate) log_level: LogLevel,
    /// Tell of every attempt: the same as --log-level debug
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How things are told on stderr, by whichever command.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct LogArgs {
    /// Form of the diagnostics on stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text, hide_short_help = true)]
    pub(crate) log_format: LogFormat,
    /// Colour on stderr; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, hide_short_help = true)]
    pub(crate) color: Color,
    /// Say nothing while all is well
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
