//! From raw arguments and the environment to one resolved, typed value for each command. Nothing changes it while the
//! command goes on. Secrets are read here and nowhere else.

mod account;
mod check;
mod default_ledger;
mod enroll;
mod environment;
mod error;
mod extract;
mod files;
mod key;
mod known;
mod ledger;
mod merge;
mod missing;
mod pace;
mod places;
mod reconcile;
mod report;
mod results;
mod shard;
mod simulator;
mod split;
mod status;
mod stores;
mod variables;

pub(crate) use crate::cli::{Env, LogFormat, LogLevel, ProgressMode, ReportIds, StatusFormat};
pub(crate) use account::{Account, Destination};
pub(crate) use check::CheckConfig;
pub(crate) use enroll::EnrollConfig;
pub(crate) use environment::read as read_command_line;
pub(crate) use error::ConfigError;
pub(crate) use extract::ExtractConfig;
pub(crate) use files::Files;
pub(crate) use known::Known;
pub(crate) use ledger::KeptLedger;
pub(crate) use merge::MergeConfig;
pub(crate) use pace::Pace;
pub(crate) use reconcile::ReconcileConfig;
pub(crate) use report::{Log, Page, Report, log};
pub(crate) use results::ResultsConfig;
pub(crate) use shard::ChosenShard;
pub(crate) use simulator::SimulatorConfig;
pub(crate) use split::SplitConfig;
pub(crate) use status::StatusConfig;
pub(crate) use variables::with_variables;
