//! What `reconcile` needs of the ledger: users whose state can be asked for, and what was learned of them.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row};

use super::read::photo;
use super::write::Statements;
use super::{Ledger, LedgerError};
use crate::domain::{
    lookup::OwnAttempt,
    outcome::{Outcome, Status},
    unix_millis::UnixMillis,
    user_id::UserId,
};

/// Users with an outcome that may be asked about, and those whose latest attempt has no outcome at all.
const CANDIDATES: &str = "
    CREATE TEMP TABLE IF NOT EXISTS candidate (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
    DELETE FROM candidate;
    INSERT INTO candidate
        SELECT user_id FROM enrollment WHERE status IN ('in_doubt', 'enrolled_inferred', 'provisional')
        UNION SELECT user_id FROM attempt WHERE class IS NULL OR class = 'in_doubt';";
/// One pass over the attempts, however many users there are.
const ATTEMPTS: &str = "SELECT c.user_id, a.class, a.photo_sha256, a.photo_bytes, a.user_created_at, a.started_at,
        a.finished_at, a.photo_fixes, a.sent_sha256, a.sent_bytes
    FROM candidate c JOIN attempt a ON a.user_id = c.user_id
    WHERE a.class IS NULL OR a.class IN ('in_doubt', 'resolved', 'settled') ORDER BY a.id";
const LOOK_UP: &str = "INSERT INTO look_up (run, user_id, asked_at, source, status_before, status)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// A user whose state the provider may know better, with all that we did.
#[derive(Debug, Clone)]
pub(crate) struct Dossier {
    pub(crate) user_id: UserId,
    /// The creation date that the ledger keeps; empty where it keeps none.
    pub(crate) created_at: String,
    /// What the results say now.
    pub(crate) outcome: Outcome,
    /// Attempts that were or are in doubt.
    pub(crate) attempts: Vec<OwnAttempt>,
    /// When attempts with a known answer began.
    pub(crate) answered_at: Vec<UnixMillis>,
}

/// The attempts of a user, by what became of them.
#[derive(Debug, Default)]
struct Attempts {
    open: Vec<OwnAttempt>,
    resolved: Vec<OwnAttempt>,
    answered_at: Vec<UnixMillis>,
}

/// Something that a look-up has taught.
#[derive(Debug, Clone)]
pub(crate) struct LookedUp {
    pub(crate) user_id: UserId,
    pub(crate) created_at: String,
    pub(crate) before: Status,
    pub(crate) outcome: Outcome,
    pub(crate) asked_at: UnixMillis,
    /// The host that was asked.
    pub(crate) source: String,
}

impl Ledger {
    /// The host for look-ups that this ledger is bound to, if it is to any.
    pub(crate) fn lookup_endpoint(&self) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT lookup_endpoint FROM pin";
        Ok(self.db.query_row(sql, [], |row| row.get(0)).optional()?.flatten())
    }

    /// Binds it to a host for look-ups; an error where it is bound to another one.
    pub(crate) fn pin_lookup_endpoint(&mut self, endpoint: &str) -> Result<(), LedgerError> {
        match self.lookup_endpoint()? {
            Some(found) if found != endpoint => Err(LedgerError::OtherLookup {
                found,
                wanted: endpoint.to_owned(),
            }),
            Some(_) => Ok(()),
            None => {
                self.db.execute("UPDATE pin SET lookup_endpoint = ?1", [endpoint])?;
                Ok(())
            }
        }
    }

    /// The users whose status is one of these, in the order of their ids.
    pub(crate) fn dossiers(&self, statuses: &[Status]) -> Result<Vec<Dossier>, LedgerError> {
        self.db.execute_batch(CANDIDATES)?;
        let mut dossiers = Vec::new();
        for (user_id, attempts) in self.attempts_of_candidates()? {
            let Ok(user_id) = UserId::parse(&user_id) else {
                return Err(LedgerError::Damaged(format!("user {user_id:?}")));
            };
            let history = self.history(&user_id)?;
            let created_at = history.created_at.clone();
            let outcome = history.view();
            if statuses.contains(&outcome.status) {
                dossiers.push(attempts.dossier(user_id, created_at, outcome));
            }
        }
        Ok(dossiers)
    }

    fn attempts_of_candidates(&self) -> Result<BTreeMap<String, Attempts>, LedgerError> {
        let mut users = BTreeMap::<String, Attempts>::new();
        let mut statement = self.db.prepare(ATTEMPTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            users.entry(row.get(0)?).or_default().add(row)?;
        }
        Ok(users)
    }

    /// Records what was learned of a user; when this returns, it is on the disk.
    pub(crate) fn record_lookup(&mut self, learned: &LookedUp) -> Result<(), LedgerError> {
        self.write(|statements| {
            statements.resolve(&learned.user_id)?;
            statements.write_outcome(&learned.user_id, &learned.created_at, &learned.outcome, false)?;
            statements.write_lookup(learned)
        })
    }
}

impl Statements<'_> {
    fn write_lookup(&self, learned: &LookedUp) -> Result<(), LedgerError> {
        self.db.prepare_cached(LOOK_UP)?.execute(rusqlite::params![
            self.run,
            learned.user_id.as_str(),
            learned.asked_at,
            learned.source,
            learned.before.word(),
            learned.outcome.status.word(),
        ])?;
        Ok(())
    }
}

impl Attempts {
    fn add(&mut self, row: &Row<'_>) -> Result<(), LedgerError> {
        let class: Option<String> = row.get(1)?;
        let attempt = OwnAttempt {
            photo: photo(row, 2, 7)?.ok_or_else(|| LedgerError::Damaged("an attempt without a photo".into()))?,
            created_at: row.get(4)?,
            started_at: row.get(5)?,
            ended_at: row.get(6)?,
        };
        match class.as_deref() {
            Some("settled") => self.answered_at.push(attempt.started_at),
            Some("resolved") => self.resolved.push(attempt),
            _ => self.open.push(attempt),
        }
        Ok(())
    }

    /// An enrollment that was inferred is about attempts that were in doubt before.
    fn dossier(mut self, user_id: UserId, created_at: Option<String>, outcome: Outcome) -> Dossier {
        let attempts = if outcome.status == Status::EnrolledInferred {
            self.resolved
        } else {
            self.answered_at
                .extend(self.resolved.iter().map(|attempt| attempt.started_at));
            self.open
        };
        let sent = attempts.last().and_then(|attempt| attempt.created_at.clone());
        Dossier {
            user_id,
            created_at: created_at.or(sent).unwrap_or_default(),
            outcome,
            attempts,
            answered_at: self.answered_at,
        }
    }
}
