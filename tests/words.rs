//! The words of the code and its documents are those of the field, and counts agree with their nouns.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// Words that a newcomer would have to learn, whether in code or in prose.
const PRIVATE: [&str; 19] = [
    "clerk", "farewell", "house", "lend", "lends", "lent", "meet", "meets", "mend", "mended", "mending", "mends",
    "patient", "room", "rooms", "stock", "widen", "widened", "widens",
];
/// Words that are plain English in prose and say nothing as a name.
const NO_NAMES: [&str; 6] = ["core", "lot", "lots", "note", "noted", "notes"];
/// Names that are the system's own and cannot be chosen.
const GIVEN_NAMES: [&str; 1] = ["CORE"];
const NO_PHRASES: [&str; 2] = ["begin of", "1 rows"];
/// Nouns that are counted in messages.
const COUNTED: [&str; 5] = ["rows", "users", "requests", "photos", "findings"];

/// Every text of the project but this one.
fn texts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = ["src", "tests", "examples", ".github", "README.md"]
        .map(|name| root.join(name))
        .into();
    let mut texts = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            // What cargo and the fuzzer make below the fuzz targets is not ours.
            open.extend(entries.filter(|path| {
                !["target", "corpus", "artifacts"]
                    .iter()
                    .any(|name| path.ends_with(name))
            }));
        } else if let Ok(text) = fs::read_to_string(&path)
            && !path.ends_with("tests/words.rs")
        {
            texts.push((path.strip_prefix(root).unwrap().to_owned(), text));
        }
    }
    texts.sort();
    assert!(texts.len() > 200, "{}", texts.len());
    texts
}

/// The words in a line, those in `snake_case` and `CamelCase` too, in lower case.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in line.chars() {
        if !character.is_alphabetic() || (character.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if character.is_alphabetic() {
            words.last_mut().unwrap().extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The identifiers and the texts in quotes of Rust code, each with its line.
fn tokens(code: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in code {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => tokens(group.stream(), found),
            TokenTree::Ident(_) | TokenTree::Literal(_) => found.push((line, token.to_string())),
            TokenTree::Punct(_) => {}
        }
    }
}

/// The tokens of every Rust file whose path `wanted` takes. Documentation is no code.
fn code(wanted: impl Fn(&Path) -> bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (path, text) in texts() {
        if path.extension().is_some_and(|extension| extension == "rs") && wanted(&path) {
            let is_prose = |line: &&str| line.trim_start().starts_with("//");
            let lines = text.lines().map(|line| if is_prose(&line) { "" } else { line });
            let code: TokenStream = lines.collect::<Vec<_>>().join("\n").parse().unwrap();
            let mut found = Vec::new();
            tokens(code, &mut found);
            all.extend(
                found
                    .into_iter()
                    .map(|(line, token)| (format!("{}:{line}", path.display()), token)),
            );
        }
    }
    all
}

#[test]
fn words_are_found_in_every_spelling() {
    assert_eq!(
        words("fn meet_all(MendedRow, HTTPRoom2) // Lend it."),
        ["fn", "meet", "all", "mended", "row", "httproom", "lend", "it"]
    );
}

#[test]
fn nobody_has_to_learn_a_private_word() {
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (number, line) in (1..).zip(text.lines()) {
            let private = words(line).into_iter().filter(|word| PRIVATE.contains(&word.as_str()));
            found.extend(private.map(|word| format!("{}:{number}: {word}", path.display())));
            let phrases = NO_PHRASES.iter().filter(|phrase| line.to_lowercase().contains(*phrase));
            found.extend(phrases.map(|phrase| format!("{}:{number}: {phrase}", path.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_name_in_the_code_is_a_word_for_anything() {
    let names = code(|_| true);
    let names = names
        .iter()
        .filter(|(_, token)| token.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .filter(|(_, token)| !GIVEN_NAMES.contains(&token.as_str()));
    let vague = names.filter(|(_, name)| words(name).iter().any(|word| NO_NAMES.contains(&word.as_str())));
    let vague: Vec<_> = vague.map(|(place, name)| format!("{place}: {name}")).collect();
    assert!(vague.is_empty(), "{}", vague.join("\n"));
}

#[test]
fn a_counted_noun_agrees_with_its_number() {
    let is_production = |path: &Path| path.starts_with("src") && !path.to_string_lossy().contains("tests");
    let texts = code(is_production);
    let wrong = texts.iter().filter(|(_, token)| {
        let counts = COUNTED.iter().any(|noun| token.contains(&format!("}} {noun}")));
        token.starts_with('"') && counts
    });
    let wrong: Vec<_> = wrong.map(|(place, text)| format!("{place}: {text}")).collect();
    assert!(wrong.is_empty(), "\"1 row\", not \"1 rows\":\n{}", wrong.join("\n"));
}
