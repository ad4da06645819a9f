//! Rows, photos, settings and answers, made up.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::DateTime;
use csv::StringRecord;

use crate::client::SendErrorKind;
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Facts, Outcome, PhotoDigest, Reason, Status},
    photo::{PhotoFormat, PhotoPlace},
    response::Kind,
    resume::{EarlierRejection, Past, Plan},
    retry::RetryPolicy,
    user_id::UserId,
};
use crate::manifest::Row;
use crate::photo::{Photo, PhotoError};
use crate::run::RunSettings;
use crate::run::row::PendingRow;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DATE: &str = "2021-08-12";
/// Milliseconds since the Unix epoch at which every world begins.
pub(super) const EPOCH_MS: i64 = 1_780_000_000_000;

pub(super) fn settings() -> RunSettings {
    RunSettings {
        run_id: "r".into(),
        // Far from the clock's beginning, so that every duration can be taken from it.
        started: Instant::now() + 1_000_000 * SECOND,
        photo_memory: u64::MAX,
        concurrency: 8,
        interval: None,
        retry: RetryPolicy { retries: 4 },
        in_doubt_wait: 5 * SECOND,
        max_outage: 600 * SECOND,
        stop_after: None,
        limit: None,
        max_failures: None,
        strict: false,
    }
}

pub(super) fn user(number: u32) -> String {
    format!("user-{number}")
}

pub(super) fn digest(photo: u8) -> PhotoDigest {
    PhotoDigest {
        sha256: [photo; 32],
        bytes: 1_000,
        fixed: None,
    }
}

pub(super) fn photo(name: u8) -> Photo {
    Photo {
        pieces: Bytes::from_static(b"photo").into(),
        digest: digest(name),
        format: PhotoFormat::Jpeg,
        object: None,
    }
}

pub(super) fn invalid_photo() -> PhotoError {
    PhotoError::Invalid {
        reason: Reason::PhotoNotFound,
        detail: "there is no such file".into(),
    }
}

pub(super) fn machine_fault() -> PhotoError {
    PhotoError::Machine(std::io::Error::from_raw_os_error(24))
}

/// A row that is sent for the first time.
pub(super) fn pending(number: u32) -> PendingRow {
    planned(number, Plan::Send(Past::default())).unwrap()
}

/// A row with what the ledger knows of its user, as the recorder makes it.
pub(super) fn planned(number: u32, plan: Plan) -> Option<PendingRow> {
    let now = DateTime::from_timestamp_millis(EPOCH_MS).unwrap();
    let (past, refused) = match plan {
        Plan::Skip(_) => return None,
        Plan::Send(past) => (past, None),
        Plan::SendIfPhotoDiffers(past, refused) => (past, Some(refused)),
    };
    let row = Row {
        number,
        line: u64::from(number) + 1,
        user_id: UserId::parse(&user(number)).unwrap(),
        created_at: CreatedAt::parse(DATE, now).unwrap(),
        photo: PhotoPlace::File(format!("{number}.jpg").into()),
    };
    let cells = StringRecord::from(vec![user(number)]);
    Some(PendingRow::new(row, cells, past, refused))
}

/// The plan for a row that was refused before with this photo.
pub(super) fn refused_before(attempts: u32, photo: u8) -> Plan {
    let past = Past {
        attempts,
        ..Past::default()
    };
    let outcome = Outcome {
        attempts,
        photo: Some(digest(photo)),
        ..Outcome::untried(Status::Rejected, Some(Reason::NoFaceFound))
    };
    let refused = EarlierRejection {
        photo: digest(photo),
        outcome,
        is_hidden: false,
    };
    Plan::SendIfPhotoDiffers(past, Box::new(refused))
}

pub(super) fn enrolled() -> Kind {
    Kind::Settled(Status::Enrolled, None)
}

pub(super) fn rejected(reason: Reason) -> Kind {
    Kind::Rejected { reason, on_photo: true }
}

/// A doubt about a request that somebody may still be at work on.
pub(super) fn doubt() -> Kind {
    Kind::InDoubt(Reason::UnreadableAnswer, None)
}

pub(super) fn throttled(wait: Option<u64>) -> Kind {
    Kind::NotProcessed(Reason::Throttled, wait.map(Duration::from_secs))
}

/// What comes back for a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Back {
    Says(Kind),
    Breaks(SendErrorKind),
}

impl From<Kind> for Back {
    fn from(kind: Kind) -> Self {
        Self::Says(kind)
    }
}

impl From<SendErrorKind> for Back {
    fn from(error: SendErrorKind) -> Self {
        Self::Breaks(error)
    }
}

impl Back {
    /// Whether somebody may still be at work on the request.
    pub(super) fn is_open(self) -> bool {
        matches!(
            self,
            Self::Says(Kind::InDoubt(..))
                | Self::Breaks(SendErrorKind::Lost { whole: true } | SendErrorKind::Silent { whole: true })
        )
    }
}

/// What stands in an answer of this kind.
pub(super) fn facts(kind: Kind) -> Facts {
    let http_status = match kind {
        Kind::Settled(..) | Kind::Rejected { .. } => 200,
        Kind::Duplicate => 400,
        Kind::NotProcessed(Reason::Throttled, _) => 429,
        Kind::NotProcessed(..) => 408,
        Kind::InDoubt(..) => 200,
        Kind::ServerFailed(_) => 503,
        Kind::Forbidden | Kind::Stop(_) => 403,
    };
    Facts {
        http_status: Some(http_status),
        ..Facts::default()
    }
}
