//! What to do for each reason, one or two sentences each.
//!
//! As with the explanations, the lines live here: the report prints them, and the table of the operator's guide is held
//! to them by a test. A word between backticks is a word of the tool's own.

use super::outcome::Reason;

impl Reason {
    /// What a person does about rows with this reason.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::WrongFieldCount | Self::BadQuotes | Self::BadLineEnd => {
                "Write the CSV with a program that knows CSV, and not by joining text. A field with a comma, a quote or a line end stands in quotes, a quote in it is doubled."
            }
            Self::BadJson => {
                "Write each line with a program that knows JSON, as one object that names each member once."
            }
            Self::BadUserId => {
                "Fix the id in the export; white space at its ends is the usual cause. In JSON write it in quotes: as a number it has lost its leading zeros."
            }
            Self::BadDate | Self::DateInFuture => {
                "Write `2021-08-12` or `2021-05-18 15:14:43-0700`, or name the form with `--date-format`; `check` says which takes the date. A date far ahead is often a swapped day and month."
            }
            Self::ConflictingRows => {
                "Decide which row is right, and remove the others. The message names the other row."
            }
            Self::PhotoNotGiven | Self::PhotoNotFound => {
                "Fix the path, or name the folder or bucket of the photos with `--photo-root`, or make the path with `--photo-template`."
            }
            Self::PhotoBadUrl | Self::PhotoOutsideRoot => {
                "Write the plain URL of the object, without a query, and below a `--photo-root`; give a further `--photo-root` if that place is meant."
            }
            Self::PhotoForbidden => {
                "Let the credentials of the run read this object. S3 says the same of an object that is not there, where the bucket may not be listed."
            }
            Self::PhotoChanged => {
                "Bring back the object that was sent, from a version or a backup; or look the user up in the portal."
            }
            Self::PhotoIsNotAPath => "Write the photos to files and their paths into the column.",
            Self::BadPhotoPath => "Correct the cell: what `--photo-template` puts in a path is a plain name.",
            Self::PhotoAmbiguous => {
                "Leave one of the files that `check` names, or name the ending in `--photo-template`."
            }
            Self::PhotoNotAFile => "Name the photo's file in the row, not a folder or a pipe.",
            Self::PhotoNotReadable => {
                "Fix the rights, or the path. An object that its store does not give: put it there anew, or bring it back \
                 from the archive."
            }
            Self::PhotoIsARunFile => "Fix the path, or keep results, ledger and summary away from the photos.",
            Self::PhotoEmpty | Self::PhotoTruncated | Self::PhotoMalformed => {
                "Copy the file again from where it came from."
            }
            Self::PhotoTooLarge | Self::BodyTooLarge => {
                "Run again with `--fix-photos`, or make the picture smaller: 640 pixels on its longer side are enough for a face."
            }
            Self::RepeatedUserId => {
                "Only `extract` says it. Decide which row is right, and remove the others from the data file."
            }
            Self::PhotoNotBase64 => {
                "Only `extract` says it. Export the photo anew; a cell that is cut off may have been too long for a spreadsheet."
            }
            Self::PhotoFileTaken => {
                "Only `extract` says it. Decide which photo is right: remove the file, or extract into another folder."
            }
            Self::PhotoNotJpegOrPng => {
                "Run again with `--fix-photos` if it is WebP, BMP, TIFF or GIF. Convert HEIC with `heif-convert` (or `sips` on macOS), AVIF with `avifdec`; renaming the file changes nothing."
            }
            Self::PhotoFixed => {
                "Nothing: `check --fix-photos` shows what a run would send. Look at it with `--save-fixed DIR`."
            }
            Self::SpoiltUserId | Self::PlaceholderUserId | Self::SimilarUserIds | Self::SuspiciousDate => {
                "Compare with the system that the users come from. Export ids as text, not through a spreadsheet."
            }
            Self::SharedPhoto => {
                "Find out whose face it is. One of the users would be enrolled with the face of another."
            }
            Self::LargePhoto => "Nothing, unless rows end with `body_too_large`; then make the pictures smaller.",
            Self::AnswerLost => "Nothing: the user is enrolled with this row's photo.",
            Self::EarlierPhotoEnrolled | Self::EarlierDateEnrolled | Self::EarlierRowEnrolled => {
                "The user is enrolled with what an earlier manifest said. If that was wrong, ask Smile ID what to do: nobody else can free the user."
            }
            Self::HumanReview => "Wait for the provider's decision.",
            Self::LookedUp | Self::DecidedLater => {
                "What the status asks for: it is what the provider's own history says."
            }
            Self::UserIdTaken => "If it is a surprise, find out who enrolled this user; see \"Reading results\".",
            Self::PhotoUnusable | Self::NoFaceFound | Self::PoorQuality | Self::PossibleSpoof | Self::CompareFailed => {
                "Take another photo: one face, whole, sharp, well lit, nothing covering it, no picture of a picture."
            }
            Self::UserDisabled | Self::UserDeleted => "Talk to Smile ID; a deleted id needs another `user_id`.",
            Self::BadParameter | Self::Refused => {
                "Read `result_code` and `result_text`; if they do not help, ask Smile ID with the `user_id` and the time."
            }
            Self::Forbidden | Self::GatewayRefused => {
                "Something between you and the API refuses the request: a firewall, a proxy, a filter. Show its administrator the answer's status and time."
            }
            Self::ConnectFailed | Self::ConnectionLost | Self::SendStalled => {
                "Look at network, proxy and firewall; run again. A low limit of open files also shows as `connect_failed`: raise `ulimit -n`."
            }
            Self::Throttled | Self::ServerBusy => {
                "Run again later, with `--rate` or a smaller `--concurrency` if it comes back."
            }
            Self::NoAnswer
            | Self::AnswerCutOff
            | Self::ServerError
            | Self::UnreadableAnswer
            | Self::WrongUser
            | Self::WrongSignature => {
                "Run again: the quiet time passes, and the next answer tells what became of it. `wrong_signature` and `wrong_user` again and again mean that something else answers in the API's place."
            }
            Self::Interrupted | Self::RunStopped => "Run again.",
        }
    }
}
