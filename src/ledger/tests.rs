//! The ledger on a real disk: what opens, what is refused, what a commit leaves behind.

mod harm;
mod lock;
mod migrate;
mod one_row;
mod open;
mod parts;
mod record;
mod retrospect;
mod shards;
mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;
use tempfile::TempDir;

use super::{AttemptId, AttemptStatus, Entry, Holder, Ledger, LedgerError, Lock, Pin, RunRecord};
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Facts, Outcome, PhotoDigest, Reason, Status},
    partner_id::PartnerId,
    unix_millis::UnixMillis,
    user_id::UserId,
};

fn pin() -> Pin {
    Pin {
        endpoint: "https://api.example".into(),
        partner_id: PartnerId::parse("007").unwrap(),
        shard: None,
    }
}

/// A folder with a ledger that has begun a run.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn open(&self) -> Ledger {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<Ledger, LedgerError> {
        self.try_open_for(&pin())
    }

    fn try_open_for(&self, pin: &Pin) -> Result<Ledger, LedgerError> {
        open(&self.path(), pin)
    }

    /// The files as they are now, as a kill at this moment would leave them; all of them, or only some.
    fn copy(&self, names: &[&str]) -> Self {
        let copy = Self::new();
        for name in names {
            drop(std::fs::copy(
                self.folder.path().join(name),
                copy.folder.path().join(name),
            ));
        }
        copy
    }

    fn begun(&self, run: &str) -> Ledger {
        let mut ledger = self.open();
        ledger.begin_run(&record(run)).unwrap();
        ledger
    }
}

fn open(path: &Path, pin: &Pin) -> Result<Ledger, LedgerError> {
    Ledger::open(Lock::take(path, holder())?, pin)
}

/// When the next command finds a dead run.
const FOUND_AT: i64 = 7_000;

fn holder() -> Holder {
    let at = DateTime::from_timestamp_millis(FOUND_AT).unwrap();
    Holder::new("image-enroll", Path::new("m.csv"), at)
}

fn record(run: &str) -> RunRecord {
    RunRecord {
        run_id: run.into(),
        manifest: "m.csv".into(),
        manifest_sha256: [9; 32],
        started_at: UnixMillis::new(1_000),
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn is_settled(ledger: &Ledger, name: &str) -> bool {
    let settled = ledger.settled(ledger.keys.user(name));
    assert_eq!(settled, ledger.status(name).filter(|status| status.is_settled()));
    settled.is_some()
}

fn date() -> CreatedAt {
    CreatedAt::parse("2021-08-12", DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap()
}

fn digest(photo: u8) -> PhotoDigest {
    PhotoDigest {
        sha256: [photo; 32],
        bytes: u64::from(photo) * 1_000,
        fixed: None,
    }
}

fn intent(id: i64, name: &str, number: u32, photo: u8) -> Entry {
    Entry::Intent {
        id: AttemptId(id),
        user_id: user(name),
        number,
        created_at: date(),
        photo: digest(photo),
        object: None,
        at: UnixMillis::new(1_676_300_862_004 + id),
    }
}

fn close(id: i64, class: AttemptStatus) -> Entry {
    Entry::Close {
        id: AttemptId(id),
        class,
        reason: Some(Reason::NoAnswer),
        http_status: Some(503),
        at: UnixMillis::new(1_676_300_863_000),
    }
}

fn outcome(name: &str, outcome: Outcome) -> Entry {
    Entry::Outcome {
        user_id: user(name),
        created_at: date(),
        outcome: Arc::new(outcome),
    }
}

/// An outcome with something in every field.
fn full(status: Status, run: &str) -> Outcome {
    Outcome {
        status,
        reason: Some(Reason::HumanReview),
        facts: Facts {
            http_status: Some(200),
            result_code: Some("0842".into()),
            result_text: Some("=Größe, \"x\" 名前".into()),
            smile_job_id: Some("0000001".into()),
            job_id: Some("j".into()),
            confidence: Some("99.9".into()),
        },
        attempts: 3,
        photo: Some(digest(5)),
        sent_at: Some(UnixMillis::new(1_676_300_862_004)),
        finished_at: Some(UnixMillis::new(1_676_300_863_000)),
        duration_ms: Some(996),
        run_id: run.into(),
    }
}

/// One value, as the sqlite3 shell would show it after the run.
fn shell<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    let db = rusqlite::Connection::open(path).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}
