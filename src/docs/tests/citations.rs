//! Every comment that cites the contract cites a section that is there.

use std::path::{Path, PathBuf};

use super::{CONTRACT, ENDPOINT};

/// All Rust files of the repository, with their texts.
pub(super) fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["src", "tests", "examples"].map(|folder| root.join(folder)).into();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                // What cargo builds below the fuzz targets is not ours.
                folders.extend(Some(path).filter(|path| !path.ends_with("target")));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    sources
}

/// The sections of the contract that a text cites, as in "contract, sections 6 and 8".
fn cited(text: &str) -> Vec<u32> {
    let words = text
        .split_whitespace()
        .filter(|word| !matches!(*word, "//" | "///" | "//!"));
    let words = words.collect::<Vec<_>>().join(" ");
    let forms = ["contract, section ", "contract, sections ", "contract's section "];
    let places = forms
        .iter()
        .flat_map(|form| words.match_indices(form).map(|(at, form)| &words[at + form.len()..]));
    let lists = places.map(|rest| rest.split(|c: char| !"0123456789 and".contains(c)).next().unwrap());
    lists
        .flat_map(|list| list.split(" and ").filter_map(|number| number.trim().parse().ok()))
        .collect()
}

#[test]
fn citations_are_found_in_every_form() {
    let text = "(contract, section 9), or (contract,\n    /// sections 6 and 8); the contract's section 3 is";
    assert_eq!(cited(text), [9, 6, 8, 3]);
}

#[test]
fn every_section_that_a_comment_cites_is_in_the_contract() {
    let is_section = |number: u32| CONTRACT.contains(&format!("\n## {number}. "));
    let mut found = 0;
    for (path, text) in sources() {
        for number in cited(&text) {
            assert!(is_section(number), "{} cites section {number}", path.display());
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
    assert!((1..=13).all(is_section) && !is_section(14));
}

#[test]
fn every_heading_that_a_comment_cites_is_in_the_facts_about_the_endpoint() {
    let form = format!("({}, ", "endpoint.md");
    let mut found = 0;
    for (path, text) in sources() {
        let headings = text.split(&form).skip(1).filter_map(|rest| rest.split(')').next());
        for heading in headings {
            assert!(
                ENDPOINT.contains(&format!("\n## {heading}\n")),
                "{}: {heading}",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found > 0);
}
