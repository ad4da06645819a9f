//! Why the ledger cannot be used (exit 7), or not now (exit 8).

use std::io;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("another run holds the ledger; wait for its end")]
    Locked,
    #[error("it does not exist; `results` needs the ledger of a run")]
    Missing,
    #[error("it is not a ledger of image-enroll; name another file with --ledger")]
    Foreign,
    #[error("it was written by a newer version of image-enroll (schema {found}); use that version")]
    Newer { found: i64 },
    #[error("it belongs to {found}, this run is for {wanted}; name another file with --ledger")]
    OtherPin { found: String, wanted: String },
    #[error("it holds a value that no version has written: {0}")]
    Damaged(String),
    #[error("cannot create or open it")]
    Open(#[source] io::Error),
    #[error("cannot read or write it")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            _ => Self::Sqlite(error),
        }
    }
}
