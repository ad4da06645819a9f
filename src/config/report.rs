//! What is told on stderr, and how.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::{LogFormat, LogLevel, ProgressMode, ReportIds};
use crate::cli::{Cli, Color, Command, LogArgs, ReportArgs};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    /// Nothing is said while all is well.
    pub(crate) quiet: bool,
    pub(crate) level: LogLevel,
    /// Whether there is colour.
    pub(crate) colour: bool,
}

/// How a run is told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) log: Log,
    pub(crate) progress: ProgressMode,
}

impl Log {
    /// Whether every attempt is told of.
    pub(crate) fn verbose(self) -> bool {
        self.level >= LogLevel::Debug
    }

    /// That of a command that has no flags for it.
    fn usual(color: Color) -> Self {
        Self {
            format: LogFormat::Text,
            quiet: false,
            level: LogLevel::Info,
            colour: is_coloured(color),
        }
    }
}

/// The page that tells of a run.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    /// Whether user ids stand there whole.
    pub(crate) full_ids: bool,
}

impl Page {
    /// None where none is asked for.
    pub(super) fn resolve(args: &ReportArgs) -> Option<Self> {
        let path = args.report.clone()?;
        let full_ids = args.report_ids == ReportIds::Full;
        Some(Self { path, full_ids })
    }
}

impl From<&LogArgs> for Log {
    fn from(args: &LogArgs) -> Self {
        Self {
            format: args.log_format,
            quiet: args.quiet,
            ..Self::usual(args.color)
        }
    }
}

impl From<&ReportArgs> for Log {
    fn from(args: &ReportArgs) -> Self {
        let level = if args.verbose { LogLevel::Debug } else { args.log_level };
        Self {
            level,
            ..(&args.log).into()
        }
    }
}

impl From<&ReportArgs> for Report {
    fn from(args: &ReportArgs) -> Self {
        Self {
            log: args.into(),
            progress: args.progress,
        }
    }
}

/// How everything is said on stderr: what the command's own flags say, where it has some.
pub(crate) fn log(cli: &Cli) -> Log {
    match &cli.command {
        None => (&cli.enroll.report).into(),
        Some(Command::Check(args)) => (&args.log).into(),
        Some(Command::Reconcile(args)) => (&args.log).into(),
        Some(Command::Extract(args)) => (&args.log).into(),
        Some(Command::Merge(args)) => (&args.log).into(),
        Some(Command::Split(args)) => (&args.log).into(),
        Some(
            Command::Results(_) | Command::Status(_) | Command::Simulator(_) | Command::Completions(_) | Command::Man,
        ) => Log::usual(Color::Auto),
    }
}

fn is_coloured(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => by_environment(|name| std::env::var_os(name), io::stderr().is_terminal()),
    }
}

/// The customs of terminals: <https://no-color.org> and <https://bixense.com/clicolors>.
fn by_environment(lookup: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
    let value = |name| lookup(name).filter(|value| !value.is_empty());
    let is_zero = |value: OsString| value == "0";
    if value("NO_COLOR").is_some() {
        return false;
    }
    if value("CLICOLOR_FORCE").is_some_and(|value| !is_zero(value)) {
        return true;
    }
    is_terminal && !value("CLICOLOR").is_some_and(is_zero) && value("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_goes_by_the_customs_of_terminals() {
        let coloured = |variables: &[(&str, &str)], is_terminal| {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| OsString::from(value))
            };
            by_environment(lookup, is_terminal)
        };
        assert!(coloured(&[], true) && !coloured(&[], false));
        assert!(!coloured(&[("NO_COLOR", "1")], true) && coloured(&[("NO_COLOR", "")], true));
        assert!(!coloured(&[("CLICOLOR", "0")], true) && !coloured(&[("TERM", "dumb")], true));
        assert!(coloured(&[("CLICOLOR_FORCE", "1")], false) && !coloured(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
    }
}
