//! What the simulated provider tells of its users when it is asked: every job, and what persons decided later.
//!
//! Pure: time comes in. It enrolls nobody.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::state::{Fingerprint, Job, Verdict};

/// Of eight registrations that a person decides on, one is refused.
const REFUSED_OF: u8 = 8;

/// One job, 48 bytes; those of one user are a chain, the latest first.
#[derive(Debug, Clone)]
struct Record {
    at: DateTime<Utc>,
    number: u64,
    id: Uuid,
    verdict: Verdict,
    earlier: Option<usize>,
}

/// Every job by its user.
pub(super) struct Histories {
    records: Vec<Record>,
    latest: HashMap<Fingerprint, usize>,
    decide_after: Duration,
}

/// A job as a look-up tells it, with the words of its present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: DateTime<Utc>,
    pub(super) number: u64,
    pub(super) id: Uuid,
    pub(super) code: &'static str,
    pub(super) text: &'static str,
}

impl Histories {
    /// `decide_after`: how long a person takes to decide on a registration.
    pub(super) fn new(decide_after: Duration) -> Self {
        Self {
            records: Vec::new(),
            latest: HashMap::new(),
            decide_after,
        }
    }

    /// Remembers a job.
    pub(super) fn add(&mut self, user: Fingerprint, job: &Job, at: DateTime<Utc>) {
        let place = self.records.len();
        let earlier = self.latest.insert(user, place);
        self.records.push(Record {
            at,
            number: job.number,
            id: job.id,
            verdict: job.verdict,
            earlier,
        });
    }

    /// The jobs of a user, the earliest first.
    pub(super) fn tell(&self, user: Fingerprint, now: DateTime<Utc>) -> Vec<Told> {
        let record = |place: usize| self.records.get(place);
        let latest = self.latest.get(&user).copied().and_then(record);
        let chain = std::iter::successors(latest, |found| found.earlier.and_then(record));
        let mut told: Vec<_> = chain.map(|found| self.told(found, user, now)).collect();
        told.reverse();
        told
    }

    /// A decision changes the entry, and not its time.
    fn told(&self, found: &Record, user: Fingerprint, now: DateTime<Utc>) -> Told {
        let until = TimeDelta::from_std(self.decide_after).unwrap_or(TimeDelta::MAX);
        let is_decided = now.signed_duration_since(found.at) >= until;
        let (code, text) = match found.verdict {
            Verdict::Provisional if is_decided && user[0].is_multiple_of(REFUSED_OF) => {
                ("1242", "Failed Enroll, Spoof")
            }
            Verdict::Provisional if is_decided => ("1240", "Enroll User"),
            other => (other.code(), other.text()),
        };
        Told {
            at: found.at,
            number: found.number,
            id: found.id,
            code,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::judge::Enrollment;

    fn job(number: u64, verdict: Verdict) -> Job {
        Job {
            number,
            id: Uuid::nil(),
            verdict,
            enrollment: Enrollment {
                user_id: "7".into(),
                user_created_at: "2021-08-12".into(),
                photo_is_usable: true,
            },
        }
    }

    fn codes(told: &[Told]) -> Vec<&'static str> {
        told.iter().map(|told| told.code).collect()
    }

    #[test]
    fn a_user_has_its_own_jobs_in_their_order() {
        let mut histories = Histories::new(Duration::ZERO);
        let (one, other, now) = ([1; 16], [2; 16], DateTime::UNIX_EPOCH);
        histories.add(one, &job(1, Verdict::Unusable), now);
        histories.add(other, &job(2, Verdict::Enrolled), now);
        histories.add(one, &job(3, Verdict::Enrolled), now);
        assert_eq!(codes(&histories.tell(one, now)), ["0001", "0840"]);
        assert_eq!(histories.tell(other, now)[0].number, 2);
        assert!(histories.tell([3; 16], now).is_empty());
    }

    #[test]
    fn a_person_decides_when_it_is_time() {
        let mut histories = Histories::new(Duration::from_secs(60));
        let (refused, approved, now) = ([8; 16], [9; 16], DateTime::UNIX_EPOCH);
        for user in [refused, approved] {
            histories.add(user, &job(1, Verdict::Provisional), now);
        }
        let later = now + TimeDelta::seconds(60);
        assert_eq!(
            codes(&histories.tell(approved, later - TimeDelta::seconds(1))),
            ["0842"]
        );
        assert_eq!(codes(&histories.tell(approved, later)), ["1240"]);
        assert_eq!(codes(&histories.tell(refused, later)), ["1242"]);
    }
}
