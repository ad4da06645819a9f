//! What holds for every run, whatever it was about: conservation, private files, and no secret anywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::run::STATE;
use super::table::{self, records};
use super::{Finished, Run, base64};
use csv::StringRecord;
use serde_json::Value;

/// The columns that the tool appends, in their order.
/// The further columns of results that say what was done to photos.
pub(crate) const FIX_COLUMNS: [&str; 3] = ["photo_fixes", "sent_sha256", "sent_bytes"];

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
/// The columns of a failures file behind the manifest's own.
pub(crate) const FAILURE_COLUMNS: [&str; 5] = ["row", "line", "status", "reason", "explanation"];
/// What stands before a column of the tool's where the manifest has one of that name.
pub(super) const PREFIX: &str = "image_enroll_";
const STATUSES: [&str; 9] = [
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
/// Codes of runs that end before the first request, unless the summary counts rows.
const NEVER_BEGUN: [i32; 3] = [2, 8, 9];
/// What clap says of a command line that means nothing: such a run knows no summary.
const NO_COMMAND_LINE: &str = "For more information, try '--help'.";

/// `<manifest stem>.<env>[.<I>-of-<N>].<kind>`, where the tool puts a file that no option names.
pub(super) fn beside(run: &Run<'_>, kind: &str) -> String {
    let stem = run.manifest.strip_suffix(".gz").unwrap_or(&run.manifest);
    let endings = [".csv", ".tsv", ".txt", ".jsonl", ".ndjson"];
    let stem = endings
        .iter()
        .find_map(|ending| stem.strip_suffix(ending))
        .unwrap_or(stem);
    let part = run.option("--shard").and_then(|shard| shard.split_once('/'));
    let part = part
        .map(|(index, count)| format!(".{index}-of-{count}"))
        .unwrap_or_default();
    let stem = stem.strip_suffix(&part).unwrap_or(stem);
    format!("{stem}.{}{part}.{kind}", run.option("--env").unwrap_or("sandbox"))
}

/// Which of so many parts a user is in, by the formula that the contract has for everybody.
pub(crate) fn part_of(user_id: &str, count: u64) -> u64 {
    let hash = super::sha256(user_id.as_bytes());
    u64::from_str_radix(&hash[..16], 16).unwrap() % count + 1
}

/// Whether a row belongs to the part that the summary names, if it names one.
fn is_own(summary: &Value, header: &[String], row: &StringRecord) -> bool {
    let Some((index, count)) = summary["shard"].as_str().and_then(|shard| shard.split_once('/')) else {
        return true;
    };
    let column = header.iter().position(|name| name.eq_ignore_ascii_case("user_id"));
    let user_id = column.and_then(|column| row.get(column)).unwrap_or_default();
    part_of(user_id, count.parse().unwrap()).to_string() == index
}

/// Which of the laws the run has broken; `sent` requests of it arrived whole.
pub(super) fn broken(finished: &Finished<'_>, sent: usize) -> Vec<String> {
    let mut broken = Vec::new();
    // A manifest that was never read has no hash.
    if NEVER_BEGUN.contains(&finished.code) || finished.summary["manifest_sha256"] == "" {
        early_end(finished, sent, &mut broken);
    } else if finished.run.option("--summary").is_some() {
        conservation(finished, &mut broken);
    }
    if let Some(server) = finished.run.server {
        broken.extend(
            server
                .broken()
                .iter()
                .map(|request| format!("not one of ours: {request:.400}")),
        );
    }
    private(finished.run, &mut broken);
    secrets(finished, &mut broken);
    broken
}

/// Counts that add up, of rows that were never looked at or of a run that lost its manifest on the way.
fn early_end(finished: &Finished<'_>, sent: usize, broken: &mut Vec<String>) {
    let summary = &finished.summary;
    let rows = summary["rows"].as_u64().unwrap_or(0);
    if sent > 0 && rows == 0 {
        broken.push(format!("{sent} requests were sent by a run that never began"));
    }
    if finished.run.option("--summary").is_none() || finished.stderr.contains(NO_COMMAND_LINE) {
        return;
    }
    let counts = summary["counts"]
        .as_object()
        .map(|counts| counts.values().filter_map(Value::as_u64).sum());
    if summary["exit_code"] != finished.code || counts != Some(rows) || !summary["stopped_by"].is_string() {
        broken.push(format!("the summary of a run that ended early is {summary}"));
    }
}

/// One line per row of the manifest, or of its part, in the manifest's order, its own cells verbatim, and counts that add up.
fn conservation(finished: &Finished<'_>, broken: &mut Vec<String>) {
    let results = records(&finished.raw, None);
    let (header, rows) = match is_json(finished.run) {
        true => members(finished, &results),
        false => manifest(finished.run),
    };
    let fixes = if finished.run.has("--fix-photos") {
        &FIX_COLUMNS[..]
    } else {
        &[]
    };
    let numbered = (1..).zip(&rows);
    let rows: Vec<(usize, &StringRecord)> = numbered
        .filter(|(_, row)| is_own(&finished.summary, &header, row))
        .collect();
    let mut wanted = header.clone();
    wanted.extend(RESULT_COLUMNS.iter().chain(fixes).map(|name| {
        match header.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            true => format!("{PREFIX}{name}"),
            false => (*name).to_owned(),
        }
    }));
    if finished.header != wanted {
        broken.push(format!("the columns are {:?}", finished.header));
    }
    if results.len() != rows.len() + 1 {
        broken.push(format!("{} lines for {} rows", results.len(), rows.len()));
    }
    let (width, ours) = (header.len(), RESULT_COLUMNS.len() + fixes.len());
    for ((number, row), line) in rows.iter().zip(results.iter().skip(1)) {
        let own = |record: &StringRecord| -> Vec<String> { record.iter().take(width).map(str::to_owned).collect() };
        let mut wanted = own(row);
        wanted.resize(width, String::new());
        if line.get(width + 2) == Some("bad_quotes") {
            // Such a row is no CSV, and what the reader of this test makes of it is a guess.
            wanted = own(line);
        }
        if own(line) != wanted || line.get(width) != Some(&number.to_string()) || line.len() != wanted.len() + ours {
            broken.push(format!("line {number} is {line:?} for {row:?}"));
        }
    }
    counts(finished, rows.len(), broken);
}

fn counts(finished: &Finished<'_>, rows: usize, broken: &mut Vec<String>) {
    let mut counts: BTreeMap<&str, u64> = STATUSES.map(|status| (status, 0)).into();
    for row in &finished.results {
        let status = row.get("status").map(String::as_str).unwrap_or_default();
        *counts.entry(status).or_default() += 1;
    }
    let wanted = serde_json::json!(counts);
    let summary = &finished.summary;
    if summary["counts"] != wanted || summary["rows"] != rows {
        broken.push(format!(
            "the summary counts {} of {}, the results {wanted}",
            summary["counts"], summary["rows"]
        ));
    }
    if summary["exit_code"] != finished.code {
        broken.push(format!(
            "the summary has exit code {}, the process {}",
            summary["exit_code"], finished.code
        ));
    }
}

fn is_json(run: &Run<'_>) -> bool {
    let name = run.manifest.strip_suffix(".gz").unwrap_or(&run.manifest);
    let by_name = name.ends_with(".jsonl") || name.ends_with(".ndjson");
    run.option("--format").map_or(by_name, |format| format == "jsonl")
}

fn bytes(run: &Run<'_>) -> Vec<u8> {
    match run.manifest.as_str() {
        "-" => run.stdin_bytes().to_vec(),
        name => std::fs::read(run.path(name)).unwrap_or_default(),
    }
}

/// The manifest's own columns and its records.
fn manifest(run: &Run<'_>) -> (Vec<String>, Vec<StringRecord>) {
    let mut records = records(&bytes(run), run.option("--encoding"));
    if records.is_empty() {
        return Default::default();
    }
    let header: Vec<String> = records.remove(0).iter().map(str::to_owned).collect();
    let plain: Vec<_> = header.iter().map(|name| name.trim_start_matches(PREFIX)).collect();
    if plain.ends_with(&FAILURE_COLUMNS) {
        let cell = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
        let cells = |record: &StringRecord| record.iter().map(cell).collect();
        let own = header[..header.len() - 5].iter().map(|name| cell(name)).collect();
        return (own, records.iter().map(cells).collect());
    }
    let ours = if plain.ends_with(&RESULT_COLUMNS) { 16 } else { 0 };
    (header[..header.len() - ours].to_vec(), records)
}

/// The same of JSON Lines, as far as this can tell: there are as many rows as lines. What stands in the cells, the tests
/// of that form say.
fn members(finished: &Finished<'_>, results: &[StringRecord]) -> (Vec<String>, Vec<StringRecord>) {
    let text = table::text(&bytes(finished.run), finished.run.option("--encoding"));
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let own = finished.header.len().saturating_sub(RESULT_COLUMNS.len());
    let header = finished.header.iter().take(own).cloned().collect();
    let mut rows: Vec<StringRecord> = results.iter().skip(1).cloned().collect();
    rows.resize(lines, StringRecord::new());
    (header, rows)
}

/// What stands in the folder of ledgers that no option names.
pub(super) fn ledgers(run: &Run<'_>) -> Vec<PathBuf> {
    let folder = run.path(STATE).join("image-enroll").read_dir();
    folder
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// Files that the tool made.
fn files(run: &Run<'_>) -> Vec<PathBuf> {
    let results = run.option("-o").or(run.option("--results"));
    let mut names = vec![results.map_or_else(|| beside(run, "results.csv"), str::to_owned)];
    if let Some(ledger) = run.option("--ledger") {
        names.extend(["", "-wal", "-shm", ".lock", ".status.json", ".status.lock"].map(|end| format!("{ledger}{end}")));
    }
    names.extend(run.option("--summary").map(str::to_owned));
    let failures = run.option("--failures");
    let failures = failures.map_or_else(|| beside(run, "failures.csv"), str::to_owned);
    // What does not begin as ours is a file that stood in its place before.
    let is_ours = std::fs::read(run.path(&failures)).is_ok_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf"));
    names.extend(is_ours.then_some(failures));
    let paths = names.iter().map(|name| run.path(name)).chain(ledgers(run));
    paths
        .filter(|path| path.is_file() && !path.ends_with(&run.manifest))
        .collect()
}

#[cfg(unix)]
fn private(run: &Run<'_>, broken: &mut Vec<String>) {
    use std::os::unix::fs::PermissionsExt;
    for path in files(run) {
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        if mode != 0o600 {
            broken.push(format!("{path:?} has mode {mode:o}"));
        }
    }
}

#[cfg(not(unix))]
fn private(_: &Run<'_>, _: &mut Vec<String>) {}

/// Neither the key, nor a signature, nor a photo stands in an output or a file.
fn secrets(finished: &Finished<'_>, broken: &mut Vec<String>) {
    let mut needles: Vec<(&str, String)> = Vec::new();
    needles.extend(finished.run.secrets().into_iter().map(|key| ("the API key", key)));
    for seen in finished.run.server.map(super::Server::requests).unwrap_or_default() {
        needles.push(("a signature", seen.field("signature").to_owned()));
        needles.push(("a photo", seen.field("photo").chars().take(200).collect()));
    }
    needles.push(("a photo", base64(&super::jpeg())[..200].to_owned()));
    needles.sort();
    needles.dedup();
    let mut places = vec![
        ("stdout".to_owned(), finished.stdout.clone()),
        ("stderr".to_owned(), finished.stderr.clone().into_bytes()),
    ];
    for path in files(finished.run) {
        places.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
    }
    for (place, bytes) in places {
        for (what, needle) in &needles {
            if needle.len() > 8 && memchr::memmem::find(&bytes, needle.as_bytes()).is_some() {
                broken.push(format!("{what} stands in {place}"));
            }
        }
    }
}
