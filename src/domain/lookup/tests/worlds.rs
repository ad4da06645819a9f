//! Small worlds in which everything is known: what we sent, what the provider made of it, what others did, what persons
//! decided. Of such a world the rule sees a history with entries that are missing, by a clock that is wrong. Whatever it
//! says has to be true in the world.
//!
//! What the worlds take for granted is what the contract (section 12) does: nobody else works on a user within three minutes of
//! an attempt of ours, the provider begins a request at most 29 s after it was sent, a person takes longer than that, and a history
//! that shows what is older than our first attempt shows all of it.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000;

/// What becomes of a request that finds nobody registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    Enrolled,
    Provisional,
    Refused,
}

#[derive(Debug, Clone)]
enum Deed {
    /// An attempt of ours in doubt: its photo, and whether it reached the provider, after how long.
    Ours {
        photo: u8,
        after: Option<i64>,
        ended: bool,
    },
    /// An attempt of ours whose refusal was read.
    Answered,
    Others,
    /// A person decides on the registration that stands.
    Decision {
        approves: bool,
        form: u8,
    },
    /// The provider frees the user.
    Freed,
}

#[derive(Debug, Clone)]
struct World {
    deeds: Vec<(i64, Deed, Judged)>,
    shown: u32,
    has_ids: bool,
    ahead: i64,
    date_error: i64,
    status: Status,
}

/// A registration or a refusal, and whose it is.
#[derive(Debug, Clone)]
struct Job {
    photo: Option<u8>,
    judged: Judged,
    decided: Option<bool>,
}

/// All that has happened, with the entries it left.
#[derive(Debug, Default)]
struct Truth {
    jobs: Vec<Job>,
    entries: Vec<HistoryEntry>,
    attempts: Vec<OwnAttempt>,
    answered: Vec<UnixMillis>,
    registered: Option<usize>,
}

fn code(judged: Judged) -> &'static str {
    match judged {
        Judged::Enrolled => "0840",
        Judged::Provisional => "0842",
        Judged::Refused => "0001",
    }
}

impl Truth {
    fn of(world: &World) -> Self {
        let mut truth = Self::default();
        for (at, deed, judged) in &world.deeds {
            match deed {
                Deed::Ours { photo, after, ended } => {
                    truth.attempts.push(OwnAttempt {
                        ended_at: ended.then_some(UnixMillis::new(at + 5_000)),
                        ..attempt(*at, *photo)
                    });
                    if let Some(after) = after {
                        truth.request(at + after, Some(*photo), *judged);
                    }
                }
                Deed::Answered if truth.registered.is_none() => {
                    truth.answered.push(UnixMillis::new(*at));
                    truth.request(*at, Some(9), Judged::Refused);
                }
                Deed::Answered => {}
                Deed::Others => truth.request(*at, None, *judged),
                Deed::Decision { approves, form } => truth.decide(*at, *approves, *form),
                Deed::Freed => truth.registered = None,
            }
        }
        for entry in &mut truth.entries {
            entry.at = entry.at.map(|at| UnixMillis::new(at.get() + world.ahead));
            entry.smile_job_id = entry.smile_job_id.take().filter(|_| world.has_ids);
        }
        truth
    }

    /// A second registration is refused with 2209, which leaves no job.
    fn request(&mut self, at: i64, photo: Option<u8>, judged: Judged) {
        if self.registered.is_some() {
            return;
        }
        let number = self.jobs.len();
        self.jobs.push(Job {
            photo,
            judged,
            decided: None,
        });
        self.registered = (judged != Judged::Refused).then_some(number);
        self.entries.push(entry(at, &format!("{number}"), code(judged)));
    }

    /// In the entry itself, in a further one of the job, or in one under an id of its own.
    fn decide(&mut self, at: i64, approves: bool, form: u8) {
        let open = self
            .registered
            .filter(|number| self.jobs[*number].judged == Judged::Provisional);
        let Some(number) = open.filter(|number| self.jobs[*number].decided.is_none()) else {
            return;
        };
        self.jobs[number].decided = Some(approves);
        self.registered = approves.then_some(number);
        let word = if approves { "1240" } else { "1242" };
        let id = number.to_string();
        match form {
            0 => {
                let own = self
                    .entries
                    .iter_mut()
                    .find(|entry| entry.smile_job_id.as_ref() == Some(&id));
                own.unwrap().code = Some(word.to_owned());
            }
            1 => self.entries.push(entry(at, &id, word)),
            _ => self.entries.push(entry(at, &format!("d{number}"), word)),
        }
    }

    fn is_so(&self, learned: &(Status, Option<u8>)) -> bool {
        let (status, photo) = learned;
        let mut ours = self.jobs.iter().filter(|job| job.photo.is_some());
        let is_enrolled = |job: &Job| job.judged == Judged::Enrolled || job.decided == Some(true);
        let is_registered = |job: &Job| job.judged != Judged::Refused && job.decided != Some(false);
        match status {
            Status::Enrolled => ours.any(|job| job.photo == *photo && is_enrolled(job)),
            // The decision may not have been told yet.
            Status::Provisional => ours.any(|job| job.photo == *photo && job.judged == Judged::Provisional),
            Status::Rejected => !ours.any(is_registered),
            Status::AlreadyEnrolled => !ours.any(is_registered),
            _ => false,
        }
    }
}

fn any_judged() -> impl Strategy<Value = Judged> {
    prop::sample::select(vec![Judged::Enrolled, Judged::Provisional, Judged::Refused])
}

fn any_deed() -> impl Strategy<Value = (bool, Deed)> {
    let after = prop::option::of(prop::sample::select(vec![0_i64, 300, 29_000]));
    let ours = (1..3_u8, after, any::<bool>()).prop_map(|(photo, after, ended)| Deed::Ours { photo, after, ended });
    let decision = (any::<bool>(), 0..3_u8).prop_map(|(approves, form)| Deed::Decision { approves, form });
    prop_oneof![
        4 => (any::<bool>(), ours),
        1 => (any::<bool>(), Just(Deed::Answered)),
        3 => (Just(false), Just(Deed::Others)),
        3 => (Just(false), decision),
        1 => (Just(false), Just(Deed::Freed)),
    ]
}

/// Deeds in their order. Ours may follow upon ours within seconds; everything else keeps its distance.
fn any_world() -> impl Strategy<Value = World> {
    let gap = prop::sample::select(vec![200_000, 20 * 60_000, HOUR, 24 * HOUR]);
    let close = prop::sample::select(vec![6_000, 30_000, 100_000]);
    let deeds = prop::collection::vec((any_deed(), gap, close, any_judged()), 1..6);
    let ahead = prop::sample::select(vec![-HOUR, 0, HOUR]);
    let status = prop::sample::select(vec![Status::InDoubt, Status::EnrolledInferred]);
    let rest = (
        any::<u32>(),
        any::<u32>(),
        any::<bool>(),
        ahead,
        -600..2_000_i64,
        status,
    );
    (deeds, rest).prop_map(|(drawn, (some, more, has_ids, ahead, date_error, status))| {
        let (mut at, mut was_ours) = (FIRST, false);
        let mut deeds = Vec::new();
        for ((is_close, deed), gap, close, judged) in drawn {
            let is_ours = matches!(deed, Deed::Ours { .. } | Deed::Answered);
            at += if is_close && was_ours && is_ours { close } else { gap };
            was_ours = is_ours;
            deeds.push((at, deed, judged));
        }
        World {
            deeds,
            shown: some | more,
            has_ids,
            ahead,
            date_error,
            status,
        }
    })
}

/// What the rule makes of what it is shown of the world; none where the contract takes such a world to be impossible.
fn said(world: &World, truth: &Truth) -> Option<(Status, Option<u8>)> {
    let first = truth.attempts.first()?.started_at;
    let is_early = |entry: &HistoryEntry| entry.at.is_some_and(|at| at.get() - world.ahead < first.get());
    let shown = |(place, entry): (usize, &HistoryEntry)| {
        (is_early(entry) || world.shown >> place & 1 == 1).then(|| entry.clone())
    };
    let history = truth.entries.iter().enumerate().filter_map(shown).collect();
    let answer = LookupAnswer {
        history,
        clock_ahead_ms: Some(world.ahead + world.date_error),
    };
    let subject = Subject {
        status: world.status,
        outcome: None,
        attempts: &truth.attempts,
        answered_at: &truth.answered,
    };
    match learn(subject, &answer) {
        Learned::Nothing => None,
        Learned::Known { status, photo, .. } => Some((status, photo.map(|photo| photo.sha256[0]))),
    }
}

/// Whether the user was freed after somebody else's registration that the history shows, before or among ours.
fn is_freed(world: &World) -> bool {
    world.deeds.iter().any(|(_, deed, _)| matches!(deed, Deed::Freed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn nothing_that_is_said_is_false_in_the_world(world in any_world()) {
        let truth = Truth::of(&world);
        // That a freed user was registered once is all that is seen before ours is there.
        if let Some(learned) = said(&world, &truth).filter(|(status, _)| *status != Status::AlreadyEnrolled || !is_freed(&world)) {
            prop_assert!(truth.is_so(&learned), "{learned:?}: {truth:?}");
        }
    }
}

/// Were the rule to say nothing, it would say nothing false: of one attempt and a whole history it tells what there is.
#[test]
fn of_one_attempt_and_a_whole_history_the_world_is_told() {
    for (judged, wanted) in [
        (Judged::Enrolled, Status::Enrolled),
        (Judged::Provisional, Status::Provisional),
        (Judged::Refused, Status::Rejected),
    ] {
        for (after, ended) in [(0, true), (300, false), (29_000, true)] {
            let deed = Deed::Ours {
                photo: 1,
                after: Some(after),
                ended,
            };
            let world = World {
                deeds: vec![(FIRST, deed, judged)],
                shown: u32::MAX,
                has_ids: false,
                ahead: HOUR,
                date_error: 900,
                status: Status::InDoubt,
            };
            assert_eq!(said(&world, &Truth::of(&world)), Some((wanted, Some(1))));
        }
    }
}
