//! Writing: runs, and batches of entries, each batch one durable transaction.
//!
//! What a ledger keeps of most users is their enrollment alone: an attempt that was its user's only one and enrolled it
//! says nothing that does not stand there, and its row goes in the transaction that writes the outcome. All others stay.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection};

use super::directory::{Directory, Known, LAST_ID, RowId};
use super::{AttemptId, AttemptStatus, Entry, Ledger, LedgerError, RunRecord, read};
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Outcome, Status},
    unix_millis::UnixMillis,
    user_id::UserId,
};
use crate::sys::user_hash::{UserHash, UserHashKeys};

const INTENT: &str = "INSERT INTO attempt (id, run, user_id, number, photo_sha256, photo_bytes, started_at,
    user_created_at, photo_fixes, sent_sha256, sent_bytes, photo_url, photo_etag, photo_version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const CLOSE: &str = "UPDATE attempt SET class = ?2, reason = ?3, http_status = ?4, finished_at = ?5 WHERE id = ?1";
const RESOLVE: &str = "UPDATE attempt SET class = 'resolved'
    WHERE user_id = ?1 AND (class IS NULL OR class = 'in_doubt')";
/// Takes the row of an attempt away, if it is of this user's only one and says nothing more.
const FORGET: &str = "DELETE FROM attempt WHERE id = ?1 AND run = ?2 AND user_id = ?3 AND number = 1
    AND user_created_at = ?4 AND photo_sha256 = ?5 AND sent_sha256 IS ?6 AND photo_url IS NULL";
const COUNT: &str = "UPDATE run SET attempts_in_enrollments = attempts_in_enrollments + ?2 WHERE id = ?1";
const NEW_OUTCOME: &str = "INSERT INTO enrollment (id, user_id, status, reason, http_status, result_code,
    result_text, smile_job_id, job_id, confidence, attempts, user_created_at, photo_sha256, photo_bytes, sent_at,
    finished_at, duration_ms, run, photo_fixes, sent_sha256, sent_bytes, is_attempt)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
const NEXT_OUTCOME: &str = "UPDATE enrollment SET status = ?3, reason = ?4, http_status = ?5, result_code = ?6,
    result_text = ?7, smile_job_id = ?8, job_id = ?9, confidence = ?10, attempts = ?11, user_created_at = ?12,
    photo_sha256 = ?13, photo_bytes = ?14, sent_at = ?15, finished_at = ?16, duration_ms = ?17, run = ?18,
    photo_fixes = ?19, sent_sha256 = ?20, sent_bytes = ?21, is_attempt = ?22 WHERE id = ?1 AND user_id = ?2";

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
        self.write(|statements| statements.write_all(entries))?;
        self.unmerged += entries.len();
        Ok(Receipt(()))
    }

    /// Makes one transaction of what is written. The directory learns of it when it is durable: after an error it knows
    /// what SQLite knows, which has taken all of it back.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut Statements<'_>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let transaction = self.db.transaction()?;
        let mut statements = Statements::prepare(&transaction, self.run, &self.directory, &self.keys)?;
        write(&mut statements)?;
        let learned = statements.finish()?;
        transaction.commit()?;
        for (user, known) in learned {
            self.directory.put(user, known);
        }
        Ok(())
    }
}

/// What a batch is written with, looked up once for all of its entries.
pub(super) struct Statements<'a> {
    pub(super) db: &'a Connection,
    pub(super) run: i64,
    keys: &'a UserHashKeys,
    directory: &'a Directory,
    /// Users of this batch, as they will stand when it is durable.
    learned: HashMap<UserHash, Known>,
    next_id: RowId,
    /// Attempts that have no row of their own any more.
    forgotten: u32,
    intent: CachedStatement<'a>,
    close: CachedStatement<'a>,
    forget: CachedStatement<'a>,
    resolve: CachedStatement<'a>,
    new_outcome: CachedStatement<'a>,
    next_outcome: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(
        db: &'a Connection,
        run: i64,
        directory: &'a Directory,
        keys: &'a UserHashKeys,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            db,
            run,
            keys,
            directory,
            learned: HashMap::new(),
            next_id: directory.next_id(),
            forgotten: 0,
            intent: db.prepare_cached(INTENT)?,
            close: db.prepare_cached(CLOSE)?,
            forget: db.prepare_cached(FORGET)?,
            resolve: db.prepare_cached(RESOLVE)?,
            new_outcome: db.prepare_cached(NEW_OUTCOME)?,
            next_outcome: db.prepare_cached(NEXT_OUTCOME)?,
        })
    }

    /// Writes what is left to be written, and says who has learned what.
    fn finish(self) -> Result<HashMap<UserHash, Known>, LedgerError> {
        if self.forgotten > 0 {
            self.db.prepare_cached(COUNT)?.execute((self.run, self.forgotten))?;
        }
        Ok(self.learned)
    }

    /// The end of an attempt comes right before the outcome that it has brought.
    fn write_all(&mut self, mut entries: &[Entry]) -> Result<(), LedgerError> {
        while let Some((entry, mut rest)) = entries.split_first() {
            let is_written = match (entry, rest) {
                (
                    Entry::Close { id, .. },
                    [
                        Entry::Outcome {
                            user_id,
                            created_at,
                            outcome,
                        },
                        after @ ..,
                    ],
                ) if is_whole(entry, outcome) && self.forget(*id, user_id, created_at, outcome)? => {
                    self.write_outcome(user_id, created_at.as_str(), outcome, true)?;
                    rest = after;
                    true
                }
                _ => false,
            };
            if !is_written {
                self.write(entry)?;
            }
            entries = rest;
        }
        Ok(())
    }

    /// Takes away the row of the attempt that has brought this outcome, if it is still an intent that says no more.
    fn forget(
        &mut self,
        id: AttemptId,
        user_id: &UserId,
        created_at: &CreatedAt,
        outcome: &Outcome,
    ) -> Result<bool, LedgerError> {
        let photo = outcome.photo;
        let (sha256, fixed) = (photo.map(|photo| photo.sha256), photo.and_then(|photo| photo.fixed));
        let (user_id, created_at) = (user_id.as_str(), created_at.as_str());
        let sent = fixed.map(|fixed| fixed.sha256);
        let forgotten = self
            .forget
            .execute((id.0, self.run, user_id, created_at, sha256, sent))?;
        self.forgotten += forgotten as u32;
        Ok(forgotten > 0)
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
            } => self.write_outcome(user_id, created_at.as_str(), outcome, false)?,
        }
        Ok(())
    }

    /// Whatever was in doubt about this user is known now.
    pub(super) fn resolve(&mut self, user_id: &UserId) -> Result<(), LedgerError> {
        self.resolve.execute([user_id.as_str()])?;
        Ok(())
    }

    /// `is_attempt`: it says all of the user's only attempt, too.
    pub(super) fn write_outcome(
        &mut self,
        user_id: &UserId,
        created_at: &str,
        outcome: &Outcome,
        is_attempt: bool,
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
        let (id, is_new) = self.place(user_id, *status)?;
        let statement = match is_new {
            true => &mut self.new_outcome,
            false => &mut self.next_outcome,
        };
        let written = statement.execute(rusqlite::params![
            id,
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
            is_attempt.then_some(1),
        ])?;
        match written {
            1 => Ok(()),
            _ => Err(read::lost(user_id.as_str())),
        }
    }

    /// The row of this user, who has this status from now on, and whether it is new.
    fn place(&mut self, user_id: &UserId, status: Status) -> Result<(RowId, bool), LedgerError> {
        let user = self.keys.user(user_id.as_str());
        let known = self.learned.get(&user).copied().or_else(|| self.directory.get(user));
        let id = known.map_or(self.next_id, |known| known.id);
        if id > LAST_ID {
            return Err(LedgerError::Full);
        }
        self.next_id = self.next_id.max(id + 1);
        self.learned.insert(user, Known { id, status });
        Ok((id, known.is_none()))
    }
}

/// Whether an outcome can say all of the attempt that ended so. One that is not `enrolled` may still be followed by
/// another attempt, or by a look-up that goes by when this one began.
fn is_whole(end: &Entry, outcome: &Outcome) -> bool {
    let Entry::Close {
        id: _,
        class: AttemptStatus::Settled,
        reason: None,
        http_status,
        at,
    } = end
    else {
        return false;
    };
    let is_first = outcome.status == Status::Enrolled && outcome.attempts == 1;
    let is_same = outcome.facts.http_status == *http_status && outcome.finished_at == Some(*at);
    is_first && is_same && outcome.reason.is_none() && outcome.sent_at.is_some()
}
