//! What is read and what is written: manifest, photos, results.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{ConfigError, Env};
use crate::cli::{ColumnHeader, ColumnName, FileArgs, FixArgs, ManifestArgs, ManifestFormat, PhotoArgs, PlaceArgs};
use crate::domain::{
    created_at::DateReader,
    outcome::ResultColumns,
    photo::{PhotoRoots, PhotoTemplate},
    shard::Shard,
};
use crate::manifest::{Delimiter, Format, Headers, ManifestOptions};
use crate::photo::FixSettings;

/// What results are called that no option names.
pub(super) const RESULTS: &str = "results.csv";
/// What failures are called that no option names.
pub(super) const FAILURES: &str = "failures.csv";

/// Where the files of a run are, beside its ledger.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) env: Env,
    pub(crate) manifest: PathBuf,
    /// Which of the users it is about; none: all of them.
    pub(crate) shard: Option<Shard>,
    pub(crate) reading: ManifestOptions,
    pub(crate) results: PathBuf,
    /// Whether the results may replace a file that is no earlier results CSV.
    pub(crate) force: bool,
    /// Whether they say what was done to photos.
    pub(crate) columns: ResultColumns,
}

impl Files {
    pub(super) fn resolve(
        args: &FileArgs,
        fix_photos: bool,
        places: &PlaceArgs,
        shard: Option<Shard>,
    ) -> Result<Self, ConfigError> {
        let manifest = args.manifest.clone().ok_or(ConfigError::NoManifest)?;
        let files = Self::of(manifest, (args.env, shard), (&args.reading, &args.photos), places)?;
        Ok(files.with_columns(fix_photos))
    }

    /// Whether the results say what was done to photos.
    pub(super) fn with_columns(self, fix_photos: bool) -> Self {
        let columns = match fix_photos {
            true => ResultColumns::WithFixes,
            false => ResultColumns::Plain,
        };
        Self { columns, ..self }
    }

    /// The part that the manifest is named after, where the command is about another one, or about all users.
    pub(crate) fn other_part(&self) -> Option<Shard> {
        let stem = unpacked(&self.manifest).file_stem().and_then(OsStr::to_str);
        stem.and_then(Shard::in_stem).filter(|part| self.shard != Some(*part))
    }

    /// The same where the manifest was named by another command.
    pub(super) fn of(
        manifest: PathBuf,
        (env, shard): (Env, Option<Shard>),
        (args, photos): (&ManifestArgs, &PhotoArgs),
        places: &PlaceArgs,
    ) -> Result<Self, ConfigError> {
        if manifest.as_os_str() == "-" {
            require(places.results.is_some(), "--results")?;
            require(places.ledger.is_some(), "--ledger")?;
            require(!photos.photo_root.is_empty(), "--photo-root")?;
        }
        let results = places
            .results
            .clone()
            .map_or_else(|| beside(&manifest, env, shard, RESULTS), Ok)?;
        Ok(Self {
            env,
            reading: reading(&manifest, args, photos)?,
            manifest,
            shard,
            results,
            force: places.force,
            columns: ResultColumns::Plain,
        })
    }
}

/// How the manifest is read.
pub(super) fn reading(
    manifest: &Path,
    args: &ManifestArgs,
    photos: &PhotoArgs,
) -> Result<ManifestOptions, ConfigError> {
    let format = format(manifest, args.format);
    if args.delimiter.is_some() && format == Format::JsonLines {
        return Err(ConfigError::NoDelimiterInJson);
    }
    Ok(ManifestOptions {
        photo_roots: photo_roots(manifest, photos)?,
        photo_template: photo_template(manifest, photos)?,
        dates: dates(args)?,
        strict: args.strict,
        format,
        delimiter: args.delimiter.and_then(|delimiter| Delimiter::of(delimiter.0)),
        encoding: args.encoding.map(|name| name.0),
        headers: headers(&args.columns)?,
    })
}

fn dates(args: &ManifestArgs) -> Result<DateReader, ConfigError> {
    Ok(DateReader {
        format: args.date_format.as_deref().map(str::parse).transpose()?,
        zone: args.timezone.as_deref().map(str::parse).transpose()?,
    })
}

/// What the manifest is written in: what is said, or else what its name says.
fn format(manifest: &Path, given: Option<ManifestFormat>) -> Format {
    let name = unpacked(manifest).extension().unwrap_or_default().to_ascii_lowercase();
    match given {
        Some(ManifestFormat::Csv) => Format::Csv,
        Some(ManifestFormat::Jsonl) => Format::JsonLines,
        None if name == "jsonl" || name == "ndjson" => Format::JsonLines,
        None => Format::Csv,
    }
}

/// The path without the ending of gzip.
pub(super) fn unpacked(path: &Path) -> &Path {
    let is_gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let stem = path.file_stem().filter(|_| is_gzip);
    stem.map_or(path, Path::new)
}

/// The headers that are given for columns, each at most once.
fn headers(columns: &[ColumnHeader]) -> Result<Headers, ConfigError> {
    let mut headers = Headers::default();
    for ColumnHeader { name, header } in columns {
        let place = match name {
            ColumnName::UserId => &mut headers.user_id,
            ColumnName::CreatedAt => &mut headers.created_at,
            ColumnName::Photo => &mut headers.photo,
        };
        if place.replace(header.clone()).is_some() {
            return Err(ConfigError::RepeatedColumn(name.word()));
        }
    }
    Ok(headers)
}

/// How photos are fixed, if they are.
pub(super) fn fixing(args: &FixArgs) -> Result<Option<FixSettings>, ConfigError> {
    match (args.fix_photos, cfg!(feature = "fix-photos")) {
        (false, _) => Ok(None),
        (true, false) => Err(ConfigError::BuiltWithoutFixing),
        (true, true) => Ok(Some(FixSettings {
            max_side: args.max_side,
        })),
    }
}

/// A pattern is looked for among the names of a folder; the names in a store may be many millions.
fn photo_template(manifest: &Path, args: &PhotoArgs) -> Result<Option<PhotoTemplate>, ConfigError> {
    let template = args.photo_template.as_deref().map(PhotoTemplate::parse).transpose()?;
    let is_pattern = template.as_ref().is_some_and(PhotoTemplate::is_pattern);
    match is_pattern && photo_roots(manifest, args)?.base().is_none() {
        true => Err(ConfigError::PatternInStore),
        false => Ok(template),
    }
}

/// Below what photos are read.
pub(super) fn photo_roots(manifest: &Path, args: &PhotoArgs) -> Result<PhotoRoots, ConfigError> {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let roots = PhotoRoots::parse(&args.photo_root, folder.to_owned())?;
    let is_store = roots.stores().next().is_some();
    match is_store && !cfg!(feature = "object-stores") {
        true => Err(ConfigError::NoStores),
        false => Ok(roots),
    }
}

/// `<stem>.<env>[.<I>-of-<N>].<kind>` beside the manifest. A manifest of that part alone, which is called
/// `<stem>.<I>-of-<N>`, has its files called as if it were the whole.
pub(super) fn beside(manifest: &Path, env: Env, shard: Option<Shard>, kind: &str) -> Result<PathBuf, ConfigError> {
    let stem = unpacked(manifest).file_stem().ok_or(ConfigError::NoStem)?;
    let part = shard.map(|shard| format!(".{}", shard.in_names())).unwrap_or_default();
    let own = stem.to_str().and_then(|stem| stem.strip_suffix(&part));
    let mut name = own.map_or(stem, OsStr::new).to_owned();
    name.push(format!(".{}{part}.{kind}", env.word()));
    Ok(manifest.with_file_name(name))
}

/// Where the failures go: where it is said, else beside the manifest, if that has a place.
pub(super) fn failures(
    given: Option<&Path>,
    manifest: &Path,
    (env, shard): (Env, Option<Shard>),
) -> Result<Option<PathBuf>, ConfigError> {
    match given {
        Some(path) if path.as_os_str() == "-" => Err(ConfigError::FailuresToStdout),
        Some(path) => Ok(Some(path.to_owned())),
        None if manifest.as_os_str() == "-" => Ok(None),
        None => beside(manifest, env, shard, FAILURES).map(Some),
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
        let path = beside(Path::new("/data/users.csv"), Env::Sandbox, None, "results.csv").unwrap();
        assert_eq!(path, Path::new("/data/users.sandbox.results.csv"));
        let path = beside(Path::new("/data/users.csv.gz"), Env::Sandbox, None, "results.csv").unwrap();
        assert_eq!(path, Path::new("/data/users.sandbox.results.csv"));
        let path = beside(Path::new("users"), Env::Production, None, "ledger.db").unwrap();
        assert_eq!(path, Path::new("users.production.ledger.db"));
    }

    #[test]
    fn the_files_of_a_part_are_called_alike_whichever_manifest_it_is_run_with() {
        let beside = |manifest: &str| beside(Path::new(manifest), Env::Sandbox, Shard::new(3, 8).ok(), "results.csv");
        for (manifest, wanted) in [
            ("d/users.csv", "d/users.sandbox.3-of-8.results.csv"),
            ("d/users.3-of-8.csv", "d/users.sandbox.3-of-8.results.csv"),
            ("d/users.4-of-8.csv", "d/users.4-of-8.sandbox.3-of-8.results.csv"),
        ] {
            assert_eq!(beside(manifest).unwrap(), Path::new(wanted));
        }
    }

    #[test]
    fn json_lines_are_known_by_their_name_unless_it_is_said() {
        for (name, wanted) in [
            ("m.csv", Format::Csv),
            ("m.jsonl", Format::JsonLines),
            ("a.b/M.NDJSON", Format::JsonLines),
            ("m.jsonl.gz", Format::JsonLines),
            ("m.csv.gz", Format::Csv),
            ("jsonl", Format::Csv),
            ("-", Format::Csv),
        ] {
            assert_eq!(format(Path::new(name), None), wanted, "{name}");
            assert_eq!(format(Path::new(name), Some(ManifestFormat::Csv)), Format::Csv);
            assert_eq!(format(Path::new(name), Some(ManifestFormat::Jsonl)), Format::JsonLines);
        }
    }

    #[test]
    fn a_header_is_given_once_for_each_column() {
        let columns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
        let given = headers(&columns(&["photo=b", "user_id=a"])).unwrap();
        assert_eq!(
            [given.user_id, given.created_at, given.photo],
            [Some("a".to_owned()), None, Some("b".to_owned())]
        );
        let refused = headers(&columns(&["user_id=a", "user_id=b"]));
        assert!(matches!(refused, Err(ConfigError::RepeatedColumn("user_id"))));
    }
}
