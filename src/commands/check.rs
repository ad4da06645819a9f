//! `check`: everything that can be known without sending, all findings, no credentials.
//!
//! The manifest is read once for the survey, once more for the findings in its own order, and a third time only for
//! the rows whose photos turned out to be shared.

mod photos;
mod rows;
mod shared;

use std::io;
use std::sync::Arc;

use chrono::Utc;

use crate::cli::CheckArgs;
use crate::config::{ConfigError, photo_root};
use crate::domain::finding::{Finding, Severity};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::manifest::{Manifest, ManifestError, Role, Survey};
use crate::output::{Findings, FindingsError, Target, write_findings};
use crate::photo::{OwnFiles, PhotoError};
use crate::sys::identity::is_same_file;
use crate::terminal::{Checked, FindingReporter};

/// Why a check came to no end.
#[derive(Debug)]
enum CheckError {
    Manifest(ManifestError),
    Write(FindingsError),
    Photo { row: u32, source: PhotoError },
    Runtime(Error),
}

/// What a check looks at, and where its findings go.
struct Check<'a, 'b> {
    manifest: &'a Manifest,
    survey: &'a Survey,
    own_files: Arc<OwnFiles>,
    strict: bool,
    reporter: FindingReporter,
    findings: &'a mut Findings<'b>,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitStatus, Error> {
    if args.manifest.as_os_str() == "-" && args.photo_root.is_none() && !args.no_photos {
        return Err(ConfigError::StdinNeeds("--photo-root").into());
    }
    let root = photo_root(&args.manifest, args.photo_root.as_deref());
    let manifest =
        Manifest::open(&args.manifest, root, Utc::now()).map_err(|error| CheckError::from(error).of(args))?;
    let manifest = manifest.strict(args.strict);
    check_overwrites(args)?;
    check(args, &manifest).map_err(|error| error.of(args))
}

/// Looks at everything, and says what was found.
fn check(args: &CheckArgs, manifest: &Manifest) -> Result<ExitStatus, CheckError> {
    let target = args.findings.as_deref().map(Target::new);
    let replaceable = target.as_ref().map_or(Ok(()), Target::check_findings);
    replaceable.map_err(CheckError::Write)?;
    let reporter = FindingReporter::new(&args.log);
    let (mut rows, mut repeats) = (0, 0);
    let tally = write_findings(target.as_ref(), |findings| {
        let survey = Survey::take(manifest, |_, _| ())?;
        (rows, repeats) = (survey.rows(), survey.count(Role::Repeat));
        let check = Check {
            manifest,
            survey: &survey,
            own_files: Arc::new(OwnFiles::new([args.manifest.clone()])),
            strict: args.strict,
            reporter,
            findings,
        };
        check.find(!args.no_photos)
    })?;
    let status = match tally.count(Severity::Invalid) {
        0 => ExitStatus::Settled,
        _ => ExitStatus::DataFaults,
    };
    reporter.close(&Checked {
        rows,
        repeats,
        tally: &tally,
        file: args.findings.as_deref().filter(|path| path.as_os_str() != "-"),
        status,
    });
    Ok(status)
}

impl Check<'_, '_> {
    fn find(mut self, photos: bool) -> Result<(), CheckError> {
        let wrong = [Role::Invalid, Role::Conflict, Role::Similar].map(|role| self.survey.count(role));
        if !photos && wrong == [0; 3] && !self.survey.has_warnings() {
            return Ok(());
        }
        let runtime = super::runtime().map_err(CheckError::Runtime)?;
        let shared = runtime.block_on(self.find_in_rows(photos))?;
        self.find_shared(&shared)
    }

    fn add(&mut self, finding: Finding) -> Result<(), CheckError> {
        self.reporter.found(&finding);
        Ok(self.findings.add(finding)?)
    }
}

/// The manifest is read until the end, so nothing may be written over it.
fn check_overwrites(args: &CheckArgs) -> Result<(), ConfigError> {
    match args
        .findings
        .as_deref()
        .filter(|path| is_same_file(path, &args.manifest))
    {
        None => Ok(()),
        Some(path) => Err(ConfigError::Overwrites {
            flag: "--findings",
            path: path.to_owned(),
        }),
    }
}

impl CheckError {
    fn of(self, args: &CheckArgs) -> Error {
        match self {
            Self::Manifest(source) => Error::Manifest {
                path: args.manifest.clone(),
                source,
            },
            Self::Write(source) => Error::Findings {
                path: args.findings.clone().unwrap_or_default(),
                source,
            },
            Self::Photo { row, source } => Error::Photo { row, source },
            Self::Runtime(error) => error,
        }
    }
}

impl From<ManifestError> for CheckError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

impl From<io::Error> for CheckError {
    fn from(error: io::Error) -> Self {
        Self::Write(error.into())
    }
}
