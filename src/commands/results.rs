//! `results`: the results CSV again, from manifest and ledger alone.

use chrono::{DateTime, Utc};

use crate::config::{KeptLedger, ResultsConfig};
use crate::domain::{columns::Form, shard::Shard, unix_millis::UnixMillis};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::ledger::{Holder, Ledger, LedgerError, Pin};
use crate::manifest::Opened;
use crate::output::{self, Target};
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

pub(super) fn run(config: &ResultsConfig, signals: &Signals) -> Result<ExitStatus, Error> {
    let ResultsConfig {
        files,
        chosen,
        ledger: kept,
        statuses,
        ..
    } = config;
    let holder = Holder::new("image-enroll results", &files.manifest, Utc::now());
    let opened = open(kept, chosen.map(|chosen| chosen.shard), holder).map_err(Error::of_ledger(&kept.path));
    let (ledger, shard, now) = opened?;
    let results = config.results(shard)?;
    let manifest = Opened::open(&files.manifest, &files.reading, now)?.survey_part(shard)?;
    signals.enter(Mode::GiveUp);
    let target = Target::new(&results);
    let results_error = Error::of_results(&results);
    let form = statuses.as_ref().map_or(Form::Results, |_| Form::Failures);
    let _claim = target.claim_of(form, files.force).map_err(&results_error)?;
    let rows = target.fill(signals, |out| match statuses {
        None => output::write(&manifest, &ledger, files.columns, out).map(|tally| tally.rows()),
        Some(statuses) => output::write_selected(&manifest, &ledger, statuses, out),
    });
    terminal::results_written(&results, rows.map_err(&results_error)?);
    Ok(ExitStatus::Settled)
}

/// The ledger, the part that it belongs to, and the instant that dates are judged against: the last run's beginning, so
/// that the results come out as that run wrote them.
fn open(
    kept: &KeptLedger,
    shard: Option<Shard>,
    holder: Holder,
) -> Result<(Ledger, Option<Shard>, DateTime<Utc>), LedgerError> {
    let ledger = Ledger::open_existing(&kept.path, holder)?;
    let pin = ledger.pin()?;
    pin.check(&wanted(kept, shard, &pin))?;
    let last = ledger.last_run_at()?.and_then(UnixMillis::to_date_time);
    Ok((ledger, pin.shard, last.unwrap_or_else(Utc::now)))
}

/// Two endpoints may share a place, and the results of one are not those of the other. A ledger that is named says for
/// itself what it belongs to, unless a part is named as well.
fn wanted(kept: &KeptLedger, shard: Option<Shard>, found: &Pin) -> Pin {
    let named = || Pin {
        shard: shard.or(found.shard),
        ..found.clone()
    };
    kept.default_of.clone().unwrap_or_else(named)
}
