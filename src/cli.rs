//! The command line as it is written: raw arguments, no I/O, nothing resolved.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

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

/// Enrolls existing users into Smile ID in bulk.
///
/// Reads a CSV manifest of users and photos, posts one signed request per user, many at once, and leaves a
/// results CSV that says for every row what became of it. Nothing is sent twice: run the same command again
/// to go on where the last run ended.
#[derive(Debug, Parser)]
#[command(version, about, long_about, after_long_help = closing_help(), after_help = "See --help for examples and exit codes.")]
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
    /// Serve a local stand-in for the API until stopped
    Simulator(SimulatorArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print the man page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct EnrollArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    /// Ask no question before a production run; needed where there is no terminal to ask on
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where things are.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// CSV with the columns user_id, user_created_at and photo; '-' reads standard input
    // Optional in type only: a subcommand stands in its place.
    #[arg(value_name = "MANIFEST", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
    /// Where to send
    #[arg(long, value_enum, default_value_t = Env::Sandbox)]
    pub(crate) env: Env,
    /// Results CSV; '-' is stdout [default: <manifest stem>.<env>.results.csv beside the manifest]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) results: Option<PathBuf>,
    /// Ledger database [default: one for each endpoint and partner, in the user's folder for state]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Base of relative photo paths [default: the manifest's folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) photo_root: Option<PathBuf>,
    /// Let the results replace a file that is not an earlier results CSV
    #[arg(long)]
    pub(crate) force: bool,
    /// Rows that are well-formed and surely wrong are invalid instead of warned of
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What a ledger is pinned to.
#[derive(Debug, Args)]
pub(crate) struct PinArgs {
    /// Another base URL; http:// only for loopback
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Partner id, kept as written
    #[arg(long, value_name = "ID", env = "SMILE_PARTNER_ID")]
    pub(crate) partner_id: Option<String>,
}

/// In whose name, and to whom.
#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    pub(crate) pin: PinArgs,
    /// File with the API key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Further root certificates (PEM), beside the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_cert: Option<PathBuf>,
}

/// How fast, how often, how long.
#[derive(Debug, Args)]
pub(crate) struct PaceArgs {
    /// Most requests in flight (1 to 256)
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
    /// Most requests started per time: N/s, N/m or N/h
    #[arg(long, value_name = "N/s")]
    pub(crate) rate: Option<Rate>,
    /// Longest time in which a request may stand still: from its body's first byte on, and then for the answer
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = positive_duration)]
    pub(crate) timeout: Duration,
    /// Longest wait for a connection: name, TCP, proxy and TLS together
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = positive_duration)]
    pub(crate) connect_timeout: Duration,
    /// Further attempts of a row
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) retries: u32,
    /// Shortest time from the sending of an attempt whose answer was lost to the next attempt
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = duration)]
    pub(crate) in_doubt_wait: Duration,
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
pub(crate) struct ReportArgs {
    /// The run's summary as JSON, written even when the run is stopped
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) summary: Option<PathBuf>,
    /// auto: a bar on a terminal, a line every 30 s elsewhere
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto)]
    pub(crate) progress: ProgressMode,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// Tell of every attempt
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How things are told on stderr, by whichever command.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Form of the diagnostics on stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Say nothing while all is well
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// CSV with the columns user_id, user_created_at and photo; '-' reads standard input
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: PathBuf,
    /// Base of relative photo paths [default: the manifest's folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) photo_root: Option<PathBuf>,
    /// Look at the rows only
    #[arg(long)]
    pub(crate) no_photos: bool,
    /// Rows that are well-formed and surely wrong are invalid instead of warned of
    #[arg(long)]
    pub(crate) strict: bool,
    /// All findings as CSV: row, line, user_id, reason, detail; '-' is stdout
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) findings: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResultsArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Needed where --ledger is not given.
    #[command(flatten)]
    pub(crate) pin: PinArgs,
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
    /// Time before each answer
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    pub(crate) latency: Duration,
    /// Share of requests, 0 to 1, that get a 429, a 503, a dropped connection or a lost answer
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) fail_rate: f64,
    /// Which of the many bad nights it is: the same seed gives the same faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell that will read the script
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// The simulator's partner, unless another is named; its leading zero shows whether a client keeps it.
pub(crate) const DEFAULT_PARTNER_ID: &str = "085";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Env {
    /// A simulator inside this process; needs no credentials
    Local,
    /// Smile ID's test environment
    Sandbox,
    /// Real users
    Production,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Bar,
    Plain,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Cli {
    /// The form of everything that is said on stderr: what the command's own flag says, where it has one.
    pub(crate) fn log_format(&self) -> LogFormat {
        match &self.command {
            None => self.enroll.report.log.log_format,
            Some(Command::Check(args)) => args.log.log_format,
            Some(Command::Results(_) | Command::Simulator(_) | Command::Completions(_) | Command::Man) => {
                LogFormat::Text
            }
        }
    }
}

impl Env {
    /// The word in file names, results and summary.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// `--rate`: the time between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) interval: Duration,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write N/s, N/m or N/h, for example 20/s";
        let (count, unit) = text.split_once('/').ok_or(FORM)?;
        let count: NonZeroU32 = count.parse().map_err(|_| FORM)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(FORM),
        };
        let interval = Duration::from_secs(seconds) / count.get();
        (interval > Duration::ZERO)
            .then_some(Self { interval })
            .ok_or("that is more than can be counted")
    }
}

/// Longest duration that can be given: a year, far within what clocks can count.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    let duration = parsed.map_err(|error| format!("{error}; write for example 200ms, 5s, 10m or 4h"))?;
    let fits = duration <= MAX_DURATION;
    fits.then_some(duration)
        .ok_or_else(|| "that is more than a year".to_owned())
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than nothing".into()),
        duration => Ok(duration),
    }
}

fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("write a number from 0 to 1, for example 0.1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_rate_is_a_number_per_second_minute_or_hour() {
        let interval = |text: &str| text.parse::<Rate>().map(|rate| rate.interval.as_millis());
        assert_eq!(interval("20/s"), Ok(50));
        assert_eq!(interval("60/m"), Ok(1_000));
        assert_eq!(interval("3600/h"), Ok(1_000));
        for text in ["", "20", "20/d", "0/s", "-1/s", "1.5/s", "/s", "20 / s", "20/S"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_in_the_contract() {
        for (text, millis) in [
            ("200ms", 200),
            ("5s", 5_000),
            ("10m", 600_000),
            ("4h", 14_400_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["", "5", "s", "-5s", "5 parsecs"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }
}
