//! What a simulator keeps in a file, so that a rehearsal may kill it: one line of JSON for each user it has enrolled, durable
//! before the answer leaves.
//!
//! The first line says what the file is, and for which partner; no other file is taken for one.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::judge::Enrollment;
use crate::domain::partner_id::PartnerId;
use crate::sys::append_log::AppendLog;

/// The form of the file.
const FORM: u32 = 1;

/// Why a file of users cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    #[error("another simulator has it open; stop that one, or name another file")]
    InUse,
    #[error("it is not a file that a simulator keeps its users in; name another one")]
    Foreign,
    #[error("it holds the users of partner {0}; name that one with --partner-id, or another file")]
    OtherPartner(String),
    #[error("line {line} is damaged; name another file")]
    Damaged { line: u64 },
    #[error("cannot read or write it")]
    Io(#[source] io::Error),
}

impl From<io::Error> for MemoryError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ResourceBusy => Self::InUse,
            io::ErrorKind::InvalidData => Self::Foreign,
            _ => Self::Io(error),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    image_enroll_simulator: u32,
    partner_id: String,
}

#[derive(Serialize, Deserialize)]
struct Enrolled {
    user_id: String,
    user_created_at: String,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Memory(AppendLog);

impl Memory {
    /// Opens the file, or begins it, and tells of each user in it.
    pub(crate) fn open(path: &Path, partner: &PartnerId, mut tell: impl FnMut(&str)) -> Result<Self, MemoryError> {
        let mut line = 0;
        let mut log = AppendLog::open(path, |text| {
            line += 1;
            match line {
                1 => check_header(text, partner),
                _ => {
                    let enrolled: Enrolled = serde_json::from_str(text).map_err(|_| MemoryError::Damaged { line })?;
                    tell(&enrolled.user_id);
                    Ok(())
                }
            }
        })?;
        if line == 0 {
            let header = Header {
                image_enroll_simulator: FORM,
                partner_id: partner.to_string(),
            };
            log.append(&serde_json::to_string(&header).map_err(io::Error::from)?)?;
        }
        Ok(Self(log))
    }

    /// Keeps a user; when this returns well, the user is on the disk.
    pub(super) fn keep(&mut self, enrollment: &Enrollment) -> io::Result<()> {
        let enrolled = Enrolled {
            user_id: enrollment.user_id.clone(),
            user_created_at: enrollment.user_created_at.clone(),
        };
        self.0.append(&serde_json::to_string(&enrolled)?)
    }
}

fn check_header(text: &str, partner: &PartnerId) -> Result<(), MemoryError> {
    let header: Header = serde_json::from_str(text).map_err(|_| MemoryError::Foreign)?;
    match header {
        Header {
            image_enroll_simulator, ..
        } if image_enroll_simulator != FORM => Err(MemoryError::Foreign),
        Header { partner_id, .. } if partner_id != partner.as_str() => Err(MemoryError::OtherPartner(partner_id)),
        Header { .. } => Ok(()),
    }
}
