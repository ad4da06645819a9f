//! A manifest as it travels through a command: with the path that its errors name, and with its survey.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Manifest, ManifestError, ManifestOptions, Marks, Role, Row, Survey, Warning};
use crate::domain::shard::Shard;
use crate::sys::user_hash::UserHashKeys;

/// A manifest that cannot be used, by its path.
#[derive(Debug, thiserror::Error)]
#[error("manifest {path:?}")]
pub(crate) struct UnusableManifest {
    path: PathBuf,
    source: ManifestError,
}

/// An open manifest whose rows nobody has looked at.
#[derive(Debug)]
pub(crate) struct Opened {
    path: PathBuf,
    manifest: Manifest,
}

/// An open manifest with what the first pass found out about it.
#[derive(Debug)]
pub(crate) struct Surveyed {
    path: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) survey: Survey,
}

impl UnusableManifest {
    pub(crate) fn new(path: &Path, source: ManifestError) -> Self {
        let path = path.to_owned();
        Self { path, source }
    }
}

impl Opened {
    /// Opens the manifest and finds its columns. Dates are judged against `now`.
    pub(crate) fn open(path: &Path, options: &ManifestOptions, now: DateTime<Utc>) -> Result<Self, UnusableManifest> {
        match Manifest::open(path, options.clone(), now) {
            Ok(manifest) => Ok(Self {
                path: path.to_owned(),
                manifest,
            }),
            Err(source) => Err(UnusableManifest::new(path, source)),
        }
    }

    /// Reads the whole of it once.
    pub(crate) fn survey(self) -> Result<Surveyed, UnusableManifest> {
        self.survey_part(None)
    }

    /// The same for a command that is about the rows of a part alone, if a part is given.
    pub(crate) fn survey_part(self, shard: Option<Shard>) -> Result<Surveyed, UnusableManifest> {
        let surveyed = self.survey_with(shard, &UserHashKeys::default());
        surveyed.map(|(surveyed, _)| surveyed)
    }

    /// The same, and the users by the hashes of these keys.
    pub(crate) fn survey_with(
        self,
        shard: Option<Shard>,
        keys: &UserHashKeys,
    ) -> Result<(Surveyed, Marks), UnusableManifest> {
        let Self { path, manifest } = self;
        match Survey::take_part(&manifest, shard, keys, |_, _| ()) {
            Ok((survey, marks)) => Ok((Surveyed { path, manifest, survey }, marks)),
            Err(source) => Err(UnusableManifest { path, source }),
        }
    }
}

impl Surveyed {
    /// The rows that look wrong, by kind. It reads the manifest again if there are any.
    pub(crate) fn warnings(&self) -> Result<Vec<Warning>, UnusableManifest> {
        let warnings = self.survey.warnings(&self.manifest);
        warnings.map_err(|source| UnusableManifest::new(&self.path, source))
    }

    /// Hands over each row that stands for its user.
    pub(crate) fn each_first<E: From<UnusableManifest>>(
        &self,
        mut hand_over: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let named = |source| UnusableManifest::new(&self.path, source);
        let mut records = self.manifest.records().map_err(named)?;
        while let Some((number, record)) = records.next().map_err(named)? {
            let is_first = self.survey.role(number) == Some(Role::First);
            if let Some(row) = is_first.then(|| self.manifest.row(number, record).ok()).flatten() {
                hand_over(row)?;
            }
        }
        Ok(())
    }
}
