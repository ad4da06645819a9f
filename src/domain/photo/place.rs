//! Where the photo of a row lies, as the manifest says it.

use std::fmt;
use std::path::PathBuf;

use super::ObjectUrl;

/// Where the photo of a row lies. Rows of one user with the same place are the same enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PhotoPlace {
    /// A file of this machine.
    File(PathBuf),
    /// An object in a store.
    Object(ObjectUrl),
    /// A path as Windows writes it, where that is another name than on this machine.
    FromWindows {
        /// With its backslashes as parts of names.
        written: PathBuf,
        /// With its backslashes as separators; absent for an absolute path, which is one of another machine.
        separated: Option<PathBuf>,
    },
    /// The only file of a folder whose name fits.
    Pattern { folder: PathBuf, name: NamePattern },
}

/// A file's name of which a part is not known: `before*after`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct NamePattern {
    pub(crate) before: Box<str>,
    pub(crate) after: Box<str>,
    /// Characters that the unknown part does not hold: those that part it from a cell. Otherwise the photo of the user
    /// `a.b` would fit `a.*`.
    pub(crate) separators: [Option<char>; 2],
}

impl NamePattern {
    /// Whether a file of this name may be meant. The unknown part does not begin a hidden file's name.
    pub(crate) fn fits(&self, name: &str) -> bool {
        let unknown = name
            .strip_prefix(&*self.before)
            .and_then(|rest| rest.strip_suffix(&*self.after));
        let is_hidden = self.before.is_empty() && name.starts_with('.');
        let parts = |character| self.separators.contains(&Some(character));
        unknown.is_some_and(|unknown| !is_hidden && !unknown.contains(parts))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.before, self.after)
    }
}

/// For people: quoted, since a path may hold control characters.
impl fmt::Display for PhotoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::FromWindows { written: path, .. } => write!(f, "{path:?}"),
            Self::Object(url) => write!(f, "{:?}", url.to_string()),
            Self::Pattern { folder, name } => write!(f, "{:?}", folder.join(name.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unknown_part_is_one_that_no_other_cell_could_make() {
        let pattern = |before: &str, after: &str, separators| NamePattern {
            before: before.into(),
            after: after.into(),
            separators,
        };
        let extension = pattern("a.", "", [Some('.'), None]);
        let numbered = pattern("a_", ".jpg", [Some('_'), None]);
        let behind = pattern("", "_a.jpg", [None, Some('_')]);
        let any = pattern("", "", [None, None]);
        for (pattern, name, fits) in [
            (&extension, "a.jpg", true),
            (&extension, "a.", true),
            (&extension, "A.jpg", false),
            (&extension, "a.b.jpg", false),
            (&extension, "ab.jpg", false),
            (&numbered, "a_1.jpg", true),
            (&numbered, "a_b_1.jpg", false),
            (&numbered, "a_1.png", false),
            (&behind, "17_a.jpg", true),
            (&behind, "17_b_a.jpg", false),
            (&behind, ".17_a.jpg", false),
            (&any, "x", true),
            (&any, ".DS_Store", false),
            (&pattern("ab", "bc", [None, None]), "abc", false),
        ] {
            assert_eq!(pattern.fits(name), fits, "{pattern} {name}");
        }
    }
}
