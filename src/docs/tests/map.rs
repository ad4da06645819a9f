//! The map in `lib.rs` names files, modules and things that are there, and every module.

use std::collections::BTreeSet;
use std::path::Path;

use super::{citations::sources, quoted};

const LIB: &str = include_str!("../../lib.rs");

/// The prose of the map, without its diagram.
fn prose() -> String {
    let lines = LIB.lines().filter_map(|line| line.strip_prefix("//!"));
    let prose = lines.collect::<Vec<_>>().join("\n");
    prose.split("```").step_by(2).collect()
}

#[test]
fn every_file_on_the_map_is_there() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let prose = prose();
    let mut files = quoted(&prose)
        .filter(|name| name.contains('/') || name.ends_with(".rs"))
        .peekable();
    assert!(files.peek().is_some());
    for name in files {
        assert!(source.join(name).exists(), "{name}");
    }
}

#[test]
fn every_path_that_readme_and_guides_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = ["src/", "tests/", "examples/", ".github/", ".ci/"];
    for name in [
        "README.md",
        ".github/CONTRIBUTING.md",
        ".github/SECURITY.md",
        "src/docs/operating.md",
        "src/docs/many-machines.md",
    ] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let prose: String = text.split("```").step_by(2).collect();
        let paths: Vec<&str> = quoted(&prose)
            .filter(|text| roots.iter().any(|root| text.starts_with(root)))
            .collect();
        assert!(!paths.is_empty(), "{name}");
        for path in paths {
            assert!(root.join(path).exists(), "{name} names {path}");
        }
    }
}

#[test]
fn every_name_on_the_map_is_in_the_code() {
    let code: String = sources()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("src/lib.rs"))
        .map(|(_, text)| text)
        .collect();
    let prose = prose();
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    for name in quoted(&prose).filter(is_name) {
        let last = name.rsplit("::").next().unwrap();
        assert!(code.contains(last) || LIB.contains(&format!("mod {last};")), "{name}");
    }
}

#[test]
fn the_map_has_a_line_for_every_module_and_no_other() {
    let modules = LIB
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let modules: BTreeSet<&str> = modules.map(|name| name.trim_end_matches(';')).collect();
    let (_, rest) = LIB.split_once("//! # Modules\n").unwrap();
    let list = rest
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("//! - ")?.split_once(':'));
    let listed: BTreeSet<&str> = list.flat_map(|(names, _)| quoted(names)).collect();
    assert_eq!(listed, modules);
}
