//! `extract`: the data file of Postman's runner as photos and a manifest. Each row goes one way: cells, bytes, a sound
//! photo, a file, a line of the manifest. What is wrong with a row is told, and the others go on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::config::ExtractConfig;
use crate::domain::{
    finding::{Finding, Severity},
    outcome::Reason,
    photo::{MAX_PHOTO_BYTES, PhotoFormat, base64, file_name, inspect},
    user_id::UserId,
};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::manifest::{DataError, DataFile, DataRow, Lines, RowFault};
use crate::output::{ExtractError, FindingTally, NewManifest, PhotoFolder};
use crate::sys::new_file::Placed;
use crate::terminal::{ExtractReporter, Extracted};

/// What is shown where nobody knows the user.
const UNKNOWN: &str = "(unknown)";

/// A photo on its way to its file.
struct Extraction<'a> {
    config: &'a ExtractConfig,
    data: &'a DataFile,
    folder: PhotoFolder,
    manifest: NewManifest,
    /// The first row of each user, by half of the SHA-256 of the id; all that is kept of a row beside its line.
    users: BTreeMap<[u8; 16], u32>,
    lines: Lines,
    reporter: ExtractReporter,
    rows: u32,
    photos: u32,
    tally: FindingTally,
}

pub(super) fn run(config: &ExtractConfig) -> Result<ExitStatus, Error> {
    let data = DataFile::open(&config.data).map_err(Error::of_data(&config.data))?;
    let mut extraction = Extraction::begin(config, &data)?;
    data.each_row(|row| extraction.take(row))
        .map_err(|error: Stopped| error.of(config))?;
    extraction.end()
}

/// Why an extraction came to no end.
enum Stopped {
    Data(DataError),
    Photo(ExtractError),
    Manifest(ExtractError),
}

impl Stopped {
    fn of(self, config: &ExtractConfig) -> Error {
        match self {
            Self::Data(source) => Error::of_data(&config.data)(source),
            Self::Photo(source) => Error::of_extracted(&config.photos)(source),
            Self::Manifest(source) => Error::of_extracted(&config.manifest)(source),
        }
    }
}

impl From<DataError> for Stopped {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl<'a> Extraction<'a> {
    fn begin(config: &'a ExtractConfig, data: &'a DataFile) -> Result<Self, Error> {
        let folder = PhotoFolder::make(&config.photos).map_err(ExtractError::from);
        let folder = folder.map_err(Error::of_extracted(&config.photos))?;
        let manifest = NewManifest::begin(&config.manifest, &folder, data.columns(), data.photo());
        Ok(Self {
            config,
            data,
            folder,
            manifest: manifest.map_err(Error::of_extracted(&config.manifest))?,
            users: BTreeMap::new(),
            lines: Lines::default(),
            reporter: ExtractReporter::new(config.log),
            rows: 0,
            photos: 0,
            tally: FindingTally::default(),
        })
    }

    /// Extracts a row, or tells what is wrong with it.
    fn take(&mut self, row: DataRow<'_>) -> Result<(), Stopped> {
        let DataRow { number, line, cells } = row;
        self.rows += 1;
        self.lines.push(number, line);
        let mut user = UNKNOWN.to_owned();
        let extracted = match cells {
            Ok(cells) => self.extract(number, &cells, &mut user)?,
            Err(fault) => Err(fault),
        };
        match extracted {
            Ok(()) => self.photos += 1,
            Err(fault) => self.tell(number, line, user, fault),
        }
        self.reporter.progress(self.rows, self.photos);
        Ok(())
    }

    /// `user` becomes the id once it is known to be one; what else stands in its cell may be a photo.
    fn extract(
        &mut self,
        number: u32,
        cells: &[Cow<'_, str>],
        user: &mut String,
    ) -> Result<Result<(), RowFault>, Stopped> {
        let cell = |place: usize| cells.get(place).map(|cell| &**cell).unwrap_or_default();
        let id = cell(self.data.user_id());
        let is_id = UserId::check(id).map_err(|error| fault(Reason::BadUserId, error.to_string()));
        if is_id.is_ok() {
            id.clone_into(user);
        }
        let judged = is_id
            .and_then(|()| self.check_first(number, id))
            .and_then(|()| photo(cell(self.data.photo())));
        let (bytes, format) = match judged {
            Ok(photo) => photo,
            Err(fault) => return Ok(Err(fault)),
        };
        let name = file_name(id, format);
        let placed = self
            .folder
            .keep(&name, &bytes)
            .map_err(|error| Stopped::Photo(error.into()))?;
        if placed == Placed::Other {
            let detail = format!(
                "{:?} is there already, with other bytes",
                self.config.photos.join(&name)
            );
            return Ok(Err(fault(Reason::PhotoFileTaken, detail)));
        }
        self.manifest.add(cells, &name).map_err(Stopped::Manifest)?;
        Ok(Ok(()))
    }

    /// Which of two photos is the right one, nobody knows; the first is kept and the second told.
    fn check_first(&mut self, number: u32, id: &str) -> Result<(), RowFault> {
        let mut key = [0; 16];
        key.copy_from_slice(&Sha256::digest(id)[..16]);
        match *self.users.entry(key).or_insert(number) {
            first if first == number => Ok(()),
            first => Err(fault(
                Reason::RepeatedUserId,
                format!("{} has the same user_id", self.lines.at(first)),
            )),
        }
    }

    fn tell(&mut self, row: u32, line: u64, user_id: String, fault: RowFault) {
        let RowFault { reason, detail } = fault;
        let finding = Finding {
            severity: Severity::Invalid,
            reason,
            row,
            line,
            user_id,
            detail,
        };
        self.reporter.found(&finding);
        self.tally.add(finding);
    }

    fn end(self) -> Result<ExitStatus, Error> {
        let path = &self.config.manifest;
        self.manifest.end().map_err(Error::of_extracted(path))?;
        let status = match self.tally.is_well() {
            true => ExitStatus::Settled,
            false => ExitStatus::DataFaults,
        };
        self.reporter.close(&Extracted {
            rows: self.rows,
            photos: self.photos,
            tally: &self.tally,
            manifest: Some(path.as_path()).filter(|path| path.as_os_str() != "-"),
            status,
        });
        Ok(status)
    }
}

/// The bytes of a sound photo.
fn photo(cell: &str) -> Result<(Vec<u8>, PhotoFormat), RowFault> {
    if cell.is_empty() {
        return Err(fault(Reason::PhotoNotGiven, "the photo's cell is empty".to_owned()));
    }
    let bytes = base64::decode(cell).map_err(|error| fault(Reason::PhotoNotBase64, error.to_string()))?;
    if bytes.len() as u64 > MAX_PHOTO_BYTES {
        let detail = format!(
            "the photo has {} bytes, the API takes at most {MAX_PHOTO_BYTES}",
            bytes.len()
        );
        return Err(fault(Reason::PhotoTooLarge, detail));
    }
    let format = inspect(&bytes).map_err(|defect| fault(defect.reason(), format!("the photo is {defect}")))?;
    Ok((bytes, format))
}

fn fault(reason: Reason, detail: String) -> RowFault {
    RowFault { reason, detail }
}
