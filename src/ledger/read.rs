//! Reading: what the ledger knows of a user, whose row the directory tells.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction};

use super::directory::{Directory, Known, LAST_ID};
use super::{AttemptId, Ledger, LedgerError};
use crate::domain::{
    outcome::{Facts, FixedDigest, Outcome, PhotoDigest, PhotoHash, Reason, Status},
    photo::ObjectVersion,
    resume::{History, Unresolved},
    unix_millis::UnixMillis,
    user_id::UserId,
};
use crate::sys::user_hash::{UserHash, UserHashKeys};

const OUTCOME: &str = "SELECT status, reason, http_status, result_code, result_text, smile_job_id, job_id, confidence,
    attempts, photo_sha256, photo_bytes, sent_at, finished_at, duration_ms, run, user_created_at,
    photo_fixes, sent_sha256, sent_bytes, user_id FROM enrollment WHERE id = ?1";
/// Behind the last one nobody is. Of each row only what stands first is looked at.
const LAST: &str = "SELECT coalesce(max(id), 0) FROM enrollment";
/// A row takes 100 bytes at least, unless its user has a very short id.
const MOST: &str = "SELECT page_count * page_size / 100 FROM pragma_page_count, pragma_page_size";
const EVERYBODY: &str = "SELECT status, id, user_id FROM enrollment";
const PHOTOS: &str = "SELECT user_id, photo_sha256 FROM enrollment
    WHERE photo_sha256 IS NOT NULL AND status IN ('enrolled', 'enrolled_inferred', 'provisional')";
const UNRESOLVED: &str = "SELECT number, photo_sha256, photo_bytes, started_at, finished_at, run, user_created_at,
    photo_fixes, sent_sha256, sent_bytes, photo_url, photo_etag, photo_version FROM attempt
    WHERE user_id = ?1 AND (class IS NULL OR class = 'in_doubt') ORDER BY id";

impl Ledger {
    /// The number for the next attempt.
    pub(crate) fn next_attempt(&self) -> Result<AttemptId, LedgerError> {
        let last: Option<i64> = self.db.query_row("SELECT max(id) FROM attempt", [], |row| row.get(0))?;
        Ok(last.map_or(AttemptId::FIRST, |last| AttemptId(last).next()))
    }

    /// When the latest run began.
    pub(crate) fn last_run_at(&self) -> Result<Option<UnixMillis>, LedgerError> {
        let sql = "SELECT started_at FROM run ORDER BY id DESC LIMIT 1";
        Ok(self.db.query_row(sql, [], |row| row.get(0)).optional()?)
    }

    /// How the user of this hash is settled, if at all; by the keys that the ledger was opened with.
    pub(crate) fn settled(&self, user: UserHash) -> Option<Status> {
        let known = self.directory.get(user)?;
        Some(known.status).filter(|status| status.is_settled())
    }

    /// The status of this user; none where no outcome was recorded.
    pub(super) fn status(&self, user_id: &str) -> Option<Status> {
        self.directory.get(self.keys.user(user_id)).map(|known| known.status)
    }

    /// Tells of every settled user with a photo, in no order that matters.
    pub(crate) fn each_photo(&self, mut tell: impl FnMut(&str, &PhotoHash)) -> Result<(), LedgerError> {
        let mut statement = self.db.prepare(PHOTOS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let user_id = row.get_ref(0)?.as_str().map_err(|_| no_text())?;
            tell(user_id, &row.get(1)?);
        }
        Ok(())
    }

    /// All that is known of this user.
    pub(crate) fn history(&self, user_id: &UserId) -> Result<History, LedgerError> {
        let outcome = self.db.prepare_cached(OUTCOME)?;
        let reading = None;
        let mut one = Histories {
            outcome,
            reading,
            ledger: self,
        };
        one.of(user_id.as_str())
    }

    /// What looks up many users. Nothing is to be written as long as it is there.
    pub(crate) fn histories(&self) -> Result<Histories<'_>, LedgerError> {
        Ok(Histories {
            outcome: self.db.prepare_cached(OUTCOME)?,
            reading: Some(self.db.unchecked_transaction()?),
            ledger: self,
        })
    }

    pub(super) fn load_runs(&mut self) -> Result<(), LedgerError> {
        let mut statement = self.db.prepare("SELECT id, run_id FROM run")?;
        let runs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.runs = runs.collect::<Result<_, _>>()?;
        Ok(())
    }

    fn outcome(&self, row: &Row<'_>) -> Result<Outcome, LedgerError> {
        let reason_word: Option<String> = row.get(1)?;
        Ok(Outcome {
            status: status(row)?,
            reason: reason_word.map(|word| reason(&word)).transpose()?,
            facts: Facts {
                http_status: row.get(2)?,
                result_code: row.get(3)?,
                result_text: row.get(4)?,
                smile_job_id: row.get(5)?,
                job_id: row.get(6)?,
                confidence: row.get(7)?,
            },
            attempts: row.get(8)?,
            photo: photo(row, 9, 16)?,
            sent_at: row.get(11)?,
            finished_at: row.get(12)?,
            duration_ms: row.get::<_, Option<i64>>(13)?.map(|duration| duration as u64),
            run_id: self.run_id(row.get(14)?)?,
        })
    }

    fn unresolved(&self, user_id: &str) -> Result<Vec<Unresolved>, LedgerError> {
        let mut statement = self.db.prepare_cached(UNRESOLVED)?;
        let mut rows = statement.query([user_id])?;
        let mut attempts = Vec::new();
        while let Some(row) = rows.next()? {
            let photo = photo(row, 1, 7)?.ok_or_else(|| LedgerError::Damaged("an attempt without a photo".into()))?;
            let run_id = self.run_id(row.get(5)?)?;
            attempts.push(Unresolved {
                number: row.get(0)?,
                created_at: row.get(6)?,
                photo,
                object: object(row)?,
                started_at: row.get(3)?,
                ended_at: row.get(4)?,
                run_id,
            });
        }
        Ok(attempts)
    }

    fn run_id(&self, run: i64) -> Result<String, LedgerError> {
        let name = self.runs.get(&run).cloned();
        name.ok_or_else(|| LedgerError::Damaged(format!("run {run}, which is not in the list of runs")))
    }
}

/// Looks up one user after the other: the question is made ready once, and one reading of the database lasts for all.
pub(crate) struct Histories<'a> {
    outcome: CachedStatement<'a>,
    #[expect(dead_code, reason = "it lasts as long as the value")]
    reading: Option<Transaction<'a>>,
    ledger: &'a Ledger,
}

impl Histories<'_> {
    /// All that is known of this user.
    pub(crate) fn of(&mut self, user_id: &str) -> Result<History, LedgerError> {
        let known = self.ledger.directory.get(self.ledger.keys.user(user_id));
        let (outcome, created_at) = known.map(|known| self.outcome(known, user_id)).transpose()?.unzip();
        let is_settled = known.is_some_and(|known| known.status.is_settled());
        let unresolved = match is_settled {
            true => Vec::new(),
            false => self.ledger.unresolved(user_id)?,
        };
        Ok(History {
            outcome,
            created_at,
            unresolved,
        })
    }

    /// The outcome in the row where the user is, and the creation date that was sent for it.
    fn outcome(&mut self, known: Known, user_id: &str) -> Result<(Outcome, String), LedgerError> {
        let mut rows = self.outcome.query([known.id])?;
        let row = rows.next()?.ok_or_else(|| lost(user_id))?;
        match row.get_ref(19)?.as_str() {
            Ok(found) if found == user_id => Ok((self.ledger.outcome(row)?, row.get(15)?)),
            _ => Err(lost(user_id)),
        }
    }
}

/// Reads who is where, in one pass over the table.
pub(super) fn read_directory(db: &Connection, keys: &UserHashKeys) -> Result<Directory, LedgerError> {
    let last: i64 = db.query_row(LAST, [], |row| row.get(0))?;
    let last = u32::try_from(last).ok().filter(|last| *last <= LAST_ID);
    let last = last.ok_or_else(|| LedgerError::Damaged("a user in a row that there cannot be".into()))?;
    // Where rows were taken out, or went to other parts, the last number says little.
    let most = db.query_row(MOST, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    let mut directory = Directory::with_capacity(most.min(last.into()) as usize);
    let mut statement = db.prepare(EVERYBODY)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (status, id) = (status(row)?, row.get(1)?);
        let user_id = row.get_ref(2)?.as_str().map_err(|_| no_text())?;
        if directory.put(keys.user(user_id), Known { id, status }).is_some() {
            return Err(LedgerError::Damaged(format!("user {user_id:?} twice")));
        }
    }
    Ok(directory)
}

/// The row of this user holds another one, or is not there.
pub(super) fn lost(user_id: &str) -> LedgerError {
    LedgerError::Damaged(format!("user {user_id:?} in no row"))
}

fn no_text() -> LedgerError {
    LedgerError::Damaged("a user that is no text".into())
}

/// Hash and size stand in two columns side by side, those of what was made of the photo behind its fixes.
pub(super) fn photo(row: &Row<'_>, place: usize, fixes: usize) -> Result<Option<PhotoDigest>, LedgerError> {
    let fixed = fixed(row, fixes)?;
    Ok(hash_and_size(row, place)?.map(|(sha256, bytes)| PhotoDigest { sha256, bytes, fixed }))
}

fn fixed(row: &Row<'_>, place: usize) -> Result<Option<FixedDigest>, LedgerError> {
    let Some(words) = row.get::<_, Option<String>>(place)? else {
        return Ok(None);
    };
    let damaged = || LedgerError::Damaged(format!("a photo with the fixes {words:?}"));
    let fixes = words.parse().map_err(|_| damaged())?;
    let (sha256, bytes) = hash_and_size(row, place + 1)?.ok_or_else(damaged)?;
    Ok(Some(FixedDigest { fixes, sha256, bytes }))
}

fn hash_and_size(row: &Row<'_>, place: usize) -> Result<Option<(PhotoHash, u64)>, LedgerError> {
    let sha256: Option<PhotoHash> = row.get(place)?;
    let bytes: Option<i64> = row.get(place + 1)?;
    Ok(sha256.zip(bytes.map(|bytes| bytes as u64)))
}

/// What stands behind the other columns of an attempt.
fn object(row: &Row<'_>) -> Result<Option<ObjectVersion>, LedgerError> {
    let Some(url) = row.get(10)? else {
        return Ok(None);
    };
    let (etag, version) = (row.get(11)?, row.get(12)?);
    Ok(Some(ObjectVersion { url, etag, version }))
}

/// The first column of all questions for outcomes.
pub(super) fn status(row: &Row<'_>) -> Result<Status, LedgerError> {
    let word = row.get_ref(0)?;
    let status = word.as_str().ok().and_then(|word| word.parse().ok());
    status.ok_or_else(|| LedgerError::Damaged(format!("status {:?}", word.as_str().unwrap_or("that is no text"))))
}

fn reason(word: &str) -> Result<Reason, LedgerError> {
    word.parse()
        .map_err(|_| LedgerError::Damaged(format!("reason {word:?}")))
}
