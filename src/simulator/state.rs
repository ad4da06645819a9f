//! What the simulated provider remembers: who is enrolled, how many jobs it made, which fault is next.
//!
//! Synchronous, and always behind one lock, so that the check for a user and the enrollment are one
//! step. It must not wait for anything.

use std::collections::HashSet;
use std::path::Path;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::Settings;
use super::fault::{Fault, Faults};
use super::history::Histories;
use super::judge::Enrollment;
use super::lookup::LookupFaults;
use super::memory::{Memory, MemoryError};
use super::refusal::Refusal;

/// Tells the stream of identifiers from the stream of faults, which have one seed.
const IDENTIFIERS: u64 = 0x6964_656e_7469_6679;

/// The first 16 bytes of SHA-256 of a `user_id`: ten million users take some 300 MB less than as texts.
pub(super) type Fingerprint = [u8; 16];

/// One processed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// Counts the jobs from 1.
    pub(super) number: u64,
    pub(super) id: Uuid,
    pub(super) verdict: Verdict,
    pub(super) enrollment: Enrollment,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Enrolled,
    /// Registered; a person decides later.
    Provisional,
    Unusable,
}

impl Verdict {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Enrolled => "0840",
            Self::Provisional => "0842",
            Self::Unusable => "0001",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Enrolled => "Enroll User",
            Self::Provisional => "Provisional Enroll",
            Self::Unusable => "Unusable Image",
        }
    }
}

pub(super) struct State {
    enrolled: HashSet<Fingerprint>,
    /// Where users are kept, if anywhere.
    memory: Option<Memory>,
    jobs: u64,
    faults: Faults,
    identifiers: StdRng,
    provisional_rate: f64,
    pub(super) histories: Histories,
    pub(super) lookup_faults: LookupFaults,
}

impl State {
    pub(super) fn new(settings: &Settings) -> Self {
        let seed = settings.seed;
        Self {
            enrolled: HashSet::new(),
            memory: None,
            jobs: 0,
            faults: Faults::new(seed, settings.fail_rate),
            identifiers: StdRng::seed_from_u64(seed ^ IDENTIFIERS),
            provisional_rate: settings.provisional_rate,
            histories: Histories::new(settings.decide_after),
            lookup_faults: LookupFaults::new(seed, settings.lookup_fail_rate),
        }
    }

    /// The same with the users of this file, which it goes on with. Identifiers are those of no earlier life.
    /// What a look-up tells begins anew.
    pub(super) fn resume(settings: &Settings, path: &Path) -> Result<Self, MemoryError> {
        let (seed, partner) = (settings.seed, settings.signer.partner_id());
        let mut state = Self::new(settings);
        let memory = Memory::open(path, partner, |user_id| state.enrolled.extend([fingerprint(user_id)]))?;
        state.memory = Some(memory);
        state.jobs = state.enrolled.len() as u64;
        state.identifiers = StdRng::seed_from_u64(seed ^ IDENTIFIERS ^ state.jobs.rotate_left(32));
        Ok(state)
    }

    /// Users enrolled so far.
    pub(super) fn users(&self) -> usize {
        self.enrolled.len()
    }

    /// The fault of the next request.
    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        self.faults.draw()
    }

    /// Enrolls the user unless that happened before. An unusable photo makes a job, but enrolls nobody.
    pub(super) fn settle(&mut self, enrollment: Enrollment, now: DateTime<Utc>) -> Result<Job, Refusal> {
        let user = fingerprint(&enrollment.user_id);
        if self.enrolled.contains(&user) {
            return Err(Refusal::AlreadyEnrolled(enrollment.user_id));
        }
        if enrollment.photo_is_usable {
            // Who cannot be kept is not enrolled either, and the client is told so.
            let kept = self.memory.as_mut().map_or(Ok(()), |memory| memory.keep(&enrollment));
            kept.map_err(|_| Refusal::Unavailable)?;
            self.enrolled.insert(user);
        }
        self.jobs += 1;
        let job = Job {
            number: self.jobs,
            id: self.identifier(),
            verdict: self.verdict(user, &enrollment),
            enrollment,
        };
        self.histories.add(user, &job, now);
        Ok(job)
    }

    /// Whom a person has to look at is the user's own property, so that a rate takes the same users every time.
    fn verdict(&self, user: Fingerprint, enrollment: &Enrollment) -> Verdict {
        let share = f64::from(u16::from_le_bytes([user[1], user[2]])) / f64::from(u16::MAX);
        match enrollment.photo_is_usable {
            true if share < self.provisional_rate => Verdict::Provisional,
            true => Verdict::Enrolled,
            false => Verdict::Unusable,
        }
    }

    /// A fresh identifier in the form of a random UUID.
    pub(super) fn identifier(&mut self) -> Uuid {
        Builder::from_random_bytes(self.identifiers.random()).into_uuid()
    }
}

pub(super) fn fingerprint(user_id: &str) -> Fingerprint {
    let digest: [u8; 32] = Sha256::digest(user_id).into();
    std::array::from_fn(|index| digest[index])
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn state(fail_rate: f64) -> State {
        let settings = Settings {
            fail_rate,
            ..Settings::faultless(&sample::signer())
        };
        State::new(&settings)
    }

    fn enrollment(user_id: &str, photo_is_usable: bool) -> Enrollment {
        Enrollment {
            user_id: user_id.into(),
            user_created_at: "2021-08-12".into(),
            photo_is_usable,
        }
    }

    #[test]
    fn a_user_is_enrolled_once_and_for_ever() {
        let mut state = state(0.0);
        assert!(
            state
                .settle(enrollment("7", true), NOW)
                .is_ok_and(|job| job.number == 1)
        );
        let again = Err(Refusal::AlreadyEnrolled("7".into()));
        assert_eq!(state.settle(enrollment("7", true), NOW), again);
        assert_eq!(state.settle(enrollment("7", false), NOW), again);
        assert!(
            state
                .settle(enrollment("007", true), NOW)
                .is_ok_and(|job| job.number == 2)
        );
    }

    #[test]
    fn an_unusable_photo_leaves_the_user_free() {
        let mut state = state(0.0);
        assert!(state.settle(enrollment("7", false), NOW).is_ok());
        assert!(state.settle(enrollment("7", true), NOW).is_ok());
    }

    #[test]
    fn an_identifier_looks_like_a_random_uuid_and_does_not_move_the_faults() {
        let (mut one, mut two) = (state(0.5), state(0.5));
        for _ in 0..100 {
            let id = one.identifier();
            assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
            assert_eq!(one.next_fault(), two.next_fault());
        }
    }
}
