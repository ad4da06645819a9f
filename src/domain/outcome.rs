//! What becomes of a row: its status, the reason for it, and the facts that stand in the results.
//!
//! The words are the public interface (contract, sections 6 and 8); they change only by addition.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{fixes::Fixes, unix_millis::UnixMillis};

/// The state of a row (contract, section 6).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Serialize, VariantArray,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Status {
    Enrolled,
    /// A 2209 after an attempt of ours whose outcome was never learned.
    EnrolledInferred,
    /// Registered; a person will decide.
    Provisional,
    /// A 2209 that no attempt of ours could have caused.
    AlreadyEnrolled,
    Rejected,
    Invalid,
    /// Given up, proven not processed.
    Failed,
    /// Given up, may have been processed.
    InDoubt,
    /// Not tried.
    Pending,
}

/// Why a row has its status (contract, section 8).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, IntoStaticStr, Serialize, VariantArray,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Reason {
    // Invalid: the row.
    WrongFieldCount,
    /// Quotes that RFC 4180 does not allow where they stand.
    BadQuotes,
    /// A carriage return without a line feed.
    BadLineEnd,
    /// A line of JSON Lines that is no object, or one with a member twice.
    BadJson,
    BadUserId,
    BadDate,
    DateInFuture,
    ConflictingRows,
    /// In a data file: an earlier row has the same id.
    RepeatedUserId,
    // Invalid: the photo.
    PhotoNotGiven,
    PhotoIsNotAPath,
    /// A cell of the template for its path cannot stand there.
    BadPhotoPath,
    /// A URL that names no object that may be read.
    PhotoBadUrl,
    /// A URL below none of the roots, or a path where photos come from stores.
    PhotoOutsideRoot,
    PhotoNotFound,
    /// Several files fit the template for its path.
    PhotoAmbiguous,
    /// The store gives the object to others.
    PhotoForbidden,
    /// The object is no longer what an attempt in doubt has sent.
    PhotoChanged,
    PhotoNotReadable,
    PhotoNotAFile,
    /// It names the ledger, the results or another file of the run itself.
    PhotoIsARunFile,
    PhotoEmpty,
    PhotoTooLarge,
    PhotoTruncated,
    PhotoMalformed,
    PhotoNotJpegOrPng,
    /// In a data file: the cell is damaged, or is none.
    PhotoNotBase64,
    /// Another photo has the file name already that this one would have.
    PhotoFileTaken,
    // Warned of; with --strict all but the last are reasons for `invalid`.
    /// What a spreadsheet makes of an id that it takes for a number.
    SpoiltUserId,
    /// A word for no value.
    PlaceholderUserId,
    /// Another row's id differs only in case, Unicode form or invisible characters.
    SimilarUserIds,
    /// Before the service existed, or the zero of a clock.
    SuspiciousDate,
    /// Another user's row has a photo of the same content.
    SharedPhoto,
    /// So large that a gateway may refuse the request.
    LargePhoto,
    // Told of by a check.
    /// With --fix-photos another photo is sent than the one that lies there.
    PhotoFixed,
    // Enrolled, with something to know.
    /// The answer to the attempt that enrolled the user was lost.
    AnswerLost,
    /// The same, and the photo of the row has changed since that attempt.
    EarlierPhotoEnrolled,
    /// The same, and the date of the row has changed since that attempt.
    EarlierDateEnrolled,
    /// The same, and both photo and date have changed, or did so between several such attempts.
    EarlierRowEnrolled,
    HumanReview,
    UserIdTaken,
    /// Not from an answer to an enrollment, but from the provider's history of the user.
    LookedUp,
    /// The same, about a registration that a person had to decide on.
    DecidedLater,
    // Rejected.
    PhotoUnusable,
    CompareFailed,
    PossibleSpoof,
    NoFaceFound,
    PoorQuality,
    UserDisabled,
    UserDeleted,
    BadParameter,
    BodyTooLarge,
    /// A 403 that did not come from the API itself, in a run in which other rows are accepted.
    Forbidden,
    /// Any other refusal; the code and the text say more.
    Refused,
    // Not processed.
    ConnectFailed,
    ConnectionLost,
    SendStalled,
    Throttled,
    ServerBusy,
    /// A refusal that did not come from the API itself.
    GatewayRefused,
    // In doubt.
    NoAnswer,
    AnswerCutOff,
    ServerError,
    UnreadableAnswer,
    WrongUser,
    WrongSignature,
    /// The run was ended while the request was under way.
    Interrupted,
    // Attempts that stop the run.
    RunStopped,
}

impl Status {
    /// Every status, in the order of declaration.
    pub(crate) const ALL: &'static [Self] = Self::VARIANTS;

    pub(crate) fn word(self) -> &'static str {
        self.into()
    }

    /// Settled users are never sent again (contract, section 7).
    pub(crate) fn is_settled(self) -> bool {
        match self {
            Self::Enrolled | Self::EnrolledInferred | Self::Provisional | Self::AlreadyEnrolled => true,
            Self::Rejected | Self::Invalid | Self::Failed | Self::InDoubt | Self::Pending => false,
        }
    }
}

impl Reason {
    /// Every one, in the order of their declaration.
    pub(crate) const ALL: &'static [Self] = Self::VARIANTS;

    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
}

/// What the provider said; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) http_status: Option<u16>,
    pub(crate) result_code: Option<String>,
    pub(crate) result_text: Option<String>,
    pub(crate) smile_job_id: Option<String>,
    pub(crate) job_id: Option<String>,
    pub(crate) confidence: Option<String>,
}

/// The columns that follow the manifest's own in the results (contract, section 8).
pub(crate) const RESULT_COLUMNS: [&str; 16] = [
    "row",
    "status",
    "reason",
    "http_status",
    "result_code",
    "result_text",
    "smile_job_id",
    "job_id",
    "confidence",
    "attempts",
    "photo_sha256",
    "photo_bytes",
    "sent_at",
    "finished_at",
    "duration_ms",
    "run_id",
];

/// The columns that follow those where photos are fixed: what was done, and the hash and size of what was sent.
pub(crate) const FIX_COLUMNS: [&str; 3] = ["photo_fixes", "sent_sha256", "sent_bytes"];

/// Those and these.
const COLUMNS_WITH_FIXES: [&str; RESULT_COLUMNS.len() + FIX_COLUMNS.len()] = {
    let mut all = [""; RESULT_COLUMNS.len() + FIX_COLUMNS.len()];
    let (plain, fixes) = all.split_at_mut(RESULT_COLUMNS.len());
    plain.copy_from_slice(&RESULT_COLUMNS);
    fixes.copy_from_slice(&FIX_COLUMNS);
    all
};

/// Whether results say what was made of the photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResultColumns {
    Plain,
    WithFixes,
}

impl ResultColumns {
    /// Their names, in order.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &RESULT_COLUMNS,
            Self::WithFixes => &COLUMNS_WITH_FIXES,
        }
    }
}

/// SHA-256 of a photo's bytes.
pub(crate) type PhotoHash = [u8; 32];

/// Which photo an attempt sent: the one that lies at the row's place, and what was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PhotoDigest {
    pub(crate) sha256: PhotoHash,
    pub(crate) bytes: u64,
    /// None where it was sent as it lies.
    pub(crate) fixed: Option<FixedDigest>,
}

/// What was made of a photo before it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FixedDigest {
    pub(crate) fixes: Fixes,
    pub(crate) sha256: PhotoHash,
    pub(crate) bytes: u64,
}

impl PhotoDigest {
    /// What has left, with the fixes that made it; none of them where the photo was sent as it lies.
    pub(crate) fn sent(&self) -> FixedDigest {
        self.fixed.unwrap_or(FixedDigest {
            fixes: Fixes::default(),
            sha256: self.sha256,
            bytes: self.bytes,
        })
    }
}

/// The state of a user after an attempt or at the end of a run. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) reason: Option<Reason>,
    pub(crate) facts: Facts,
    /// Attempts of all runs.
    pub(crate) attempts: u32,
    pub(crate) photo: Option<PhotoDigest>,
    pub(crate) sent_at: Option<UnixMillis>,
    pub(crate) finished_at: Option<UnixMillis>,
    pub(crate) duration_ms: Option<u64>,
    /// The run that found it out; empty where no run has tried.
    pub(crate) run_id: String,
}

impl Outcome {
    /// A row that no run has got to, or whose manifest row is wrong by itself.
    pub(crate) fn untried(status: Status, reason: Option<Reason>) -> Self {
        Self {
            status,
            reason,
            facts: Facts::default(),
            attempts: 0,
            photo: None,
            sent_at: None,
            finished_at: None,
            duration_ms: None,
            run_id: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the order of declaration. Scripts and ledgers depend on these words: a list here changes only by addition.
    #[test]
    fn the_words_of_the_statuses_are_these() {
        let words = [
            "enrolled",
            "enrolled_inferred",
            "provisional",
            "already_enrolled",
            "rejected",
            "invalid",
            "failed",
            "in_doubt",
            "pending",
        ];
        assert_eq!(
            Status::ALL.iter().map(|status| status.word()).collect::<Vec<_>>(),
            words
        );
    }

    #[test]
    fn the_words_of_the_reasons_are_these() {
        let words = [
            "wrong_field_count",
            "bad_quotes",
            "bad_line_end",
            "bad_json",
            "bad_user_id",
            "bad_date",
            "date_in_future",
            "conflicting_rows",
            "repeated_user_id",
            "photo_not_given",
            "photo_is_not_a_path",
            "bad_photo_path",
            "photo_bad_url",
            "photo_outside_root",
            "photo_not_found",
            "photo_ambiguous",
            "photo_forbidden",
            "photo_changed",
            "photo_not_readable",
            "photo_not_a_file",
            "photo_is_a_run_file",
            "photo_empty",
            "photo_too_large",
            "photo_truncated",
            "photo_malformed",
            "photo_not_jpeg_or_png",
            "photo_not_base64",
            "photo_file_taken",
            "spoilt_user_id",
            "placeholder_user_id",
            "similar_user_ids",
            "suspicious_date",
            "shared_photo",
            "large_photo",
            "photo_fixed",
            "answer_lost",
            "earlier_photo_enrolled",
            "earlier_date_enrolled",
            "earlier_row_enrolled",
            "human_review",
            "user_id_taken",
            "looked_up",
            "decided_later",
            "photo_unusable",
            "compare_failed",
            "possible_spoof",
            "no_face_found",
            "poor_quality",
            "user_disabled",
            "user_deleted",
            "bad_parameter",
            "body_too_large",
            "forbidden",
            "refused",
            "connect_failed",
            "connection_lost",
            "send_stalled",
            "throttled",
            "server_busy",
            "gateway_refused",
            "no_answer",
            "answer_cut_off",
            "server_error",
            "unreadable_answer",
            "wrong_user",
            "wrong_signature",
            "interrupted",
            "run_stopped",
        ];
        assert_eq!(
            Reason::VARIANTS.iter().map(|reason| reason.word()).collect::<Vec<_>>(),
            words
        );
    }

    #[test]
    fn a_word_is_the_same_everywhere_and_leads_back() {
        for status in Status::ALL {
            assert_eq!(status.word().parse(), Ok(*status));
            assert_eq!(format!("{status}"), status.word());
            assert_eq!(serde_json::json!(status), status.word());
        }
        for reason in Reason::VARIANTS {
            assert_eq!(reason.word().parse(), Ok(*reason));
            assert_eq!(format!("{reason}"), reason.word());
            assert_eq!(serde_json::json!(reason), reason.word());
        }
        assert!("Enrolled".parse::<Status>().is_err() && "".parse::<Reason>().is_err());
    }

    #[test]
    fn four_statuses_are_settled() {
        let settled: Vec<_> = Status::ALL
            .iter()
            .filter(|s| s.is_settled())
            .map(|s| s.word())
            .collect();
        assert_eq!(
            settled,
            ["enrolled", "enrolled_inferred", "provisional", "already_enrolled"]
        );
    }
}
