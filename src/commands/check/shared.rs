//! The same photo, by content, for different users: one of them is enrolled with the face of another.

use super::rows::Place;
use super::{Check, CheckError};
use crate::domain::{
    finding::Severity,
    outcome::{PhotoHash, Reason},
};
use crate::manifest::ManifestError;

/// As much of a SHA-256 as tells billions of photos apart.
type Digest = [u8; 16];

/// Photos by content, 20 bytes each.
pub(super) struct SharedPhotos {
    seen: Vec<(Digest, u32)>,
}

/// A row, and another one with the same photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shared {
    pub(super) row: u32,
    pub(super) other: u32,
}

impl SharedPhotos {
    /// With memory for so many photos, so that it is not allocated again while it grows.
    pub(super) fn for_at_most(photos: usize) -> Self {
        Self {
            seen: Vec::with_capacity(photos),
        }
    }

    /// Takes the photo of a row; no two rows may be of one user.
    pub(super) fn add(&mut self, sha256: &PhotoHash, row: u32) {
        let digest = sha256.first_chunk().copied().unwrap_or_default();
        self.seen.push((digest, row));
    }

    /// Rows whose photo another row has too, in order, each with the first such row.
    pub(super) fn shared(mut self) -> Vec<Shared> {
        self.seen.sort_unstable();
        let mut shared = Vec::new();
        for group in self.seen.chunk_by(|a, b| a.0 == b.0) {
            if let [(_, first), (_, second), ..] = *group {
                let other = |row| if row == first { second } else { first };
                shared.extend(group.iter().map(|&(_, row)| Shared { row, other: other(row) }));
            }
        }
        shared.sort_unstable();
        shared
    }
}

impl Check<'_, '_> {
    /// Tells of the rows that share a photo, which are known only when all photos are.
    pub(super) fn find_shared(&mut self, shared: &[Shared]) -> Result<(), CheckError> {
        let severity = if self.strict {
            Severity::Invalid
        } else {
            Severity::Warning
        };
        let mut shared = shared.iter().peekable();
        let mut records = self.manifest.manifest.records()?;
        while let Some(next) = shared.peek().copied() {
            let (row, record) = records.next()?.ok_or(ManifestError::Changed)?;
            if row != next.row {
                continue;
            }
            shared.next();
            let photo = self
                .manifest
                .manifest
                .row(row, record)
                .map_err(|_| ManifestError::Changed)?
                .photo;
            let other = self.manifest.survey.lines().at(next.other);
            let detail = format!("{photo}: {other} is another user with the same photo");
            let user_id = self.manifest.manifest.raw_user(record).to_owned();
            let line = records.line();
            self.add(Place { row, line, user_id }.finding(severity, Reason::SharedPhoto, detail))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows that share a photo, each with the other, where these are the photos of rows 1, 2, ….
    fn shared(photos: &[u8]) -> Vec<(u32, u32)> {
        let mut seen = SharedPhotos::for_at_most(photos.len());
        for (row, photo) in (1..).zip(photos) {
            seen.add(&[*photo; 32], row);
        }
        seen.shared().iter().map(|shared| (shared.row, shared.other)).collect()
    }

    #[test]
    fn every_row_names_the_first_other_with_its_photo() {
        assert_eq!(shared(&[]), []);
        assert_eq!(shared(&[1, 2, 3]), []);
        assert_eq!(shared(&[1, 1]), [(1, 2), (2, 1)]);
        assert_eq!(shared(&[9, 1, 9, 2, 1, 9]), [(1, 3), (2, 5), (3, 1), (5, 2), (6, 1)]);
    }

    #[test]
    fn a_photo_takes_twenty_bytes() {
        assert_eq!(size_of::<(Digest, u32)>(), 20);
    }
}
