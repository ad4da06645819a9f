//! Names that somebody may have meant: close to what was typed, and there.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::folder_of;

/// Most names of a folder that are looked at, so that an error does not wait for a folder with a million photos.
const MOST_NAMES: usize = 10_000;

/// The candidate that is closest to `word`, where one is close: one wrong letter in three, whatever its case.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = word.to_lowercase();
    let distances = candidates.map(|candidate| {
        let distance = strsim::damerau_levenshtein(&typed, &candidate.to_lowercase());
        (distance, candidate)
    });
    let close = distances.filter(|(distance, _)| *distance <= (typed.chars().count() / 3).max(1));
    close.min().map(|(_, candidate)| candidate)
}

/// The file beside a missing one whose name is closest to its name.
pub(crate) fn file_like(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str()?;
    let entries = fs::read_dir(folder_of(path)).ok()?.take(MOST_NAMES).flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let name = closest(wanted, names.iter().map(String::as_str))?;
    Some(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_close_and_another_word_is_not() {
        const COMMANDS: [&str; 3] = ["check", "simulator", "man"];
        let closest = |word| closest(word, COMMANDS.into_iter());
        for (word, wanted) in [
            ("chek", Some("check")),
            ("cehck", Some("check")),
            ("CHECK", Some("check")),
            ("simulate", Some("simulator")),
            ("main", Some("man")),
            ("", None),
            ("m.csv", None),
            ("users", None),
        ] {
            assert_eq!(closest(word), wanted, "{word}");
        }
    }

    #[test]
    fn a_file_is_looked_for_beside_the_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("customers.csv"), "").unwrap();
        fs::create_dir(folder.path().join("custmers.csx")).unwrap();
        let like = |name: &str| file_like(&folder.path().join(name));
        assert_eq!(like("custmers.csv"), Some(folder.path().join("customers.csv")));
        assert_eq!(like("other.csv"), None);
        assert_eq!(file_like(Path::new("/no/such/folder/a.csv")), None);
    }
}
