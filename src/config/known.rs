//! What the command line says by itself, however wrong the rest of it is: for the summary of a run that ended early.

use std::path::{Path, PathBuf};

use super::account::{endpoint_and_partner, known_names};
use super::files::{FAILURES, RESULTS, beside, photo_roots};
use super::places::is_taken;
use super::{Env, Log, default_ledger, shard};
use crate::cli::EnrollArgs;
use crate::domain::{photo::PhotoRoots, ping_url::PingUrl, shard::Shard};
use crate::sys::identity::is_same_place;

/// What is known of a run before its configuration is.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) env: Env,
    /// Empty where it is not known.
    pub(crate) endpoint: String,
    /// Empty where it is not known.
    pub(crate) partner_id: String,
    pub(crate) manifest: PathBuf,
    /// The part of the users; none where it is not known, or where all are meant.
    pub(crate) shard: Option<Shard>,
    pub(crate) log: Log,
    /// Who is told of start and end, where the address can be used.
    pub(crate) ping_url: Option<PingUrl>,
    summary: Option<PathBuf>,
    metrics: Option<PathBuf>,
    page: Option<PathBuf>,
    /// What the run reads or keeps, but for summary, metrics, report and single photos.
    files: Vec<PathBuf>,
}

impl Known {
    pub(crate) fn of(args: &EnrollArgs) -> Self {
        let (endpoint, partner_id) = known_names(&args.account.pin, args.files.env);
        Self {
            env: args.files.env,
            endpoint,
            partner_id,
            manifest: args.files.manifest.clone().unwrap_or_default(),
            shard: chosen_shard(args),
            log: (&args.report).into(),
            ping_url: args.report.ping_url.as_deref().and_then(|url| PingUrl::parse(url).ok()),
            summary: args.report.summary.clone(),
            metrics: args.report.metrics.clone(),
            page: args.report.report.clone(),
            files: named_files(args),
        }
    }

    /// Where the summary belongs, unless it would take the place of another file of the run. Where the run ended too
    /// early to know a path, nothing has been read or written there.
    pub(crate) fn summary(&self) -> Option<&Path> {
        self.summary.as_deref().filter(|path| !is_taken(path, &self.files))
    }

    /// The same of the metrics.
    pub(crate) fn metrics(&self) -> Option<&Path> {
        self.free_beside(self.metrics.as_deref(), &[&self.summary])
    }

    /// The same for the report, which does not take the place of the others either.
    pub(crate) fn page(&self) -> Option<&Path> {
        self.free_beside(self.page.as_deref(), &[&self.summary, &self.metrics])
    }

    fn free_beside<'a>(&self, path: Option<&'a Path>, others: &[&Option<PathBuf>]) -> Option<&'a Path> {
        let path = path.filter(|path| !is_taken(path, &self.files))?;
        let mut others = others.iter().filter_map(|other| other.as_deref());
        (!others.any(|other| is_same_place(other, path))).then_some(path)
    }
}

fn chosen_shard(args: &EnrollArgs) -> Option<Shard> {
    let chosen = shard::resolve(&args.sharding).ok().flatten();
    chosen.map(|chosen| chosen.shard)
}

/// Every file and folder that a run with these arguments reads or keeps, but for summary, metrics, report and single photos.
fn named_files(args: &EnrollArgs) -> Vec<PathBuf> {
    let (files, account, places) = (&args.files, &args.account, &args.places);
    let manifest = files.manifest.as_deref().unwrap_or(Path::new("-"));
    let shard = chosen_shard(args);
    let beside = |shard, kind| beside(manifest, files.env, shard, kind).ok();
    let default_ledger = || {
        let (endpoint, partner_id) = endpoint_and_partner(&account.pin, files.env).ok()?;
        default_ledger::path(&endpoint, &partner_id, shard).ok()
    };
    let named = [
        Some(manifest.to_owned()),
        places.results.clone().or_else(|| beside(shard, RESULTS)),
        args.report.failures.clone().or_else(|| beside(shard, FAILURES)),
        places.ledger.clone().or_else(default_ledger),
        beside(None, "ledger.db"),
        account.api_key_file.clone(),
        account.ca_cert.clone(),
    ];
    let roots = photo_roots(manifest, &files.photos).ok();
    let folders = roots.iter().flat_map(PhotoRoots::folders).cloned();
    named
        .into_iter()
        .flatten()
        .chain(folders)
        .filter(|path| path.as_os_str() != "-")
        .collect()
}
