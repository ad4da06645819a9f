//! What the words of the results mean, one line for each.
//!
//! The lines live here and nowhere else: the man page prints them, and the tables of the README and of the documents
//! are held to them by a test. Each is a lowercase fragment without a full stop, so that it fits into a table.

use super::outcome::{Reason, Status};

impl Status {
    /// What has become of a row with this status.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::Enrolled => "the API said so, for this user, with a right signature",
            Self::EnrolledInferred => "the user is enrolled, and an attempt of ours whose answer was lost did it",
            Self::Provisional => "registered; a person at Smile ID will decide",
            Self::AlreadyEnrolled => "enrolled before, and not by an attempt in this ledger",
            Self::Rejected => "refused by the API; `result_code` and `result_text` say why",
            Self::Invalid => "wrong row or photo; nothing was sent",
            Self::Failed => "given up, and proven not processed",
            Self::InDoubt => "given up, and may have been processed",
            Self::Pending => "not tried, or the run stopped before it was done",
        }
    }
}

impl Reason {
    /// Why a row has its status, or what its warning is about.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::WrongFieldCount => "the row has more or fewer fields than the header",
            Self::BadQuotes => {
                "the row has a quote where CSV allows none, so that nobody can know where its fields end"
            }
            Self::BadLineEnd => "the row holds a carriage return without a line feed",
            Self::BadJson => "the line is no JSON object, or has user_id, user_created_at or photo twice",
            Self::BadUserId => {
                "the user_id is empty, is no string in JSON, has more than 256 characters, a control character, or white \
                 space at an end"
            }
            Self::BadDate => "user_created_at has no accepted form, or there is no such day, time of day or offset",
            Self::DateInFuture => "user_created_at is more than a day ahead",
            Self::ConflictingRows => "another row has the same user_id with another date or photo",
            Self::RepeatedUserId => "an earlier row of the data file has the same user_id",
            Self::PhotoNotGiven => "the cell for the photo is empty",
            Self::PhotoIsNotAPath => {
                "the cell holds the photo itself, as base64 or a data URI, or a JSON value that is no string, instead of a file's path"
            }
            Self::BadPhotoPath => "a cell that --photo-template names cannot stand in a path, as .. cannot",
            Self::PhotoBadUrl => {
                "the photo's URL is none of an object: it holds .., a query, a password or a wrong scheme"
            }
            Self::PhotoOutsideRoot => "the photo's URL or path is below none of the given --photo-root",
            Self::PhotoNotFound => "there is no file at the photo's path, or no object at its URL",
            Self::PhotoAmbiguous => "several files fit the --photo-template, and nobody can know which is meant",
            Self::PhotoForbidden => "the store refuses to give the photo with these credentials",
            Self::PhotoChanged => {
                "the object is no longer the photo that an attempt in doubt has sent, and that one is gone"
            }
            Self::PhotoNotReadable => {
                "the photo cannot be read: its rights forbid it, or its store never gives it whole"
            }
            Self::PhotoNotAFile => "the photo's path leads to a folder, a pipe, a device or a socket",
            Self::PhotoIsARunFile => {
                "the photo's path leads to a file of the run itself, such as its ledger or its results"
            }
            Self::PhotoEmpty => "the photo's file is empty",
            Self::PhotoTooLarge => {
                "the photo has more than 5,000,000 bytes, or with --fix-photos more than can be decoded"
            }
            Self::PhotoTruncated => "the photo's file ends before the picture does",
            Self::PhotoMalformed => "the photo's inner structure is damaged, or --fix-photos finds its picture so",
            Self::PhotoNotJpegOrPng => "the photo is neither a JPEG nor a PNG, whatever its name says",
            Self::PhotoNotBase64 => {
                "the cell does not hold a photo as base64: it is damaged, cut off or something else"
            }
            Self::PhotoFileTaken => "a file with other bytes has the name already that the photo's file would have",
            Self::SpoiltUserId => "a spreadsheet has spoilt the user_id, as in 1.23457E+11",
            Self::PlaceholderUserId => "the user_id is a word for no value, as NULL is",
            Self::SimilarUserIds => {
                "another row's user_id differs from this one only in case, Unicode form or invisible characters"
            }
            Self::SuspiciousDate => "user_created_at is before 2010, or is the zero of a clock, as 1970-01-01 is",
            Self::SharedPhoto => "another user's row has a photo of the same content",
            Self::LargePhoto => "the photo has more than 4,500,000 bytes, and a gateway may refuse it",
            Self::PhotoFixed => "with --fix-photos the photo is turned, scaled or converted before it is sent",
            Self::AnswerLost => {
                "the user is enrolled with this row's photo and date, by an attempt whose answer was lost"
            }
            Self::EarlierPhotoEnrolled => {
                "the user is enrolled, by an attempt whose answer was lost and that sent another photo than the row names \
                 now"
            }
            Self::EarlierDateEnrolled => {
                "the user is enrolled, by an attempt whose answer was lost and that sent another date than the row has now"
            }
            Self::EarlierRowEnrolled => {
                "the user is enrolled, by an attempt whose answer was lost, and both photo and date have changed since"
            }
            Self::HumanReview => "a person at Smile ID has still to look at the photo",
            Self::UserIdTaken => "the user_id was enrolled before, and not by an attempt in this ledger",
            Self::LookedUp => "found out from the history of the user at Smile ID, by `reconcile`",
            Self::DecidedLater => "a person at Smile ID has decided on the photo since, as `reconcile` found out",
            Self::PhotoUnusable => "the API cannot use the photo (codes 0001, 1241)",
            Self::CompareFailed => "the API compared the photo and found that it does not match (code 0841)",
            Self::PossibleSpoof => {
                "the API takes the photo for a forgery, such as a picture of a screen (codes 0843, 0907, 1242)"
            }
            Self::NoFaceFound => "the API found no face in the photo (code 0941)",
            Self::PoorQuality => "the API found the photo too poor (code 0942)",
            Self::UserDisabled => "this user is disabled at Smile ID (code 2207)",
            Self::UserDeleted => "this user was deleted at Smile ID, and the user_id cannot be used again (code 2208)",
            Self::BadParameter => "the API found a field wrong or missing (codes 2204, 2213, 2413)",
            Self::BodyTooLarge => "the server takes no request as large as this one (HTTP 413)",
            Self::Forbidden => "something in front of the API refused this row while others got through (HTTP 403)",
            Self::Refused => "the API refused the row for another cause; result_code and result_text say which",
            Self::ConnectFailed => "no connection to the server came about",
            Self::ConnectionLost => "the connection was lost before the whole request had left",
            Self::SendStalled => "the server stopped taking the request before the whole of it had left",
            Self::Throttled => "the server asked for fewer requests (HTTP 429 or code 2222)",
            Self::ServerBusy => "the server did not take the request at that time (HTTP 408 or 425)",
            Self::GatewayRefused => {
                "something in front of the API refused the request, in words that are not the API's"
            }
            Self::NoAnswer => "the whole request had left, and no answer came",
            Self::AnswerCutOff => "the answer broke off before its end",
            Self::ServerError => "the server failed, and may have processed the request before (HTTP 5xx)",
            Self::UnreadableAnswer => "the answer is not one of the API's, so that it proves nothing",
            Self::WrongUser => "the answer names another user, or none",
            Self::WrongSignature => "the answer carries a signature that this API key does not make",
            Self::Interrupted => "the run ended while the request was under way",
            Self::RunStopped => "the run stopped at this row's answer, which says nothing about the row itself",
        }
    }
}

/// What has become of a row and why, in whole sentences. `detail` is one line for people, or what the API said.
pub(crate) fn sentence(status: Status, reason: Option<Reason>, detail: Option<&str>) -> String {
    let explanation = reason.map_or(status.explanation(), Reason::explanation);
    let mut text = capitalized(&explanation.replace('`', "")) + ".";
    if let Some(detail) = detail {
        let introduction = match status {
            Status::Invalid => "In this row",
            _ => "The API said",
        };
        text += &format!(" {introduction}: {}.", detail.trim_end_matches('.'));
    }
    text
}

/// With a capital letter, unless it begins with the name of a column.
fn capitalized(text: &str) -> String {
    let is_name = text.split(' ').next().is_some_and(|word| word.contains('_'));
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !is_name => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_explanation_is_one_short_fragment_of_its_own() {
        let reasons = Reason::ALL.iter().map(|reason| reason.explanation());
        let lines: Vec<_> = reasons
            .chain(Status::ALL.iter().map(|status| status.explanation()))
            .collect();
        for line in &lines {
            assert!(
                !line.contains(['|', '\n']) && !line.ends_with('.') && line.trim() == *line,
                "{line}"
            );
            assert!((10..=120).contains(&line.chars().count()), "{line}");
            assert_eq!(lines.iter().filter(|other| *other == line).count(), 1, "{line}");
        }
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(
            sentence(Status::Invalid, Some(Reason::PhotoNotFound), None),
            "There is no file at the photo's path, or no object at its URL."
        );
        assert_eq!(
            sentence(
                Status::Invalid,
                Some(Reason::BadDate),
                Some("\"2021-02-30\": no such day")
            ),
            "user_created_at has no accepted form, or there is no such day, time of day or offset. In this row: \
             \"2021-02-30\": no such day."
        );
        assert_eq!(
            sentence(Status::Rejected, Some(Reason::NoFaceFound), Some("No Face Found.")),
            "The API found no face in the photo (code 0941). The API said: No Face Found."
        );
        for status in Status::ALL {
            let text = sentence(*status, None, None);
            assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
        }
    }
}
