//! What the fuzz targets under `tests/fuzz/` reach of the crate; built for them alone (`cfg(fuzzing)`).
//!
//! Each function calls one reader of bytes that come from elsewhere, and tells in plain types what it made of
//! them. What must hold of that is written in the target, not here.

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::domain::created_at::{CreatedAt, DateReader};
use crate::domain::partner_id::PartnerId;
use crate::domain::photo::{PhotoDefect, PhotoFormat, inspect};
use crate::domain::response::{self, Kind, Reply};
use crate::domain::signature::Signer;
use crate::domain::user_id::UserId;
use crate::manifest::{Format, Manifest, ManifestError, ManifestOptions, Role, Survey};

/// The date as it is sent, if the cell is accepted.
pub fn created_at(cell: &str, now: DateTime<Utc>) -> Option<String> {
    let read = CreatedAt::parse(cell, now).map_err(|error| error.to_string());
    read.ok().map(|date| date.as_str().to_owned())
}

/// The same with `--date-format` and `--timezone`; nothing where they are none.
pub fn created_at_in(format: &str, zone: &str, cell: &str, now: DateTime<Utc>) -> Option<String> {
    let reader = DateReader {
        format: Some(format.parse().ok()?),
        zone: Some(zone.parse().ok()?),
    };
    let read = reader.read(cell, now);
    // What is said of a refused date is worked out from it.
    read.map(|date| date.as_str().to_owned())
        .map_err(|error| error.to_string())
        .ok()
}

/// What the inspection of a photo says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Photo {
    /// A sound JPEG.
    Jpeg,
    /// A sound PNG.
    Png,
    /// Nothing wrong so far, but the bytes stop before the end of the picture.
    Cut,
    /// Not a photo, with the reason for people.
    Refused(String),
}

/// Judges a photo's bytes.
pub fn inspect_photo(bytes: &[u8]) -> Photo {
    match inspect(bytes) {
        Ok(PhotoFormat::Jpeg) => Photo::Jpeg,
        Ok(PhotoFormat::Png) => Photo::Png,
        Err(PhotoDefect::Empty | PhotoDefect::Truncated) => Photo::Cut,
        Err(defect @ (PhotoDefect::NotJpegOrPng | PhotoDefect::Malformed(_))) => Photo::Refused(defect.to_string()),
    }
}

/// What `--fix-photos` makes of these bytes: none where they are left as they are, else a photo, or why there is none.
#[cfg(feature = "fix-photos")]
pub fn fix_photo(bytes: &[u8], max_side: u16) -> Option<Result<Vec<u8>, String>> {
    crate::photo::fix_for_fuzzing(bytes, max_side)
}

/// An answer of the API as it came in.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// 100 to 999.
    pub http_status: u16,
    /// The `Retry-After` header, verbatim.
    pub retry_after: Option<&'a str>,
    /// The `Date` header.
    pub date: Option<SystemTime>,
    /// The body, as far as it arrived.
    pub body: &'a [u8],
    /// Whether it arrived to its end.
    pub complete: bool,
}

/// What an answer was taken for.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// `enrolled` or `provisional`.
    pub settled: bool,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
    /// The texts that go into the ledger and the results.
    pub texts: Vec<String>,
}

/// Reads the answer to the request for `user_id`; nothing if that is no user's id.
pub fn judge(answer: &Answer<'_>, user_id: &str) -> Option<Verdict> {
    let reply = Reply {
        http_status: answer.http_status,
        retry_after: answer.retry_after.map(str::to_owned),
        date: answer.date,
        body: answer.body.to_owned(),
        complete: answer.complete,
    };
    let verdict = response::judge(&reply, &UserId::parse(user_id).ok()?, &signer());
    let wait = match verdict.kind {
        Kind::NotProcessed(_, wait) | Kind::InDoubt(_, wait) | Kind::ServerFailed(wait) => wait,
        Kind::Settled(..) | Kind::Rejected { .. } | Kind::Forbidden | Kind::Duplicate | Kind::Stop(_) => None,
    };
    let facts = verdict.facts;
    let texts = [
        facts.result_code,
        facts.result_text,
        facts.smile_job_id,
        facts.job_id,
        facts.confidence,
    ];
    Some(Verdict {
        settled: matches!(verdict.kind, Kind::Settled(..)),
        wait,
        texts: texts.into_iter().flatten().collect(),
    })
}

/// The signature that the answers to [`judge`] need for this timestamp.
pub fn signature(timestamp: &str) -> String {
    signer().sign(timestamp)
}

#[expect(clippy::expect_used, reason = "a constant, and a fuzz target tells by a panic")]
fn signer() -> Signer {
    let partner_id = PartnerId::parse("085").expect("the sample is an id");
    Signer::new(partner_id, SecretString::from("key"))
}

/// A row as the pass after the survey sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its 1-based number.
    pub number: u32,
    /// The line it begins on, as an editor counts.
    pub line: u64,
    /// `first`, `repeat`, `conflict` or `invalid`, as the survey says.
    pub role: &'static str,
    /// User, date and photo, where the row is right by itself.
    pub cells: Option<[String; 3]>,
}

/// What the survey counts, and the rows of a second pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passes {
    /// Rows that the survey has counted.
    pub rows: u32,
    /// How many of them are `first`, `repeat`, `conflict` and `invalid`. Nothing is `similar` without `--strict`.
    pub counts: [u32; 4],
    /// Rows in conflict, each with the row that it contradicts.
    pub conflicts: Vec<(u32, u32)>,
    /// Rows that were reported as wrong by themselves during the survey.
    pub faults: Vec<u32>,
    /// The rows of the pass after the survey.
    pub second: Vec<Row>,
    /// Whether both passes have hashed the same bytes.
    pub same_hash: bool,
    /// What stands between the fields; a comma for JSON Lines.
    pub delimiter: u8,
}

/// Surveys a manifest, CSV or JSON Lines, and reads it once more; an error's text where the file cannot be used as a
/// whole.
pub fn read_manifest(path: &Path, json_lines: bool, now: DateTime<Utc>) -> Result<Passes, String> {
    let format = if json_lines { Format::JsonLines } else { Format::Csv };
    let options = ManifestOptions {
        format,
        ..ManifestOptions::in_folder("photos")
    };
    passes(path, options, now).map_err(|error| error.to_string())
}

fn passes(path: &Path, options: ManifestOptions, now: DateTime<Utc>) -> Result<Passes, ManifestError> {
    let manifest = Manifest::open(path, options, now)?;
    let mut faults = Vec::new();
    let survey = Survey::take(&manifest, |number, _| faults.push(number))?;
    let mut records = manifest.records()?;
    let mut second = Vec::new();
    while let Some((number, record)) = records.next()? {
        let row = manifest.row(number, record).ok();
        let cells = row.map(|row| {
            [
                row.user_id.to_string(),
                row.created_at.to_string(),
                row.photo.to_string(),
            ]
        });
        let role = survey.role(number).map_or("none", word);
        second.push(Row {
            number,
            line: records.line(),
            role,
            cells,
        });
    }
    Ok(Passes {
        rows: survey.rows(),
        counts: [Role::First, Role::Repeat, Role::Conflict, Role::Invalid].map(|role| survey.count(role)),
        conflicts: survey.conflicts().to_vec(),
        faults,
        second,
        same_hash: records.sha256() == survey.sha256,
        delimiter: manifest.csv_form().delimiter.byte(),
    })
}

fn word(role: Role) -> &'static str {
    match role {
        Role::First => "first",
        Role::Repeat => "repeat",
        Role::Conflict => "conflict",
        Role::Similar => "similar",
        Role::Invalid => "invalid",
        Role::Elsewhere => "elsewhere",
    }
}
