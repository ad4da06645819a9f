//! The oracle of resuming: what every history means for a row, and what the results say of it.

use super::*;
use crate::domain::outcome::Facts;
use crate::domain::photo::ObjectVersion;

const A: PhotoDigest = PhotoDigest {
    sha256: [1; 32],
    bytes: 10,
    fixed: None,
};
const B: PhotoDigest = PhotoDigest {
    sha256: [2; 32],
    bytes: 20,
    fixed: None,
};
const DATE: &str = "2021-08-12";
const OTHER_DATE: &str = "2021-08-13";

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
        photo,
        object: None,
        created_at: Some(DATE.into()),
        started_at: UnixMillis::new(i64::from(number) * 900),
        ended_at: Some(UnixMillis::new(i64::from(number) * 1_000)),
        run_id: "r".into(),
    }
}

fn date(text: &str) -> CreatedAt {
    CreatedAt::parse(text, chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap()
}

fn doubt(photo: PhotoDigest, date: Option<&str>) -> Doubt {
    Doubt {
        photo,
        created_at: date.map(str::to_owned),
    }
}

/// The oracle: for every status, with and without doubt, with the same and another date, with and without a photo.
#[test]
fn every_history_has_its_plan() {
    for status in Status::ALL {
        for case in 0..8 {
            let (doubtful, same_date, with_photo) = (case & 1 > 0, case & 2 > 0, case & 4 > 0);
            let known = Outcome {
                photo: with_photo.then_some(A),
                ..outcome(*status, 2)
            };
            let history = History {
                outcome: Some(known.clone()),
                created_at: Some(DATE.into()),
                unresolved: if doubtful { vec![unresolved(2, A)] } else { vec![] },
            };
            let past = Past {
                attempts: 2,
                doubts: if doubtful { vec![doubt(A, Some(DATE))] } else { vec![] },
                sent: None,
                last_doubt_at: doubtful.then_some(UnixMillis::new(2_000)),
            };
            let refused = |reason| EarlierRejection {
                photo: A,
                outcome: Outcome {
                    status: Status::Rejected,
                    reason,
                    ..known.clone()
                },
                is_hidden: reason.is_some(),
            };
            let still_refused = !doubtful && same_date && with_photo;
            let wanted = match status {
                _ if status.is_settled() => Plan::Skip(*status),
                Status::Rejected if still_refused => Plan::SendIfPhotoDiffers(past, refused(None).into()),
                Status::Invalid if still_refused => {
                    Plan::SendIfPhotoDiffers(past, refused(Some(Reason::Refused)).into())
                }
                _ => Plan::Send(past),
            };
            let row = date(if same_date { DATE } else { OTHER_DATE });
            assert_eq!(history.plan(&row), wanted, "{status}, case {case}");
        }
    }
}

#[test]
fn a_refused_photo_that_was_away_is_still_refused_with_all_that_was_said() {
    let said = Outcome {
        reason: Some(Reason::NoFaceFound),
        facts: Facts {
            http_status: Some(200),
            result_code: Some("0941".into()),
            result_text: Some("No face".into()),
            ..Facts::default()
        },
        ..outcome(Status::Rejected, 2)
    };
    let history = |outcome| History {
        outcome: Some(outcome),
        created_at: Some(DATE.into()),
        unresolved: vec![],
    };
    let Plan::SendIfPhotoDiffers(_, refused) = history(said.clone()).plan(&date(DATE)) else {
        panic!("it was refused");
    };
    assert_eq!((&refused.outcome, refused.is_hidden), (&said, false));
    let away = away(*refused, Reason::PhotoNotFound);
    assert_eq!(
        (away.status, away.reason),
        (Status::Invalid, Some(Reason::PhotoNotFound))
    );
    let Plan::SendIfPhotoDiffers(_, refused) = history(away).plan(&date(DATE)) else {
        panic!("it is still refused");
    };
    assert_eq!((refused.outcome, refused.is_hidden, refused.photo), (said, true, A));
}

#[test]
fn a_user_the_ledger_has_never_seen_is_sent_and_pending_until_then() {
    assert_eq!(History::default().plan(&date(DATE)), Plan::Send(Past::default()));
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
        doubts: vec![doubt(A, Some(DATE)), doubt(B, Some(DATE))],
        sent: None,
        last_doubt_at: Some(UnixMillis::new(2_000)),
    };
    assert_eq!(history.plan(&date(DATE)), Plan::Send(past));
    let object = ObjectVersion {
        url: "s3://bucket/a.jpg".into(),
        etag: None,
        version: Some("1".into()),
    };
    // The latest doubt says what is sent again.
    let mut past = Past::default();
    past.doubt(A, Some(DATE), None);
    past.doubt(B, Some(DATE), Some(&object));
    assert_eq!(
        past.sent.as_ref().map(|sent| (sent.sha256, &sent.object)),
        Some((B.sha256, &object))
    );
    past.doubt(A, Some(DATE), None);
    assert_eq!(past.sent, None);
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
            let wanted = if status.is_settled() { 2 } else { number.max(2) };
            assert_eq!(view.attempts, wanted, "{status} {number}");
        }
    }
}

#[test]
fn a_duplicate_is_ours_only_after_a_doubt_and_names_what_was_sent_only_if_it_is_known() {
    let (same, other) = (Some(DATE), Some(OTHER_DATE));
    let ours = |reason, photo| (Status::EnrolledInferred, reason, photo);
    let cases: [(&[Doubt], _); 9] = [
        (&[], (Status::AlreadyEnrolled, Reason::UserIdTaken, None)),
        (&[doubt(A, same)], ours(Reason::AnswerLost, Some(A))),
        (&[doubt(A, None)], ours(Reason::AnswerLost, Some(A))),
        (&[doubt(B, same)], ours(Reason::EarlierPhotoEnrolled, Some(B))),
        (&[doubt(B, None)], ours(Reason::EarlierPhotoEnrolled, Some(B))),
        (&[doubt(A, other)], ours(Reason::EarlierDateEnrolled, Some(A))),
        (&[doubt(B, other)], ours(Reason::EarlierRowEnrolled, Some(B))),
        (
            &[doubt(A, same), doubt(B, same)],
            ours(Reason::EarlierPhotoEnrolled, None),
        ),
        (
            &[doubt(A, same), doubt(A, other)],
            ours(Reason::EarlierDateEnrolled, Some(A)),
        ),
    ];
    for (doubts, wanted) in cases {
        assert_eq!(duplicate(doubts, A, &date(DATE)), wanted, "{doubts:?}");
    }
}

#[test]
fn the_same_file_fixed_and_not_fixed_is_two_photos_to_a_doubt() {
    let fixed = PhotoDigest {
        fixed: Some(crate::domain::outcome::FixedDigest {
            fixes: "rotated".parse().unwrap(),
            sha256: [7; 32],
            bytes: 5,
        }),
        ..A
    };
    let date = CreatedAt::parse(DATE, chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap();
    for (doubt, sent, reason) in [
        (A, fixed, Reason::EarlierPhotoEnrolled),
        (fixed, A, Reason::EarlierPhotoEnrolled),
        (fixed, fixed, Reason::AnswerLost),
    ] {
        let mut past = Past::default();
        past.doubt(doubt, Some(DATE), None);
        let meant = duplicate(&past.doubts, sent, &date);
        assert_eq!(meant, (Status::EnrolledInferred, reason, Some(doubt)));
    }
}
