//! Which part of the users a command is about: as it is named, or by the variables of the engine that has started it.

use std::ffi::OsString;
use std::fmt;

use super::ConfigError;
use crate::cli::{ShardArgs, ShardChoice};
use crate::domain::shard::{Shard, ShardError};

/// The engines whose arrays are known, each by the variable that holds the number of the task.
const SLURM: &str = "SLURM_ARRAY_TASK_ID";
const AWS_BATCH: &str = "AWS_BATCH_JOB_ARRAY_INDEX";
const INDEXED_JOB: &str = "JOB_COMPLETION_INDEX";
const ENGINES: [&str; 3] = [SLURM, AWS_BATCH, INDEXED_JOB];

/// A part, and how it became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChosenShard {
    pub(crate) shard: Shard,
    /// The variable that said it; none where the command line did.
    pub(crate) by: Option<&'static str>,
}

/// Why `--shard auto` leads to no part (exit 2).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AutoShardError {
    #[error(
        "--shard auto finds none of {}: name the part as --shard I/N, or start this in an array job",
        ENGINES.join(", ")
    )]
    NoEngine,
    #[error("--shard auto finds the arrays of two engines, {0}: name the part as --shard I/N")]
    TwoEngines(List),
    #[error("{name}={value:?} is no number that --shard auto can use")]
    NotANumber { name: &'static str, value: String },
    #[error("{set} is set and {missing} is not: say how many parts there are, as --shard auto/N")]
    NoCount { set: &'static str, missing: &'static str },
    #[error("{SLURM} is set and {0} is not: name the part as --shard I/N")]
    NoBounds(&'static str),
    #[error("--shard auto/{given} contradicts {list}, which says {found} parts")]
    OtherCount { given: u32, found: u32, list: List },
    #[error("{0}: the task is not one of its array")]
    Outside(List),
    #[error("{0}: the step does not lead from the first task to the last one")]
    BadStep(List),
    #[error("{0}: the array leaves numbers out, so that they are no parts: name the part as --shard I/N")]
    Gaps(List),
    #[error("{0} leads to no part")]
    NoPart(List, #[source] ShardError),
}

/// Variables with their values, for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct List(Vec<(&'static str, u64)>);

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&all.join(", "))
    }
}

/// The part that the command line names or asks for; none where the command is about all users.
pub(super) fn resolve(args: &ShardArgs) -> Result<Option<ChosenShard>, ConfigError> {
    resolve_with(args, |name| std::env::var_os(name))
}

fn resolve_with(
    args: &ShardArgs,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<ChosenShard>, ConfigError> {
    match args.shard {
        None => Ok(None),
        Some(ShardChoice::Part { index, count }) => Ok(Some(ChosenShard {
            shard: Shard::new(index, count)?,
            by: None,
        })),
        Some(ShardChoice::Auto { count }) => Ok(Some(Environment(lookup).shard(count)?)),
    }
}

/// What the engine has set.
struct Environment<L>(L);

impl<L: Fn(&str) -> Option<OsString>> Environment<L> {
    fn shard(&self, count: Option<u32>) -> Result<ChosenShard, AutoShardError> {
        let mut found = Vec::new();
        for name in ENGINES {
            found.extend(self.number(name)?.map(|value| (name, value)));
        }
        match found[..] {
            [] => Err(AutoShardError::NoEngine),
            [(SLURM, task)] => self.slurm(task, count),
            [(name, index)] => self.counted_from_zero(name, index, count),
            _ => Err(AutoShardError::TwoEngines(List(found))),
        }
    }

    /// An array of Slurm has any first number and any step. A list of numbers, such as `3,7`, has an end and a step too, and
    /// is told by its count.
    fn slurm(&self, task: u64, count: Option<u32>) -> Result<ChosenShard, AutoShardError> {
        const COUNT: &str = "SLURM_ARRAY_TASK_COUNT";
        let (min, max) = (
            self.number("SLURM_ARRAY_TASK_MIN")?,
            self.number("SLURM_ARRAY_TASK_MAX")?,
        );
        let step = self.number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1);
        let (Some(min), Some(max)) = (min, max) else {
            let missing = if min.is_none() {
                "SLURM_ARRAY_TASK_MIN"
            } else {
                "SLURM_ARRAY_TASK_MAX"
            };
            return Err(AutoShardError::NoBounds(missing));
        };
        let list = || {
            List(vec![
                (SLURM, task),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_STEP", step),
            ])
        };
        if !(min..=max).contains(&task) {
            return Err(AutoShardError::Outside(list()));
        }
        if step == 0 || !(max - min).is_multiple_of(step) || !(task - min).is_multiple_of(step) {
            return Err(AutoShardError::BadStep(list()));
        }
        let parts = (max - min) / step + 1;
        match self.number(COUNT)?.filter(|tasks| *tasks != parts) {
            Some(tasks) => Err(AutoShardError::Gaps(List([list().0, vec![(COUNT, tasks)]].concat()))),
            None => chosen(SLURM, (task - min) / step, parts, count, list),
        }
    }

    /// The other engines count from 0. A Kubernetes Indexed Job does not tell its tasks how many they are.
    fn counted_from_zero(
        &self,
        name: &'static str,
        index: u64,
        given: Option<u32>,
    ) -> Result<ChosenShard, AutoShardError> {
        const SIZE: &str = "AWS_BATCH_JOB_ARRAY_SIZE";
        let size = if name == AWS_BATCH { self.number(SIZE)? } else { None };
        let list = || {
            let size = size.map(|size| (SIZE, size));
            List([(name, index)].into_iter().chain(size).collect())
        };
        let missing = if name == AWS_BATCH {
            SIZE
        } else {
            "the number of completions"
        };
        let count = size.or(given.map(u64::from));
        let count = count.ok_or(AutoShardError::NoCount { set: name, missing })?;
        match index < count {
            true => chosen(name, index, count, given, list),
            false if size.is_none() => Err(AutoShardError::Outside(List(vec![(name, index), ("N", count)]))),
            false => Err(AutoShardError::Outside(list())),
        }
    }

    /// The value of a variable, where it is set; an empty one counts as none.
    fn number(&self, name: &'static str) -> Result<Option<u64>, AutoShardError> {
        let Some(value) = (self.0)(name).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let value = value.to_string_lossy().into_owned();
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse().ok().filter(|_| is_number) {
            Some(number) => Ok(Some(number)),
            None => Err(AutoShardError::NotANumber { name, value }),
        }
    }
}

/// The part at place `index`, counted from 0.
fn chosen(
    by: &'static str,
    index: u64,
    count: u64,
    given: Option<u32>,
    list: impl Fn() -> List,
) -> Result<ChosenShard, AutoShardError> {
    let found = u32::try_from(count).unwrap_or(u32::MAX);
    if let Some(given) = given.filter(|given| *given != found) {
        let list = list();
        return Err(AutoShardError::OtherCount { given, found, list });
    }
    let index = u32::try_from(index + 1).unwrap_or(u32::MAX);
    let shard = Shard::new(index, found).map_err(|source| AutoShardError::NoPart(list(), source))?;
    Ok(ChosenShard { shard, by: Some(by) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(count: Option<u32>, variables: &[(&str, &str)]) -> Result<String, AutoShardError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let chosen = Environment(lookup).shard(count)?;
        Ok(format!("{} by {}", chosen.shard, chosen.by.unwrap_or_default()))
    }

    fn slurm(task: &str, min: &str, max: &str, step: &str) -> Result<String, AutoShardError> {
        auto(None, &slurm_variables(&[task, min, max, step]))
    }

    fn slurm_variables<'a>(values: &[&'a str; 4]) -> [(&'static str, &'a str); 4] {
        let [task, min, max, step] = *values;
        [
            (SLURM, task),
            ("SLURM_ARRAY_TASK_MIN", min),
            ("SLURM_ARRAY_TASK_MAX", max),
            ("SLURM_ARRAY_TASK_STEP", step),
        ]
    }

    fn said(refused: Result<String, AutoShardError>) -> String {
        refused.unwrap_err().to_string()
    }

    #[test]
    fn an_array_of_slurm_begins_anywhere_and_steps_as_it_likes() {
        for (array, wanted) in [
            (["3", "1", "8", "1"], "3/8"),
            (["0", "0", "7", ""], "1/8"),
            (["7", "0", "7", "1"], "8/8"),
            (["12", "10", "18", "2"], "2/5"),
            (["5", "5", "5", "1"], "1/1"),
        ] {
            let [task, min, max, step] = array;
            assert_eq!(
                slurm(task, min, max, step),
                Ok(format!("{wanted} by {SLURM}")),
                "{array:?}"
            );
        }
    }

    #[test]
    fn a_list_of_slurms_tasks_is_no_number_of_parts() {
        let counted = |count| {
            let array = slurm_variables(&["7", "3", "7", "1"]);
            auto(None, &[array.as_slice(), &[("SLURM_ARRAY_TASK_COUNT", count)]].concat())
        };
        assert_eq!(counted("5"), Ok(format!("5/5 by {SLURM}")));
        let refused = said(counted("2"));
        for word in ["SLURM_ARRAY_TASK_MAX=7", "SLURM_ARRAY_TASK_COUNT=2", "--shard I/N"] {
            assert!(refused.contains(word), "{refused}");
        }
    }

    #[test]
    fn aws_batch_and_indexed_jobs_count_from_zero() {
        let batch = [(AWS_BATCH, "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "8")];
        assert_eq!(auto(None, &batch), Ok(format!("1/8 by {AWS_BATCH}")));
        assert_eq!(auto(Some(8), &batch), Ok(format!("1/8 by {AWS_BATCH}")));
        assert_eq!(auto(Some(4), &batch[..1]), Ok(format!("1/4 by {AWS_BATCH}")));
        assert_eq!(
            auto(Some(4), &[(INDEXED_JOB, "3")]),
            Ok(format!("4/4 by {INDEXED_JOB}"))
        );
        // An empty variable is none.
        assert_eq!(
            auto(Some(4), &[(INDEXED_JOB, "3"), (SLURM, "")]),
            Ok(format!("4/4 by {INDEXED_JOB}"))
        );
    }

    #[test]
    fn contradictions_are_refused_with_the_variables_and_their_values() {
        for (refused, words) in [
            (auto(None, &[]), &[SLURM, AWS_BATCH, INDEXED_JOB, "--shard I/N"][..]),
            (
                auto(None, &[(AWS_BATCH, "1"), (INDEXED_JOB, "2")]),
                &["AWS_BATCH_JOB_ARRAY_INDEX=1", "JOB_COMPLETION_INDEX=2"],
            ),
            (auto(None, &[(INDEXED_JOB, "2")]), &[INDEXED_JOB, "auto/N"]),
            (
                auto(None, &[(AWS_BATCH, "2")]),
                &["AWS_BATCH_JOB_ARRAY_SIZE is not", "auto/N"],
            ),
            (auto(None, &[(SLURM, "2")]), &["SLURM_ARRAY_TASK_MIN is not"]),
            (auto(None, &[(SLURM, "two")]), &["SLURM_ARRAY_TASK_ID=\"two\""]),
            (
                slurm("9", "1", "8", "1"),
                &["TASK_ID=9", "MIN=1", "MAX=8", "not one of"],
            ),
            (slurm("2", "1", "8", "2"), &["STEP=2", "step"]),
            (slurm("2", "1", "7", "2"), &["TASK_ID=2", "STEP=2", "step"]),
            (slurm("1", "1", "8", "0"), &["STEP=0", "step"]),
            (slurm("1", "1", "20000", "1"), &["MAX=20000", "leads to no part"]),
            (
                auto(Some(4), &slurm_variables(&["3", "1", "8", "1"])),
                &["auto/4", "MAX=8", "8 parts"],
            ),
            (auto(Some(4), &[(INDEXED_JOB, "4")]), &["JOB_COMPLETION_INDEX=4", "N=4"]),
            (
                auto(None, &[(AWS_BATCH, "8"), ("AWS_BATCH_JOB_ARRAY_SIZE", "8")]),
                &["INDEX=8", "SIZE=8"],
            ),
        ] {
            let said = said(refused);
            assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        }
    }
}
