//! A run that has ended, and what can be said of it. Every mismatch is collected and reported at once.

use std::collections::BTreeMap;
use std::panic::Location;
use std::path::Path;

use serde_json::Value;

use super::laws;
use super::running::Output;
use super::{Run, Server, table};

/// The end of a run. Mismatches fail the test when this is dropped.
pub(crate) struct Finished<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The bytes of the results, from the file or from stdout.
    pub(crate) raw: Vec<u8>,
    /// The names of the results' columns.
    pub(crate) header: Vec<String>,
    /// Each line of the results by column; of two columns with one name the last, and ours without a prefix.
    pub(crate) results: Vec<BTreeMap<String, String>>,
    /// Null where there is none.
    pub(crate) summary: Value,
    mismatches: Vec<String>,
}

impl<'a> Finished<'a> {
    /// `before`: requests that the server had seen when the run began.
    pub(super) fn new(run: &'a Run<'a>, output: Output, before: usize) -> Self {
        let summary = run.option("--summary").map(|name| run.path(name));
        let summary = summary.and_then(|path| std::fs::read(path).ok());
        let raw = match run.option("--results").or(run.option("-o")) {
            Some("-") => output.stdout.clone(),
            name => std::fs::read(run.path(name.unwrap_or(&laws::beside(run, "results.csv")))).unwrap_or_default(),
        };
        let mut finished = Self {
            run,
            code: output.code.unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
            header: Vec::new(),
            results: Vec::new(),
            raw,
            summary: summary.map_or(Value::Null, |bytes| {
                serde_json::from_slice(&bytes).unwrap_or(Value::Null)
            }),
            mismatches: Vec::new(),
        };
        finished.read_results();
        let sent = run.server.map_or(0, Server::count) - before;
        finished.mismatches = laws::broken(&finished, sent);
        finished
    }

    fn read_results(&mut self) {
        let mut records = table::records(&self.raw, None);
        if records.is_empty() {
            return;
        }
        self.header = records.remove(0).iter().map(str::to_owned).collect();
        let cells = |record: &csv::StringRecord| {
            let names = self
                .header
                .iter()
                .map(|name| name.trim_start_matches(laws::PREFIX).to_owned());
            let cells = names.zip(record.iter().map(str::to_owned));
            cells.collect()
        };
        self.results = records.iter().map(cells).collect();
    }

    /// The exit code.
    #[track_caller]
    pub(crate) fn code(&mut self, wanted: i32) -> &mut Self {
        self.equal("exit code", &self.code.to_string(), &wanted.to_string())
    }

    /// Status and reason of every row, as `status` or `status reason`.
    #[track_caller]
    pub(crate) fn rows<S: AsRef<str>>(&mut self, wanted: impl IntoIterator<Item = S>) -> &mut Self {
        let wanted: Vec<_> = wanted.into_iter().map(|row| row.as_ref().to_owned()).collect();
        let cell = |row: &BTreeMap<String, String>, name| row.get(name).cloned().unwrap_or_default();
        let found: Vec<_> = self
            .results
            .iter()
            .map(|row| {
                format!("{} {}", cell(row, "status"), cell(row, "reason"))
                    .trim()
                    .to_owned()
            })
            .collect();
        self.equal("rows", &format!("{found:#?}"), &format!("{wanted:#?}"))
    }

    /// Every row has this status and reason.
    #[track_caller]
    pub(crate) fn all(&mut self, wanted: &str) -> &mut Self {
        self.rows(vec![wanted; self.results.len().max(1)])
    }

    /// A cell of a row, the first of which is 1.
    #[track_caller]
    pub(crate) fn cell(&mut self, row: usize, column: &str, wanted: &str) -> &mut Self {
        let found = self.get(row, column);
        self.equal(&format!("row {row}, {column}"), &found, wanted)
    }

    /// The text of a cell; empty where there is none.
    pub(crate) fn get(&self, row: usize, column: &str) -> String {
        let cell = self.results.get(row - 1).and_then(|row| row.get(column));
        cell.cloned().unwrap_or_default()
    }

    /// All of these texts stand in stderr.
    #[track_caller]
    pub(crate) fn says(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            self.check(self.stderr.contains(text), &format!("stderr does not say {text:?}"));
        }
        self
    }

    /// A value of the summary by its path, such as `/counts/enrolled`.
    #[track_caller]
    pub(crate) fn summary(&mut self, path: &str, wanted: impl Into<Value>) -> &mut Self {
        let found = self.summary.pointer(path).cloned().unwrap_or(Value::Null);
        self.equal(
            &format!("summary {path}"),
            &found.to_string(),
            &wanted.into().to_string(),
        )
    }

    /// Neither results nor a ledger were written.
    #[track_caller]
    pub(crate) fn left_nothing(&mut self) -> &mut Self {
        let results = self.run.path(&laws::beside(self.run, "results.csv"));
        self.check(!results.exists(), "results were written");
        // A lock file says nothing, and stays; a status says how the run ended.
        let mut ledgers = laws::ledgers(self.run);
        let is_beside = |path: &Path| {
            let name = path.to_string_lossy();
            name.ends_with(".lock") || name.ends_with(".status.json")
        };
        ledgers.retain(|path| !is_beside(path));
        self.check(ledgers.is_empty(), &format!("{ledgers:?} were written"))
    }

    /// Any other condition.
    #[track_caller]
    pub(crate) fn check(&mut self, holds: bool, otherwise: &str) -> &mut Self {
        if !holds {
            self.mismatches.push(format!("{}: {otherwise}", Location::caller()));
        }
        self
    }

    /// Any other equality.
    #[track_caller]
    pub(crate) fn equal(&mut self, what: &str, found: &str, wanted: &str) -> &mut Self {
        self.check(found == wanted, &format!("{what}: found {found}, wanted {wanted}"))
    }
}

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        if self.mismatches.is_empty() {
            return;
        }
        let report = self.report();
        if std::thread::panicking() {
            return eprintln!("{report}");
        }
        panic!("{report}");
    }
}

impl Finished<'_> {
    fn report(&self) -> String {
        format!(
            "{} mismatches:\n- {}\n\nexit code {}, stderr:\n{}\nresults:\n{}\nsummary: {}",
            self.mismatches.len(),
            self.mismatches.join("\n- "),
            self.code,
            self.stderr,
            String::from_utf8_lossy(&self.raw),
            self.summary,
        )
    }
}
