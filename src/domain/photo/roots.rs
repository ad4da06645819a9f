//! Below what photos are read: a folder of this machine, and parts of object stores. A manifest can name nothing in a
//! store that is not below one of them, so that it cannot make the machine fetch from wherever it likes.

use std::path::PathBuf;

use super::{ObjectUrl, ObjectUrlError, PhotoPlace, is_url};
use crate::domain::outcome::Reason;

/// One `--photo-root`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PhotoRoot {
    Folder(PathBuf),
    Store(ObjectUrl),
}

/// All of them: relative photos begin at the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhotoRoots {
    first: PhotoRoot,
    others: Vec<PhotoRoot>,
}

/// Why roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    #[error(transparent)]
    Url(#[from] ObjectUrlError),
    #[error("{0:?} and {1:?} are two folders; photos are read from one folder, and from any number of stores")]
    TwoFolders(PathBuf, PathBuf),
}

/// Why a cell names no photo that may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Url(#[from] ObjectUrlError),
    #[error("it is below none of the given --photo-root; write another URL, or give a further --photo-root")]
    Outside,
    #[error("photos are read from a store, so write a name below --photo-root, or a whole URL")]
    Absolute,
}

impl PlaceError {
    /// The word for the row.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Url(_) => Reason::PhotoBadUrl,
            Self::Outside | Self::Absolute => Reason::PhotoOutsideRoot,
        }
    }
}

impl PhotoRoot {
    /// A root as it is given: a folder, or a URL.
    pub(crate) fn parse(given: PathBuf) -> Result<Self, ObjectUrlError> {
        match given.to_str().filter(|text| is_url(text)) {
            Some(url) => Ok(Self::Store(ObjectUrl::parse_root(url)?)),
            None => Ok(Self::Folder(given)),
        }
    }
}

impl PhotoRoots {
    /// One folder.
    pub(crate) fn folder(folder: PathBuf) -> Self {
        Self {
            first: PhotoRoot::Folder(folder),
            others: Vec::new(),
        }
    }

    /// These roots, or where there are none the folder of the manifest.
    pub(crate) fn parse(given: &[PathBuf], manifests: PathBuf) -> Result<Self, RootsError> {
        let mut roots = given.iter().cloned().map(PhotoRoot::parse);
        let Some(first) = roots.next().transpose()? else {
            return Ok(Self::folder(manifests));
        };
        let others = roots.collect::<Result<_, _>>()?;
        let roots = Self { first, others };
        let mut folders = roots.folders();
        match (folders.next(), folders.next()) {
            (Some(one), Some(two)) => Err(RootsError::TwoFolders(one.clone(), two.clone())),
            _ => Ok(roots.clone()),
        }
    }

    /// Where the photo of this cell lies; the cell is not empty.
    pub(crate) fn place(&self, cell: &str) -> Result<PhotoPlace, PlaceError> {
        if is_url(cell) {
            let url = ObjectUrl::parse(cell)?;
            let is_inside = self.stores().any(|root| url.is_below(root));
            return is_inside.then_some(PhotoPlace::Object(url)).ok_or(PlaceError::Outside);
        }
        if let Some(path) = self.below(cell) {
            return Ok(PhotoPlace::File(path));
        }
        self.in_store(cell)
    }

    /// The same where relative photos begin in a store.
    fn in_store(&self, cell: &str) -> Result<PhotoPlace, PlaceError> {
        let root = self.stores().next().ok_or(PlaceError::Outside)?;
        let path = PathBuf::from(cell);
        match (path.is_absolute(), self.folders().next()) {
            (true, Some(_)) => Ok(PhotoPlace::File(path)),
            (true, None) => Err(PlaceError::Absolute),
            (false, _) => Ok(PhotoPlace::Object(root.join(cell.strip_prefix("./").unwrap_or(cell))?)),
        }
    }

    /// The folder where relative photos begin, if they begin in one.
    pub(crate) fn base(&self) -> Option<&PathBuf> {
        match &self.first {
            PhotoRoot::Folder(folder) => Some(folder),
            PhotoRoot::Store(_) => None,
        }
    }

    /// A relative path below that folder. `./a.jpg` is `a.jpg`, also where the folder is the empty path, so that equal rows
    /// are seen as equal.
    pub(crate) fn below(&self, path: &str) -> Option<PathBuf> {
        let (folder, path) = (self.base()?, PathBuf::from(path));
        let plain = path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty());
        Some(folder.join(plain.unwrap_or(&path)))
    }

    /// The roots that are in stores.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &ObjectUrl> {
        self.all().filter_map(|root| match root {
            PhotoRoot::Store(url) => Some(url),
            PhotoRoot::Folder(_) => None,
        })
    }

    /// The folder, if there is one.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.all().filter_map(|root| match root {
            PhotoRoot::Folder(folder) => Some(folder),
            PhotoRoot::Store(_) => None,
        })
    }

    fn all(&self) -> impl Iterator<Item = &PhotoRoot> {
        [&self.first].into_iter().chain(&self.others)
    }
}

impl Default for PhotoRoots {
    fn default() -> Self {
        Self::folder(PathBuf::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(given: &[&str]) -> PhotoRoots {
        let given: Vec<PathBuf> = given.iter().map(PathBuf::from).collect();
        PhotoRoots::parse(&given, "/manifests".into()).unwrap()
    }

    fn file(path: &str) -> Result<PhotoPlace, PlaceError> {
        Ok(PhotoPlace::File(path.into()))
    }

    fn object(url: &str) -> Result<PhotoPlace, PlaceError> {
        Ok(PhotoPlace::Object(ObjectUrl::parse(url).unwrap()))
    }

    #[test]
    fn a_relative_photo_begins_at_the_first_root() {
        assert_eq!(roots(&[]).place("a.jpg"), file("/manifests/a.jpg"));
        assert_eq!(
            roots(&["/photos", "s3://bucket"]).place("./a.jpg"),
            file("/photos/a.jpg")
        );
        for cell in ["a.jpg", "./a.jpg", "s3://bucket/p/a.jpg"] {
            assert_eq!(
                roots(&["s3://bucket/p", "/photos"]).place(cell),
                object("s3://bucket/p/a.jpg")
            );
        }
    }

    #[test]
    fn a_url_is_read_below_a_root_and_nowhere_else() {
        let both = roots(&["s3://bucket/p", "https://host/q/", "/photos"]);
        assert_eq!(both.place("https://host/q/a.jpg"), object("https://host/q/a.jpg"));
        assert_eq!(both.place("/x/a.jpg"), file("/x/a.jpg"));
        for cell in ["https://host/a.jpg", "s3://bucket/a.jpg", "gs://bucket/p/a.jpg"] {
            assert_eq!(both.place(cell), Err(PlaceError::Outside), "{cell}");
        }
        assert_eq!(roots(&[]).place("s3://bucket/a.jpg"), Err(PlaceError::Outside));
        assert_eq!(roots(&["s3://bucket"]).place("/x/a.jpg"), Err(PlaceError::Absolute));
        let bad = [
            ("../a.jpg", ObjectUrlError::Key),
            ("file:///a.jpg", ObjectUrlError::File),
        ];
        for (cell, error) in bad {
            assert_eq!(both.place(cell), Err(PlaceError::Url(error)), "{cell}");
        }
    }

    #[test]
    fn there_is_one_folder_at_most() {
        let given = ["/a", "s3://bucket", "/b"].map(PathBuf::from);
        assert!(matches!(
            PhotoRoots::parse(&given, "/m".into()),
            Err(RootsError::TwoFolders(..))
        ));
        let given = [PathBuf::from("ftp://host/a")];
        assert!(matches!(
            PhotoRoots::parse(&given, "/m".into()),
            Err(RootsError::Url(ObjectUrlError::Scheme))
        ));
    }
}
