//! A server with books of its own: who is enrolled, with which photo, and by whom.

use std::collections::HashMap;

use super::choices::Choices;
use super::fixture::{Back, enrolled, rejected};
use super::world::{Sent, World};
use crate::client::SendErrorKind;
use crate::domain::outcome::{PhotoDigest, Reason, Status};
use crate::domain::response::Kind;

/// A user that the server holds. No photo: somebody else enrolled them.
type Holds = Option<PhotoDigest>;

#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) users: HashMap<String, Holds>,
}

impl Server {
    /// The server sees the whole request. What it would say if its answer came through.
    fn process(&mut self, sent: &Sent) -> Kind {
        let number: u32 = sent.user.trim_start_matches("user-").parse().unwrap();
        if self.users.contains_key(&sent.user) {
            return Kind::Duplicate;
        }
        match number % 10 {
            7 => rejected(Reason::NoFaceFound),
            3 => {
                self.users.insert(sent.user.clone(), Some(sent.photo));
                Kind::Settled(Status::Provisional, Some(Reason::HumanReview))
            }
            _ => {
                self.users.insert(sent.user.clone(), Some(sent.photo));
                enrolled()
            }
        }
    }

    /// Good answers, `faults` times in a hundred something else.
    pub(super) fn answer(&mut self, sent: &Sent, faults: u32, choices: &mut Choices) -> Back {
        if !choices.chance(faults, 100) {
            return self.process(sent).into();
        }
        match choices.below(11) {
            0..4 => {
                if choices.chance(1, 2) {
                    self.process(sent);
                }
                let doubts: [Back; 5] = [
                    Kind::ServerFailed(None).into(),
                    Kind::InDoubt(Reason::ServerError, None).into(),
                    Kind::InDoubt(Reason::WrongUser, None).into(),
                    SendErrorKind::Lost { whole: true }.into(),
                    SendErrorKind::Silent { whole: true }.into(),
                ];
                *choices.pick(&doubts)
            }
            4 => Kind::NotProcessed(Reason::Throttled, None).into(),
            5 => Kind::NotProcessed(
                Reason::Throttled,
                Some(choices.below(20) as u32 * super::fixture::SECOND),
            )
            .into(),
            6 => Kind::NotProcessed(Reason::GatewayRefused, None).into(),
            7 => SendErrorKind::Connect.into(),
            8 => SendErrorKind::Machine.into(),
            9 => SendErrorKind::Lost { whole: false }.into(),
            _ => SendErrorKind::Silent { whole: false }.into(),
        }
    }

    /// Some requests that never got an answer were processed all the same.
    pub(super) fn lose(&mut self, sent: &[Sent], choices: &mut Choices) {
        for sent in sent {
            if choices.chance(1, 2) {
                self.process(sent);
            }
        }
    }

    /// Nothing is reported that is not so.
    pub(super) fn assert_told_truly(&self, world: &World, number: u32) {
        let name = super::fixture::user(number);
        let outcome = world.books.view(&name);
        let held = self.users.get(&name);
        let by_us = matches!(held, Some(Some(_)));
        match outcome.status {
            Status::Enrolled | Status::Provisional => {
                assert_eq!(
                    held,
                    Some(&outcome.photo),
                    "{name}: enrolled with another photo, or not at all"
                );
            }
            Status::EnrolledInferred => {
                assert!(held.is_some(), "{name} is not enrolled");
                if let (Some(Some(photo)), Some(told)) = (held, outcome.photo) {
                    assert_eq!(*photo, told, "{name}: the wrong photo is told");
                }
            }
            Status::AlreadyEnrolled => assert_eq!(held, Some(&None), "{name}: ours, and not told so"),
            Status::Failed | Status::Rejected | Status::Invalid | Status::Pending => {
                assert!(!by_us, "{name} is told {} and was enrolled by us", outcome.status);
            }
            Status::InDoubt => {}
        }
    }
}
