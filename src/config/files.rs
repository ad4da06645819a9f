//! What is read and what is written: manifest, photos, results.

use std::path::{Path, PathBuf};

use super::{ConfigError, Env};
use crate::cli::{FileArgs, ManifestArgs, PhotoArgs, PlaceArgs};
use crate::manifest::ManifestOptions;

/// What failures are called that no option names.
pub(super) const FAILURES: &str = "failures.csv";

/// Where the files of a run are, beside its ledger.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) env: Env,
    pub(crate) manifest: PathBuf,
    pub(crate) reading: ManifestOptions,
    pub(crate) results: PathBuf,
    /// Whether the results may replace a file that is no earlier results CSV.
    pub(crate) force: bool,
}

impl Files {
    pub(super) fn resolve(args: &FileArgs, places: &PlaceArgs) -> Result<Self, ConfigError> {
        let manifest = args.manifest.clone().ok_or(ConfigError::NoManifest)?;
        if manifest.as_os_str() == "-" {
            require(places.results.is_some(), "--results")?;
            require(places.ledger.is_some(), "--ledger")?;
            require(args.photos.photo_root.is_some(), "--photo-root")?;
        }
        let results = places
            .results
            .clone()
            .map_or_else(|| beside(&manifest, args.env, "results.csv"), Ok)?;
        Ok(Self {
            env: args.env,
            reading: reading(&manifest, &args.reading, &args.photos),
            manifest,
            results,
            force: places.force,
        })
    }
}

/// How the manifest is read.
pub(super) fn reading(manifest: &Path, args: &ManifestArgs, photos: &PhotoArgs) -> ManifestOptions {
    ManifestOptions {
        photo_root: photo_root(manifest, photos.photo_root.as_deref()),
        strict: args.strict,
    }
}

/// The base of relative photo paths.
pub(super) fn photo_root(manifest: &Path, given: Option<&Path>) -> PathBuf {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    given.unwrap_or(folder).to_owned()
}

/// `<stem>.<env>.<kind>` beside the manifest.
pub(super) fn beside(manifest: &Path, env: Env, kind: &str) -> Result<PathBuf, ConfigError> {
    let mut name = manifest.file_stem().ok_or(ConfigError::NoStem)?.to_owned();
    name.push(format!(".{}.{kind}", env.word()));
    Ok(manifest.with_file_name(name))
}

/// Where the failures go: where it is said, else beside the manifest, if that has a place.
pub(super) fn failures(given: Option<&Path>, manifest: &Path, env: Env) -> Result<Option<PathBuf>, ConfigError> {
    match given {
        Some(path) if path.as_os_str() == "-" => Err(ConfigError::FailuresToStdout),
        Some(path) => Ok(Some(path.to_owned())),
        None if manifest.as_os_str() == "-" => Ok(None),
        None => beside(manifest, env, FAILURES).map(Some),
    }
}

fn require(given: bool, flag: &'static str) -> Result<(), ConfigError> {
    given.then_some(()).ok_or(ConfigError::StdinNeeds(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_beside_the_manifest() {
        let path = beside(Path::new("/data/users.csv"), Env::Sandbox, "results.csv").unwrap();
        assert_eq!(path, Path::new("/data/users.sandbox.results.csv"));
        let path = beside(Path::new("users"), Env::Production, "ledger.db").unwrap();
        assert_eq!(path, Path::new("users.production.ledger.db"));
    }
}
