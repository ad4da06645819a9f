//! Results, summary, the closing words: written however the run ended.

use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::{Prepared, watch::Watch};
use crate::config::Page;
use crate::domain::stats::Stats;
use crate::domain::{stop::Stop, timeline::Timeline};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::{
    self, Failures, LISTED_RUNS, PageFacts, ResultsError, RunFacts, Tally, build_summary, tally_of_run, write_page,
    write_summary,
};
use crate::run::Ended;
use crate::sys::signals::{Mode, Signals};
use crate::terminal::{Closing, print_error};

/// What is still to be said of a run, and what went wrong with it.
struct Ending {
    stop: Option<Stop>,
    stats: Stats,
    finished_at: DateTime<Utc>,
    /// Whether there are failures, and in their file.
    has_failures: bool,
    faults: Vec<Error>,
}

pub(super) fn finish(
    prepared: Prepared<'_>,
    ended: Ended,
    watch: Watch,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    // Nothing is in flight any more: a signal gives up the writing. One that came too late for the run counts too.
    signals.enter(Mode::GiveUp);
    let Ended { stop, stats, error } = ended;
    let mut ending = Ending {
        stop: stop.max(signals.strongest().map(Stop::from)),
        stats,
        finished_at: prepared.started_at,
        has_failures: false,
        faults: error.map(Error::from).into_iter().collect(),
    };
    let tally = ending.write_results(&prepared, signals);
    ending.record(&prepared, &tally);
    ending.tell(&prepared, &tally, watch);
    Ok(ending.status(&tally))
}

impl Ending {
    /// The results, whole. The counts are asked for even where the file cannot be written.
    fn write_results(&mut self, prepared: &Prepared<'_>, signals: &Signals) -> Tally {
        let Prepared { manifest, ledger, .. } = prepared;
        let columns = prepared.config.files.columns;
        let mut failures = prepared.failures.as_ref().map(|place| place.failures(signals));
        let written = prepared.target.fill(signals, |out| {
            output::write_with(manifest, ledger, columns, out, failures.as_mut())
        });
        if written.is_ok() {
            self.finish_failures(prepared, failures);
        }
        let tally = written.or_else(|source| {
            self.results_fault(prepared, source);
            output::write(manifest, ledger, columns, signals.while_quick(io::sink()))
        });
        tally.unwrap_or_else(|_| tally_of_run(&self.stats, manifest.survey.rows()))
    }

    /// Results that are whole stay so, whatever becomes of the failures.
    fn finish_failures(&mut self, prepared: &Prepared<'_>, failures: Option<Failures<'_>>) {
        match failures.map_or(Ok(false), Failures::finish) {
            Ok(any) => self.has_failures = any,
            Err(source) => {
                self.stop = self.stop.max(Some(Stop::from(&source).once_begun()));
                let path = prepared.config.failures.as_deref().unwrap_or(Path::new(""));
                self.faults.push(Error::of_failures(path)(source));
            }
        }
    }

    fn results_fault(&mut self, prepared: &Prepared<'_>, source: ResultsError) {
        self.stop = self.stop.max(Some(Stop::from(&source).once_begun()));
        self.faults
            .push(Error::of_results(&prepared.config.files.results)(source));
    }

    /// Tells the ledger that the run has ended.
    fn record(&mut self, prepared: &Prepared<'_>, tally: &Tally) {
        self.finished_at = Utc::now();
        let code = ExitStatus::of_run(self.stop, |status| tally.count(status)).code();
        let (at, word) = (self.finished_at.into(), self.stop.map(Stop::word));
        let ended = prepared.ledger.end_run(at, code, word);
        let faults = ended.map_err(Error::of_ledger(&prepared.ledger_path)).err();
        self.faults.extend(faults);
    }

    /// The report, the summary, the closing words, the errors.
    fn tell(&mut self, prepared: &Prepared<'_>, tally: &Tally, mut watch: Watch) {
        let config = prepared.config;
        let mut facts = RunFacts {
            run_id: prepared.run_id,
            config,
            survey: &prepared.manifest.survey,
            started_at: prepared.started_at,
            finished_at: self.finished_at,
            status: self.status(tally),
            stop: self.stop,
            stats: &self.stats,
            tally,
            failures: config.failures.as_deref().filter(|_| self.has_failures),
        };
        let page = config.page.as_ref().zip(watch.timeline.as_ref());
        self.faults
            .extend(page.and_then(|(page, timeline)| write_report(page, prepared, &facts, timeline).err()));
        // What the report has cost stands in the summary, which programs go by.
        facts.status = self.status(tally);
        if let Some(path) = &config.summary {
            let written = write_summary(path, &build_summary(&facts));
            self.faults.extend(written.map_err(Error::of_summary(path)).err());
        }
        watch.reporter.close(&Closing {
            facts: &facts,
            ledger: config.ledger.as_ref().map(|ledger| ledger.path.as_path()),
            command: &command_line(),
        });
        for fault in &self.faults {
            print_error(fault, config.report.log.format);
        }
    }

    /// A fault of the machine is not hidden behind an exit code that says the rows are well.
    fn status(&self, tally: &Tally) -> ExitStatus {
        use ExitStatus::{DataFaults, Failed, InDoubt, Limit, Settled};
        let status = ExitStatus::of_run(self.stop, |status| tally.count(status));
        match (status, self.faults.first()) {
            (Settled | DataFaults | Failed | InDoubt | Limit, Some(fault)) => fault.exit_status(),
            _ => status,
        }
    }
}

/// A ledger that cannot be read any more, which is told of already, leaves out what it knows.
fn write_report(page: &Page, prepared: &Prepared<'_>, run: &RunFacts<'_>, timeline: &Timeline) -> Result<(), Error> {
    let facts = PageFacts {
        run,
        timeline,
        retrospect: prepared.ledger.retrospect(LISTED_RUNS).ok(),
        ledger: prepared.config.ledger.as_ref().map(|ledger| ledger.path.as_path()),
        full_ids: page.full_ids,
    };
    write_page(&page.path, &facts).map_err(Error::of_page(&page.path))
}

/// This run's command, to be typed again. No argument holds a secret.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args_os()
        .map(|text| text.to_string_lossy().into_owned())
        .collect();
    shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_default()
}
