//! Whether the files of a command take each other's place. None of them is opened to be looked at: the manifest may be
//! a pipe, and the ledger another run's.

use std::path::{Path, PathBuf};

use super::{ConfigError, KeptLedger};
use crate::ledger::companions;
use crate::sys::identity::{is_same_file, is_same_place, resolve};

/// What the files are called that a ledger has beside it.
const BESIDE_LEDGER: &str = "a file that the ledger has beside it";

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

    /// What is kept beside the ledger.
    pub(super) fn beside(mut self, ledger: Option<&KeptLedger>) -> Self {
        let companions = ledger.map(|ledger| companions(&ledger.path)).into_iter().flatten();
        self.0.extend(companions.map(|path| (BESIDE_LEDGER, path)));
        self
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
