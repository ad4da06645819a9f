//! What the ledger's memory of a user means for a row: whether it is sent, and what the results say.
//!
//! Pure: the ledger hands in a [`History`], and nothing here reads or writes.

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;

use super::{
    created_at::CreatedAt,
    outcome::{Outcome, PhotoDigest, Reason, Status},
    photo::{ObjectVersion, SentObject},
    response,
    unix_millis::UnixMillis,
};

/// An attempt whose outcome was never learned: the intent is there, and nothing that resolved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The attempt's number among all of this user's.
    pub(crate) number: u32,
    /// The user's creation date as it was sent; none where an earlier version has recorded the attempt.
    pub(crate) created_at: Option<String>,
    pub(crate) photo: PhotoDigest,
    /// Where the photo came from a store.
    pub(crate) object: Option<ObjectVersion>,
    /// When its request was about to leave; milliseconds since the Unix epoch.
    pub(crate) started_at: UnixMillis,
    /// When it was given up; none where the run died before.
    pub(crate) ended_at: Option<UnixMillis>,
    pub(crate) run_id: String,
}

/// All that the ledger knows of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) outcome: Option<Outcome>,
    /// The creation date that was sent for that outcome.
    pub(crate) created_at: Option<String>,
    pub(crate) unresolved: Vec<Unresolved>,
}

/// What a run does with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing: the user is settled, in this way.
    Skip(Status),
    Send(Past),
    /// Refused before with the same date: only another photo makes it worth sending.
    SendIfPhotoDiffers(Past, Box<EarlierRejection>),
}

/// An earlier refusal of this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EarlierRejection {
    pub(crate) photo: PhotoDigest,
    /// The refusal as it was, with the status `rejected`.
    pub(crate) outcome: Outcome,
    /// Whether the ledger says something else of the row since: its photo was away.
    pub(crate) is_hidden: bool,
}

/// An attempt that may have been applied, by what it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) photo: PhotoDigest,
    /// None where nobody kept it.
    pub(crate) created_at: Option<String>,
}

/// What earlier attempts leave to a row that is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) attempts: u32,
    /// What attempts that may have been applied have sent, each once; empty where there is no doubt.
    pub(crate) doubts: Vec<Doubt>,
    /// What the latest of them has sent, where it came from a store: the next attempt sends the same.
    pub(crate) sent: Option<Box<SentObject>>,
    /// When the latest attempt in doubt was given up, in milliseconds since the Unix epoch; the end of time where
    /// nobody knows, as after a kill.
    pub(crate) last_doubt_at: Option<UnixMillis>,
}

impl History {
    /// Decides on a row of this user with this creation date.
    pub(crate) fn plan(&self, created_at: &CreatedAt) -> Plan {
        match &self.outcome {
            Some(outcome) if outcome.status.is_settled() => Plan::Skip(outcome.status),
            Some(outcome) => match self.refused(outcome, created_at) {
                Some(refused) => Plan::SendIfPhotoDiffers(self.past(), Box::new(refused)),
                None => Plan::Send(self.past()),
            },
            None => Plan::Send(self.past()),
        }
    }

    /// A row whose photo is away for a run is `invalid` with the refusal's photo and facts, see [`away`].
    fn refused(&self, outcome: &Outcome, created_at: &CreatedAt) -> Option<EarlierRejection> {
        let is_hidden = outcome.status == Status::Invalid;
        let is_refused = is_hidden || outcome.status == Status::Rejected;
        let same_date = self.created_at.as_deref() == Some(created_at.as_str());
        let photo = outcome
            .photo
            .filter(|_| is_refused && same_date && self.unresolved.is_empty())?;
        let mut outcome = outcome.clone();
        if is_hidden {
            (outcome.status, outcome.reason) = (Status::Rejected, Some(response::rejection(&outcome.facts)));
        }
        Some(EarlierRejection {
            photo,
            outcome,
            is_hidden,
        })
    }

    /// What the results say of this user. An intent without an outcome is a doubt, whatever else is known.
    pub(crate) fn view(self) -> Outcome {
        let attempts = self.attempts();
        let latest = self.unresolved.into_iter().max_by_key(|attempt| attempt.number);
        match (self.outcome, latest) {
            (Some(outcome), None) => outcome,
            (Some(outcome), Some(_)) if outcome.status.is_settled() => outcome,
            (Some(outcome), Some(_)) if outcome.attempts == attempts => Outcome {
                status: Status::InDoubt,
                ..outcome
            },
            (_, Some(latest)) => Outcome {
                attempts,
                photo: Some(latest.photo),
                sent_at: Some(latest.started_at),
                run_id: latest.run_id,
                ..Outcome::untried(Status::InDoubt, Some(Reason::Interrupted))
            },
            (None, None) => Outcome::untried(Status::Pending, None),
        }
    }

    fn attempts(&self) -> u32 {
        let known = self.outcome.iter().map(|outcome| outcome.attempts);
        known
            .chain(self.unresolved.iter().map(|attempt| attempt.number))
            .max()
            .unwrap_or(0)
    }

    fn past(&self) -> Past {
        let last_doubt_at = self
            .unresolved
            .iter()
            .map(|attempt| attempt.ended_at.unwrap_or(UnixMillis::MAX))
            .max();
        let mut past = Past {
            attempts: self.attempts(),
            doubts: Vec::new(),
            sent: None,
            last_doubt_at,
        };
        for attempt in &self.unresolved {
            past.doubt(attempt.photo, attempt.created_at.as_deref(), attempt.object.as_ref());
        }
        past
    }
}

impl Past {
    /// An attempt with this photo and date may have been applied.
    pub(crate) fn doubt(&mut self, photo: PhotoDigest, created_at: Option<&str>, object: Option<&ObjectVersion>) {
        self.sent = object.map(|object| {
            let (object, sha256) = (object.clone(), photo.sha256);
            Box::new(SentObject { object, sha256 })
        });
        let is_it = |doubt: &Doubt| doubt.photo == photo && doubt.created_at.as_deref() == created_at;
        if !self.doubts.iter().any(is_it) {
            self.doubts.push(Doubt {
                photo,
                created_at: created_at.map(str::to_owned),
            });
        }
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        !self.doubts.is_empty()
    }
}

/// The outcome of a refused row whose photo cannot be sent: it keeps the refused photo and what the API said of it.
pub(crate) fn away(refused: EarlierRejection, reason: Reason) -> Outcome {
    Outcome {
        status: Status::Invalid,
        reason: Some(reason),
        ..refused.outcome
    }
}

/// What a 2209 means for a row that has just sent this photo and date: the doubts tell whether we caused it, and with
/// what. The photo is none where nobody can know which one was enrolled. Photos are told by what was sent: the same file,
/// once fixed and once not, is two.
pub(crate) fn duplicate(
    doubts: &[Doubt],
    photo: PhotoDigest,
    created_at: &CreatedAt,
) -> (Status, Reason, Option<PhotoDigest>) {
    let Some(first) = doubts.first() else {
        return (Status::AlreadyEnrolled, Reason::UserIdTaken, None);
    };
    let other_photo = doubts
        .iter()
        .any(|doubt| doubt.photo.sent().sha256 != photo.sent().sha256);
    // A date that nobody kept is not claimed to be another.
    let is_other = |date: &String| date != created_at.as_str();
    let other_date = doubts
        .iter()
        .filter_map(|doubt| doubt.created_at.as_ref())
        .any(is_other);
    let reason = match (other_photo, other_date) {
        (false, false) => Reason::AnswerLost,
        (true, false) => Reason::EarlierPhotoEnrolled,
        (false, true) => Reason::EarlierDateEnrolled,
        (true, true) => Reason::EarlierRowEnrolled,
    };
    let one_photo = doubts.iter().all(|doubt| doubt.photo == first.photo);
    (Status::EnrolledInferred, reason, one_photo.then_some(first.photo))
}
