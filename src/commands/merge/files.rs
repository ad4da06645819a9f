//! What `merge` leaves: results and failures, summary, report, the ledger of all users.

use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::super::places;
use crate::config::MergeConfig;
use crate::domain::columns::Form;
use crate::error::Error;
use crate::ledger::{Ledger, Lock, MadeLedger};
use crate::manifest::Surveyed;
use crate::output::{
    self, Claim, Failures, FailuresPlace, LISTED_RUNS, MergedFacts, MergedPage, Tally, Target, Unstarted,
    merged_summary, write_merged_page, write_summary,
};
use crate::sys::signals::Signals;
use crate::terminal::print_error;

/// Whether the files can be written, so that nobody waits for the parts to be read to hear that they cannot.
pub(super) fn check_places(config: &MergeConfig) -> Result<(), Error> {
    places::check([
        ("--results", Some(config.files.results.as_path())),
        ("--failures", config.failures.as_deref()),
        ("--summary", config.summary.as_deref()),
        ("--report", config.page.as_ref().map(|page| page.path.as_path())),
        ("--ledger", config.ledger.as_deref()),
    ])
}

/// The places of results and failures, where nothing stands that may not be replaced.
pub(super) struct Rows<'a> {
    config: &'a MergeConfig,
    target: Target,
    failures: Option<FailuresPlace>,
}

impl<'a> Rows<'a> {
    pub(super) fn check(config: &'a MergeConfig) -> Result<Self, Error> {
        let files = &config.files;
        let target = Target::new(&files.results);
        let checked = target.check(Form::Results, files.force);
        checked.map_err(Error::of_results(&files.results))?;
        let check = |path: &Path| FailuresPlace::check(path, files.force).map_err(Error::of_failures(path));
        Ok(Self {
            config,
            target,
            failures: config.failures.as_deref().map(check).transpose()?,
        })
    }

    /// Keeps other commands away from the results until they are written.
    pub(super) fn claim(&self) -> Result<Option<Claim>, Error> {
        let files = &self.config.files;
        let claimed = self.target.claim(files.force);
        claimed.map_err(Error::of_results(&files.results))
    }

    /// Writes both, as a run leaves them. Whether there are failures.
    pub(super) fn write(
        &self,
        manifest: &Surveyed,
        ledger: &Ledger,
        signals: &Signals,
    ) -> Result<(Tally, bool), Error> {
        let files = &self.config.files;
        let mut failures = self.failures.as_ref().map(|place| place.failures(signals));
        let filled = self.target.fill(signals, |out| {
            output::write_with(manifest, ledger, files.columns, out, failures.as_mut())
        });
        let tally = filled.map_err(Error::of_results(&files.results))?;
        let of_failures = Error::of_failures(self.config.failures.as_deref().unwrap_or(Path::new("")));
        let any = failures.map_or(Ok(false), Failures::finish).map_err(of_failures)?;
        Ok((tally, any))
    }
}

pub(super) fn summarize(config: &MergeConfig, facts: &MergedFacts<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Some(path) = &config.summary else {
        return Ok(());
    };
    let runs = facts.proven.latest.iter().map(|(_, run)| run.run_id.as_str());
    let attempts = ledger.attempts_of(runs).map_err(Error::of_ledger(config.whole()))?;
    let written: io::Result<()> = write_summary(path, &merged_summary(facts, attempts));
    written.map_err(Error::of_summary(path))
}

pub(super) fn report(config: &MergeConfig, facts: &MergedFacts<'_>, ledger: &Ledger) -> Result<(), Error> {
    let Some(page) = &config.page else {
        return Ok(());
    };
    let runs = ledger
        .latest_runs(LISTED_RUNS)
        .map_err(Error::of_ledger(config.whole()))?;
    let merged = MergedPage {
        facts,
        results: &config.files.results,
        ledger: config.ledger.as_deref(),
        runs: &runs,
        full_ids: page.full_ids,
    };
    write_merged_page(&page.path, &merged).map_err(Error::of_page(&page.path))
}

/// An earlier summary is not to be taken for that of a command which was refused.
pub(super) fn leave_summary(config: &MergeConfig, started_at: DateTime<Utc>, error: &Error) {
    let Some(path) = config.summary.as_deref().filter(|_| !error.is_about("--summary")) else {
        return;
    };
    let refused = Unstarted {
        run_id: "",
        env: config.files.env,
        endpoint: "",
        partner_id: "",
        manifest: &config.files.manifest,
        shard: None,
        started_at,
        finished_at: Utc::now(),
        status: error.exit_status(),
        stopped_by: error.stop().word(),
    };
    if let Err(source) = write_summary(path, &refused.summary()) {
        print_error(&Error::of_summary(path)(source), config.log, "");
    }
}

/// Puts the ledger of all users in place, if it is to stay.
pub(super) fn keep(
    config: &MergeConfig,
    ledger: Ledger,
    made: &MadeLedger,
    place: Option<&Lock>,
    signals: &Signals,
) -> Result<(), Error> {
    match place {
        Some(place) => made
            .put_in_place(ledger, place, signals)
            .map_err(Error::of_ledger(config.whole())),
        None => Ok(()),
    }
}
