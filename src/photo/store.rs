//! What a store is opened with, and what can be wrong with a store as a whole.

use secrecy::SecretString;

use super::{PhotoError, invalid};
use crate::domain::outcome::Reason;

/// What all stores of a command are opened with.
#[derive(Debug, Default)]
#[cfg_attr(
    not(feature = "object-stores"),
    expect(dead_code, reason = "without stores nobody opens one")
)]
pub(crate) struct StoreSettings {
    /// The variables of the clouds' own tools, their names in lower case.
    pub(crate) variables: Vec<(String, SecretString)>,
    /// Further root certificates, PEM.
    pub(crate) ca_pem: Option<Vec<u8>>,
}

/// Why a store cannot be opened; its text holds no credentials.
#[derive(Debug, thiserror::Error)]
#[error("{store}: {detail}")]
pub(crate) struct StoreSetupError {
    pub(crate) store: String,
    pub(crate) detail: String,
}

/// A store gives nothing, and no row is to blame; its text holds no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store}: {detail}")]
pub(crate) struct StoreError {
    pub(crate) fault: StoreFault,
    /// As in its URLs, `s3://bucket`.
    pub(crate) store: String,
    /// What happened, and what to do about it.
    pub(crate) detail: String,
    /// The object that it fails at while it answers when it is asked for something else.
    pub(crate) only_at: Option<String>,
}

impl StoreError {
    /// The same as a fault of the object, after tries enough.
    pub(crate) fn of_object(self, tries: u32) -> PhotoError {
        let object = self.only_at.unwrap_or(self.store);
        let detail = format!(
            "{}; so it was {tries} times, while its store answered otherwise",
            self.detail
        );
        invalid(Reason::PhotoNotReadable, object, &detail)
    }
}

/// What is wrong with a store.
#[cfg_attr(
    not(feature = "object-stores"),
    expect(dead_code, reason = "without stores none is away")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// It cannot be reached, or fails: another moment, another answer.
    Down,
    /// It asks for fewer requests, which is never the fault of an object.
    Busy,
    /// Nobody gives this machine credentials: for a moment where somebody did before, else for ever.
    NoCredentials,
    /// It cannot be used like this, neither now nor later: credentials, bucket or region are wrong.
    Refused,
}
