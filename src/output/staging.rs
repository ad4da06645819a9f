//! The files of a split on their way: all are made in one folder beside their places, and take these together at the end.
//!
//! So a split that fails or is stopped leaves nothing. What a kill leaves is that folder, which the next split of the same
//! manifest removes, and perhaps some files at their places, without the proof. Those that hold the very bytes that are made
//! now are left as they are, so that the same command completes what was killed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Claim, ResultsError};
use crate::domain::text::hex;
use crate::sys::{
    folder::{create_private, folder_of},
    new_file::{Placed, compare},
    new_place::{link_new, sync_folder},
    signals::{GivenUp, Signals},
};

/// The folder in which the files are made; it goes when it is dropped.
pub(crate) struct Staging {
    folder: PathBuf,
    /// Dropped last: it keeps other splits of this manifest away.
    _claim: Claim,
}

/// Where a file is to stand, and whether it may replace what is there.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) path: PathBuf,
    pub(crate) may_replace: bool,
}

/// Why the files could not be made or put in place.
#[derive(Debug)]
pub(crate) enum StagingError {
    /// Another command is at it.
    InUse,
    /// Something else is there, and nobody has said that it may be replaced.
    Taken(PathBuf),
    Io(PathBuf, io::Error),
    GivenUp(GivenUp),
}

impl From<GivenUp> for StagingError {
    fn from(given_up: GivenUp) -> Self {
        Self::GivenUp(given_up)
    }
}

impl StagingError {
    /// About this file; a signal is about none.
    pub(crate) fn of(path: &Path, error: io::Error) -> Self {
        match GivenUp::behind(&error) {
            Some(given_up) => Self::GivenUp(given_up),
            None => Self::Io(path.to_owned(), error),
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> StagingError {
    |error| StagingError::of(path, error)
}

impl Staging {
    /// Begins it for the split that has this proof; what an earlier one has left of its own goes.
    pub(crate) fn begin(proof: &Path) -> Result<Self, StagingError> {
        let folder = folder_of(proof).join(name(proof));
        let claim = Claim::take(&folder).map_err(|error| match error {
            ResultsError::Write(error) => at(folder_of(proof))(error),
            _ => StagingError::InUse,
        })?;
        remove_folder(&folder).map_err(at(&folder))?;
        create_private(&folder).map_err(at(&folder))?;
        Ok(Self { folder, _claim: claim })
    }

    /// Where the file is made that is to stand at `place`.
    pub(crate) fn made(&self, place: &Path) -> PathBuf {
        self.folder.join(place.file_name().unwrap_or_default())
    }

    /// Begins the file that is to stand at `place`, of mode 0600.
    pub(super) fn create(&self, place: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.write(true).create_new(true).open(self.made(place))
    }

    /// Which of the files have still to be put in place: the others are there already, byte for byte.
    pub(crate) fn missing<'a>(
        &self,
        files: &'a [Destination],
        signals: &Signals,
    ) -> Result<Vec<&'a Destination>, StagingError> {
        let mut missing = Vec::new();
        for file in files {
            signals.check()?;
            let path = &file.path;
            let there = match file.may_replace {
                true => None,
                false => compare(path, &self.made(path)).map_err(at(path))?,
            };
            match there {
                None => missing.push(file),
                Some(Placed::Same) => {}
                Some(Placed::New | Placed::Other) => return Err(StagingError::Taken(path.clone())),
            }
        }
        Ok(missing)
    }

    /// Puts the files in place, and the proof of them when all are durable there. After an error none of them is.
    pub(crate) fn put_in_place(&self, files: &[&Destination], proof: &Destination) -> Result<(), StagingError> {
        // An earlier proof does not outlive the parts that it speaks of.
        if proof.may_replace {
            remove_file(&proof.path).map_err(at(&proof.path))?;
        }
        let mut placed = Placements(Vec::new());
        for file in files {
            self.put(file, &mut placed)?;
        }
        let folder = folder_of(&proof.path);
        sync_folder(folder).map_err(at(folder))?;
        self.put(proof, &mut placed)?;
        placed.0.clear();
        sync_folder(folder).map_err(at(folder))
    }

    fn put(&self, file: &Destination, placed: &mut Placements) -> Result<(), StagingError> {
        let (path, made) = (&file.path, self.made(&file.path));
        let put = match file.may_replace {
            true => std::fs::rename(made, path),
            false => link_new(&made, path),
        };
        put.map_err(at(path))?;
        placed.0.push(path.clone());
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        drop(remove_folder(&self.folder));
    }
}

/// Files that have taken their places. Unless all have, they go again.
struct Placements(Vec<PathBuf>);

impl Drop for Placements {
    fn drop(&mut self) {
        for path in &self.0 {
            drop(std::fs::remove_file(path));
        }
    }
}

/// The same for all splits that would leave this proof, and no longer than any file system takes.
fn name(proof: &Path) -> String {
    let name = proof.file_name().unwrap_or_default();
    let digest: [u8; 32] = Sha256::digest(name.as_encoded_bytes()).into();
    format!(".image-enroll-{}", hex(&digest[..8]))
}

fn remove_file(path: &Path) -> io::Result<()> {
    unless_missing(std::fs::remove_file(path))
}

/// With all that is in it. Links are not followed.
fn remove_folder(path: &Path) -> io::Result<()> {
    unless_missing(std::fs::remove_dir_all(path))
}

fn unless_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn destinations(folder: &Path, names: &[&str]) -> Vec<Destination> {
        let of = |name: &&str| Destination {
            path: folder.join(name),
            may_replace: false,
        };
        names.iter().map(of).collect()
    }

    fn fill(staging: &Staging, files: &[Destination]) {
        for file in files {
            std::fs::write(staging.made(&file.path), file.path.as_os_str().as_encoded_bytes()).unwrap();
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_take_their_places_or_none_does() {
        let folder = tempfile::tempdir().unwrap();
        let (files, signals) = (destinations(folder.path(), &["a", "b", "proof"]), Signals::unheard());
        for (occupied, wanted) in [
            ("b", vec!["b"]),
            ("proof", vec!["proof"]),
            ("c", vec!["a", "b", "c", "proof"]),
        ] {
            let staging = Staging::begin(&files[2].path).unwrap();
            fill(&staging, &files);
            let missing = staging.missing(&files[..2], &signals).unwrap();
            // It came to be there after they were compared.
            std::fs::write(folder.path().join(occupied), "other").unwrap();
            let put = staging.put_in_place(&missing, &files[2]);
            assert_eq!(put.is_ok(), occupied == "c", "{occupied}: {put:?}");
            drop(staging);
            assert_eq!(names(folder.path()), wanted);
            std::fs::remove_file(folder.path().join(occupied)).unwrap();
        }
    }

    #[test]
    fn the_same_bytes_are_in_place_and_others_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (files, signals) = (destinations(folder.path(), &["a", "b", "proof"]), Signals::unheard());
        let staging = Staging::begin(&files[2].path).unwrap();
        fill(&staging, &files);
        std::fs::copy(staging.made(&files[0].path), &files[0].path).unwrap();
        let missing = staging.missing(&files, &signals).unwrap();
        assert_eq!(missing.len(), 2);
        std::fs::write(&files[0].path, "other").unwrap();
        let refused = staging.missing(&files, &signals);
        assert!(matches!(refused, Err(StagingError::Taken(path)) if path == files[0].path));
    }

    #[test]
    fn one_split_at_a_time_is_made_and_what_a_kill_has_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let proof = folder.path().join("m.split.json");
        let staging = Staging::begin(&proof).unwrap();
        assert!(matches!(Staging::begin(&proof), Err(StagingError::InUse)));
        assert!(Staging::begin(&folder.path().join("n.split.json")).is_ok());
        let left = staging.made(Path::new("part"));
        std::fs::write(&left, "half").unwrap();
        // As a kill does: nothing is dropped but the lock.
        let Staging { folder: own, .. } = &staging;
        let other = own.with_extension("moved");
        std::fs::rename(own, &other).unwrap();
        drop(staging);
        std::fs::rename(&other, other.with_extension("")).unwrap();
        let staging = Staging::begin(&proof).unwrap();
        assert!(!left.exists());
        drop(staging);
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
