//! What the simulated provider remembers: who is enrolled, how many jobs it made, which fault is next.
//!
//! Synchronous, and always behind one lock, so that the check for a user and the enrollment are one
//! step. It must not wait for anything.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::fault::{Fault, Faults};
use super::judge::Enrollment;
use super::refusal::Refusal;

/// Tells the stream of identifiers from the stream of faults, which have one seed.
const IDENTIFIERS: u64 = 0x6964_656e_7469_6679;

/// The first 16 bytes of SHA-256 of a `user_id`: ten million users take some 300 MB less than as texts.
type Fingerprint = [u8; 16];

/// One processed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// Counts the jobs from 1.
    pub(super) number: u64,
    pub(super) id: Uuid,
    pub(super) enrollment: Enrollment,
}

pub(super) struct State {
    enrolled: HashSet<Fingerprint>,
    jobs: u64,
    faults: Faults,
    identifiers: StdRng,
}

impl State {
    pub(super) fn new(seed: u64, fail_rate: f64) -> Self {
        Self {
            enrolled: HashSet::new(),
            jobs: 0,
            faults: Faults::new(seed, fail_rate),
            identifiers: StdRng::seed_from_u64(seed ^ IDENTIFIERS),
        }
    }

    /// The fault of the next request.
    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        self.faults.draw()
    }

    /// Enrolls the user unless that happened before. An unusable photo makes a job, but enrolls nobody.
    pub(super) fn settle(&mut self, enrollment: Enrollment) -> Result<Job, Refusal> {
        let user = fingerprint(&enrollment.user_id);
        if self.enrolled.contains(&user) {
            return Err(Refusal::AlreadyEnrolled(enrollment.user_id));
        }
        if enrollment.photo_is_usable {
            self.enrolled.insert(user);
        }
        self.jobs += 1;
        Ok(Job {
            number: self.jobs,
            id: self.identifier(),
            enrollment,
        })
    }

    /// A fresh identifier in the form of a random UUID.
    pub(super) fn identifier(&mut self) -> Uuid {
        Builder::from_random_bytes(self.identifiers.random()).into_uuid()
    }
}

fn fingerprint(user_id: &str) -> Fingerprint {
    let digest: [u8; 32] = Sha256::digest(user_id).into();
    std::array::from_fn(|index| digest[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrollment(user_id: &str, photo_is_usable: bool) -> Enrollment {
        Enrollment {
            user_id: user_id.into(),
            user_created_at: "2021-08-12".into(),
            photo_is_usable,
        }
    }

    #[test]
    fn a_user_is_enrolled_once_and_for_ever() {
        let mut state = State::new(1, 0.0);
        assert!(state.settle(enrollment("7", true)).is_ok_and(|job| job.number == 1));
        let again = Err(Refusal::AlreadyEnrolled("7".into()));
        assert_eq!(state.settle(enrollment("7", true)), again);
        assert_eq!(state.settle(enrollment("7", false)), again);
        assert!(state.settle(enrollment("007", true)).is_ok_and(|job| job.number == 2));
    }

    #[test]
    fn an_unusable_photo_leaves_the_user_free() {
        let mut state = State::new(1, 0.0);
        assert!(state.settle(enrollment("7", false)).is_ok());
        assert!(state.settle(enrollment("7", true)).is_ok());
    }

    #[test]
    fn an_identifier_looks_like_a_random_uuid_and_does_not_move_the_faults() {
        let (mut one, mut two) = (State::new(9, 0.5), State::new(9, 0.5));
        for _ in 0..100 {
            let id = one.identifier();
            assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
            assert_eq!(one.next_fault(), two.next_fault());
        }
    }
}
