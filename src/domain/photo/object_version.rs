//! Which content of an object was sent.

use crate::domain::outcome::PhotoHash;

/// What a store says of the content of an object, for the ledger: the same version is sent again after a doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectVersion {
    /// The object's URL, which holds no credentials.
    pub(crate) url: String,
    pub(crate) etag: Option<String>,
    /// The version's name, in stores that keep versions.
    pub(crate) version: Option<String>,
}

/// What an attempt that may have been applied has sent, where it came from a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentObject {
    pub(crate) object: ObjectVersion,
    pub(crate) sha256: PhotoHash,
}
