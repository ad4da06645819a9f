//! The first pass: which rows are wrong, which repeat another, and which contradict one.
//!
//! It knows users by keyed 128-bit hashes of their ids, so that ten million rows take some 330 MB
//! and nobody can make two ids collide.

use std::hash::{BuildHasher, RandomState};

use super::{Manifest, ManifestError, Record, RowFault, row::Row};
use crate::domain::outcome::Reason;

/// What a row is among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Stands for its user.
    First,
    /// The same enrollment as an earlier row; it is sent once and both are reported.
    Repeat,
    /// Another row has the same user with another date or photo.
    Conflict,
    /// Wrong by itself.
    Invalid,
}

/// What the first pass found out.
#[derive(Debug)]
pub(crate) struct Survey {
    roles: Vec<Role>,
    /// Rows in conflict with the row each contradicts, by row.
    conflicts: Vec<(u32, u32)>,
    pub(crate) sha256: [u8; 32],
}

/// A row as the comparison needs it: the user's hash, the hash of date and photo, the number.
type Mark = (u128, u64, u32);

impl Survey {
    /// Reads the whole manifest once. `fault` is told of each row that is wrong by itself.
    pub(crate) fn take(manifest: &Manifest, mut fault: impl FnMut(u32, RowFault)) -> Result<Self, ManifestError> {
        let hashes = Hashes::default();
        let (mut roles, mut marks) = (Vec::new(), Vec::new());
        let mut records = manifest.records()?;
        while let Some((number, record)) = records.next()? {
            match manifest.row(number, record) {
                Ok(row) => {
                    roles.push(Role::First);
                    marks.push(hashes.row(&row));
                }
                Err(error) => {
                    roles.push(Role::Invalid);
                    marks.extend(hashes.faulty(manifest, number, record));
                    fault(number, error);
                }
            }
        }
        let mut survey = Self {
            roles,
            conflicts: Vec::new(),
            sha256: records.sha256(),
        };
        survey.compare(marks);
        Ok(survey)
    }

    /// Rows of the manifest.
    pub(crate) fn rows(&self) -> u32 {
        self.roles.len() as u32
    }

    /// The role of a row by its number.
    pub(crate) fn role(&self, number: u32) -> Option<Role> {
        self.roles.get((number as usize).checked_sub(1)?).copied()
    }

    /// Why a row is not to be sent, if the manifest alone says so.
    pub(crate) fn fault(&self, manifest: &Manifest, number: u32, record: &Record) -> Option<Reason> {
        match self.role(number)? {
            Role::First | Role::Repeat => None,
            Role::Conflict => Some(Reason::ConflictingRows),
            Role::Invalid => manifest.row(number, record).err().map(|fault| fault.reason),
        }
    }

    /// How many rows have this role.
    pub(crate) fn count(&self, role: Role) -> u32 {
        self.roles.iter().filter(|other| **other == role).count() as u32
    }

    /// Rows in conflict, each with the row it contradicts, in the manifest's order.
    pub(crate) fn conflicts(&self) -> &[(u32, u32)] {
        &self.conflicts
    }

    /// Rows of one user stand together once they are sorted.
    fn compare(&mut self, mut marks: Vec<Mark>) {
        marks.sort_unstable();
        for group in marks.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            self.compare_group(group);
        }
        self.conflicts.sort_unstable();
    }

    fn compare_group(&mut self, group: &[Mark]) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return;
        };
        let agree = first.1 == last.1;
        for mark in group.iter().filter(|mark| !agree || mark.2 != first.2) {
            let role = if agree { Role::Repeat } else { Role::Conflict };
            if self.assign(mark.2, role) && !agree {
                let other = if mark.1 == first.1 { last.2 } else { first.2 };
                self.conflicts.push((mark.2, other));
            }
        }
    }

    /// A row that is wrong by itself stays so: its own fault is the one to mend first.
    fn assign(&mut self, number: u32, role: Role) -> bool {
        match self.roles.get_mut(number as usize - 1) {
            Some(place) if *place == Role::First => {
                *place = role;
                true
            }
            _ => false,
        }
    }
}

/// Two independent keys give 128 bits for the user.
#[derive(Default)]
struct Hashes(RandomState, RandomState);

impl Hashes {
    fn row(&self, row: &Row) -> Mark {
        let content = self.0.hash_one((row.created_at.as_str(), &row.photo));
        (self.user(row.user_id.as_str()), content, row.number)
    }

    /// A wrong row with a good id contradicts the right row of the same user: which is meant, nobody knows.
    fn faulty(&self, manifest: &Manifest, number: u32, record: &Record) -> Option<Mark> {
        let user_id = manifest.user_of(record)?;
        let content = self.0.hash_one(("faulty", manifest.raw_cells(record)));
        Some((self.user(user_id.as_str()), content, number))
    }

    fn user(&self, user_id: &str) -> u128 {
        u128::from(self.0.hash_one(user_id)) << 64 | u128::from(self.1.hash_one(user_id))
    }
}
