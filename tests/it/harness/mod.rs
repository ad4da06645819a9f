//! What every test stands on: a scripted server that keeps books, and a builder that runs the binary.
//!
//! A [`Run`] asserts by itself what holds for all runs: conservation, private files, no secret anywhere.

mod books;
mod connection;
mod finished;
mod laws;
mod lookups;
mod parts;
mod photos;
mod reply;
mod run;
mod running;
mod server;
mod sign;
#[cfg(feature = "object-stores")]
mod store;
pub(crate) mod table;
mod wire;

pub(crate) use finished::Finished;
pub(crate) use laws::{RESULT_COLUMNS, part_of};
pub(crate) use lookups::Job;
pub(crate) use parts::MANIFEST_OF_PARTS;
#[cfg(feature = "fix-photos")]
pub(crate) use photos::photo;
pub(crate) use photos::{jpeg, padded, png};
pub(crate) use reply::{Latch, Reply};
pub(crate) use run::Run;
pub(crate) use running::{Output, Running};
pub(crate) use server::{Asked, Server};
pub(crate) use sign::{KEY, OTHER_KEY, PARTNER, sign, signing_key};
#[cfg(feature = "object-stores")]
pub(crate) use store::{Object, Store};

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};

/// Longest time that anything here waits; a test that needs it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Base64, standard and padded.
pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
