//! Results, summary, the closing words: written however the run ended.

use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::watch::Watch;
use super::{Closed, Prepared};
use crate::config::Page;
use crate::domain::stats::Stats;
use crate::domain::{stop::Stop, timeline::Timeline};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::{
    self, End, Failures, LISTED_RUNS, PageFacts, ResultsError, RunFacts, Tally, build_summary, tally_of_run,
    write_page, write_summary,
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

pub(super) fn finish(prepared: Prepared<'_>, ended: Ended, mut watch: Watch, signals: &Signals) -> Closed {
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
    watch.writing();
    let tally = ending.write_results(&prepared, signals);
    ending.record(&prepared, &tally);
    let paragraph = ending.tell(&prepared, &tally, &mut watch);
    ending.publish(&mut watch, &tally);
    Closed {
        status: ending.status(&tally),
        paragraph,
    }
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

    /// The report, the summary, the closing words, the errors. The paragraph for whoever is pinged.
    fn tell(&mut self, prepared: &Prepared<'_>, tally: &Tally, watch: &mut Watch) -> String {
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
        let closing = Closing {
            facts: &facts,
            ledger: config.ledger.as_ref().map(|ledger| ledger.path.as_path()),
            command: &command_line(),
        };
        watch.reporter.close(&closing);
        let paragraph = closing.paragraph();
        for fault in &self.faults {
            print_error(fault, config.report.log, prepared.run_id);
        }
        paragraph
    }

    /// The last of status and metrics: the counts are those of the summary.
    fn publish(&self, watch: &mut Watch, tally: &Tally) {
        let end = End {
            at: self.finished_at.into(),
            exit_code: self.status(tally).code(),
            stop: self.stop,
        };
        watch.end(&self.stats, tally, end);
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

/// The one option whose value is a secret, and what stands for that.
const SECRET: &str = "--ping-url";
const HIDDEN: &str = "HIDDEN";

/// This run's command, to be typed again.
fn command_line() -> String {
    let arguments = std::env::args_os().map(|text| text.to_string_lossy().into_owned());
    let shown = without_secret(arguments);
    shlex::try_join(shown.iter().map(String::as_str)).unwrap_or_default()
}

fn without_secret(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut is_next = false;
    let hide = |argument: String| match (std::mem::replace(&mut is_next, argument == SECRET), &argument) {
        (true, _) => HIDDEN.to_owned(),
        (false, text) if text.starts_with(&format!("{SECRET}=")) => format!("{SECRET}={HIDDEN}"),
        (false, _) => argument,
    };
    arguments.map(hide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_type_again_does_not_show_whom_it_pings() {
        for (typed, shown) in [
            ("x --ping-url https://h/t m.csv", "x --ping-url HIDDEN m.csv"),
            ("x --ping-url=https://h/t m.csv", "x --ping-url=HIDDEN m.csv"),
            ("x --summary s m.csv", "x --summary s m.csv"),
        ] {
            let arguments = typed.split(' ').map(str::to_owned);
            assert_eq!(without_secret(arguments).join(" "), shown);
        }
    }
}
