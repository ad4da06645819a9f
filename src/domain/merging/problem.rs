//! What keeps ledgers from being a whole, and what is said of it.

use std::fmt;
use std::path::PathBuf;

use crate::domain::shard::Shard;
use crate::domain::text::hex;

/// Digits of a hash that people are shown.
const SHOWN_DIGITS: usize = 12;

/// Why the ledgers do not make a whole. Each says which file it is about, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No ledger of this part was named.
    Missing(Shard),
    /// Ledgers that were named could not be read, and are fewer than the parts that no other ledger is of.
    MissingAmong { missing: Vec<Shard>, unread: usize },
    /// More than one.
    Twice { shard: Shard, files: Vec<PathBuf> },
    /// One file under two paths, or twice under one.
    NamedTwice(PathBuf),
    /// The ledger of all users.
    Whole { file: PathBuf },
    /// A part of another number of parts.
    OtherCount { file: PathBuf, found: Shard, count: u32 },
    /// Endpoint, partner or host for look-ups: what it is, what was found, what the others have.
    Other {
        file: PathBuf,
        what: &'static str,
        found: String,
        wanted: String,
    },
    /// It has had no run at all.
    NeverRun { file: PathBuf, shard: Shard },
    /// Its last run was over another manifest.
    OtherManifest {
        file: PathBuf,
        shard: Shard,
        manifest: String,
        found: [u8; 32],
        wanted: [u8; 32],
    },
    /// `split` has made another number of parts.
    OtherSplit { parts: u32, count: u32 },
    /// `split` has made its parts of another manifest.
    SplitOfOther { found: [u8; 32], wanted: [u8; 32] },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(shard) => write!(
                f,
                "part {shard} is missing: name its ledger too, which is where that part ran"
            ),
            Self::MissingAmong { missing, unread } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "parts {} are in none of the ledgers that could be read, and only {unread} could not: name the ledgers \
                     of the others too, which are where those parts ran",
                    missing.join(", ")
                )
            }
            Self::Twice { shard, files } => {
                let files: Vec<String> = files.iter().map(|file| format!("{file:?}")).collect();
                write!(
                    f,
                    "part {shard} is there more than once: of {} name the one that is up to date",
                    files.join(", ")
                )
            }
            Self::NamedTwice(file) => write!(f, "{file:?} is named twice: name every part once"),
            Self::Whole { file } => write!(
                f,
                "{file:?} is the ledger of all users and of no part: leave it out; `image-enroll results` writes its results"
            ),
            Self::OtherCount { file, found, count } => write!(
                f,
                "{file:?} is part {found}, and most of the ledgers are parts of {count}: leave it out"
            ),
            Self::Other {
                file,
                what,
                found,
                wanted,
            } => write!(
                f,
                "{file:?} has the {what} {found}, and most of the ledgers have {wanted}: name the ledger of that {what}"
            ),
            Self::NeverRun { file, shard } => write!(
                f,
                "{file:?} has had no run: run part {shard} over this manifest first, also where it has no rows of it"
            ),
            Self::OtherManifest {
                file,
                shard,
                manifest,
                found,
                wanted,
            } => write!(
                f,
                "{file:?} has had no run over this manifest (SHA-256 {}…), its last one was over {manifest:?} (SHA-256 {}…): \
                 run part {shard} over this manifest, or name the one that the parts ran over",
                shown(wanted),
                shown(found)
            ),
            Self::OtherSplit { parts, count } => write!(
                f,
                "the proof of `split` has {parts} parts, and the ledgers are parts of {count}: name the proof of that split"
            ),
            Self::SplitOfOther { found, wanted } => write!(
                f,
                "the proof of `split` is about another manifest (SHA-256 {}…) than this one (SHA-256 {}…): name the manifest \
                 that was split",
                shown(found),
                shown(wanted)
            ),
        }
    }
}

fn shown(sha256: &[u8; 32]) -> String {
    hex(sha256).chars().take(SHOWN_DIGITS).collect()
}
