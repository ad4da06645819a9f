//! Reading at the end of a run: its attempts by what they came to, what became of its doubts, and the runs before it.
//! Nothing here goes by a single user.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OptionalExtension;

use super::{AttemptStatus, Ledger, LedgerError};
use crate::domain::{outcome::Status, unix_millis::UnixMillis};

// Attempts are numbered on from run to run, so that those of this one are the last, and the others are not looked at.
const LAST_BEFORE: &str = "SELECT id FROM attempt WHERE run < ?1 ORDER BY id DESC LIMIT 1";
const ATTEMPTS: &str = "SELECT coalesce(class, 'intent'), reason, count(*) FROM attempt
    WHERE id > ?1 GROUP BY 1, 2";
const IN_ENROLLMENTS: &str = "SELECT attempts_in_enrollments FROM run WHERE id = ?1";
const DOUBTS: &str = "SELECT DISTINCT user_id FROM attempt
    WHERE id > ?1 AND (class IS NULL OR class IN ('in_doubt', 'resolved'))";
const RUNS: &str = "SELECT run_id, version, manifest, started_at, finished_at, exit_code, stopped_by FROM run
    ORDER BY id DESC LIMIT ?1";

const ATTEMPTS_OF_RUNS: &str = "SELECT r.run_id, count(*), sum(number > 1), sum(coalesce(sent_bytes, photo_bytes))
    FROM (SELECT run, number, sent_bytes, photo_bytes FROM attempt WHERE class IS NOT 'not_sent'
        UNION ALL SELECT run, 1, sent_bytes, photo_bytes FROM enrollment WHERE is_attempt = 1) a
    JOIN run r ON r.id = a.run GROUP BY 1";

/// Attempts of some runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AttemptCounts {
    pub(crate) all: u64,
    /// Those of them that were not a user's first.
    pub(crate) retries: u64,
    /// Of the photos that went with them.
    pub(crate) photo_bytes: u64,
}

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
    /// Counts the attempts of these runs.
    pub(crate) fn attempts_of<'a>(&self, runs: impl Iterator<Item = &'a str>) -> Result<AttemptCounts, LedgerError> {
        let wanted: BTreeSet<&str> = runs.collect();
        let mut counts = AttemptCounts::default();
        let mut statement = self.db.prepare(ATTEMPTS_OF_RUNS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let run_id: String = row.get(0)?;
            let number = |place| row.get::<_, i64>(place).map(i64::unsigned_abs);
            if wanted.contains(run_id.as_str()) {
                counts.all += number(1)?;
                counts.retries += number(2)?;
                counts.photo_bytes += number(3)?;
            }
        }
        Ok(counts)
    }

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
        let mut counts = counts.collect::<Result<Vec<_>, _>>()?;
        self.add_those_in_enrollments(&mut counts)?;
        counts.sort_by(|a, b| (b.attempts, &a.class, &a.reason).cmp(&(a.attempts, &b.class, &b.reason)));
        Ok(counts)
    }

    /// Attempts that have no row of their own, as [`super::write`] says: all of them are settled, without a reason.
    fn add_those_in_enrollments(&self, counts: &mut Vec<AttemptCount>) -> Result<(), LedgerError> {
        let attempts = self
            .db
            .query_row(IN_ENROLLMENTS, [self.run], |row| row.get::<_, i64>(0));
        let attempts = attempts.optional()?.unwrap_or_default().unsigned_abs();
        let settled = AttemptStatus::Settled.word();
        let is_it = |count: &&mut AttemptCount| count.class == settled && count.reason.is_none();
        match counts.iter_mut().find(is_it) {
            Some(count) => count.attempts += attempts,
            None if attempts > 0 => counts.push(AttemptCount {
                class: settled.to_owned(),
                reason: None,
                attempts,
            }),
            None => {}
        }
        Ok(())
    }

    fn doubts_after(&self, before: i64) -> Result<Vec<(Status, u64)>, LedgerError> {
        let mut statement = self.db.prepare(DOUBTS)?;
        let mut rows = statement.query([before])?;
        let mut counts = BTreeMap::<Status, u64>::new();
        while let Some(row) = rows.next()? {
            let user_id: String = row.get(0)?;
            if let Some(status) = self.status(&user_id) {
                *counts.entry(status).or_default() += 1;
            }
        }
        let mut doubts: Vec<_> = counts.into_iter().collect();
        doubts.sort_by_key(|(status, users)| (Reverse(*users), status.word()));
        Ok(doubts)
    }

    /// The latest runs, the last one first.
    pub(crate) fn latest_runs(&self, most: u32) -> Result<Vec<PastRun>, LedgerError> {
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
