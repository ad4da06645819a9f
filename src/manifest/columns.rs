//! Which column is which: by its name, or by the one that the operator gives for it.

use std::fmt;

use super::{Delimiter, ManifestError, ManifestOptions, template};
use crate::domain::{
    columns::{Appended, Form, holds_failure_columns, own_columns},
    spreadsheet::unescape,
};

/// Where the columns stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub(super) user_id: usize,
    pub(super) created_at: usize,
    /// Absent where a template makes the path.
    pub(super) photo: Option<usize>,
    /// Those that the template names.
    pub(super) template: Vec<usize>,
    /// Columns of the whole header.
    pub(super) width: usize,
    /// The manifest's own columns: all but those that an earlier run has appended.
    pub(super) own: Vec<String>,
    /// What an earlier run has appended to them.
    pub(super) appended: Option<&'static Appended>,
    /// All columns in the order of their cells, as they are written.
    names: Vec<String>,
}

/// Columns that are not there.
#[derive(Debug)]
pub(crate) struct MissingColumns {
    line: u64,
    missing: Vec<Missing>,
    /// What is there, for people.
    present: String,
    /// What was taken for the delimiter, where there is one.
    delimiter: Option<Delimiter>,
}

#[derive(Debug)]
struct Missing {
    name: &'static str,
    /// What the operator calls it.
    given: Option<String>,
    /// The header that is most like it.
    closest: Option<String>,
}

/// A column that is looked for.
struct Wanted<'a> {
    name: &'static str,
    /// Its own names, and what to say of them.
    spellings: &'static [&'static str],
    given: Option<&'a str>,
}

/// A name this much like another one may be meant; from 0, for nothing in common, to 1.
const ALIKE: f64 = 0.4;
/// Characters of the header that are shown.
const SHOWN_CHARS: usize = 300;

impl Columns {
    /// Finds the columns of a header on this line.
    pub(super) fn find(header: &[&str], line: u64, options: &ManifestOptions) -> Result<Self, ManifestError> {
        let trimmed: Vec<&str> = header.iter().map(|name| name.trim()).collect();
        let appended = Appended::of(&trimmed);
        let own = own_columns(&trimmed);
        if holds_failure_columns(own) {
            return Err(ManifestError::MovedColumns { line });
        }
        let plain = |name: &str| match is_escaped(appended) {
            true => unescape(name).to_owned(),
            false => name.to_owned(),
        };
        let own: Vec<String> = own.iter().map(|name| plain(name)).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let wanted = wanted(options);
        let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mut columns = Self {
            width: header.len(),
            own: header.iter().take(own.len()).map(|name| plain(name)).collect(),
            appended,
            names,
            ..Self::default()
        };
        let Some(template) = &options.photo_template else {
            let [user_id, created_at, photo] = find_all(&own, line, &wanted)?;
            (columns.user_id, columns.created_at, columns.photo) = (user_id, created_at, Some(photo));
            return Ok(columns);
        };
        let [user_id, created_at, photo] = &wanted;
        [columns.user_id, columns.created_at] = find_all(&own, line, &[user_id, created_at])?;
        // It need not be there, and the template may name it.
        let photo = photo.position(&own, line).ok().flatten();
        columns.template = template::find_columns(template, &columns, photo, &own, line)?;
        Ok(columns)
    }

    /// Those that are read, each once, in the order in which they stand first in JSON Lines.
    fn read(&self) -> Vec<usize> {
        let mut read = Vec::new();
        let named = [self.user_id, self.created_at].into_iter().chain(self.photo);
        // The operator may give one header for two of them, and a template may name one twice.
        for place in named.chain(self.template.iter().copied()) {
            if !read.contains(&place) {
                read.push(place);
            }
        }
        read
    }

    /// How many of the first columns are read, where they were put first.
    pub(super) fn count_read(&self) -> usize {
        self.read().len()
    }

    /// Finds the columns among the members of JSON Lines, and puts them first. Where there is no object at all the
    /// columns are called what they would be.
    pub(super) fn of_members(names: &[&str], options: &ManifestOptions) -> Result<Self, ManifestError> {
        let wanted = wanted(options);
        let called = wanted.each_ref().map(|column| column.given.unwrap_or(column.name));
        let names = if names.is_empty() { &called[..] } else { names };
        let found = Self::find(names, 1, options)?;
        let first = found.read();
        let rest = (0..names.len()).filter(|place| !first.contains(place));
        let order: Vec<&str> = first
            .iter()
            .copied()
            .chain(rest)
            .filter_map(|place| names.get(place).copied())
            .collect();
        Self::find(&order, 1, options)
    }

    /// Whether cells are written so that a spreadsheet leaves them alone.
    pub(super) fn is_escaped(&self) -> bool {
        is_escaped(self.appended)
    }

    /// All columns in the order of their cells.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

fn is_escaped(appended: Option<&Appended>) -> bool {
    appended.is_some_and(|appended| appended.form == Form::Failures)
}

fn wanted(options: &ManifestOptions) -> [Wanted<'_>; 3] {
    let column = |name, spellings, given| Wanted { name, spellings, given };
    let headers = &options.headers;
    [
        column("user_id", &["user_id"], headers.user_id.as_deref()),
        column("user_created_at", &["user_created_at"], headers.created_at.as_deref()),
        column("photo", &["photo", "photo_path"], headers.photo.as_deref()),
    ]
}

/// The places of all of them, or all that are missing.
fn find_all<'a, const N: usize>(
    header: &[&str],
    line: u64,
    wanted: &[impl std::borrow::Borrow<Wanted<'a>>; N],
) -> Result<[usize; N], ManifestError> {
    let wanted = wanted.each_ref().map(std::borrow::Borrow::borrow);
    let mut places = [None; N];
    for (place, column) in places.iter_mut().zip(wanted) {
        *place = column.position(header, line)?;
    }
    let found: Vec<usize> = places.iter().copied().flatten().collect();
    if let Ok(found) = found.try_into() {
        return Ok(found);
    }
    let free: Vec<&str> = (0..header.len())
        .filter(|place| !places.contains(&Some(*place)))
        .filter_map(|place| header.get(place).copied())
        .collect();
    let missing = wanted.into_iter().zip(places).filter(|(_, place)| place.is_none());
    let missing = missing.map(|(column, _)| Missing {
        name: column.name,
        given: column.given.map(str::to_owned),
        closest: column.closest(&free),
    });
    Err(ManifestError::MissingColumns(MissingColumns {
        line,
        missing: missing.collect(),
        delimiter: None,
        present: header.join(", ").escape_debug().take(SHOWN_CHARS).collect(),
    }))
}

impl Wanted<'_> {
    /// Where it stands. A name that is there to the letter wins over one that is only alike.
    fn position(&self, header: &[&str], line: u64) -> Result<Option<usize>, ManifestError> {
        let exactly = self.places(header, |name| match self.given {
            Some(given) => name == given || name == given.trim(),
            None => self
                .spellings
                .iter()
                .any(|spelling| name.eq_ignore_ascii_case(spelling)),
        });
        let places = match exactly.is_empty() {
            true => self.places(header, |name| {
                self.names().any(|wanted| in_words(name) == in_words(wanted))
            }),
            false => exactly,
        };
        match places[..] {
            [] => Ok(None),
            [place] => Ok(Some(place)),
            _ => Err(self.repeated(line)),
        }
    }

    fn places(&self, header: &[&str], is_it: impl Fn(&str) -> bool) -> Vec<usize> {
        let places = header.iter().enumerate().filter(|(_, name)| is_it(name));
        places.map(|(place, _)| place).collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.spellings.iter().copied().filter(|_| self.given.is_none());
        self.given.into_iter().chain(own)
    }

    fn repeated(&self, line: u64) -> ManifestError {
        let hint = match (self.given, self.name) {
            (None, "photo") => " (photo_path is another name of it)",
            _ => "",
        };
        ManifestError::RepeatedColumn {
            line,
            name: self.given.unwrap_or(self.name).to_owned(),
            hint,
        }
    }

    /// The header that is most like it, if any is.
    fn closest(&self, header: &[&str]) -> Option<String> {
        let likeness = |name: &str| {
            let of = |wanted| strsim::normalized_damerau_levenshtein(&in_words(name), &in_words(wanted));
            self.names().map(of).fold(0.0, f64::max)
        };
        let closest = header.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(closest) >= ALIKE).then(|| (*closest).to_owned())
    }
}

/// A name as words in lower case with `_` between them, however they are parted: `User Created-At`, `userCreatedAt`.
pub(super) fn in_words(name: &str) -> String {
    let (mut words, mut was_lower, mut parted) = (String::with_capacity(name.len()), false, false);
    for character in name.chars() {
        let is_between = character.is_whitespace() || matches!(character, '-' | '_');
        parted |= is_between || (was_lower && character.is_uppercase());
        was_lower = character.is_lowercase();
        if is_between {
            continue;
        }
        if parted && !words.is_empty() {
            words.push('_');
        }
        parted = false;
        words.extend(character.to_lowercase());
    }
    words
}

impl MissingColumns {
    /// How many columns were found beside them.
    pub(super) fn found(&self) -> usize {
        3 - self.missing.len()
    }

    /// The same, with what was taken for the delimiter.
    pub(super) fn read_with(self, delimiter: Delimiter) -> Self {
        Self {
            delimiter: Some(delimiter),
            ..self
        }
    }

    fn flags(&self) -> String {
        let flag = |missing: &Missing| {
            let header = missing.closest.as_deref().unwrap_or("HEADER");
            let header = shlex::try_quote(header).unwrap_or_default();
            format!("--column {}={header}", missing.name)
        };
        self.missing.iter().map(flag).collect::<Vec<_>>().join(" ")
    }
}

impl std::error::Error for MissingColumns {}

impl fmt::Display for MissingColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |missing: &Missing| match &missing.given {
            None => missing.name.to_owned(),
            Some(given) => format!("{given:?} ({})", missing.name),
        };
        let names: Vec<String> = self.missing.iter().map(named).collect();
        let (column, are, have) = match names.len() {
            1 => ("column", "is", "it has another name"),
            _ => ("columns", "are", "they have other names"),
        };
        let (line, present, names, flags) = (self.line, &self.present, names.join(", "), self.flags());
        write!(
            f,
            "line {line}: the {column} {names} {are} missing; there are: {present}; "
        )?;
        write!(f, "if {have}, say so, for example with {flags}")?;
        self.delimiter.map_or(Ok(()), |delimiter| {
            write!(
                f,
                "; it was read with {delimiter} between the fields, and --delimiter says another"
            )
        })
    }
}
