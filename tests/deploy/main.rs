//! The guides under `examples/deploy` and the workflows: every command line in them is run by the built binary
//! against a simulator on loopback, and what they promise is looked up in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

#[cfg(unix)]
mod arrays;
mod guides;
mod monitoring;
mod nights;
mod place;
mod services;
mod workflows;

use std::path::{Path, PathBuf};

const BINARY: &str = env!("CARGO_BIN_EXE_image-enroll");
const PARTNER_ID: &str = "085";
/// Seconds: the drain of 25, and the results of ten million rows at 20 for each million.
const TIME_TO_STOP: u32 = 25 + 200;
/// Folders that the guides name, all of which a test puts into one.
const FOLDERS: [&str; 5] = [
    "/var/lib/image-enroll/",
    "/etc/image-enroll/",
    "/run/secrets/image-enroll/",
    "/data/",
    "%d/",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
