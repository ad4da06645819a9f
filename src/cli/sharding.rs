//! The arguments of a run that is one of many, each on a machine of its own.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};

use super::enroll::LogArgs;
use super::files::{ManifestArgs, OUTPUT, PhotoArgs};

/// Their heading in `--help`.
pub(super) const MACHINES: &str = "Many machines";

/// Which part of the users a command is about.
#[derive(Debug, Args)]
pub(crate) struct ShardArgs {
    /// Only the users of part I of N, by hash of user_id; auto, or auto/N: which part, the array of the engine says
    ///
    /// auto reads SLURM_ARRAY_TASK_ID (with _MIN, _MAX and _STEP), AWS_BATCH_JOB_ARRAY_INDEX (with _SIZE), or
    /// JOB_COMPLETION_INDEX of a Kubernetes Indexed Job, which needs auto/N.
    #[arg(long, value_name = "I/N", help_heading = MACHINES, hide_short_help = true)]
    pub(crate) shard: Option<ShardChoice>,
}

#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    /// CSV or JSON Lines with user_id, user_created_at and photo
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: PathBuf,
    #[command(flatten)]
    pub(crate) reading: ManifestArgs,
    #[command(flatten)]
    pub(crate) photos: PhotoArgs,
    /// How many parts (1 to 10000)
    #[arg(short = 'n', long, value_name = "N", required = true, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = MACHINES)]
    pub(crate) parts: u32,
    /// Ledger of all users, as `merge` makes one; each part's own ledger is made of it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MACHINES)]
    pub(crate) ledger: Option<PathBuf>,
    /// Folder of the parts [default: the manifest's]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = OUTPUT)]
    pub(crate) out_dir: Option<PathBuf>,
    /// Replace part manifests and proof of an earlier split; ledgers are never replaced
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// Whose limits `--rate` and `--concurrency` are.
#[derive(Debug, Args)]
pub(crate) struct RateOfArgs {
    /// Whose --rate and --concurrency are: this part's, or the whole job's, of which each part takes its share
    #[arg(long, value_enum, default_value_t = RateOf::Part, help_heading = MACHINES, hide_short_help = true)]
    pub(crate) rate_of: RateOf,
}

/// `--rate-of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RateOf {
    Job,
    Part,
}

/// `--shard`: a part, or where to learn which it is. Whether there is such a part is looked at later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShardChoice {
    Part { index: u32, count: u32 },
    Auto { count: Option<u32> },
}

impl FromStr for ShardChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write I/N, for example 3/8, or auto, or auto/N";
        let number = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number).ok_or(FORM)
        };
        match text.split_once('/') {
            None if text == "auto" => Ok(Self::Auto { count: None }),
            None => Err(FORM),
            Some(("auto", count)) => Ok(Self::Auto {
                count: Some(number(count)?),
            }),
            Some((index, count)) => Ok(Self::Part {
                index: number(index)?,
                count: number(count)?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_named_or_to_be_learned() {
        let part = |index, count| ShardChoice::Part { index, count };
        for (text, wanted) in [
            ("3/8", part(3, 8)),
            ("0/0", part(0, 0)),
            ("auto", ShardChoice::Auto { count: None }),
            ("auto/8", ShardChoice::Auto { count: Some(8) }),
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for text in [
            "", "3", "3/", "/8", "auto/", "auto/x", "AUTO", "3/auto", "-1/8", "+1/8", "1/2/3",
        ] {
            assert!(text.parse::<ShardChoice>().is_err(), "{text:?}");
        }
    }
}
