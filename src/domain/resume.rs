//! What the ledger's memory of a user means for a row: whether it is sent, and what the results say.
//!
//! Pure: the ledger hands in a [`History`], and nothing here reads or writes.

use super::{
    created_at::CreatedAt,
    outcome::{Outcome, PhotoDigest, Reason, Status},
};

/// An attempt whose outcome was never learned: the intent is there, and nothing that resolved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The attempt's number among all of this user's.
    pub(crate) number: u32,
    /// The user's creation date as it was sent; none where an earlier version has recorded the attempt.
    pub(crate) created_at: Option<String>,
    pub(crate) photo: PhotoDigest,
    /// When its request was about to leave; milliseconds since the Unix epoch.
    pub(crate) started_at: i64,
    /// When it was given up; none where the run died before.
    pub(crate) ended_at: Option<i64>,
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
    /// Nothing: the user is settled.
    Skip,
    Send(Past),
    /// Refused before with the same date: only another photo makes it worth sending.
    SendIfPhotoDiffers(Past, PhotoDigest),
}

/// What earlier attempts leave to a row that is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) attempts: u32,
    /// The photos of attempts that may have been applied; empty where there is no doubt.
    pub(crate) doubt: Vec<PhotoDigest>,
    /// When the latest attempt in doubt was given up, in milliseconds since the Unix epoch; the end of time where
    /// nobody knows, as after a kill.
    pub(crate) last_doubt_at: Option<i64>,
}

impl History {
    /// Decides on a row of this user with this creation date.
    pub(crate) fn plan(&self, created_at: &CreatedAt) -> Plan {
        match &self.outcome {
            Some(outcome) if outcome.status.is_settled() => Plan::Skip,
            Some(outcome) if outcome.status == Status::Rejected && self.unresolved.is_empty() => match outcome.photo {
                Some(photo) if self.created_at.as_deref() == Some(created_at.as_str()) => {
                    Plan::SendIfPhotoDiffers(self.past(), photo)
                }
                _ => Plan::Send(self.past()),
            },
            _ => Plan::Send(self.past()),
        }
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
        let mut doubt: Vec<PhotoDigest> = Vec::new();
        for attempt in &self.unresolved {
            if !doubt.contains(&attempt.photo) {
                doubt.push(attempt.photo);
            }
        }
        let last_doubt_at = self
            .unresolved
            .iter()
            .map(|attempt| attempt.ended_at.unwrap_or(i64::MAX))
            .max();
        Past {
            attempts: self.attempts(),
            doubt,
            last_doubt_at,
        }
    }
}

/// What a 2209 means for a row that has just sent `photo`: the doubt tells whether we caused it, and with which photo.
pub(crate) fn duplicate(doubt: &[PhotoDigest], photo: PhotoDigest) -> (Status, Reason, Option<PhotoDigest>) {
    match doubt {
        [] => (Status::AlreadyEnrolled, Reason::UserIdTaken, None),
        [only] if only.sha256 == photo.sha256 => (Status::EnrolledInferred, Reason::AnswerLost, Some(photo)),
        [only] => (Status::EnrolledInferred, Reason::EarlierPhotoEnrolled, Some(*only)),
        _ => (Status::EnrolledInferred, Reason::EarlierPhotoEnrolled, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PhotoDigest = PhotoDigest {
        sha256: [1; 32],
        bytes: 10,
    };
    const B: PhotoDigest = PhotoDigest {
        sha256: [2; 32],
        bytes: 20,
    };

    fn outcome(status: Status, attempts: u32) -> Outcome {
        Outcome {
            attempts,
            photo: Some(A),
            ..Outcome::untried(status, None)
        }
    }

    fn unresolved(number: u32, photo: PhotoDigest) -> Unresolved {
        Unresolved {
            number,
            created_at: Some("2021-08-12".into()),
            photo,
            started_at: i64::from(number) * 900,
            ended_at: Some(i64::from(number) * 1_000),
            run_id: "r".into(),
        }
    }

    fn date(text: &str) -> CreatedAt {
        CreatedAt::parse(text, chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap()
    }

    /// The oracle: for every status, with and without doubt, with the same and another date.
    #[test]
    fn every_history_has_its_plan() {
        for status in Status::ALL {
            for doubtful in [false, true] {
                for same_date in [false, true] {
                    let history = History {
                        outcome: Some(outcome(*status, 2)),
                        created_at: Some("2021-08-12".into()),
                        unresolved: if doubtful { vec![unresolved(2, A)] } else { vec![] },
                    };
                    let past = match doubtful {
                        true => Past {
                            attempts: 2,
                            doubt: vec![A],
                            last_doubt_at: Some(2_000),
                        },
                        false => Past {
                            attempts: 2,
                            ..Past::default()
                        },
                    };
                    let wanted = match status {
                        Status::Enrolled | Status::EnrolledInferred | Status::Provisional | Status::AlreadyEnrolled => {
                            Plan::Skip
                        }
                        Status::Rejected if !doubtful && same_date => Plan::SendIfPhotoDiffers(past, A),
                        Status::Rejected | Status::Invalid | Status::Failed | Status::InDoubt | Status::Pending => {
                            Plan::Send(past)
                        }
                    };
                    let row = date(if same_date { "2021-08-12" } else { "2021-08-13" });
                    assert_eq!(
                        history.plan(&row),
                        wanted,
                        "{status} doubtful={doubtful} same_date={same_date}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_user_the_ledger_has_never_seen_is_sent_and_pending_until_then() {
        assert_eq!(
            History::default().plan(&date("2021-08-12")),
            Plan::Send(Past::default())
        );
        assert_eq!(History::default().view().status, Status::Pending);
    }

    #[test]
    fn an_intent_without_an_outcome_is_a_doubt() {
        let history = History {
            unresolved: vec![unresolved(1, A), unresolved(2, B)],
            ..History::default()
        };
        let past = Past {
            attempts: 2,
            doubt: vec![A, B],
            last_doubt_at: Some(2_000),
        };
        assert_eq!(history.plan(&date("2021-08-12")), Plan::Send(past));
        let view = history.view();
        assert_eq!((view.status, view.attempts, view.photo), (Status::InDoubt, 2, Some(B)));
    }

    #[test]
    fn no_row_with_a_doubt_is_shown_as_anything_less() {
        for status in Status::ALL {
            for number in [1, 2, 3] {
                let history = History {
                    outcome: Some(outcome(*status, 2)),
                    created_at: None,
                    unresolved: vec![unresolved(number, A)],
                };
                let view = history.view();
                let wanted = if status.is_settled() { *status } else { Status::InDoubt };
                assert_eq!(view.status, wanted, "{status} {number}");
                assert_eq!(view.attempts, if status.is_settled() { 2 } else { number.max(2) });
            }
        }
    }

    #[test]
    fn a_duplicate_is_ours_only_after_a_doubt_and_names_the_photo_only_if_it_is_known() {
        assert_eq!(duplicate(&[], A), (Status::AlreadyEnrolled, Reason::UserIdTaken, None));
        assert_eq!(
            duplicate(&[A], A),
            (Status::EnrolledInferred, Reason::AnswerLost, Some(A))
        );
        assert_eq!(
            duplicate(&[A], B),
            (Status::EnrolledInferred, Reason::EarlierPhotoEnrolled, Some(A))
        );
        assert_eq!(
            duplicate(&[A, B], B),
            (Status::EnrolledInferred, Reason::EarlierPhotoEnrolled, None)
        );
    }
}
