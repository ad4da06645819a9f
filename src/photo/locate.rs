//! From the place that a manifest names to the path of a file.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::folders::{Fitting, PhotoFolders, SHOWN_NAMES};
use super::{PhotoError, invalid, unreadable};
use crate::domain::{
    outcome::Reason,
    photo::{NamePattern, PhotoPlace},
};

/// Most entries of a folder that are looked at to name some files in it.
const LOOKED_AT: usize = 1_000;

/// The file that is meant. Whether it is there shows when it is opened, unless it has to be known here.
pub(super) fn locate<'a>(place: &'a PhotoPlace, folders: &PhotoFolders) -> Result<Cow<'a, Path>, PhotoError> {
    match place {
        PhotoPlace::File(path) => Ok(path.into()),
        PhotoPlace::FromWindows { written, .. } if written.symlink_metadata().is_ok() => Ok(written.into()),
        PhotoPlace::FromWindows {
            separated: Some(path), ..
        } => Ok(path.into()),
        PhotoPlace::FromWindows {
            written,
            separated: None,
        } => {
            let detail = "there is no such file, and it is an absolute path of Windows, which leads nowhere on this \
                          machine; copy the photos here, write their paths as they are below one folder, and name that \
                          with --photo-root";
            Err(invalid(Reason::PhotoNotFound, written, detail))
        }
        PhotoPlace::Object(url) => Err(invalid(Reason::PhotoOutsideRoot, url.to_string(), "it is no file")),
        PhotoPlace::Pattern { folder, name } => fitting(folder, name, folders).map(Cow::from),
    }
}

fn fitting(folder: &Path, name: &NamePattern, folders: &PhotoFolders) -> Result<PathBuf, PhotoError> {
    let wanted = folder.join(name.to_string());
    let found = folders.find(here(folder), name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => invalid(Reason::PhotoNotFound, &wanted, "there is no such folder"),
        _ => unreadable(&wanted, error),
    })?;
    match found {
        // The folder as the manifest has it: none where it is the one that the program runs in.
        Fitting::One(path) => Ok(path.file_name().map_or(path.clone(), |name| folder.join(name))),
        Fitting::None => {
            let detail = "no file of this folder has such a name";
            Err(invalid(Reason::PhotoNotFound, &wanted, detail))
        }
        Fitting::Several(names, count) => {
            let detail = format!("{count} files have such a name: {}; leave one", listed(&names, count));
            Err(invalid(Reason::PhotoAmbiguous, &wanted, &detail))
        }
    }
}

/// The empty path is no folder to the system.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// What to do about a folder in place of a photo.
pub(super) fn instead_of_folder(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return "it is a folder, not a file".to_owned();
    };
    let files = entries.take(LOOKED_AT).flatten();
    let files = files.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    let count = names.len();
    names.sort_unstable();
    names.truncate(SHOWN_NAMES);
    match names.as_slice() {
        [] => "it is a folder, and holds no photo; name a file".to_owned(),
        [_] => format!(
            "it is a folder, and holds {}; name that, or use --photo-template",
            listed(&names, count)
        ),
        _ => format!(
            "it is a folder, and holds {}; name one of them, or use --photo-template",
            listed(&names, count)
        ),
    }
}

/// Quoted, since names may hold control characters.
fn listed(names: &[String], count: usize) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let more = if count > names.len() { " and more" } else { "" };
    format!("{}{more}", quoted.join(", "))
}
