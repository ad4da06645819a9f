//! Whether the files of a command take each other's place. None of them is opened to be looked at: the manifest may be
//! a pipe, and the ledger another run's.

use std::path::{Path, PathBuf};

use super::{ConfigError, KeptLedger};
use crate::ledger::{self, companions};
use crate::sys::identity::{is_same_file, is_same_place, resolve};

/// What the files are called that a ledger has beside it.
const BESIDE_LEDGER: &str = "a file that the ledger has beside it";
/// The lock of the results, which goes when they are written.
const BESIDE_RESULTS: &str = "a file that the results have beside them";

/// The files that a command writes, each by the flag that names it.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<(&'static str, PathBuf)>);

impl Written {
    /// The file that `flag` names, if it does.
    pub(super) fn file(mut self, flag: &'static str, path: Option<&Path>) -> Self {
        self.0.extend(path.map(|path| (flag, path.to_owned())));
        self
    }

    /// The same, or none where `-` stands for stdout.
    pub(super) fn file_or_stdout(self, flag: &'static str, path: Option<&Path>) -> Self {
        self.file(flag, path.filter(|path| path.as_os_str() != "-"))
    }

    /// The results and their lock, or none where `-` stands for stdout.
    pub(super) fn results(self, path: &Path) -> Self {
        let lock = ledger::beside(&resolve(path).unwrap_or_else(|_| path.to_owned()), ".lock");
        let is_file = place(path).is_some() && path.as_os_str() != "-";
        self.file_or_stdout("--results", Some(path))
            .file(BESIDE_RESULTS, is_file.then_some(lock.as_path()))
    }

    /// What is kept beside the ledger.
    pub(super) fn beside(self, ledger: Option<&KeptLedger>) -> Self {
        self.beside_at(ledger.map(|ledger| ledger.path.as_path()))
    }

    /// The same by the ledger's path.
    pub(super) fn beside_at(mut self, ledger: Option<&Path>) -> Self {
        let companions = ledger.map(companions).into_iter().flatten();
        self.0.extend(companions.map(|path| (BESIDE_LEDGER, path)));
        self
    }

    /// Which flag names this place, if one does.
    pub(super) fn at(&self, path: &Path) -> Option<&'static str> {
        let own = place(path)?;
        let found = self.0.iter().find(|(_, written)| place(written).as_ref() == Some(&own));
        found.map(|(flag, _)| *flag)
    }

    /// The manifest is read until the end, so nothing may be written over it; nor may one file take another's place.
    pub(super) fn check(&self, manifest: &Path) -> Result<(), ConfigError> {
        let manifests = place(manifest);
        for (index, (flag, path)) in self.0.iter().enumerate() {
            let Some(own) = place(path) else { continue };
            if is_same_file(manifest, path) || manifests.as_ref() == Some(&own) {
                let path = path.to_owned();
                return Err(ConfigError::Overwrites { flag, path });
            }
            let same = |(_, other): &&(&str, PathBuf)| place(other).as_ref() == Some(&own);
            if let Some((other, _)) = self.0.iter().take(index).find(same) {
                return Err(ConfigError::SameFile(other, flag));
            }
        }
        Ok(())
    }
}

/// Where a file is or would be; none for what is no file, such as a device, which many may share.
fn place(path: &Path) -> Option<PathBuf> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => None,
        Ok(_) | Err(_) => resolve(path).ok(),
    }
}

/// Whether `path` is the place of one of these files, or of what SQLite or a lock would keep beside it.
pub(super) fn is_taken(path: &Path, files: &[PathBuf]) -> bool {
    let mut places = files
        .iter()
        .cloned()
        .chain(files.iter().flat_map(|file| companions(file)));
    places.any(|place| is_same_place(&place, path))
}

// Hard links and devices are Unix's.
#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// A folder with a manifest, and a second name of it.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.csv"), "x").unwrap();
        std::fs::hard_link(folder.path().join("m.csv"), folder.path().join("hard.csv")).unwrap();
        folder
    }

    fn check(folder: &tempfile::TempDir, written: &[(&'static str, &str)]) -> Result<(), ConfigError> {
        let named = written.iter().fold(Written::default(), |written, (flag, name)| {
            written.file_or_stdout(flag, Some(&folder.path().join(name)))
        });
        named.check(&folder.path().join("m.csv"))
    }

    #[test]
    fn the_manifest_is_not_written_over_by_whichever_name() {
        let folder = folder();
        for name in ["m.csv", "./m.csv", "hard.csv"] {
            let refused = check(&folder, &[("--results", "r.csv"), ("--findings", name)]);
            assert!(
                matches!(&refused, Err(ConfigError::Overwrites { flag: "--findings", .. })),
                "{name}: {refused:?}"
            );
        }
    }

    #[test]
    fn no_two_files_take_one_place_whether_they_are_there_or_not() {
        let folder = folder();
        let refused = check(&folder, &[("--results", "a"), ("--ledger", "b"), ("--summary", "./a")]);
        assert!(matches!(refused, Err(ConfigError::SameFile("--results", "--summary"))));
        assert!(check(&folder, &[("--results", "a"), ("--ledger", "b"), ("--summary", "c")]).is_ok());
    }

    #[test]
    fn the_lock_of_the_results_is_taken() {
        let folder = folder();
        std::os::unix::fs::symlink("r.csv", folder.path().join("link.csv")).unwrap();
        for results in ["r.csv", "link.csv"] {
            let written = Written::default().results(&folder.path().join(results));
            let lock = folder.path().join("r.csv.lock");
            let refused = written
                .file("--report", Some(&lock))
                .check(&folder.path().join("m.csv"));
            assert!(
                matches!(refused, Err(ConfigError::SameFile(BESIDE_RESULTS, "--report"))),
                "{results}"
            );
        }
        for results in ["-", "/dev/null"] {
            let written = Written::default().results(Path::new(results));
            assert!(written.at(Path::new(&format!("{results}.lock"))).is_none(), "{results}");
        }
    }

    #[test]
    fn what_stands_beside_a_ledger_is_taken_and_a_device_never_is() {
        let folder = folder();
        let path = folder.path().join("l.db");
        let ledger = KeptLedger { path, default_of: None };
        let wal = folder.path().join("l.db-wal");
        let written = Written::default().file("--summary", Some(&wal)).beside(Some(&ledger));
        let refused = written.check(&folder.path().join("m.csv"));
        assert!(matches!(
            refused,
            Err(ConfigError::SameFile("--summary", BESIDE_LEDGER))
        ));
        assert!(is_taken(&wal, &[folder.path().join("l.db")]));
        let null = Some(Path::new("/dev/null"));
        let devices = Written::default().file("--results", null).file("--summary", null);
        assert!(devices.check(&folder.path().join("m.csv")).is_ok());
    }
}
