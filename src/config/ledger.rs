//! Which ledger a command works with.

use std::path::PathBuf;

use super::account::endpoint_and_partner;
use super::files::beside;
use super::{ConfigError, Env, Files, default_ledger};
use crate::cli::{PinArgs, PlaceArgs};
use crate::domain::shard::Shard;
use crate::ledger::Pin;

/// A ledger that outlives the command.
#[derive(Debug)]
pub(crate) struct KeptLedger {
    pub(crate) path: PathBuf,
    /// Whose it is, where it stands at the place that no option named.
    pub(crate) default_of: Option<Pin>,
}

impl KeptLedger {
    /// The ledger that is named, or that of endpoint and partner; none where the simulator forgets everything as well.
    pub(super) fn resolve(args: &PlaceArgs, pin: &PinArgs, files: &Files) -> Result<Option<Self>, ConfigError> {
        let Some(ledger) = Self::named(args, pin, (files.env, files.shard))? else {
            return Ok(None);
        };
        // Without a name to go by there was none in the first version either.
        if ledger.default_of.is_some()
            && let Ok(left) = beside(&files.manifest, files.env, None, "ledger.db")
        {
            default_ledger::check_left_beside(left, &ledger.path)?;
        }
        match ledger.path == files.results {
            true => Err(ConfigError::SameFile("--results", "--ledger")),
            false => Ok(Some(ledger)),
        }
    }

    /// The same for a command without a manifest.
    pub(super) fn named(
        args: &PlaceArgs,
        pin: &PinArgs,
        (env, shard): (Env, Option<Shard>),
    ) -> Result<Option<Self>, ConfigError> {
        match &args.ledger {
            Some(path) => Ok(Some(Self {
                path: path.clone(),
                default_of: None,
            })),
            None if env == Env::Local => Ok(None),
            None => Self::of_partner(pin, env, shard).map(Some),
        }
    }

    fn of_partner(args: &PinArgs, env: Env, shard: Option<Shard>) -> Result<Self, ConfigError> {
        let (endpoint, partner_id) = endpoint_and_partner(args, env)?;
        let path = default_ledger::path(&endpoint, &partner_id, shard)?;
        let pin = Pin {
            endpoint: endpoint.to_string(),
            partner_id,
            shard,
        };
        Ok(Self {
            path,
            default_of: Some(pin),
        })
    }

    /// A place that nobody has named is explained by what it was made of.
    pub(super) fn check_is_there(&self) -> Result<(), ConfigError> {
        match &self.default_of {
            Some(pin) if matches!(self.path.try_exists(), Ok(false)) => Err(ConfigError::NoLedger {
                pin: pin.clone(),
                path: self.path.clone(),
            }),
            _ => Ok(()),
        }
    }
}
