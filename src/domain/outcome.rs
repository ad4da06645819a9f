//! What becomes of a row: its status, the reason for it, and the facts that stand in the results.
//!
//! The words are the public interface (contract, sections 6 and 8); they change only by addition.

/// Declares a closed set of words with their texts; `listed` adds the list of them and the way back from a word.
macro_rules! words {
    (listed $(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        words! { $(#[$meta])* $name { $($(#[$doc])* $variant = $word,)+ } }

        impl $name {
            /// Every word of the set, in the order of their declaration.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}
pub(crate) use words;

words! { listed
    /// The state of a row (contract, section 6).
    Status {
        Enrolled = "enrolled",
        /// A 2209 after an attempt of ours whose outcome was never learned.
        EnrolledInferred = "enrolled_inferred",
        /// Registered; a person will decide.
        Provisional = "provisional",
        /// A 2209 that no attempt of ours could have caused.
        AlreadyEnrolled = "already_enrolled",
        Rejected = "rejected",
        Invalid = "invalid",
        /// Given up, proven not processed.
        Failed = "failed",
        /// Given up, may have been processed.
        InDoubt = "in_doubt",
        /// Not tried.
        Pending = "pending",
    }
}

words! { listed
    /// Why a row has its status (contract, section 8).
    Reason {
        // Invalid: the row.
        WrongFieldCount = "wrong_field_count",
        /// Quotes that RFC 4180 does not allow where they stand.
        BadQuotes = "bad_quotes",
        /// A carriage return without a line feed.
        BadLineEnd = "bad_line_end",
        BadUserId = "bad_user_id",
        BadDate = "bad_date",
        DateInFuture = "date_in_future",
        ConflictingRows = "conflicting_rows",
        // Invalid: the photo.
        PhotoNotGiven = "photo_not_given",
        PhotoIsNotAPath = "photo_is_not_a_path",
        PhotoNotFound = "photo_not_found",
        PhotoNotReadable = "photo_not_readable",
        PhotoNotAFile = "photo_not_a_file",
        /// It names the ledger, the results or another file of the run itself.
        PhotoIsARunFile = "photo_is_a_run_file",
        PhotoEmpty = "photo_empty",
        PhotoTooLarge = "photo_too_large",
        PhotoTruncated = "photo_truncated",
        PhotoMalformed = "photo_malformed",
        PhotoNotJpegOrPng = "photo_not_jpeg_or_png",
        // Warned of; with --strict all but the last are reasons for `invalid`.
        /// What stands for no user, or what a spreadsheet makes of an id.
        SuspiciousUserId = "suspicious_user_id",
        /// Another row's id differs only in case, Unicode form or invisible characters.
        SimilarUserIds = "similar_user_ids",
        /// Before the service existed, or the zero of a clock.
        SuspiciousDate = "suspicious_date",
        /// Another user's row has a photo of the same content.
        SharedPhoto = "shared_photo",
        /// So large that a gateway may refuse the request.
        LargePhoto = "large_photo",
        // Enrolled, with something to know.
        /// The answer to the attempt that enrolled the user was lost.
        AnswerLost = "answer_lost",
        /// The same, and the photo of the row has changed since that attempt.
        EarlierPhotoEnrolled = "earlier_photo_enrolled",
        /// The same, and the date of the row has changed since that attempt.
        EarlierDateEnrolled = "earlier_date_enrolled",
        /// The same, and both photo and date have changed, or did so between several such attempts.
        EarlierRowEnrolled = "earlier_row_enrolled",
        HumanReview = "human_review",
        UserIdTaken = "user_id_taken",
        // Rejected.
        PhotoUnusable = "photo_unusable",
        CompareFailed = "compare_failed",
        PossibleSpoof = "possible_spoof",
        NoFaceFound = "no_face_found",
        PoorQuality = "poor_quality",
        UserDisabled = "user_disabled",
        UserDeleted = "user_deleted",
        BadParameter = "bad_parameter",
        BodyTooLarge = "body_too_large",
        /// A 403 that did not come from the API itself, in a run in which other rows are accepted.
        Forbidden = "forbidden",
        /// Any other refusal; the code and the text say more.
        Refused = "refused",
        // Not processed.
        ConnectFailed = "connect_failed",
        ConnectionLost = "connection_lost",
        SendStalled = "send_stalled",
        Throttled = "throttled",
        ServerBusy = "server_busy",
        /// A refusal that did not come from the API itself.
        GatewayRefused = "gateway_refused",
        // In doubt.
        NoAnswer = "no_answer",
        AnswerCutOff = "answer_cut_off",
        ServerError = "server_error",
        UnreadableAnswer = "unreadable_answer",
        WrongUser = "wrong_user",
        WrongSignature = "wrong_signature",
        /// The run was ended while the request was under way.
        Interrupted = "interrupted",
        // Attempts that stop the run.
        RunStopped = "run_stopped",
    }
}

impl Status {
    /// Settled users are never sent again (contract, section 7).
    pub(crate) fn is_settled(self) -> bool {
        match self {
            Self::Enrolled | Self::EnrolledInferred | Self::Provisional | Self::AlreadyEnrolled => true,
            Self::Rejected | Self::Invalid | Self::Failed | Self::InDoubt | Self::Pending => false,
        }
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

/// SHA-256 of a photo's bytes.
pub(crate) type PhotoHash = [u8; 32];

/// Which photo an attempt sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PhotoDigest {
    pub(crate) sha256: PhotoHash,
    pub(crate) bytes: u64,
}

/// The final state of a user in a run. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) reason: Option<Reason>,
    pub(crate) facts: Facts,
    /// Attempts of all runs.
    pub(crate) attempts: u32,
    pub(crate) photo: Option<PhotoDigest>,
    pub(crate) sent_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
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

    #[test]
    fn every_word_is_snake_case_unique_and_leads_back() {
        let mut seen = std::collections::HashSet::new();
        for reason in Reason::ALL {
            let word = reason.word();
            assert!(word.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{word}");
            assert!(seen.insert(word), "{word}");
            assert_eq!(Reason::from_word(word), Some(*reason));
        }
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.word()), Some(*status));
        }
        assert_eq!(Status::from_word("Enrolled"), None);
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
