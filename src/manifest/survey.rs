//! The survey, the first pass over all rows: which of them are wrong, which repeat another, and which contradict one.
//!
//! It knows users by keyed 128-bit hashes of their ids, and what ids have in common that look alike by another one, so
//! that ten million rows take some 410 MB and nobody can make two ids collide.

use std::sync::Arc;

use super::marks::{Hashes, Mark, Marks};
use super::{Manifest, ManifestError, Record, RowFault, lines::Lines, row::Row, settled::Settled};
use crate::domain::{outcome::Reason, shard::Shard, suspicion::Suspicion};
use crate::sys::user_hash::UserHashKeys;

/// What a row is among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Stands for its user.
    First,
    /// The same enrollment as an earlier row; it is sent once and both are reported.
    Repeat,
    /// Another row has the same user with another date or photo.
    Conflict,
    /// Another row has a user whose id looks the same; only where that is forbidden (`--strict`).
    Similar,
    /// Wrong by itself.
    Invalid,
    /// In another part than the one that is asked for; nothing is told of it.
    Elsewhere,
}

/// What the first pass found out.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(super) roles: Vec<Role>,
    /// On which line each row begins.
    lines: Arc<Lines>,
    /// Rows of other parts.
    elsewhere: u32,
    /// Rows in conflict with the row each contradicts, by row.
    conflicts: Vec<(u32, u32)>,
    /// Rows with a row of another user whose id looks the same, by row.
    similar: Vec<(u32, u32)>,
    /// Whether a row looks wrong by itself.
    is_suspicious: bool,
    strict: bool,
    /// Rows that need not be looked at again, once the ledger was asked.
    pub(super) settled: Settled,
    pub(crate) sha256: [u8; 32],
}

impl Survey {
    /// As [`Survey::take_part`], of all rows and for itself.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn take(manifest: &Manifest, fault: impl FnMut(u32, RowFault)) -> Result<Self, ManifestError> {
        let taken = Self::take_part(manifest, None, &UserHashKeys::default(), fault);
        taken.map(|(survey, _)| survey)
    }

    /// Reads the whole manifest once, for the rows of a part where one is given. `fault` is told of each row that is wrong
    /// by itself. The users of the rows come with it, by the hashes of these keys. The rows of other parts are read all the
    /// same: the id of one may look like that of a row of this part. What repeats or contradicts a row has its user, and so
    /// is in its part.
    pub(crate) fn take_part(
        manifest: &Manifest,
        shard: Option<Shard>,
        keys: &UserHashKeys,
        mut fault: impl FnMut(u32, RowFault),
    ) -> Result<(Self, Marks), ManifestError> {
        let mut hashes = Hashes::new(keys);
        let (mut roles, mut lines, mut marks) = (Vec::new(), Lines::default(), Marks::default());
        let mut is_suspicious = false;
        let mut records = manifest.records()?;
        loop {
            marks.prepare(|| records.expected());
            let Some((number, record)) = records.next()? else { break };
            lines.push(number, record.line());
            if shard.is_some_and(|shard| !shard.holds(manifest.placed_user(record))) {
                roles.push(Role::Elsewhere);
                marks.0.extend(hashes.elsewhere(manifest, number, record));
                continue;
            }
            match manifest.row(number, record) {
                Ok(row) => {
                    roles.push(Role::First);
                    marks.0.push(hashes.row(&row));
                    is_suspicious |= row.suspicions().next().is_some();
                }
                Err(error) => {
                    roles.push(Role::Invalid);
                    marks.0.extend(hashes.faulty(manifest, number, record));
                    fault(number, error);
                }
            }
        }
        // With more parts than users some have none, and nothing is wrong with that.
        if roles.is_empty() && manifest.options.strict && shard.is_none() {
            return Err(ManifestError::NoRows);
        }
        let sha256 = records.sha256();
        if !manifest.has_columns_of(&sha256) {
            return Err(ManifestError::Changed);
        }
        let mut survey = Self {
            elsewhere: roles.iter().filter(|role| **role == Role::Elsewhere).count() as u32,
            roles,
            lines: Arc::new(lines),
            conflicts: Vec::new(),
            similar: Vec::new(),
            is_suspicious,
            strict: manifest.options.strict,
            settled: Settled::default(),
            sha256,
        };
        survey.compare(&mut marks.0);
        Ok((survey, marks))
    }

    /// Rows of the manifest, or of its part where one is asked for.
    pub(crate) fn rows(&self) -> u32 {
        self.roles.len() as u32 - self.elsewhere
    }

    /// Whether nothing is to be told of a row, since it is in another part.
    pub(crate) fn is_elsewhere(&self, number: u32) -> bool {
        self.role(number) == Some(Role::Elsewhere)
    }

    /// On which line each row begins.
    pub(crate) fn lines(&self) -> &Arc<Lines> {
        &self.lines
    }

    /// The role of a row by its number.
    pub(crate) fn role(&self, number: u32) -> Option<Role> {
        self.roles.get((number as usize).checked_sub(1)?).copied()
    }

    /// Why a row is not to be sent, if the manifest alone says so.
    pub(crate) fn fault(&self, manifest: &Manifest, number: u32, record: &Record) -> Option<RowFault> {
        match self.role(number)? {
            Role::First | Role::Repeat | Role::Elsewhere => None,
            Role::Conflict => Some(self.conflict(number)),
            Role::Similar => {
                let suspicion = self.similar(number)?;
                Some(manifest.row(number, record).ok()?.fault(suspicion))
            }
            Role::Invalid => manifest.row(number, record).err(),
        }
    }

    /// Rows in conflict, each with the row it contradicts, in the manifest's order.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn conflicts(&self) -> &[(u32, u32)] {
        &self.conflicts
    }

    /// What is wrong with a row that another one contradicts.
    pub(crate) fn conflict(&self, number: u32) -> RowFault {
        let found = self.conflicts.binary_search_by_key(&number, |(row, _)| *row).ok();
        let other = found
            .and_then(|at| self.conflicts.get(at))
            .map_or(0, |(_, other)| *other);
        RowFault {
            reason: Reason::ConflictingRows,
            detail: format!(
                "{} has the same user_id with another date or photo",
                self.lines.at(other)
            ),
        }
    }

    /// How many rows have this role.
    pub(crate) fn count(&self, role: Role) -> u32 {
        self.roles.iter().filter(|other| **other == role).count() as u32
    }

    /// Whether there is a row to be warned of.
    pub(crate) fn has_warnings(&self) -> bool {
        self.is_suspicious || (!self.similar.is_empty() && !self.strict)
    }

    /// What looks wrong with a row that is to be sent, or that repeats one.
    pub(crate) fn suspicions(&self, row: &Row) -> impl Iterator<Item = Suspicion> {
        let is_sent = matches!(self.role(row.number), Some(Role::First | Role::Repeat));
        let similar = self.similar(row.number).filter(|_| is_sent);
        row.suspicions().filter(move |_| is_sent).chain(similar)
    }

    /// Which row's id looks like that of this one, if any does.
    pub(crate) fn similar(&self, number: u32) -> Option<Suspicion> {
        let place = self.similar.binary_search_by_key(&number, |(row, _)| *row).ok()?;
        let (_, other) = *self.similar.get(place)?;
        Some(Suspicion::SimilarUserId {
            other: self.lines.at(other),
        })
    }

    /// Refuses rows of users who look alike where such rows are not sent: run by itself, a part would send its own.
    pub(crate) fn check_parts(&self) -> Result<(), ManifestError> {
        match self.similar.first().filter(|_| self.strict) {
            Some((row, other)) => Err(ManifestError::SimilarRows {
                count: self.count(Role::Similar),
                row: self.lines.at(*row),
                other: self.lines.at(*other),
            }),
            None => Ok(()),
        }
    }

    /// Rows whose users look alike stand together once they are sorted, and among them those of one user.
    fn compare(&mut self, marks: &mut [Mark]) {
        marks.sort_unstable();
        for alike in marks
            .chunk_by(|a, b| a.looks == b.looks)
            .filter(|alike| alike.len() > 1)
        {
            for group in alike.chunk_by(|a, b| a.user == b.user).filter(|group| group.len() > 1) {
                self.compare_group(group);
            }
            self.compare_users(alike);
        }
        self.conflicts.sort_unstable();
        self.similar.sort_unstable();
    }

    /// All rows of one user. Of those that contradict a row the first is the one that is named.
    fn compare_group(&mut self, group: &[Mark]) {
        let Some(first) = first_of(group) else { return };
        let Some(second) = first_of(group.iter().filter(|mark| mark.content != first.content)) else {
            for mark in group.iter().filter(|mark| mark.number != first.number) {
                self.assign(mark.number, Role::Repeat);
            }
            return;
        };
        for mark in group {
            if self.assign(mark.number, Role::Conflict) {
                let other = if mark.content == first.content { second } else { first };
                self.conflicts.push((mark.number, other.number));
            }
        }
    }

    /// All rows of users whose ids look alike; each is shown the first row of another one.
    fn compare_users(&mut self, alike: &[Mark]) {
        let Some(first) = first_of(alike) else { return };
        let Some(second) = first_of(alike.iter().filter(|mark| mark.user != first.user)) else {
            return;
        };
        for mark in alike {
            let other = if mark.user == first.user { second } else { first };
            let place = &mut self.roles[mark.number as usize - 1];
            if matches!(place, Role::First | Role::Repeat) {
                self.similar.push((mark.number, other.number));
                if self.strict {
                    *place = Role::Similar;
                }
            }
        }
    }

    /// A row that is wrong by itself stays so: its own fault is the one to fix first.
    fn assign(&mut self, number: u32, role: Role) -> bool {
        let place = &mut self.roles[number as usize - 1];
        let is_first = *place == Role::First;
        if is_first {
            *place = role;
        }
        is_first
    }
}

/// The one that comes first in the manifest. Their order among each other is that of hashes, whose keys are made by chance.
fn first_of<'a>(marks: impl IntoIterator<Item = &'a Mark>) -> Option<Mark> {
    marks.into_iter().min_by_key(|mark| mark.number).copied()
}
