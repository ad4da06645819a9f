//! The closed list of what a line of the log tells of.

use strum::{Display, VariantArray};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// What a line tells of. The names are the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Name {
    Attempt,
    Finished,
    InvalidPhoto,
    LargePhoto,
    SharedPhoto,
    StoreFailed,
    Weather,
    Refused,
    Stopping,
    Warning,
    Progress,
    Ended,
    Error,
    Finding,
    Checked,
    LookupProgress,
    Reconciled,
    Shard,
    Share,
    Split,
    Extracting,
    Extracted,
    Merged,
}

impl Name {
    #[cfg(test)]
    pub(super) const ALL: &'static [Self] = Self::VARIANTS;

    /// The level of its lines. A row that is settled, and a run that ended well, are told of a level lower.
    pub(super) fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Finished
            | Self::LargePhoto
            | Self::SharedPhoto
            | Self::StoreFailed
            | Self::Weather
            | Self::Refused
            | Self::Stopping
            | Self::Warning
            | Self::Finding => Level::Warn,
            Self::Progress
            | Self::Ended
            | Self::Checked
            | Self::LookupProgress
            | Self::Reconciled
            | Self::Shard
            | Self::Share
            | Self::Split
            | Self::Extracting
            | Self::Extracted
            | Self::Merged => Level::Info,
            Self::Attempt | Self::InvalidPhoto => Level::Debug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_guide_lists_every_event_with_its_level_and_no_other() {
        let guide = include_str!("../docs/operating.md");
        let (_, table) = guide
            .split_once("| event | level | what it tells |\n|---|---|---|\n")
            .unwrap();
        let rows = table.lines().map_while(|line| line.strip_prefix("| `"));
        let found: Vec<_> = rows
            .map(|row| {
                let (name, rest) = row.split_once("` | `").unwrap();
                (name.to_owned(), rest.split('`').next().unwrap().to_owned())
            })
            .collect();
        let wanted = Name::ALL
            .iter()
            .map(|name| (name.to_string(), name.level().to_string()));
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }
}
