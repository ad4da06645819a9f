//! The findings of each row by itself, in the manifest's order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::photos::{FixedPhoto, Judgement, judge, panicked};
use super::shared::{Shared, SharedPhotos};
use super::{Check, CheckError};
use crate::domain::{
    finding::{Finding, Severity},
    outcome::Reason,
};
use crate::error::Error;
use crate::manifest::{ManifestError, Record, Role, Row, RowFault};
use crate::photo::PhotoError;

/// Rows under way at a time: enough to keep disks busy.
pub(super) const ROWS_AT_ONCE: usize = 32;

/// Which row a finding is about.
pub(super) struct Place {
    pub(super) row: u32,
    pub(super) line: u64,
    pub(super) user_id: String,
}

/// A row that has been looked at, or is being looked at.
enum UnderWay {
    Wrong(RowFault),
    Suspicious(RowFault),
    Photo {
        role: Role,
        task: JoinHandle<Result<Judgement, PhotoError>>,
    },
}

impl Check<'_, '_> {
    /// Tells of every row that is wrong, or whose photo is; gives back the rows whose photos another user has too.
    pub(super) async fn find_in_rows(&mut self, photos: bool) -> Result<Vec<Shared>, CheckError> {
        let mut records = self.manifest.manifest.records()?;
        let most = if photos {
            self.manifest.survey.count(Role::First)
        } else {
            0
        };
        let mut seen = SharedPhotos::for_at_most(most as usize);
        let mut under_way: VecDeque<(Place, UnderWay)> = VecDeque::new();
        while let Some((row, record)) = records.next()? {
            for looked_at in self.look_at(row, record, photos)? {
                let user_id = self.manifest.manifest.raw_user(record).to_owned();
                let line = record.line();
                under_way.push_back((Place { row, line, user_id }, looked_at));
            }
            while under_way.len() >= ROWS_AT_ONCE {
                self.tell(under_way.pop_front(), &mut seen).await?;
            }
        }
        while !under_way.is_empty() {
            self.tell(under_way.pop_front(), &mut seen).await?;
        }
        match records.sha256() == self.manifest.survey.sha256 {
            true => Ok(seen.shared()),
            false => Err(ManifestError::Changed.into()),
        }
    }

    /// What is there to be told of a row, if anything.
    fn look_at(&self, number: u32, record: &Record, photos: bool) -> Result<Vec<UnderWay>, ManifestError> {
        if self.manifest.survey.is_elsewhere(number) {
            return Ok(Vec::new());
        }
        let judged = self.manifest.manifest.row(number, record);
        match (self.manifest.survey.role(number).ok_or(ManifestError::Changed)?, judged) {
            (Role::Invalid, Err(fault)) => Ok(vec![UnderWay::Wrong(fault)]),
            (Role::Conflict, Ok(_)) => Ok(vec![UnderWay::Wrong(self.manifest.survey.conflict(number))]),
            (Role::Similar, Ok(row)) => {
                let similar = self.manifest.survey.similar(number).into_iter();
                Ok(similar.map(|other| UnderWay::Wrong(row.fault(other))).collect())
            }
            (role @ (Role::First | Role::Repeat), Ok(row)) => {
                let suspicions = self.manifest.survey.suspicions(&row);
                let suspicions = suspicions.map(|suspicion| UnderWay::Suspicious(row.fault(suspicion)));
                let photo = photos.then(|| self.photo_under_way(role, &row));
                Ok(suspicions.chain(photo).collect())
            }
            (Role::Invalid, Ok(_)) | (Role::Elsewhere, _) | (_, Err(_)) => Err(ManifestError::Changed),
        }
    }

    fn photo_under_way(&self, role: Role, row: &Row) -> UnderWay {
        let (place, photos) = (row.photo.clone(), Arc::clone(&self.photos));
        let task = tokio::spawn(async move { judge(|| photos.read(&place, None)).await });
        UnderWay::Photo { role, task }
    }

    async fn tell(&mut self, next: Option<(Place, UnderWay)>, seen: &mut SharedPhotos) -> Result<(), CheckError> {
        let Some((place, looked_at)) = next else {
            return Ok(());
        };
        let (role, task) = match looked_at {
            UnderWay::Wrong(fault) => return self.invalid(place, fault),
            UnderWay::Suspicious(fault) => {
                return self.add(place.finding(Severity::Warning, fault.reason, fault.detail));
            }
            UnderWay::Photo { role, task } => (role, task),
        };
        match task.await.unwrap_or_else(panicked) {
            Ok(judgement) if role == Role::First => self.sound(place, judgement, seen),
            // A repeat is never sent, so that neither its size nor its photo's other users matter.
            Ok(_) => Ok(()),
            Err(PhotoError::Invalid { reason, detail }) => self.invalid(place, RowFault { reason, detail }),
            Err(source @ (PhotoError::Machine(_) | PhotoError::Store(_))) => {
                Err(CheckError::Whole(Error::Photo { row: place.row, source }))
            }
        }
    }

    fn invalid(&mut self, place: Place, fault: RowFault) -> Result<(), CheckError> {
        self.add(place.finding(Severity::Invalid, fault.reason, fault.detail))
    }

    fn sound(&mut self, place: Place, judgement: Judgement, seen: &mut SharedPhotos) -> Result<(), CheckError> {
        seen.add(&judgement.sha256, place.row);
        if let Some(fixed) = judgement.fixed {
            self.fixed(&place, &fixed)?;
        }
        match judgement.large {
            None => Ok(()),
            Some(bytes) => {
                let detail = format!("the photo has {bytes} bytes; above 4,500,000 a gateway may refuse it");
                self.add(place.finding(Severity::Warning, Reason::LargePhoto, detail))
            }
        }
    }
}

impl Check<'_, '_> {
    /// Tells of a photo in whose place another one is sent, and keeps that one if this is wished.
    fn fixed(&mut self, place: &Place, fixed: &FixedPhoto) -> Result<(), CheckError> {
        let Place { row, line, user_id } = place;
        if let Some(copies) = &self.copies {
            let kept = copies.keep(*row, user_id, &fixed.bytes);
            kept.map_err(|(path, source)| CheckError::Whole(Error::FixedCopy { path, source }))?;
        }
        let (fixes, before, after) = (fixed.digest.fixes, fixed.source_bytes, fixed.digest.bytes);
        let detail = format!("{fixes}: {before} bytes become a JPEG of {after}");
        let place = Place {
            row: *row,
            line: *line,
            user_id: user_id.clone(),
        };
        self.add(place.finding(Severity::Info, Reason::PhotoFixed, detail))
    }
}

impl Place {
    pub(super) fn finding(self, severity: Severity, reason: Reason, detail: String) -> Finding {
        let Self { row, line, user_id } = self;
        Finding {
            severity,
            reason,
            row,
            line,
            user_id,
            detail,
        }
    }
}
