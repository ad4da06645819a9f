//! `results`: the results CSV again, from manifest and ledger alone.

use chrono::{DateTime, Utc};

use crate::config::{KeptLedger, ResultsConfig};
use crate::domain::{columns::Form, unix_millis::UnixMillis};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError};
use crate::manifest::Opened;
use crate::output::{self, Target};
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

pub(super) fn run(config: &ResultsConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    let ResultsConfig {
        files,
        ledger: kept,
        statuses,
    } = config;
    let holder = Holder::new("image-enroll results", &files.manifest, Utc::now());
    let opened = open(kept, holder).map_err(Error::of_ledger(&kept.path));
    let (ledger, now) = opened?;
    let manifest = Opened::open(&files.manifest, &files.reading, now)?.survey()?;
    signals.enter(Mode::GiveUp);
    let target = Target::new(&files.results);
    let results_error = Error::of_results(&files.results);
    let form = statuses.as_ref().map_or(Form::Results, |_| Form::Failures);
    let _claim = target.claim_of(form, files.force).map_err(&results_error)?;
    let rows = target.fill(signals, |out| match statuses {
        None => output::write(&manifest, &ledger, files.columns, out).map(|tally| tally.rows()),
        Some(statuses) => output::write_selected(&manifest, &ledger, statuses, out),
    });
    terminal::results_written(&files.results, rows.map_err(&results_error)?);
    Ok(ExitStatus::Settled)
}

/// The ledger, and the instant that dates are judged against: the last run's beginning, so that the results come out as
/// that run wrote them.
fn open(kept: &KeptLedger, holder: Holder) -> Result<(Ledger, DateTime<Utc>), LedgerError> {
    let ledger = Ledger::open_existing(&kept.path, holder)?;
    check_pin(kept, &ledger)?;
    let last = ledger.last_run_at()?.and_then(UnixMillis::to_date_time);
    Ok((ledger, last.unwrap_or_else(Utc::now)))
}

/// Two endpoints may share a place, and the results of one are not those of the other.
fn check_pin(kept: &KeptLedger, ledger: &Ledger) -> Result<(), LedgerError> {
    let Some(wanted) = &kept.default_of else {
        return Ok(());
    };
    ledger.pin()?.check(wanted)
}
