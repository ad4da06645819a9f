//! `check`: everything that can be known without sending, all findings, no credentials.
//!
//! The manifest is read once for the survey, once more for the findings in its own order, and a third time only for
//! the rows whose photos turned out to be shared.

mod photos;
mod rows;
mod shared;

use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;

use crate::config::CheckConfig;
use crate::domain::finding::{Finding, Severity};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::manifest::{ManifestError, Opened, Role, Surveyed, UnusableManifest};
use crate::output::{FindingTally, Findings, FindingsError, FixedCopies, Target, write_findings};
use crate::photo::{Fixer, OwnFiles, Photos, Stores};
use crate::terminal::{Checked, FindingReporter, tell_shard};

/// Why a check came to no end.
#[derive(Debug)]
enum CheckError {
    Manifest(ManifestError),
    Write(FindingsError),
    /// Says by itself what it is about.
    Whole(Error),
}

/// What a check looks at, and where its findings go.
struct Check<'a, 'b> {
    manifest: &'a Surveyed,
    photos: Arc<Photos>,
    /// Where the fixed ones are kept.
    copies: Option<FixedCopies<'a>>,
    strict: bool,
    reporter: FindingReporter,
    findings: &'a mut Findings<'b>,
}

pub(super) fn run(config: &CheckConfig) -> Result<ExitStatus, Error> {
    let manifest = Opened::open(&config.manifest, &config.reading, Utc::now())?;
    tell_shard(config.chosen, config.log, "");
    let reporter = FindingReporter::new(config.log);
    let (manifest, tally) = check(config, manifest, reporter).map_err(|error| error.of(config))?;
    let status = match tally.count(Severity::Invalid) {
        0 => ExitStatus::Settled,
        _ => ExitStatus::DataFaults,
    };
    reporter.close(&Checked {
        rows: manifest.survey.rows(),
        repeats: manifest.survey.count(Role::Repeat),
        tally: &tally,
        file: config.findings.as_deref().filter(|path| !is_stdout(path)),
        status,
    });
    Ok(status)
}

/// Looks at everything. That the findings cannot be written shows before the manifest is read.
fn check(
    config: &CheckConfig,
    manifest: Opened,
    reporter: FindingReporter,
) -> Result<(Surveyed, FindingTally), CheckError> {
    let target = config.findings.as_deref().map(Target::new);
    let replaceable = target.as_ref().map_or(Ok(()), Target::check_findings);
    replaceable.map_err(CheckError::Write)?;
    let copies = config.save_fixed.as_deref().map(copies_in).transpose()?;
    let roots = &config.reading.photo_roots;
    let stores = Stores::open(roots, &config.stores, rows::ROWS_AT_ONCE).map_err(Error::from)?;
    let own_files = OwnFiles::new([config.manifest.clone()]);
    let photos = Arc::new(Photos::new(own_files, stores, config.fixing.and_then(Fixer::new)));
    write_findings(target.as_ref(), |findings| {
        let manifest = manifest.survey_part(config.chosen.map(|chosen| chosen.shard))?;
        let check = Check {
            manifest: &manifest,
            photos,
            copies,
            strict: config.reading.strict,
            reporter,
            findings,
        };
        check.find(config.photos)?;
        Ok(manifest)
    })
}

impl Check<'_, '_> {
    fn find(mut self, photos: bool) -> Result<(), CheckError> {
        let survey = &self.manifest.survey;
        let wrong = [Role::Invalid, Role::Conflict, Role::Similar].map(|role| survey.count(role));
        if !photos && wrong == [0; 3] && !survey.has_warnings() {
            return Ok(());
        }
        let runtime = super::runtime().map_err(CheckError::Whole)?;
        let shared = runtime.block_on(self.find_in_rows(photos))?;
        self.find_shared(&shared)
    }

    fn add(&mut self, finding: Finding) -> Result<(), CheckError> {
        self.reporter.found(&finding);
        Ok(self.findings.add(finding)?)
    }
}

fn copies_in(folder: &Path) -> Result<FixedCopies<'_>, CheckError> {
    let fault = |source: io::Error| Error::FixedCopy {
        path: folder.to_owned(),
        source: source.into(),
    };
    FixedCopies::in_folder(folder).map_err(|source| CheckError::Whole(fault(source)))
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl CheckError {
    fn of(self, config: &CheckConfig) -> Error {
        match self {
            Self::Manifest(source) => UnusableManifest::new(&config.manifest, source).into(),
            Self::Write(source) => Error::Findings {
                path: config.findings.clone().unwrap_or_default(),
                source,
            },
            Self::Whole(error) => error,
        }
    }
}

impl From<Error> for CheckError {
    fn from(error: Error) -> Self {
        Self::Whole(error)
    }
}

impl From<UnusableManifest> for CheckError {
    fn from(error: UnusableManifest) -> Self {
        Self::Whole(error.into())
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
