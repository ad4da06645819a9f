//! The ledger as a map.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fixture::DATE;
use crate::domain::{
    outcome::Outcome,
    resume::{History, Unresolved},
};
use crate::ledger::{AttemptId, AttemptStatus, Entry};

/// An intent and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Attempted {
    pub(super) user: String,
    pub(super) unresolved: Unresolved,
    pub(super) class: Option<AttemptStatus>,
}

/// The ledger as a map: the entries of whole batches, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    pub(super) attempts: BTreeMap<AttemptId, Attempted>,
    pub(super) outcomes: HashMap<String, Arc<Outcome>>,
}

impl Books {
    pub(super) fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.clone() {
                Entry::Intent {
                    id,
                    user_id,
                    number,
                    created_at,
                    photo,
                    object,
                    at,
                } => {
                    let unresolved = Unresolved {
                        number,
                        created_at: Some(created_at.as_str().into()),
                        photo,
                        object: object.map(|object| *object),
                        started_at: at,
                        ended_at: None,
                        run_id: "r".into(),
                    };
                    let user = user_id.to_string();
                    let attempted = Attempted {
                        user,
                        unresolved,
                        class: None,
                    };
                    assert!(self.attempts.insert(id, attempted).is_none(), "attempt {id:?} twice");
                }
                Entry::Close { id, class, .. } => {
                    // As in the ledger: nothing happens where no such attempt is.
                    if let Some(attempt) = self.attempts.get_mut(&id) {
                        attempt.class = Some(class);
                    }
                }
                Entry::Resolve { user_id } => {
                    for attempt in self.attempts.values_mut() {
                        if attempt.user == user_id.as_str()
                            && matches!(attempt.class, None | Some(AttemptStatus::InDoubt))
                        {
                            attempt.class = Some(AttemptStatus::Settled);
                        }
                    }
                }
                Entry::Outcome { user_id, outcome, .. } => {
                    self.outcomes.insert(user_id.to_string(), outcome);
                }
            }
        }
    }

    pub(super) fn history(&self, user: &str) -> History {
        let outcome = self.outcomes.get(user).map(|outcome| Outcome::clone(outcome));
        let mine = self.attempts.values().filter(|attempt| attempt.user == user);
        let open = mine.filter(|attempt| matches!(attempt.class, None | Some(AttemptStatus::InDoubt)));
        History {
            created_at: outcome.as_ref().map(|_| DATE.into()),
            outcome,
            unresolved: open.map(|attempt| attempt.unresolved.clone()).collect(),
        }
    }

    pub(super) fn view(&self, user: &str) -> Outcome {
        self.history(user).view()
    }

    pub(super) fn classes(&self, user: &str) -> Vec<Option<AttemptStatus>> {
        let mine = self.attempts.values().filter(|attempt| attempt.user == user);
        mine.map(|attempt| attempt.class).collect()
    }
}
