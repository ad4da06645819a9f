//! The names of the files in folders, for photos of whose name a part is not known.
//!
//! A folder is read once, not for each row: with 200,000 files the search for as many rows would otherwise take hours. It
//! is read again where no file fits, or the one that does is gone, and the folder has changed since.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use crate::domain::photo::NamePattern;

/// Most names that are kept, of all folders together: some 80 bytes each, so that they take no more than 160 MB, unless
/// one folder alone has more.
const MAX_NAMES: usize = 2_000_000;

/// From here on names that begin alike are not looked through one by one.
const FEW: usize = 32;

/// What is known of the folders of a run.
#[derive(Debug, Default)]
pub(crate) struct PhotoFolders {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    folders: HashMap<PathBuf, Folder>,
    /// Names and folders.
    size: usize,
    /// Counts the searches.
    now: u64,
}

#[derive(Debug, Default)]
struct Folder {
    /// Held while the folder is read, so that those who need it too wait for it instead of reading it themselves.
    listing: Arc<Mutex<Option<Arc<Listing>>>>,
    size: usize,
    used: u64,
}

/// Files whose names fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fitting {
    None,
    One(PathBuf),
    /// The first of them by name, and how many there are.
    Several(Vec<String>, usize),
}

/// Names of files that are told of at most.
pub(super) const SHOWN_NAMES: usize = 5;

impl PhotoFolders {
    /// Looks for the files of a folder that fit.
    pub(super) fn find(&self, folder: &Path, pattern: &NamePattern) -> io::Result<Fitting> {
        let listing = self.kept().listing(folder);
        let mut read = locked(&listing);
        if let Some(known) = read.clone() {
            drop(read);
            let fitting = known.find(folder, pattern);
            let is_there = matches!(&fitting, Fitting::One(path) if path.symlink_metadata().is_ok());
            if is_there || changed_at(folder)? == known.changed_at {
                return Ok(fitting);
            }
            read = locked(&listing);
            // Another thread may have read it again meanwhile.
            if read.as_ref().is_some_and(|now| Arc::ptr_eq(now, &known)) {
                *read = None;
            }
        }
        let now = match &*read {
            Some(now) => Arc::clone(now),
            None => Arc::new(Listing::read(folder)?),
        };
        *read = Some(Arc::clone(&now));
        drop(read);
        self.kept().grow(folder, now.names.len());
        Ok(now.find(folder, pattern))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }
}

/// What a thread that has panicked leaves is whole at any time.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn listing(&mut self, folder: &Path) -> Arc<Mutex<Option<Arc<Listing>>>> {
        self.now += 1;
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), Folder::default());
            self.size += 1;
        }
        let kept = self.folders.entry(folder.to_owned()).or_default();
        kept.used = self.now;
        Arc::clone(&kept.listing)
    }

    /// Takes note of how many names a folder has. If all have too many, those folders go that were not used for the longest
    /// time.
    fn grow(&mut self, folder: &Path, names: usize) {
        if let Some(kept) = self.folders.get_mut(folder) {
            self.size = self.size - kept.size + names;
            kept.size = names;
        }
        if self.size > MAX_NAMES {
            self.shrink(folder);
        }
    }

    fn shrink(&mut self, last: &Path) {
        let mut ages: Vec<(u64, usize)> = self.folders.values().map(|kept| (kept.used, kept.size + 1)).collect();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let mut size = 0;
        let fits = |(_, more): &&(u64, usize)| {
            size += more;
            size <= MAX_NAMES / 2
        };
        let since = ages.iter().take_while(fits).last().map_or(u64::MAX, |(used, _)| *used);
        self.folders.retain(|path, kept| kept.used >= since || path == last);
        self.size = self.folders.values().map(|kept| kept.size + 1).sum();
    }
}

fn changed_at(folder: &Path) -> io::Result<Option<SystemTime>> {
    Ok(std::fs::metadata(folder)?.modified().ok())
}

/// The names of the files in a folder, links among them.
#[derive(Debug)]
struct Listing {
    /// In order. Names that are not Unicode are left out: no pattern fits them.
    names: Vec<Box<str>>,
    /// Their places in the order of the names read backwards, once that is asked for.
    by_end: OnceLock<Vec<u32>>,
    changed_at: Option<SystemTime>,
}

impl Listing {
    fn read(folder: &Path) -> io::Result<Self> {
        let changed_at = changed_at(folder)?;
        let mut names = Vec::new();
        for file in std::fs::read_dir(folder)? {
            let file = file?;
            if file.file_type()?.is_dir() {
                continue;
            }
            names.extend(file.file_name().into_string().ok().map(String::into_boxed_str));
        }
        names.sort_unstable();
        Ok(Self {
            names,
            by_end: OnceLock::new(),
            changed_at,
        })
    }

    fn find(&self, folder: &Path, pattern: &NamePattern) -> Fitting {
        let fitting: Vec<&str> = self.candidates(pattern).filter(|name| pattern.fits(name)).collect();
        match fitting.as_slice() {
            [] => Fitting::None,
            [one] => Fitting::One(folder.join(one)),
            several => {
                let mut names: Vec<String> = several.iter().map(|name| (*name).to_owned()).collect();
                names.sort_unstable();
                names.truncate(SHOWN_NAMES);
                Fitting::Several(names, several.len())
            }
        }
    }

    /// Names that begin as the pattern does, or end so, whichever are fewer.
    fn candidates(&self, pattern: &NamePattern) -> Box<dyn Iterator<Item = &str> + '_> {
        let names = self.names.as_slice();
        let begin = alike(names, |name| head_order(name.bytes(), pattern.before.bytes()));
        if begin.len() > FEW && !pattern.after.is_empty() {
            let name = |place: &u32| names.get(*place as usize).map_or("", AsRef::as_ref);
            let by_end = self.by_end.get_or_init(|| ordered_by_end(names));
            let end = alike(by_end, |place| {
                head_order(name(place).bytes().rev(), pattern.after.bytes().rev())
            });
            if end.len() < begin.len() {
                return Box::new(end.iter().map(name));
            }
        }
        Box::new(begin.iter().map(AsRef::as_ref))
    }
}

fn ordered_by_end(names: &[Box<str>]) -> Vec<u32> {
    let mut places: Vec<u32> = (0_u32..).zip(names).map(|(place, _)| place).collect();
    let backwards = |place: &u32| names.get(*place as usize).map(|name| name.bytes().rev());
    places.sort_unstable_by(|a, b| match (backwards(a), backwards(b)) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => a.cmp(b),
    });
    places
}

/// The equal ones of a list in this order.
fn alike<T>(ordered: &[T], order: impl Fn(&T) -> Ordering) -> &[T] {
    let (_, from) = ordered.split_at(ordered.partition_point(|item| order(item).is_lt()));
    let (alike, _) = from.split_at(from.partition_point(|item| order(item).is_eq()));
    alike
}

/// How as many bytes as are wanted stand to them.
fn head_order(bytes: impl Iterator<Item = u8>, wanted: impl ExactSizeIterator<Item = u8>) -> Ordering {
    bytes.take(wanted.len()).cmp(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs::{File, create_dir, remove_file, write};

    fn pattern(before: &str, after: &str) -> NamePattern {
        NamePattern {
            before: before.into(),
            after: after.into(),
            separators: [None; 2],
        }
    }

    /// Sets the folder's time back, so that its next change shows whatever the file system's clock is.
    fn age(folder: &Path) {
        File::open(folder)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
    }

    fn names(fitting: &Fitting) -> Vec<String> {
        match fitting {
            Fitting::None => Vec::new(),
            Fitting::One(path) => vec![path.file_name().unwrap().to_str().unwrap().to_owned()],
            Fitting::Several(names, _) => names.clone(),
        }
    }

    #[test]
    fn both_orders_find_what_looking_at_each_name_finds() {
        let folder = tempfile::tempdir().unwrap();
        let heads = ["a", "b", "ab", "é", ".a", "", "a."];
        let tails = [".jpg", ".png", "", "_1.jpg", "é.jpg"];
        for (head, middle, tail) in all_of(&heads, &["", "-", "x", "7", "ab"], &tails) {
            let name = format!("{head}{middle}{tail}");
            if !["", ".", ".."].contains(&name.as_str()) {
                write(folder.path().join(name), "").unwrap();
            }
        }
        create_dir(folder.path().join("a.folder")).unwrap();
        let listing = Listing::read(folder.path()).unwrap();
        assert!(listing.names.len() > 3 * FEW && !listing.names.iter().any(|name| &**name == "a.folder"));
        for (before, after) in heads.iter().flat_map(|head| tails.map(|tail| (*head, tail))) {
            let pattern = pattern(before, after);
            let wanted: Vec<_> = listing
                .names
                .iter()
                .filter(|name| pattern.fits(name))
                .cloned()
                .collect();
            let fitting = listing.find(folder.path(), &pattern);
            let shown = wanted
                .iter()
                .take(SHOWN_NAMES)
                .map(|name| name.to_string())
                .collect::<Vec<_>>();
            assert_eq!(names(&fitting), shown, "{pattern}");
            if let Fitting::Several(_, count) = fitting {
                assert_eq!(count, wanted.len(), "{pattern}");
            }
        }
    }

    fn all_of<'a>(a: &'a [&str], b: &'a [&str], c: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        a.iter()
            .flat_map(move |a| b.iter().flat_map(move |b| c.iter().map(move |c| (*a, *b, *c))))
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_read_again_only_where_it_has_changed_and_does_not_have_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, folders) = (folder.path(), PhotoFolders::default());
        let find = |before| names(&folders.find(path, &pattern(before, "")).unwrap());
        write(path.join("a.jpg"), "").unwrap();
        age(path);
        assert_eq!((find("a."), find("b.")), (vec!["a.jpg".to_owned()], vec![]));
        write(path.join("b.jpg"), "").unwrap();
        age(path);
        // As far as its time tells, nothing has changed.
        assert_eq!(find("b."), [""; 0]);
        write(path.join("c.jpg"), "").unwrap();
        assert_eq!(find("b."), ["b.jpg"]);
        age(path);
        assert_eq!(find("a."), ["a.jpg"]);
        remove_file(path.join("a.jpg")).unwrap();
        write(path.join("a.png"), "").unwrap();
        assert_eq!(find("a."), ["a.png"]);
    }

    #[test]
    fn folders_that_were_used_last_stay() {
        let mut kept = Kept::default();
        let path = |n: usize| PathBuf::from(n.to_string());
        for n in 0..10 {
            kept.listing(&path(n));
            kept.grow(&path(n), MAX_NAMES / 8);
            assert!(kept.size <= MAX_NAMES, "{}", kept.size);
            assert_eq!(
                kept.size,
                kept.folders.values().map(|folder| folder.size + 1).sum::<usize>()
            );
            assert!(kept.folders.contains_key(&path(n)));
        }
        assert!(!kept.folders.contains_key(&path(0)) && kept.folders.contains_key(&path(8)));
        // One folder alone may have more.
        kept.listing(&path(10));
        kept.grow(&path(10), 3 * MAX_NAMES);
        assert_eq!(kept.folders.keys().collect::<Vec<_>>(), [&path(10)]);
    }
}
