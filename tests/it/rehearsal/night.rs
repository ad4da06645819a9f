//! The lives of one night: a run is started, others beside it, and it is killed at a moment of the server's.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{LIVES_FOR_A_KILL, OTHER_RESULTS, RESULTS, Size, truth};
use crate::harness::{Run, Running, Server};

/// Exit codes of a run that ended before it was killed: done, faults of the data, failed, in doubt, an outage, a limit.
const OWN_ENDS: [i32; 5] = [1, 3, 4, 6, 10];
const LOCKED: i32 = 8;

/// When a run is killed. Numbers count from what the server had seen when the run was started.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// As soon as it has a process.
    Start,
    /// When its results are begun: the ledger is open, nothing has been sent.
    ResultsBegun,
    /// When so many requests have begun; the last of them is on its way.
    Begun(usize),
    /// When so many requests have arrived; the last of them waits for its answer.
    Arrived(usize),
    /// When a run that sends only so many rows has got so far, after so many looks: in or about its final writing.
    FinalWriting(usize, usize),
}

/// A command beside a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// The results, into this file.
    Results(&'static str),
    Check,
    SecondRun,
}

pub(super) struct Night<'a> {
    server: &'a Server,
    run: &'a Run<'a>,
    /// Most rows that a life sends: so many lives end by themselves, as while a command beside them is still at work, that
    /// there must be rows for each life there may be.
    pace: usize,
    rng: StdRng,
    pub(super) kills: usize,
    /// How often what happened.
    counts: BTreeMap<String, usize>,
}

impl<'a> Night<'a> {
    pub(super) fn new(server: &'a Server, run: &'a Run<'a>, size: Size, seed: u64) -> Self {
        Self {
            server,
            run,
            pace: (size.rows / size.kills / LIVES_FOR_A_KILL).max(2),
            rng: StdRng::seed_from_u64(seed),
            kills: 0,
            counts: BTreeMap::new(),
        }
    }

    /// What happened, for those who read the test's output.
    pub(super) fn report(&self) -> String {
        let (begun, arrived) = self.server.progress();
        format!("{begun} requests, {arrived} of them whole; {:?}", self.counts)
    }

    /// One run, from its start to its kill, with what is started beside it.
    pub(super) fn one_life(&mut self, life: usize) {
        let moment = self.moment();
        let before = self.server.progress();
        // A reader of the ledger that is at work may hold it when the run wants it. Before the first request there may
        // be no ledger to read.
        let early = (self.rng.random_bool(0.2) && before.0 > 0).then(|| self.results());
        let early = early.map(|other| (other, self.spawn(other)));
        let results = self.results_file();
        let mut running = match moment {
            Moment::FinalWriting(rows, _) => self.run.start_with(&["--limit", &rows.to_string()]),
            _ => self.run.start_with(&["--limit", &self.pace.to_string()]),
        };
        let has_company = self.rng.random_bool(0.4);
        if has_company {
            self.beside(&mut running, before);
        }
        self.wait_for(moment, before, results, &mut running);
        if !running.has_ended() {
            running.signal("KILL");
        }
        let output = running.wait();
        self.server.release();
        // A request of the life before may have come late, so that what stands beside this one was there first.
        let may_be_locked = (early.is_some() || has_company) && output.code == Some(LOCKED);
        let is_well = output.code.is_none_or(|code| OWN_ENDS.contains(&code)) || may_be_locked;
        if let Some((other, results)) = early {
            self.judge(other, results);
        }
        assert!(is_well, "life {life}, {moment:?}: {:?} {}", output.code, output.stderr);
        self.kills += usize::from(output.code.is_none());
        self.count(match output.code {
            None => "killed".to_owned(),
            Some(code) => format!("ended by itself with {code}"),
        });
        // Before the first request there may be no ledger to read.
        if self.rng.random_bool(0.2) && self.server.progress().0 > 0 {
            self.results_while_nothing_is_sent();
        }
    }

    fn results_while_nothing_is_sent(&mut self) {
        let other = Other::Results(RESULTS);
        let started = self.spawn(other);
        if self.judge(other, started) == 0 {
            truth::assert_nothing_hidden(self.server, self.run, RESULTS);
        }
    }

    fn results(&mut self) -> Other {
        Other::Results([RESULTS, OTHER_RESULTS][self.rng.random_range(0..2)])
    }

    /// Two runs that nobody kills.
    pub(super) fn undisturbed(&mut self) {
        for _ in 0..2 {
            let output = self.run.start().wait();
            self.count(format!("undisturbed, ended with {:?}", output.code));
        }
    }

    fn moment(&mut self) -> Moment {
        let requests = self.rng.random_range(0..self.pace);
        match self.rng.random_range(0..20) {
            0 => Moment::Start,
            1 => Moment::ResultsBegun,
            2..4 => Moment::FinalWriting(self.rng.random_range(1..=8), 1 << self.rng.random_range(0..16)),
            4..12 => Moment::Begun(requests + 1),
            _ => Moment::Arrived(requests + 1),
        }
    }

    fn wait_for(&mut self, moment: Moment, before: (usize, usize), results: Option<u64>, running: &mut Running) {
        match moment {
            Moment::Start => {}
            Moment::ResultsBegun => {
                while self.results_file() == results && !running.has_ended() {
                    std::thread::yield_now();
                }
            }
            Moment::Begun(count) => self.wait_for_requests((before.0 + count, 0), running),
            Moment::Arrived(count) => self.wait_for_requests((0, before.1 + count), running),
            Moment::FinalWriting(rows, looks) => {
                self.server.watch((0, before.1 + rows), || running.has_ended());
                let begun = self.results_file();
                // Its place is taken by another file when the writing is done.
                for _ in 0..looks {
                    if self.results_file() != begun || running.has_ended() {
                        break;
                    }
                    std::thread::yield_now();
                }
            }
        }
    }

    /// The server holds what has come by then, so that the run does not end before it is killed.
    fn wait_for_requests(&self, (begun, arrived): (usize, usize), running: &mut Running) {
        self.server.hold_from(begun, arrived);
        self.server.watch((begun, arrived), || running.has_ended());
    }

    /// Which file the results are at this moment.
    fn results_file(&self) -> Option<u64> {
        let metadata = std::fs::metadata(self.run.path(RESULTS)).ok();
        metadata.as_ref().map(Metadata::ino)
    }

    /// Starts something beside a run that has the ledger for certain: its first request has come.
    fn beside(&mut self, running: &mut Running, before: (usize, usize)) {
        self.server.watch((before.0 + 1, 0), || running.has_ended());
        let other = [self.results(), Other::Check, Other::SecondRun][self.rng.random_range(0..3)];
        let started = self.spawn(other);
        if other != Other::SecondRun {
            self.judge(other, started);
            return;
        }
        let output = started.wait();
        // Where the first has ended meanwhile, the second was a run like any other.
        if !running.has_ended() {
            assert_eq!(output.code, Some(LOCKED), "the second run: {}", output.stderr);
            self.count("a second run was refused".to_owned());
        }
    }

    fn spawn(&self, other: Other) -> Running {
        match other {
            Other::SecondRun => self.run.start(),
            Other::Check => self.run.spawn(&["check", "manifest.csv"]),
            Other::Results(place) => {
                let arguments = ["results", "--ledger", "ledger.db", "-o", place, "manifest.csv"];
                self.run.spawn(&arguments)
            }
        }
    }

    /// What may come of a command beside a run. Its exit code.
    fn judge(&mut self, other: Other, started: Running) -> i32 {
        let output = started.wait();
        let (code, stderr) = (output.code.unwrap_or(-1), output.stderr);
        let name = match other {
            Other::Results(place) => {
                assert!([0, LOCKED].contains(&code), "{other:?}: {code} {stderr}");
                if code == 0 {
                    truth::assert_no_false_word(self.server, self.run, place);
                }
                "results"
            }
            Other::Check | Other::SecondRun => {
                assert_eq!(code, 1, "{other:?}: {stderr}");
                "check"
            }
        };
        self.count(format!("{name} ended with {code}"));
        code
    }

    fn count(&mut self, what: String) {
        *self.counts.entry(what).or_default() += 1;
    }
}
