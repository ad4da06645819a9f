//! The oracle table of the rule, and what holds for whatever history comes.

mod worlds;

use proptest::prelude::*;

use super::*;
use crate::domain::outcome::{Facts, Outcome, Reason, Status};
use crate::domain::testing::cases;

/// Our first attempt; the second one follows after two minutes.
const FIRST: i64 = 1_000_000_000;
const SECOND: i64 = FIRST + 120_000;

fn photo(number: u8) -> PhotoDigest {
    PhotoDigest {
        sha256: [number; 32],
        bytes: 1,
        fixed: None,
    }
}

fn attempt(started_at: i64, number: u8) -> OwnAttempt {
    OwnAttempt {
        photo: photo(number),
        created_at: Some("2021-08-12".to_owned()),
        started_at: UnixMillis::new(started_at),
        ended_at: Some(UnixMillis::new(started_at + 5_000)),
    }
}

fn entry(at: i64, job: &str, code: &str) -> HistoryEntry {
    HistoryEntry {
        at: Some(UnixMillis::new(at)),
        job_type: Some("4".to_owned()),
        smile_job_id: Some(job.to_owned()).filter(|job| !job.is_empty()),
        job_id: None,
        code: Some(code.to_owned()),
        text: None,
        is_foreign: false,
    }
}

fn answer(history: &[HistoryEntry]) -> LookupAnswer {
    LookupAnswer {
        history: history.to_vec(),
        clock_ahead_ms: Some(0),
    }
}

/// The status, the photo and the code that a doubt with these attempts comes to.
fn doubt(attempts: &[OwnAttempt], answer: &LookupAnswer) -> Option<(Status, Option<u8>, String)> {
    known(Status::InDoubt, attempts, answer)
}

fn known(status: Status, attempts: &[OwnAttempt], answer: &LookupAnswer) -> Option<(Status, Option<u8>, String)> {
    let subject = Subject {
        status,
        outcome: None,
        attempts,
        answered_at: &[],
    };
    match learn(subject, answer) {
        Learned::Nothing => None,
        Learned::Known {
            status,
            reason,
            facts,
            photo,
        } => {
            assert_eq!(reason, Reason::LookedUp);
            let photo = photo.map(|photo| photo.sha256[0]);
            Some((status, photo, facts.result_code.unwrap_or_default()))
        }
    }
}

#[test]
fn an_entry_not_before_our_first_attempt_says_what_became_of_it() {
    let one = [attempt(FIRST, 1)];
    for (code, wanted) in [
        ("0840", Some(Status::Enrolled)),
        ("1240", Some(Status::Enrolled)),
        ("0842", Some(Status::Provisional)),
        ("0844", Some(Status::Provisional)),
        ("0846", Some(Status::Provisional)),
        ("0001", Some(Status::Rejected)),
        ("0941", Some(Status::Rejected)),
        ("1242", Some(Status::Rejected)),
        ("0999", None),
        ("2209", None),
        ("", None),
    ] {
        for at in [FIRST, FIRST + 1, FIRST + 60_000, FIRST - 5_000] {
            let found = doubt(&one, &answer(&[entry(at, "1", code)]));
            assert_eq!(
                found,
                wanted.map(|status| (status, Some(1), code.to_owned())),
                "{code} {at}"
            );
        }
    }
}

#[test]
fn a_registration_from_before_our_first_attempt_is_not_ours() {
    let one = [attempt(FIRST, 1)];
    for status in [Status::InDoubt, Status::EnrolledInferred] {
        let found = |code, at| known(status, &one, &answer(&[entry(at, "1", code)]));
        let earlier = FIRST - 30_001;
        assert_eq!(
            found("0840", earlier),
            Some((Status::AlreadyEnrolled, None, "0840".to_owned()))
        );
        assert_eq!(
            found("0842", 0),
            Some((Status::AlreadyEnrolled, None, "0842".to_owned()))
        );
        assert_eq!(found("0001", earlier), None);
    }
}

#[test]
fn a_registration_of_long_after_our_attempts_is_not_ours_either() {
    let one = [attempt(FIRST, 1)];
    let died = [OwnAttempt {
        ended_at: None,
        ..attempt(FIRST, 1)
    }];
    for code in ["0840", "0842", "1240", "0001"] {
        for at in [FIRST + 5_000 + 90_001, FIRST + 86_400_000] {
            assert_eq!(doubt(&one, &answer(&[entry(at, "1", code)])), None, "{code} {at}");
        }
        let next_day = answer(&[entry(FIRST + 86_400_000, "1", code)]);
        assert_eq!(doubt(&died, &next_day), None, "{code}");
    }
    // Nor is its refusal: the words are those of the job that was ours.
    let history = [entry(FIRST, "1", "0001"), entry(FIRST + 86_400_000, "2", "0941")];
    let wanted = Some((Status::Rejected, Some(1), "0001".to_owned()));
    assert_eq!(doubt(&one, &answer(&history)), wanted);
}

#[test]
fn between_before_and_since_lies_a_time_of_which_the_clocks_say_nothing() {
    let one = [attempt(FIRST, 1)];
    for code in ["0840", "0842", "0001"] {
        for at in [FIRST - 5_001, FIRST - 30_000] {
            assert_eq!(doubt(&one, &answer(&[entry(at, "1", code)])), None, "{code} {at}");
        }
    }
}

#[test]
fn an_earlier_registration_that_was_undone_since_proves_nothing() {
    let one = [attempt(FIRST, 1)];
    let hour = 3_600_000;
    let registered = entry(FIRST - 2 * hour, "1", "0842");
    for later in [
        entry(FIRST - hour, "2", "1242"),
        entry(FIRST - hour, "", "1242"),
        entry(FIRST - hour, "2", "0999"),
        entry(FIRST + 1, "2", "0001"),
        entry(FIRST + 1, "2", "0999"),
        // A person's word on the earlier one.
        entry(FIRST + 1, "2", "1240"),
    ] {
        assert_eq!(
            doubt(&one, &answer(&[registered.clone(), later.clone()])),
            None,
            "{later:?}"
        );
    }
    // A person may have refused it between our attempts.
    let two = [attempt(FIRST, 1), attempt(SECOND, 1)];
    let found = |code| doubt(&two, &answer(&[entry(FIRST - hour, "1", code)]));
    assert_eq!(found("0842"), None);
    assert_eq!(found("0840"), Some((Status::AlreadyEnrolled, None, "0840".to_owned())));
    let refused_since = [entry(FIRST, "1", "0842"), entry(FIRST + hour, "2", "1242")];
    assert_eq!(doubt(&one, &answer(&refused_since)), None);
}

#[test]
fn a_clock_that_was_set_back_between_attempts_makes_times_worthless() {
    let back = [attempt(SECOND, 1), attempt(FIRST, 1)];
    let ended_before = [OwnAttempt {
        ended_at: Some(UnixMillis::new(FIRST - 1)),
        ..attempt(FIRST, 1)
    }];
    for at in [0, FIRST, SECOND] {
        for code in ["0840", "0001"] {
            assert_eq!(doubt(&back, &answer(&[entry(at, "1", code)])), None);
            assert_eq!(doubt(&ended_before, &answer(&[entry(at, "1", code)])), None);
        }
    }
}

#[test]
fn refusals_without_an_id_may_be_one_and_the_same() {
    let two = [attempt(FIRST, 1), attempt(FIRST + 20_000, 1)];
    let twice = |job: &str| answer(&[entry(FIRST, job, "0001"), entry(FIRST + 20_000, job, "0001")]);
    assert_eq!(doubt(&two, &twice("")), None);
    assert_eq!(doubt(&two, &twice("1")), None);
}

#[test]
fn a_job_is_as_old_as_its_first_entry() {
    let one = [attempt(FIRST, 1)];
    // Another system's registration, decided on by a person after our attempt.
    let history = [entry(FIRST - 90_000, "7", "0842"), entry(FIRST + 90_000, "7", "1240")];
    let wanted = Some((Status::AlreadyEnrolled, None, "1240".to_owned()));
    assert_eq!(doubt(&one, &answer(&history)), wanted);
}

#[test]
fn no_entry_proves_nothing() {
    let one = [attempt(FIRST, 1)];
    let mut authentication = entry(FIRST, "1", "0840");
    authentication.job_type = Some("2".to_owned());
    let mut foreign = entry(FIRST, "1", "0840");
    foreign.is_foreign = true;
    for history in [vec![], vec![authentication], vec![foreign]] {
        assert_eq!(doubt(&one, &answer(&history)), None);
    }
}

#[test]
fn an_entry_that_cannot_be_understood_leaves_everything_as_it_is() {
    let one = [attempt(FIRST, 1)];
    let good = entry(FIRST, "1", "0840");
    let untimed = HistoryEntry {
        at: None,
        ..good.clone()
    };
    let untyped = HistoryEntry {
        job_type: None,
        ..good.clone()
    };
    for odd in [untimed, untyped] {
        assert_eq!(doubt(&one, &answer(&[good.clone(), odd])), None);
    }
    // Two words for one job at one moment, and two registrations of one user.
    assert_eq!(doubt(&one, &answer(&[good.clone(), entry(FIRST, "1", "0842")])), None);
    assert_eq!(doubt(&one, &answer(&[good.clone(), entry(FIRST, "2", "0840")])), None);
    assert!(doubt(&one, &answer(&[good.clone(), good])).is_some());
}

#[test]
fn the_clocks_are_compared_where_the_answer_tells_the_time_and_doubted_where_not() {
    let one = [attempt(FIRST, 1)];
    let found = |at, ahead| {
        let answer = LookupAnswer {
            history: vec![entry(at, "1", "0840")],
            clock_ahead_ms: ahead,
        };
        doubt(&one, &answer).map(|(status, ..)| status)
    };
    let hour = 3_600_000;
    for ahead in [-hour, 0, hour] {
        assert_eq!(found(FIRST + ahead, Some(ahead)), Some(Status::Enrolled));
        assert_eq!(
            found(FIRST + ahead - 31_000, Some(ahead)),
            Some(Status::AlreadyEnrolled)
        );
    }
    // Without its time, an entry of the quarter of an hour before may be ours or not.
    for before in [1, 5 * 60_000, 15 * 60_000] {
        assert_eq!(found(FIRST - before, None), None, "{before}");
    }
    assert_eq!(found(FIRST, None), Some(Status::Enrolled));
    assert_eq!(found(FIRST - 16 * 60_000, None), Some(Status::AlreadyEnrolled));
}

#[test]
fn attempts_with_different_photos_are_told_apart_by_their_times_or_stay_in_doubt() {
    let two = [attempt(FIRST, 1), attempt(FIRST + 600_000, 2)];
    let found = |at| doubt(&two, &answer(&[entry(at, "1", "0840")]));
    assert_eq!(found(FIRST), Some((Status::Enrolled, Some(1), "0840".to_owned())));
    assert_eq!(
        found(FIRST + 600_000),
        Some((Status::Enrolled, Some(2), "0840".to_owned()))
    );
    assert_eq!(found(FIRST + 300_000), None);
    let close = [attempt(FIRST, 1), attempt(FIRST + 20_000, 2)];
    assert_eq!(doubt(&close, &answer(&[entry(FIRST + 1, "1", "0840")])), None);
    // A run that died: until when its attempt was under way nobody knows.
    let died = [
        OwnAttempt {
            ended_at: None,
            ..attempt(FIRST, 1)
        },
        attempt(SECOND, 2),
    ];
    assert_eq!(doubt(&died, &answer(&[entry(SECOND, "1", "0840")])), None);
}

#[test]
fn a_refusal_counts_where_every_doubt_has_one() {
    let two = [attempt(FIRST, 1), attempt(SECOND, 1)];
    let one_job = answer(&[entry(FIRST, "1", "0001")]);
    assert_eq!(doubt(&two, &one_job), None);
    let both = answer(&[entry(FIRST, "1", "0001"), entry(SECOND, "2", "0941")]);
    assert_eq!(doubt(&two, &both), Some((Status::Rejected, Some(1), "0941".to_owned())));
    let mixed = answer(&[entry(FIRST, "1", "0001"), entry(SECOND, "2", "0840")]);
    assert_eq!(
        doubt(&two, &mixed),
        Some((Status::Enrolled, Some(1), "0840".to_owned()))
    );
    // A 2209 said that the user is enrolled.
    assert_eq!(known(Status::EnrolledInferred, &two, &both), None);
    // The job of an attempt whose answer is known is no doubt's.
    let subject = Subject {
        status: Status::InDoubt,
        outcome: None,
        attempts: &two[..1],
        answered_at: &[UnixMillis::new(FIRST - 20_000)],
    };
    assert_eq!(
        learn(subject, &answer(&[entry(FIRST - 20_000, "1", "0001")])),
        Learned::Nothing
    );
}

/// What a registration that a person has to decide on comes to; its job is "5".
fn decision(history: &[HistoryEntry]) -> Option<(Status, Option<u8>)> {
    let outcome = Outcome {
        facts: Facts {
            smile_job_id: Some("5".to_owned()),
            ..Facts::default()
        },
        photo: Some(photo(3)),
        sent_at: Some(UnixMillis::new(FIRST)),
        ..Outcome::untried(Status::Provisional, Some(Reason::HumanReview))
    };
    let subject = Subject {
        status: Status::Provisional,
        outcome: Some(&outcome),
        attempts: &[],
        answered_at: &[],
    };
    match learn(subject, &answer(history)) {
        Learned::Nothing => None,
        Learned::Known {
            status, reason, photo, ..
        } => {
            assert_eq!(reason, Reason::DecidedLater);
            Some((status, photo.map(|photo| photo.sha256[0])))
        }
    }
}

#[test]
fn a_decision_comes_under_the_same_job_or_with_a_persons_code() {
    let registered = entry(FIRST, "5", "0842");
    assert_eq!(decision(std::slice::from_ref(&registered)), None);
    for (code, wanted) in [
        ("0840", Status::Enrolled),
        ("1240", Status::Enrolled),
        ("1241", Status::Rejected),
        ("1242", Status::Rejected),
    ] {
        let wanted = Some((wanted, Some(3)));
        assert_eq!(decision(&[entry(FIRST, "5", code)]), wanted, "{code}");
        assert_eq!(
            decision(&[registered.clone(), entry(FIRST + 9, "5", code)]),
            wanted,
            "{code}"
        );
        let persons = code.starts_with("12");
        let other = decision(&[registered.clone(), entry(FIRST + 9, "6", code)]);
        assert_eq!(other, wanted.filter(|_| persons), "{code}");
        // Of before our sending it is nobody's decision on ours.
        assert_eq!(decision(&[entry(FIRST - 60_000, "6", code)]), None, "{code}");
    }
    let both = [entry(FIRST + 8, "5", "1240"), entry(FIRST + 9, "6", "1242")];
    assert_eq!(decision(&both), None);
    // A registration of its own, which a person has decided on, is not ours; nor is what has no id, but a person's word.
    let other = [entry(FIRST + 8, "6", "0842"), entry(FIRST + 9, "6", "1240")];
    assert_eq!(decision(&other), None);
    assert_eq!(decision(&[registered.clone(), entry(FIRST + 9, "", "0001")]), None);
    assert_eq!(decision(&[entry(FIRST + 9, "", "0840")]), None);
    let persons = Some((Status::Rejected, Some(3)));
    assert_eq!(decision(&[registered, entry(FIRST + 9, "", "1242")]), persons);
}

#[test]
fn no_other_status_is_ever_changed() {
    let history = answer(&[entry(FIRST, "1", "0840")]);
    for status in Status::ALL {
        let open = [Status::InDoubt, Status::EnrolledInferred].contains(status);
        assert_eq!(
            known(*status, &[attempt(FIRST, 1)], &history).is_some(),
            open,
            "{status}"
        );
    }
}

fn any_entry() -> impl Strategy<Value = HistoryEntry> {
    let at = prop::option::weighted(0.95, FIRST - 2_000_000..FIRST + 2_000_000);
    let code = prop::sample::select(vec!["0840", "0842", "0001", "1240", "1242", "0999"]);
    let kind = prop::sample::select(vec!["4", "4", "4", "2"]);
    (at, 0..4_u8, code, kind).prop_map(|(at, job, code, kind)| HistoryEntry {
        at: at.map(UnixMillis::new),
        job_type: Some(kind.to_owned()),
        smile_job_id: (job > 0).then(|| job.to_string()),
        job_id: None,
        code: Some(code.to_owned()),
        text: None,
        is_foreign: false,
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_learned_stands_in_an_entry(
        history in prop::collection::vec(any_entry(), 0..6),
        starts in prop::collection::vec((FIRST..FIRST + 1_000_000, 0..3_u8), 1..4),
    ) {
        let attempts: Vec<_> = starts.iter().map(|(at, number)| attempt(*at, *number)).collect();
        if let Some((status, photo, code)) = doubt(&attempts, &answer(&history)) {
            let proof = history.iter().any(|entry| entry.code.as_deref() == Some(&code) && entry.at.is_some());
            prop_assert!(proof);
            prop_assert!(status != Status::Failed && status != Status::EnrolledInferred && status != Status::InDoubt);
            let sent = photo.is_none_or(|photo| starts.iter().any(|(_, number)| *number == photo));
            prop_assert!(sent);
            prop_assert_eq!(photo.is_none(), status == Status::AlreadyEnrolled);
        }
    }

    #[test]
    fn the_order_of_the_entries_does_not_matter(
        history in prop::collection::vec(any_entry(), 0..6).prop_shuffle(),
        starts in prop::collection::vec(FIRST..FIRST + 1_000_000, 1..4),
    ) {
        let attempts: Vec<_> = starts.iter().map(|at| attempt(*at, 1)).collect();
        let mut sorted = history.clone();
        sorted.sort_by_key(|entry| (entry.at.map(UnixMillis::get), entry.smile_job_id.clone(), entry.code.clone()));
        let status = |history: &[HistoryEntry]| doubt(&attempts, &answer(history)).map(|(status, ..)| status);
        prop_assert_eq!(status(&history), status(&sorted));
    }
}
