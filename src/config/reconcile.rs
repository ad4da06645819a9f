//! What `reconcile` needs to know.

use std::path::PathBuf;
use std::time::Duration;

use super::files::failures;
use super::places::Written;
use super::{Account, ChosenShard, ConfigError, Env, Files, KeptLedger, Log, shard};
use crate::cli::{LookupStatus, ReconcileArgs};
use crate::domain::{endpoint::Endpoint, lookup::LookupEnvironment, outcome::Status, shard::Shard};

/// Where the provider answers look-ups (endpoint.md, Looking up and freeing a user).
const SANDBOX: &str = "https://portal.smileidentity.com";
const PRODUCTION: &str = "https://prod.smileidentity.com";

/// The arguments of `reconcile`, resolved.
#[derive(Debug)]
pub(crate) struct ReconcileConfig {
    /// None: every user of the ledger is asked for, and no results are written.
    pub(crate) files: Option<Files>,
    /// Where the rows go that are not settled, beside a manifest.
    pub(crate) failures: Option<PathBuf>,
    /// The part, and how it became known.
    pub(crate) chosen: Option<ChosenShard>,
    pub(crate) ledger: KeptLedger,
    pub(crate) account: Account,
    pub(crate) environment: LookupEnvironment,
    /// None: the one that the ledger is bound to.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) pace: LookupPace,
    pub(crate) log: Log,
}

/// The limits of the asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LookupPace {
    /// Shortest time between the starts of two look-ups.
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_outage: Duration,
    /// Most users that are asked for.
    pub(crate) limit: Option<u64>,
}

impl ReconcileConfig {
    pub(crate) fn resolve(args: &ReconcileArgs) -> Result<Self, ConfigError> {
        if args.env == Env::Local {
            return Err(ConfigError::NoLocalLookup);
        }
        let chosen = shard::resolve(&args.sharding)?;
        let shard = chosen.map(|chosen| chosen.shard);
        let (files, ledger) = places(args, shard)?;
        ledger.check_is_there()?;
        Ok(Self {
            failures: failures_of(files.as_ref())?,
            files,
            chosen,
            ledger,
            account: Account::resolve(&args.account, args.env)?,
            environment: match args.env {
                Env::Production => LookupEnvironment::Production,
                Env::Local | Env::Sandbox => LookupEnvironment::Test,
            },
            endpoint: endpoint(args)?,
            statuses: args.status.iter().copied().map(Status::from).collect(),
            pace: LookupPace {
                interval: args.rate.interval,
                timeout: args.timeout,
                connect_timeout: args.connect_timeout,
                max_outage: args.max_outage,
                limit: args.limit,
            },
            log: (&args.log).into(),
        })
    }
}

fn places(args: &ReconcileArgs, shard: Option<Shard>) -> Result<(Option<Files>, KeptLedger), ConfigError> {
    let pin = &args.account.pin;
    let Some(manifest) = &args.manifest else {
        if args.places.results.is_some() {
            return Err(ConfigError::NothingToWrite("--results"));
        }
        let ledger = KeptLedger::named(&args.places, pin, (args.env, shard))?;
        return Ok((None, ledger.ok_or(ConfigError::NoLocalLookup)?));
    };
    let files = Files::of(
        manifest.clone(),
        (args.env, shard),
        (&args.reading, &args.photos),
        &args.places,
    )?;
    let files = files.with_columns(args.fix_photos);
    let ledger = KeptLedger::resolve(&args.places, pin, &files)?;
    let ledger = ledger.ok_or(ConfigError::NoLocalLookup)?;
    Written::default()
        .results(&files.results)
        .file("the failures", failures_of(Some(&files))?.as_deref())
        .file("--ledger", Some(&ledger.path))
        .beside(Some(&ledger))
        .check(&files.manifest)?;
    Ok((Some(files), ledger))
}

/// Where a run with this manifest puts its failures.
fn failures_of(files: Option<&Files>) -> Result<Option<PathBuf>, ConfigError> {
    let place = files.map(|files| failures(None, &files.manifest, (files.env, files.shard)));
    Ok(place.transpose()?.flatten())
}

/// The one that is named, or the provider's own. Behind another endpoint nobody can know where to ask.
fn endpoint(args: &ReconcileArgs) -> Result<Option<Endpoint>, ConfigError> {
    let own = match args.env {
        Env::Production => PRODUCTION,
        Env::Local | Env::Sandbox => SANDBOX,
    };
    match (&args.lookup_endpoint, &args.account.pin.endpoint) {
        (Some(named), _) => Endpoint::parse(named).map(Some).map_err(ConfigError::lookup_endpoint),
        (None, None) => Ok(Some(Endpoint::parse(own)?)),
        (None, Some(_)) => Ok(None),
    }
}

impl From<LookupStatus> for Status {
    fn from(status: LookupStatus) -> Self {
        match status {
            LookupStatus::InDoubt => Self::InDoubt,
            LookupStatus::EnrolledInferred => Self::EnrolledInferred,
            LookupStatus::Provisional => Self::Provisional,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ReconcileArgs,
    }

    fn asked_at(more: &[&str]) -> Option<String> {
        let line = Line::try_parse_from([&["x", "--partner-id", "085"], more].concat()).unwrap();
        endpoint(&line.args).unwrap().map(|endpoint| endpoint.to_string())
    }

    #[test]
    fn each_environment_has_its_own_host_and_another_endpoint_has_none() {
        assert_eq!(asked_at(&[]).as_deref(), Some(SANDBOX));
        assert_eq!(
            asked_at(&["--env", "sandbox"]).as_deref(),
            Some("https://portal.smileidentity.com")
        );
        assert_eq!(
            asked_at(&["--env", "production"]).as_deref(),
            Some("https://prod.smileidentity.com")
        );
        assert_eq!(asked_at(&["--endpoint", "http://127.0.0.1:9"]), None);
        let named = asked_at(&["--env", "production", "--lookup-endpoint", "https://a.example"]);
        assert_eq!(named.as_deref(), Some("https://a.example"));
    }
}
