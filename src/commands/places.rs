//! The files that a command leaves: that there is a place for each shows before anything else is done.

use std::path::Path;

use crate::error::Error;
use crate::sys::atomic::Place;

/// A flag and the file that it names, or that stands for it where it is not given.
type Named<'a> = (&'static str, Option<&'a Path>);

/// Whether these files can be written. `-` is stdout.
pub(super) fn check<'a>(files: impl IntoIterator<Item = Named<'a>>) -> Result<(), Error> {
    let files = files.into_iter().filter_map(|(flag, path)| Some((flag, path?)));
    for (flag, path) in files.filter(|(_, path)| path.as_os_str() != "-") {
        let checked = Place::of(path).check();
        checked.map_err(|source| Error::NoPlace {
            flag,
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(())
}
