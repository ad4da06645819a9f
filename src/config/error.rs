//! Why the configuration cannot be used (exit 2).

use std::io;
use std::path::{Path, PathBuf};

use super::default_ledger::DefaultLedgerError;
use super::shard::AutoShardError;
use crate::domain::{
    created_at::{DateFormatError, TimeZoneError},
    endpoint::EndpointError,
    partner_id::PartnerIdError,
    photo::{RootsError, TemplateError},
    ping_url::PingUrlError,
    shard::ShardError,
};
use crate::ledger::Pin;

impl From<EndpointError> for ConfigError {
    fn from(source: EndpointError) -> Self {
        let flag = "--endpoint";
        Self::BadEndpoint { flag, source }
    }
}

impl ConfigError {
    /// What is wrong with the host of the look-up.
    pub(crate) fn lookup_endpoint(source: EndpointError) -> Self {
        let flag = "--lookup-endpoint";
        Self::BadEndpoint { flag, source }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{} things are missing:{}", .0.len(), list(.0))]
    Missing(Vec<Self>),
    #[error("no manifest: name the CSV file, as in `image-enroll customers.csv`")]
    NoManifest,
    #[error("no manifest: there is no file {path:?}{}", meant(like.as_deref()))]
    ManifestNotFound { path: PathBuf, like: Option<PathBuf> },
    #[error("{word:?} is neither a command nor a file; did you mean `image-enroll {command}`{}?", or(file.as_deref()))]
    NoSuchCommand {
        word: String,
        command: String,
        file: Option<PathBuf>,
    },
    #[error("with '-' as the manifest, name {0} too")]
    StdinNeeds(&'static str),
    #[error("--column names {0} twice; give one header for it")]
    RepeatedColumn(&'static str),
    #[error("JSON Lines have no delimiter; leave --delimiter out, or read the file as CSV with --format csv")]
    NoDelimiterInJson,
    #[error("no partner id: give --partner-id or set SMILE_PARTNER_ID")]
    NoPartner,
    #[error(transparent)]
    BadPartner(#[from] PartnerIdError),
    #[error("no API key: give --api-key-file or set {0} or SMILE_API_KEY")]
    NoKey(&'static str),
    #[error(
        "no API key: {other} is set, and that is the key of the other environment; give --api-key-file or set {own} or \
         SMILE_API_KEY"
    )]
    NoKeyButTheOther { own: &'static str, other: &'static str },
    #[error("the API key from {from} is the one that {other} holds, and --env {env} takes another")]
    OtherKey {
        from: String,
        other: &'static str,
        env: &'static str,
    },
    #[error("the API key from {from} has {fault}")]
    NotTheKeyAlone { from: String, fault: &'static str },
    #[error("the API key from {0} is empty")]
    EmptyKey(String),
    #[error("the API key from {0} is not one line of printable ASCII text")]
    BadKey(String),
    #[error("cannot read the API key from {path:?}")]
    KeyFile { path: PathBuf, source: io::Error },
    #[error("cannot read the certificates in {path:?}")]
    CaFile { path: PathBuf, source: io::Error },
    #[error("there is no PEM certificate in {0:?}")]
    NoCertificate(PathBuf),
    #[error("{flag}")]
    BadEndpoint { flag: &'static str, source: EndpointError },
    #[error(transparent)]
    BadPingUrl(#[from] PingUrlError),
    #[error(transparent)]
    BadDateFormat(#[from] DateFormatError),
    #[error(transparent)]
    BadTemplate(#[from] TemplateError),
    #[error(transparent)]
    BadTimeZone(#[from] TimeZoneError),
    #[error("--env local brings its own endpoint; leave --{0} out")]
    LocalHas(&'static str),
    #[error("{flag} {path:?} is the manifest itself; name another file")]
    Overwrites { flag: &'static str, path: PathBuf },
    #[error(
        "{flag} {path:?} belongs to the parts, as their ledgers, what those have beside them and the proof of the split do; `merge` never changes it; name another file"
    )]
    OverwritesPart { flag: &'static str, path: PathBuf },
    #[error("{0} and {1} name the same file")]
    SameFile(&'static str, &'static str),
    #[error("this manifest has no file name to derive others from; name --results")]
    NoStem,
    #[error(
        "--env local keeps no users; reconcile against `image-enroll simulator` with --endpoint and --lookup-endpoint"
    )]
    NoLocalLookup,
    #[error("--endpoint is not the provider's own, so name where to look users up: --lookup-endpoint")]
    NoLookupEndpoint,
    #[error("without a manifest there are no results to write; name the manifest, or leave {0} out")]
    NothingToWrite(&'static str),
    #[error("--failures names a file; `image-enroll results --status` writes such rows to stdout with -o -")]
    FailuresToStdout,
    #[error("--status {word:?} is no status; the statuses are {known}")]
    UnknownStatus { word: String, known: String },
    #[error("with '-' as the data file, name the manifest with -o")]
    DataFromStdin,
    #[error("split reads a file, from which the parts have their names; name one in place of {0:?}")]
    NoPartsName(PathBuf),
    #[error("there is no folder {0:?}; make it, or name another one with --out-dir")]
    NoPartsFolder(PathBuf),
    #[error("another split makes {0:?} at this time; wait for its end, or name another folder with --out-dir")]
    SplitUnderWay(PathBuf),
    #[error(
        "there is no ledger {0:?} to split; name that of all users, or leave --ledger out and let each part begin its own"
    )]
    NoLedgerToSplit(PathBuf),
    #[error("{path:?} is there already; {remedy}")]
    PartIsThere { path: PathBuf, remedy: &'static str },
    #[error("this data file has no file name to derive that of the manifest from; name it with -o")]
    NoDataStem,
    #[error("--shard")]
    BadShard(#[from] ShardError),
    #[error(transparent)]
    AutoShard(#[from] AutoShardError),
    #[error(
        "--rate-of job divides the limits of a job among its parts, and this run is no part; give --shard, or leave it out"
    )]
    RateOfNoJob,
    #[error("--photo-root")]
    PhotoRoot(#[from] RootsError),
    #[error("this program was built without object stores; photos are read from files alone")]
    NoStores,
    #[error(
        "--photo-template ends in a pattern, which is looked for in a folder; name the ending where photos are in a store"
    )]
    PatternInStore,
    #[error("a local run keeps no ledger unless --ledger names one")]
    NoLocalLedger,
    #[error(transparent)]
    DefaultLedger(#[from] DefaultLedgerError),
    #[error("cannot make the folder {path:?} for the ledger; name another place with --ledger")]
    LedgerFolder { path: PathBuf, source: io::Error },
    #[error("there is no ledger of {pin} at {path:?}; name that run's --endpoint and --partner-id, or its --ledger")]
    NoLedger { pin: Pin, path: PathBuf },
    #[error(
        "no run has left its status beside the ledger {0:?}; name the run's --env, --endpoint and --partner-id, or its --ledger"
    )]
    NoStatus(PathBuf),
    #[error("cannot read the status {path:?}")]
    Status { path: PathBuf, source: io::Error },
    #[error("--env production, and no terminal to ask on: give --yes if this is meant to reach real users")]
    NeedsYes,
    #[error(
        "this program was built without --fix-photos: build it with the feature `fix-photos`, or leave the flag out"
    )]
    BuiltWithoutFixing,
    #[error("the answer was not yes; nothing was sent")]
    Declined,
}

fn list(missing: &[ConfigError]) -> String {
    missing.iter().map(|error| format!("\n  - {error}")).collect()
}

fn meant(path: Option<&Path>) -> String {
    path.map(|path| format!("; did you mean {path:?}?")).unwrap_or_default()
}

fn or(path: Option<&Path>) -> String {
    path.map(|path| format!(" or {path:?}")).unwrap_or_default()
}
