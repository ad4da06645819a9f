//! What the server has seen, and whom it holds as enrolled.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::lookups::{Job, LookedUp};
use super::wire::Head;

/// One request that arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: Head,
    /// The JSON object of the body.
    pub(crate) fields: Map<String, Value>,
    /// Bytes of the body.
    pub(crate) length: usize,
    pub(crate) user_id: String,
    /// Of the photo as it was decoded.
    pub(crate) photo_sha256: String,
    pub(crate) photo_bytes: usize,
    /// Which of the keys of the tests signed it.
    pub(crate) key: Option<&'static str>,
}

impl Seen {
    /// A field of the body, as text.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) requests: Vec<Seen>,
    /// Heads of requests that were no enrollment, such as a proxy's CONNECT.
    pub(super) strange: Vec<String>,
    /// Users enrolled, each with the SHA-256 of its photo.
    pub(super) held: BTreeMap<String, String>,
    /// Users for whom a whole answer that enrolls was written, so that the tool may say `enrolled` of them.
    pub(super) told: BTreeSet<String>,
    /// Requests whose first fields were read, whole or not; by user.
    pub(super) begun: BTreeMap<String, usize>,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
    pub(super) connections: usize,
    /// Requests that could not be read as one of ours.
    pub(super) broken: Vec<String>,
    /// What the provider has processed, by user.
    pub(super) jobs: BTreeMap<String, Vec<Job>>,
    pub(super) lookups: Vec<LookedUp>,
    /// When so many requests have begun and so many have arrived whole, none comes any further.
    pub(super) hold_from: Option<(usize, usize)>,
}

impl Books {
    /// A request has begun; says which attempt of its user it is, and which of all.
    pub(super) fn begin(&mut self, user_id: &str) -> (usize, usize) {
        let count = self.begun.entry(user_id.to_owned()).or_default();
        *count += 1;
        let nth = *count;
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
        (nth, self.begun.values().sum())
    }

    pub(super) fn is_held(&self) -> bool {
        let progress = self.progress();
        self.hold_from
            .is_some_and(|(begun, arrived)| progress.0 >= begun && progress.1 >= arrived)
    }

    /// How many requests have begun, and how many have arrived whole.
    pub(super) fn progress(&self) -> (usize, usize) {
        (self.begun.values().sum(), self.requests.len())
    }

    /// Enrolls a user. False: it is enrolled already.
    pub(super) fn enroll(&mut self, user_id: &str, photo_sha256: &str) -> bool {
        if self.held.contains_key(user_id) {
            return false;
        }
        self.held.insert(user_id.to_owned(), photo_sha256.to_owned());
        true
    }
}
