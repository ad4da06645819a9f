//! Reading at the end of a run: its attempts by what they came to, what became of its doubts, and the runs before it.
//! Nothing here goes by a single user.

use rusqlite::OptionalExtension;

use super::{Ledger, LedgerError};
use crate::domain::{outcome::Status, unix_millis::UnixMillis};

// Attempts are numbered on from run to run, so that those of this one are the last, and the others are not looked at.
const LAST_BEFORE: &str = "SELECT id FROM attempt WHERE run < ?1 ORDER BY id DESC LIMIT 1";
const ATTEMPTS: &str = "SELECT coalesce(class, 'intent'), reason, count(*) FROM attempt
    WHERE id > ?1 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2";
const DOUBTS: &str = "SELECT e.status, count(*) FROM
    (SELECT DISTINCT user_id FROM attempt WHERE id > ?1 AND (class IS NULL OR class IN ('in_doubt', 'resolved'))) d
    JOIN enrollment e ON e.user_id = d.user_id GROUP BY 1 ORDER BY 2 DESC, 1";
const RUNS: &str = "SELECT run_id, version, manifest, started_at, finished_at, exit_code, stopped_by FROM run
    ORDER BY id DESC LIMIT ?1";

/// Attempts of one run that came to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptCount {
    /// As the ledger has it: `settled`, `not_processed`, `in_doubt`, `stopped`, `not_sent`, `resolved` or `intent`.
    pub(crate) class: String,
    pub(crate) reason: Option<String>,
    pub(crate) attempts: u64,
}

/// A run that this ledger remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastRun {
    pub(crate) run_id: String,
    pub(crate) version: String,
    pub(crate) manifest: String,
    pub(crate) started_at: UnixMillis,
    /// None where it was killed.
    pub(crate) finished_at: Option<UnixMillis>,
    pub(crate) exit_code: Option<u8>,
    pub(crate) stopped_by: Option<String>,
}

/// What the ledger says of a run at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retrospect {
    /// The most frequent first.
    pub(crate) attempts: Vec<AttemptCount>,
    /// Users with an attempt of the run that may have been applied, by the status they have now.
    pub(crate) doubts: Vec<(Status, u64)>,
    /// The latest first, this one among them.
    pub(crate) runs: Vec<PastRun>,
}

impl Ledger {
    /// Looks back at the run that writes; `runs`: how many of the latest runs are told of.
    pub(crate) fn retrospect(&self, runs: u32) -> Result<Retrospect, LedgerError> {
        let before = self.db.query_row(LAST_BEFORE, [self.run], |row| row.get(0));
        let before: i64 = before.optional()?.unwrap_or_default();
        Ok(Retrospect {
            attempts: self.attempts_after(before)?,
            doubts: self.doubts_after(before)?,
            runs: self.latest_runs(runs)?,
        })
    }

    fn attempts_after(&self, before: i64) -> Result<Vec<AttemptCount>, LedgerError> {
        let mut statement = self.db.prepare(ATTEMPTS)?;
        let counts = statement.query_map([before], |row| {
            Ok(AttemptCount {
                class: row.get(0)?,
                reason: row.get(1)?,
                attempts: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })?;
        Ok(counts.collect::<Result<_, _>>()?)
    }

    fn doubts_after(&self, before: i64) -> Result<Vec<(Status, u64)>, LedgerError> {
        let mut statement = self.db.prepare(DOUBTS)?;
        let mut rows = statement.query([before])?;
        let mut doubts = Vec::new();
        while let Some(row) = rows.next()? {
            doubts.push((super::read::status(row)?, row.get::<_, i64>(1)?.unsigned_abs()));
        }
        Ok(doubts)
    }

    fn latest_runs(&self, most: u32) -> Result<Vec<PastRun>, LedgerError> {
        let mut statement = self.db.prepare(RUNS)?;
        let runs = statement.query_map([most], |row| {
            Ok(PastRun {
                run_id: row.get(0)?,
                version: row.get(1)?,
                manifest: row.get(2)?,
                started_at: row.get(3)?,
                finished_at: row.get(4)?,
                exit_code: row.get(5)?,
                stopped_by: row.get(6)?,
            })
        })?;
        Ok(runs.collect::<Result<_, _>>()?)
    }
}
