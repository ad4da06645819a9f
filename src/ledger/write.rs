//! Writing: runs, and batches of entries, each batch one durable transaction.

use rusqlite::{CachedStatement, Connection};

use super::{AttemptStatus, Entry, Ledger, LedgerError, RunRecord};
use crate::domain::{outcome::Outcome, unix_millis::UnixMillis, user_id::UserId};

const INTENT: &str = "INSERT INTO attempt (id, run, user_id, number, photo_sha256, photo_bytes, started_at,
    user_created_at, photo_fixes, sent_sha256, sent_bytes, photo_url, photo_etag, photo_version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const CLOSE: &str = "UPDATE attempt SET class = ?2, reason = ?3, http_status = ?4, finished_at = ?5 WHERE id = ?1";
const RESOLVE: &str = "UPDATE attempt SET class = 'resolved'
    WHERE user_id = ?1 AND (class IS NULL OR class = 'in_doubt')";
const OUTCOME: &str = "INSERT OR REPLACE INTO enrollment (user_id, status, reason, http_status, result_code,
    result_text, smile_job_id, job_id, confidence, attempts, user_created_at, photo_sha256, photo_bytes, sent_at,
    finished_at, duration_ms, run, photo_fixes, sent_sha256, sent_bytes)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";

/// Says that a batch is durable. Nothing but a successful [`Ledger::commit`] makes one.
#[derive(Debug)]
pub(crate) struct Receipt(());

#[cfg(test)]
impl Receipt {
    /// For the ledgers that tests play.
    pub(crate) fn for_test() -> Self {
        Self(())
    }
}

impl Ledger {
    /// Records the beginning of a run; all that follows is written in its name. When this returns, the run stands in the
    /// main file of the database, and with it the mark that its write-ahead log is needed (`wal.rs`).
    pub(crate) fn begin_run(&mut self, run: &RunRecord) -> Result<(), LedgerError> {
        self.db.execute(
            "INSERT INTO run (run_id, version, manifest, manifest_sha256, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                &run.run_id,
                env!("CARGO_PKG_VERSION"),
                &run.manifest,
                run.manifest_sha256,
                run.started_at,
            ),
        )?;
        self.run = self.db.last_insert_rowid();
        self.runs.insert(self.run, run.run_id.clone());
        self.merge_log()
    }

    /// Records the end of the run.
    pub(crate) fn end_run(
        &self,
        finished_at: UnixMillis,
        exit_code: u8,
        stopped_by: Option<&str>,
    ) -> Result<(), LedgerError> {
        let sql = "UPDATE run SET finished_at = ?2, exit_code = ?3, stopped_by = ?4 WHERE id = ?1";
        self.db.execute(sql, (self.run, finished_at, exit_code, stopped_by))?;
        Ok(())
    }

    /// Records a batch: when this returns well, all of it is on the disk. After an error nobody knows: a commit that
    /// fails may have reached the disk all the same.
    pub(crate) fn commit(&mut self, entries: &[Entry]) -> Result<Receipt, LedgerError> {
        if entries.is_empty() {
            return Ok(Receipt(()));
        }
        self.merge_grown_log()?;
        let transaction = self.db.transaction()?;
        let mut statements = Statements::prepare(&transaction, self.run)?;
        entries.iter().try_for_each(|entry| statements.write(entry))?;
        drop(statements);
        transaction.commit()?;
        self.unmerged += entries.len();
        Ok(Receipt(()))
    }
}

/// What a batch is written with, looked up once for all of its entries.
pub(super) struct Statements<'a> {
    run: i64,
    intent: CachedStatement<'a>,
    close: CachedStatement<'a>,
    resolve: CachedStatement<'a>,
    outcome: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    pub(super) fn prepare(db: &'a Connection, run: i64) -> Result<Self, LedgerError> {
        Ok(Self {
            run,
            intent: db.prepare_cached(INTENT)?,
            close: db.prepare_cached(CLOSE)?,
            resolve: db.prepare_cached(RESOLVE)?,
            outcome: db.prepare_cached(OUTCOME)?,
        })
    }

    fn write(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        match entry {
            Entry::Intent {
                id,
                user_id,
                number,
                created_at,
                photo,
                object,
                at,
            } => {
                let (user_id, created_at) = (user_id.as_str(), created_at.as_str());
                let values = (
                    id.0,
                    self.run,
                    user_id,
                    number,
                    photo.sha256,
                    photo.bytes as i64,
                    at,
                    created_at,
                    photo.fixed.map(|fixed| fixed.fixes.to_string()),
                    photo.fixed.map(|fixed| fixed.sha256),
                    photo.fixed.map(|fixed| fixed.bytes as i64),
                    object.as_ref().map(|object| &object.url),
                    object.as_ref().and_then(|object| object.etag.as_ref()),
                    object.as_ref().and_then(|object| object.version.as_ref()),
                );
                self.intent.execute(values)?;
            }
            Entry::Close {
                id,
                class,
                reason,
                http_status,
                at,
            } => {
                let values = (
                    id.0,
                    AttemptStatus::word(*class),
                    reason.map(|reason| reason.word()),
                    http_status,
                    at,
                );
                self.close.execute(values)?;
            }
            Entry::Resolve { user_id } => {
                self.resolve(user_id)?;
            }
            Entry::Outcome {
                user_id,
                created_at,
                outcome,
            } => self.write_outcome(user_id, created_at.as_str(), outcome)?,
        }
        Ok(())
    }

    /// Whatever was in doubt about this user is known now.
    pub(super) fn resolve(&mut self, user_id: &UserId) -> Result<(), LedgerError> {
        self.resolve.execute([user_id.as_str()])?;
        Ok(())
    }

    pub(super) fn write_outcome(
        &mut self,
        user_id: &UserId,
        created_at: &str,
        outcome: &Outcome,
    ) -> Result<(), LedgerError> {
        // Taken apart in full, so that a new field cannot be forgotten; the run stands in its own column.
        let Outcome {
            status,
            reason,
            facts,
            attempts,
            photo,
            sent_at,
            finished_at,
            duration_ms,
            run_id: _,
        } = outcome;
        let fixed = photo.and_then(|photo| photo.fixed);
        self.outcome.execute(rusqlite::params![
            user_id.as_str(),
            status.word(),
            reason.map(|reason| reason.word()),
            facts.http_status,
            facts.result_code,
            facts.result_text,
            facts.smile_job_id,
            facts.job_id,
            facts.confidence,
            attempts,
            created_at,
            photo.map(|photo| photo.sha256),
            photo.map(|photo| photo.bytes as i64),
            sent_at,
            finished_at,
            duration_ms.map(|duration| duration as i64),
            self.run,
            fixed.map(|fixed| fixed.fixes.to_string()),
            fixed.map(|fixed| fixed.sha256),
            fixed.map(|fixed| fixed.bytes as i64),
        ])?;
        Ok(())
    }
}
