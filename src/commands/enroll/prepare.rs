//! Everything a run needs, made ready before anything is sent. A manifest that is no good leaves no ledger behind, and
//! a person is asked last.

use std::panic::resume_unwind;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::super::places;
use super::locked::{LockedLedger, OpenLedger};
use super::{Start, confirm};
use crate::config::EnrollConfig;
use crate::domain::{shard::Shard, text};
use crate::error::Error;
use crate::ledger::{Holder, Ledger, Pin, RunRecord};
use crate::manifest::{Marks, Opened, Surveyed, UnusableManifest};
use crate::output::{Claim, FailuresPlace, Identity, Places, Publisher, StatusPlace, Target};
use crate::sys::{
    signals::{Mode, Signals},
    user_hash::UserHashKeys,
};
use crate::terminal::{tell_shard, tell_share, warn_of_open_key, warn_of_part, warn_of_rows};

/// A run whose beginning the ledger knows.
pub(super) struct Prepared<'a> {
    pub(super) config: &'a EnrollConfig,
    pub(super) manifest: Surveyed,
    pub(super) ledger_path: PathBuf,
    pub(super) ledger: Ledger,
    pub(super) target: Target,
    pub(super) failures: Option<FailuresPlace>,
    pub(super) run_id: &'a str,
    pub(super) started_at: DateTime<Utc>,
    /// Keeps other commands away from the results until they are written.
    _claim: Option<Claim>,
    /// Holds the ledger of a local run; it goes with the run.
    _temporary: Option<TempDir>,
}

pub(super) fn prepare<'a>(
    config: &'a EnrollConfig,
    start: &'a Start,
    publisher: &mut Option<Publisher>,
    signals: &Signals,
) -> Result<Prepared<'a>, Error> {
    tell_shard(config.chosen, config.report.log, &start.run_id);
    tell_share(config, &start.run_id);
    warn_of_part(&config.files, config.report.log, &start.run_id);
    let mut prepared = open(config, start, publisher, signals)?;
    if let Some((path, mode)) = &config.account.open_key {
        warn_of_open_key(config.report, &start.run_id, path, *mode);
    }
    let Surveyed { survey, .. } = &prepared.manifest;
    // Rows that look wrong are told of before anything is sent, and before anybody is asked. A part tells of its own alone, so
    // that of many machines one does; and that it has no rows is nothing to be told.
    let is_empty = survey.rows() == 0 && config.chosen.is_none();
    warn_of_rows(
        config.report.log,
        &start.run_id,
        is_empty,
        &prepared.manifest.warnings()?,
    );
    if config.asks {
        confirm::production(config, &prepared.manifest, signals)?;
    }
    prepared.begin()?;
    Ok(prepared)
}

/// Opens all files. Whoever is refused by another run hears it before the manifest is read.
fn open<'a>(
    config: &'a EnrollConfig,
    start: &'a Start,
    publisher: &mut Option<Publisher>,
    signals: &Signals,
) -> Result<Prepared<'a>, Error> {
    let files = &config.files;
    places::check([
        ("--results", Some(files.results.as_path())),
        ("--failures", config.failures.as_deref()),
        ("--summary", config.summary.as_deref()),
        ("--report", config.page.as_ref().map(|page| page.path.as_path())),
    ])?;
    let holder = Holder::new("image-enroll", &files.manifest, start.at);
    let kept = config.ledger.as_ref();
    let mut kept = kept.map(|kept| LockedLedger::kept(kept, holder.clone())).transpose()?;
    *publisher = publish(config, start);
    let opened = Opened::open(&files.manifest, &files.reading, start.at)?;
    let pin = config.account.pin(files.shard);
    let keys = UserHashKeys::default();
    let early = kept.take_if(|kept| kept.path.exists());
    let (surveyed, early) = read_both((opened, files.shard), early, &pin, &keys);
    let (mut manifest, marks) = surveyed?;
    // From here on there is something to put away.
    signals.enter(Mode::Drain);
    let target = Target::new(&files.results);
    let claim = target.claim(files.force).map_err(Error::of_results(&files.results))?;
    let failures = config
        .failures
        .as_deref()
        .map(|path| FailuresPlace::check(path, files.force).map_err(Error::of_failures(path)));
    let failures = failures.transpose()?;
    let late = || {
        kept.map_or_else(|| LockedLedger::temporary(holder), Ok)?
            .open(&pin, &keys)
    };
    let OpenLedger {
        path,
        ledger,
        temporary,
    } = early.unwrap_or_else(late)?;
    manifest.survey.find_settled(&marks, |user| ledger.settled(user));
    Ok(Prepared {
        config,
        manifest,
        ledger_path: path,
        ledger,
        target,
        failures,
        run_id: &start.run_id,
        started_at: start.at,
        _claim: claim,
        _temporary: temporary,
    })
}

/// Reads the manifest and, beside it, a ledger that is there already: either takes its time where it is large. Another
/// ledger is made when the manifest has turned out to be good.
#[expect(clippy::type_complexity, reason = "two results that are taken apart at once")]
fn read_both(
    (manifest, shard): (Opened, Option<Shard>),
    ledger: Option<LockedLedger>,
    pin: &Pin,
    keys: &UserHashKeys,
) -> (
    Result<(Surveyed, Marks), UnusableManifest>,
    Option<Result<OpenLedger, Error>>,
) {
    std::thread::scope(|scope| {
        let opening = ledger.map(|ledger| scope.spawn(|| ledger.open(pin, keys)));
        let surveyed = manifest.survey_with(shard, keys);
        let opened = opening.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (surveyed, opened)
    })
}

/// Begins to say how the run stands, where anybody is to hear it.
fn publish(config: &EnrollConfig, start: &Start) -> Option<Publisher> {
    let places = Places {
        status: config.ledger.as_ref().map(|ledger| StatusPlace::of(&ledger.path)),
        metrics: config.metrics.clone(),
    };
    let identity = Identity {
        run_id: start.run_id.clone(),
        env: config.files.env.word(),
        endpoint: config.account.endpoint_name(),
        partner_id: config.account.signer.partner_id().to_string(),
        manifest: text::one_line(&config.files.manifest.to_string_lossy(), text::MAX_TEXT_CHARS),
        shard: config.files.shard,
        started_at: start.at.into(),
    };
    let is_any = places.status.is_some() || places.metrics.is_some();
    is_any.then(|| Publisher::start(places, identity))
}

impl Prepared<'_> {
    /// Tells the ledger that a run begins.
    fn begin(&mut self) -> Result<(), Error> {
        let manifest = self.config.files.manifest.to_string_lossy();
        let record = RunRecord {
            run_id: self.run_id.to_owned(),
            manifest: text::one_line(&manifest, text::MAX_TEXT_CHARS),
            manifest_sha256: self.manifest.survey.sha256,
            started_at: self.started_at.into(),
        };
        let begun = self.ledger.begin_run(&record);
        begun.map_err(Error::of_ledger(&self.ledger_path))
    }

    /// A run that has sent nothing is ended in the ledger, too; the error that ended it is told by the caller.
    pub(super) fn give_up(&self, error: &Error) {
        let now = Utc::now();
        drop(self.ledger.end_run(now.into(), error.exit_status().code(), None));
    }
}
