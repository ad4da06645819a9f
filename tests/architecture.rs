//! Who may touch what: the rules of `src/lib.rs`, read off the source text.

#![expect(clippy::expect_used, reason = "a source file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rooms that know nothing of the crate but the pure core.
const LEAVES: [&str; 5] = ["client", "manifest", "photo", "ledger", "simulator"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The Rust files of a room: `room.rs`, and all below `room/`.
fn files(room: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let single = source().join(room).with_extension("rs");
    if single.is_file() {
        files.push(single);
    }
    let mut folders = vec![source().join(room)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there is no room {room}");
    files
}

/// The text without comments, so that prose may name any room.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names by `crate::room`, alone or in a group in braces.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.extend(head(&std::mem::take(&mut name))),
                    _ if depth == 0 => name.push(character),
                    _ => {}
                }
            }
            rooms.extend(head(&name));
        } else {
            rooms.extend(head(rest));
        }
    }
    rooms
}

/// The first word of a path.
fn head(path: &str) -> Option<String> {
    let word = |character: &char| character.is_alphanumeric() || *character == '_';
    let name: String = path.trim_start().chars().take_while(word).collect();
    (!name.is_empty()).then_some(name)
}

fn rooms() -> BTreeSet<String> {
    let text = std::fs::read_to_string(source().join("lib.rs")).expect("lib.rs");
    let modules = text
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    modules.filter_map(head).collect()
}

/// What a room names of the crate beside itself, by file.
fn strangers(room: &str, allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(room) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let named = named_rooms(&code(&text));
        let known = named.intersection(&rooms()).cloned().collect::<BTreeSet<_>>();
        for name in known
            .iter()
            .filter(|name| *name != room && !allowed.contains(&name.as_str()))
        {
            found.push(format!("{} names crate::{name}", file.display()));
        }
    }
    found
}

#[test]
fn the_rooms_are_found_in_lib_rs() {
    let rooms = rooms();
    assert!(
        rooms.contains("domain") && LEAVES.iter().all(|room| rooms.contains(*room)),
        "{rooms:?}"
    );
}

#[test]
fn the_reading_of_the_source_sees_every_form_of_a_path() {
    let text = "use crate::ledger::Entry; // crate::client\nuse crate::{domain::{text, stop}, run, results::write};\n\
                fn f(x: &crate::manifest::Row) {}";
    let wanted = ["domain", "ledger", "manifest", "results", "run"].map(String::from);
    assert_eq!(named_rooms(&code(text)), BTreeSet::from(wanted));
}

#[test]
fn the_core_imports_nothing_of_the_crate_outside_itself() {
    assert_eq!(strangers("domain", &[]), [] as [String; 0]);
}

#[test]
fn the_leaves_import_only_the_core() {
    let found: Vec<String> = LEAVES
        .iter()
        .flat_map(|room| strangers(room, &["domain", "sys"]))
        .collect();
    assert_eq!(found, [] as [String; 0]);
}

#[test]
fn the_core_knows_no_file_socket_environment_or_clock() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "tokio",
        "hyper",
        "rusqlite",
        "Instant::now()",
        "SystemTime::now()",
        "Utc::now()",
        "rand::rng()",
    ];
    let mut found = Vec::new();
    for file in files("domain") {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let is_test = file
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
        let production = if is_test {
            ""
        } else {
            text.split("#[cfg(test)]").next().unwrap_or_default()
        };
        let code = code(production);
        let named = forbidden.iter().filter(|word| code.contains(**word));
        found.extend(named.map(|word| format!("{} names {word}", file.display())));
    }
    assert_eq!(found, [] as [String; 0]);
}

/// Files outside `rooms` whose code holds one of the words.
fn outside(rooms: &[&str], words: &[&str]) -> Vec<String> {
    let allowed: BTreeSet<PathBuf> = rooms.iter().flat_map(|room| files(room)).collect();
    let all: BTreeSet<PathBuf> = self::rooms().iter().flat_map(|room| files(room)).collect();
    let mut found = Vec::new();
    for file in all.difference(&allowed) {
        let text = std::fs::read_to_string(file).expect("a source file");
        let code = code(text.split("#[cfg(test)]").next().unwrap_or_default());
        let named = words.iter().filter(|word| code.contains(**word));
        found.extend(named.map(|word| format!("{} names {word}", file.display())));
    }
    found
}

#[test]
fn only_the_client_talks_http_outward_and_only_the_ledger_speaks_sql() {
    assert_eq!(outside(&["client"], &["reqwest", "TlsConnector"]), [] as [String; 0]);
    assert_eq!(outside(&["ledger"], &["rusqlite"]), [] as [String; 0]);
}

#[test]
fn raw_arguments_end_in_the_configuration() {
    assert_eq!(strangers("cli", &[]), [] as [String; 0]);
    let may = ["lib.rs", "commands/mod.rs", "commands/help.rs"].map(|file| source().join(file));
    let mut found = Vec::new();
    for room in rooms()
        .iter()
        .filter(|room| !["cli", "config", "docs"].contains(&room.as_str()))
    {
        for file in files(room).into_iter().filter(|file| !may.contains(file)) {
            let text = std::fs::read_to_string(&file).expect("a source file");
            if named_rooms(&code(&text)).contains("cli") {
                found.push(file);
            }
        }
    }
    assert_eq!(found, [] as [PathBuf; 0]);
}

#[test]
fn exit_codes_depend_on_nothing_but_the_core() {
    assert_eq!(strangers("exit", &["domain"]), [] as [String; 0]);
}
