//! The rules of `src/lib.rs`, each held by a test that reads all of every file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a source file that cannot be read fails the test"
)]

mod attributes;
mod graph;
mod parsing;
mod reading;
mod reading_tests;
mod rules;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use reading::{Name, Source};

/// The library, and the program's own file, which is a crate of its own.
static LIBRARY: LazyLock<Source> = LazyLock::new(|| read("src/lib.rs"));
static PROGRAM: LazyLock<Source> = LazyLock::new(|| read("src/main.rs"));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> Source {
    Source::read(Path::new(file), &|path| std::fs::read_to_string(root().join(path)).ok())
}

/// Something that a rule does not forbid, though it looks so.
struct Exception {
    module: &'static str,
    path: &'static str,
    reason: &'static str,
}

/// Whether `path` is the name itself or something in it.
fn is_in(path: &str, name: &str) -> bool {
    path.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Fails with file, line and name of everything that was found and is no exception, and with every exception that is
/// not needed any more.
#[track_caller]
fn assert_none<'a>(rule: &str, found: impl Iterator<Item = &'a Name>, exceptions: &[Exception]) {
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in found {
        let (module, path) = (name.module.join("::"), name.text());
        let matches = |exception: &Exception| is_in(&module, exception.module) && is_in(&path, exception.path);
        match exceptions.iter().position(matches) {
            Some(at) => drop(used.insert(at)),
            None => wrong.push(format!("{}:{}: {path}", name.file.display(), name.line)),
        }
    }
    wrong.dedup();
    for (at, Exception { module, path, reason }) in exceptions.iter().enumerate() {
        assert!(reason.len() > 20, "{module} {path} needs a reason");
        if !used.contains(&at) {
            wrong.push(format!(
                "{module} does not name {path} any more; delete the exception: {reason}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}
