//! What a run needs to know.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::files::{failures, fixing};
use super::pace::Share;
use super::places::Written;
use super::stores::stores;
use super::{Account, ChosenShard, ConfigError, Env, Files, KeptLedger, Pace, Page, Report, missing, shard};
use crate::cli::EnrollArgs;
use crate::domain::ping_url::PingUrl;
use crate::photo::{FixSettings, StoreSettings};

/// A run's arguments and environment, resolved.
#[derive(Debug)]
pub(crate) struct EnrollConfig {
    pub(crate) files: Files,
    /// The part, and how it became known.
    pub(crate) chosen: Option<ChosenShard>,
    /// None: a temporary one, for a simulator that forgets everything as well.
    pub(crate) ledger: Option<KeptLedger>,
    pub(crate) account: Account,
    pub(crate) stores: StoreSettings,
    pub(crate) pace: Pace,
    /// How photos are fixed; none where each is sent as it lies.
    pub(crate) fixing: Option<FixSettings>,
    pub(crate) report: Report,
    pub(crate) summary: Option<PathBuf>,
    pub(crate) page: Option<Page>,
    /// Where the rows go that are not settled; none where nobody has named a place, and there is none beside stdin.
    pub(crate) failures: Option<PathBuf>,
    pub(crate) metrics: Option<PathBuf>,
    /// Whether a person is to be asked before anything is sent.
    pub(crate) asks: bool,
}

impl EnrollConfig {
    pub(crate) fn resolve(args: &EnrollArgs) -> Result<Self, ConfigError> {
        let asks = args.files.env == Env::Production && !args.yes;
        // A production run that nobody can be asked about needs `--yes`, so that none begins by itself.
        if asks && !is_somebody_there() {
            return Err(ConfigError::NeedsYes);
        }
        missing::check(args)?;
        args.report.ping_url.as_deref().map(PingUrl::parse).transpose()?;
        let fixing = fixing(&args.fixing)?;
        let chosen = shard::resolve(&args.sharding)?;
        let shard = chosen.map(|chosen| chosen.shard);
        let files = Files::resolve(&args.files, args.fixing.fix_photos, &args.places, shard)?;
        let failures = failures(args.report.failures.as_deref(), &files.manifest, (files.env, shard))?;
        let ledger = KeptLedger::resolve(&args.places, &args.account.pin, &files)?;
        let account = Account::resolve(&args.account, files.env)?;
        Written::default()
            .results(&files.results)
            .file("--ledger", ledger.as_ref().map(|ledger| ledger.path.as_path()))
            .file("--summary", args.report.summary.as_deref())
            .file("--api-key-file", args.account.api_key_file.as_deref())
            .file("--report", args.report.report.as_deref())
            .file("--failures", failures.as_deref())
            .file("--metrics", args.report.metrics.as_deref())
            .beside(ledger.as_ref())
            .check(&files.manifest)?;
        Ok(Self {
            files,
            ledger,
            stores: stores(account.ca_pem.clone()),
            account,
            fixing,
            pace: Pace::resolve(&args.pace, &args.limits, Share::of(args.share.rate_of, shard)?),
            chosen,
            report: (&args.report).into(),
            summary: args.report.summary.clone(),
            page: Page::resolve(&args.report),
            failures,
            metrics: args.report.metrics.clone(),
            asks,
        })
    }
}

fn is_somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
