//! The manifest: whatever the bytes, two passes agree, and a row's role is what the rows around it make it.
//!
//! From the top of the repository, with a stable toolchain:
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz manifest -- -max_total_time=600 -rss_limit_mb=2048
//! -malloc_limit_mb=64`

#![no_main]

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};
use image_enroll::fuzzing::{Passes, Row, read_manifest};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// One folder for the process; it is left behind when the fuzzer ends it.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::with_prefix("fuzz-manifest-").expect("a folder"));

const SEEDS: [&str; 9] = [
    "user_id,user_created_at,photo\na,2021-08-12,a.jpg\na,2021-08-12,./a.jpg\nb,2021-08-12,b.jpg\nb,x,b.jpg\n",
    "\u{feff}Photo_Path , USER_ID,user_created_at,note\r\na.jpg,a,2021-05-18T15:14:43Z,\"x, \"\"y\"\"\r\nz\"\r\n\r\n",
    "user_id,user_created_at,photo\na,2021-08-12,a.jpg\na,2021-08-13,a.jpg\n,2021-08-12,c.jpg\nd,2021-08-12\n",
    "user_id,user_created_at,photo\na,2021-08-12,\"a.jpg\nb,2021-08-12,b.jpg\n",
    "user_id;user_created_at;photo\na;2021-08-12;a.jpg\n",
    "\u{feff}sep=|\r\nUser ID|User Created At|photo\r\na|2021-08-12|\"a|b.jpg\"\r\n",
    "{\"user_id\":\"a\",\"user_created_at\":\"2021-08-12\",\"photo\":\"a.jpg\",\"x\":[1, null]}\n{\"user_id\":7}\n\nx\n",
    "{\"user_id\":\"\\ud83d\\ude42\",\"user_id\":\"a\",\"user_created_at\":1.50,\"photo\":null}\r\n{\"photo\":\"\\ud800\"}\n",
    "user_id,user_created_at,photo\na,2021-08-12,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8U\n",
];

fuzz_target!(
    init: image_enroll_fuzz::plant("manifest", &SEEDS.map(|text| text.as_bytes().to_vec())),
    |bytes: &[u8]| {
        for json_lines in [false, true] {
            let path = write("manifest", bytes);
            let Ok(passes) = read_manifest(&path, json_lines, now()) else { continue };
            assert_passes_agree(&passes);
            assert_roles_fit(&passes.second);
            assert_conflicts_contradict(&passes);
            if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                continue;
            }
            assert_lines_are_those_of_the_file(&passes.second, bytes, if json_lines { 1 } else { 2 });
            assert_packed_is_the_same(&passes, bytes, json_lines);
            if !json_lines {
                assert_users_are_those_of_another_reader(&passes, bytes);
            }
        }
    }
);

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// Packed in two parts, the manifest has the same rows.
fn assert_packed_is_the_same(passes: &Passes, bytes: &[u8], json_lines: bool) {
    let gzip = |part: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(part).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let path = write("packed", &[gzip(first), gzip(second)].concat());
    let packed = read_manifest(&path, json_lines, now()).expect("what is read plain is read packed");
    let rows = |passes: &Passes| format!("{:?}", passes.second);
    assert_eq!(rows(&packed), rows(passes));
}

/// 2026-05-28T20:26:40Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("a moment")
}

fn assert_passes_agree(passes: &Passes) {
    assert!(passes.same_hash, "two passes over the same bytes, two hashes");
    let numbers: Vec<u32> = passes.second.iter().map(|row| row.number).collect();
    assert_eq!(
        numbers,
        (1..=passes.rows).collect::<Vec<_>>(),
        "the second pass has other rows"
    );
    let of_role = |role| passes.second.iter().filter(|row| row.role == role).count() as u32;
    assert_eq!(passes.counts, ["first", "repeat", "conflict", "invalid"].map(of_role));
    assert_eq!(
        passes.counts.iter().sum::<u32>(),
        passes.rows,
        "the roles do not add up to the rows"
    );
    let wrong = passes.second.iter().filter(|row| row.cells.is_none());
    let wrong: Vec<u32> = wrong.map(|row| row.number).collect();
    assert_eq!(passes.faults, wrong, "the passes do not find the same rows wrong");
}

fn assert_lines_are_those_of_the_file(rows: &[Row], bytes: &[u8], first: u64) {
    let last = 1 + bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    assert!(
        lines.is_sorted_by(|a, b| a < b) && lines.iter().all(|line| (first..=last).contains(line)),
        "{lines:?} of {last}"
    );
}

/// The `csv` crate takes a lone carriage return for a line end, so files that hold one are left out.
fn assert_users_are_those_of_another_reader(passes: &Passes, bytes: &[u8]) {
    if bytes.contains(&b'\r') {
        return;
    }
    let rows = &passes.second;
    let unmarked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_sep = unmarked.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"sep="));
    let behind = if is_sep && unmarked.get(5) == Some(&b'\n') { 6 } else { 0 };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(passes.delimiter)
        .from_reader(&unmarked[behind..]);
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("UTF-8")).collect();
    assert_eq!(records.len(), rows.len(), "another reader finds other rows");
    for (row, record) in rows.iter().zip(&records) {
        let user = row.cells.as_ref().map(|[user, ..]| user);
        assert!(
            user.is_none_or(|user| record.iter().any(|cell| cell == user)),
            "{row:?} of {record:?}"
        );
    }
}

/// Right rows of one user: all equal and the first one stands for them, or none is sent.
fn assert_roles_fit(rows: &[Row]) {
    let mut users: HashMap<&String, Vec<(&'static str, &[String; 3])>> = HashMap::new();
    for row in rows {
        match &row.cells {
            Some(cells) => users.entry(&cells[0]).or_default().push((row.role, cells)),
            None => assert_eq!(row.role, "invalid", "row {}", row.number),
        }
    }
    for (user, rows) in users {
        let roles: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let equal = rows.iter().all(|row| row.1 == rows[0].1);
        let sent_once = roles[0] == "first" && roles[1..].iter().all(|role| *role == "repeat");
        let all_conflict = roles.iter().all(|role| *role == "conflict");
        assert!(
            all_conflict || (equal && sent_once),
            "{user:?}: {roles:?}, equal: {equal}"
        );
    }
}

fn assert_conflicts_contradict(passes: &Passes) {
    let conflict = |row: &&Row| row.role == "conflict";
    let wanted: Vec<u32> = passes.second.iter().filter(conflict).map(|row| row.number).collect();
    let told: Vec<u32> = passes.conflicts.iter().map(|pair| pair.0).collect();
    assert_eq!(told, wanted, "every row in conflict is told once");
    for (row, other) in &passes.conflicts {
        let cells = |number: u32| passes.second[number as usize - 1].cells.as_ref();
        assert!(
            row != other && cells(*row) != cells(*other),
            "rows {row} and {other} do not differ"
        );
    }
}
