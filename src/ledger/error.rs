//! Why the ledger cannot be used (exit 2 or 7), or not now (exit 8).

use std::io;

use super::Holder;
use super::directory::LAST_ID;
use crate::domain::shard::Shard;

/// What to do about a ledger that was harmed. A new one would send everybody again whom the old one knows.
const RESTORE: &str = "restore it from a backup or from where it was, its -wal file with it where there is one; \
     do not begin a new ledger, which would not know whom this one has sent";

#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("{}; wait for its end", holder(.0.as_deref()))]
    Locked(Option<Box<Holder>>),
    #[error("it asks {found} for look-ups, and this command names {wanted}; leave --lookup-endpoint out")]
    OtherLookup { found: String, wanted: String },
    #[error("it does not exist; `results` and `reconcile` need the ledger of a run")]
    Missing,
    #[error("it is there already, and no ledger is replaced; name another file with --ledger")]
    Exists,
    #[error("it is not a ledger of image-enroll; name another file with --ledger")]
    Foreign,
    #[error("it was written by a newer version of image-enroll (schema {found}); use that version")]
    Newer { found: i64 },
    #[error(
        "it belongs to {found}, and this command is for {wanted}: look at --endpoint and --partner-id first; only for another account name another --ledger"
    )]
    OtherPin { found: String, wanted: String },
    #[error("{}", other_shard(*.found, *.wanted))]
    OtherShard {
        found: Option<Shard>,
        wanted: Option<Shard>,
    },
    #[error(
        "it has lost its write-ahead log, the -wal file beside it, and with it what the last run recorded; {RESTORE}"
    )]
    LogLost,
    #[error("it is damaged ({0}); {RESTORE}")]
    Damaged(String),
    #[error("it is damaged; {RESTORE}")]
    Corrupt(#[source] rusqlite::Error),
    #[error("it has no place for a further user: it holds {LAST_ID}; name another file with --ledger for other users")]
    Full,
    #[error("cannot create or open it")]
    Open(#[source] io::Error),
    #[error("cannot create or lock the .lock file beside it")]
    Lock(#[source] io::Error),
    #[error("it has to be copied to be read, and cannot be copied into a temporary folder")]
    Copy(#[source] io::Error),
    #[error("cannot read or write it")]
    Sqlite(#[source] rusqlite::Error),
}

fn holder(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!("{holder} holds it"),
        None => "another program holds it".to_owned(),
    }
}

/// Whom a ledger of another part does not know would be sent once more, so each way out keeps what is known.
fn other_shard(found: Option<Shard>, wanted: Option<Shard>) -> String {
    match (found, wanted) {
        (Some(found), Some(wanted)) if found.count() == wanted.count() => format!(
            "it belongs to part {found}, and this command is for part {wanted}: name the ledger of that part with --ledger, \
             or give --shard {found}"
        ),
        (Some(found), Some(wanted)) => format!(
            "it belongs to part {found}, and this command is for part {wanted}: go on with {count} parts, or put all \
             {count} ledgers together with `merge` first, and begin those of {} parts with `split --ledger`",
            wanted.count(),
            count = found.count(),
        ),
        (Some(found), None) => format!(
            "it belongs to part {found} alone, and this command is for all users: put the ledgers of all {} parts together \
             with `merge` first, or give --shard {found}",
            found.count()
        ),
        (None, wanted) => format!(
            "it belongs to no part but to all users, and this command is for part {}: leave --shard out, or make each \
             part's own ledger of it with `split --ledger`",
            wanted.map(|wanted| wanted.to_string()).unwrap_or_default()
        ),
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{Error, ErrorCode};
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => return Self::Locked(None),
            // What was no database from the beginning is told before SQLite opens it.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => return Self::Corrupt(error),
            Some(_) | None => {}
        }
        match error {
            // Something that no version has written, or has left out.
            Error::QueryReturnedNoRows
            | Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::Corrupt(error),
            other => Self::Sqlite(other),
        }
    }
}
