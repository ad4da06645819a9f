//! What `status` needs to know.

use std::path::PathBuf;

use super::account::endpoint_and_partner;
use super::{ConfigError, default_ledger, shard};
use crate::cli::{Env, StatusArgs, StatusFormat};

/// The arguments of `status`, resolved.
#[derive(Debug)]
pub(crate) struct StatusConfig {
    pub(crate) ledger: PathBuf,
    pub(crate) format: StatusFormat,
    /// Whether the run is followed to its end.
    pub(crate) watch: bool,
}

impl StatusConfig {
    pub(crate) fn resolve(args: &StatusArgs) -> Result<Self, ConfigError> {
        let chosen = shard::resolve(&args.sharding)?;
        let ledger = match &args.ledger {
            Some(path) => path.clone(),
            None if args.env == Env::Local => return Err(ConfigError::NoLocalLedger),
            None => {
                let (endpoint, partner_id) = endpoint_and_partner(&args.pin, args.env)?;
                default_ledger::path(&endpoint, &partner_id, chosen.map(|chosen| chosen.shard))?
            }
        };
        Ok(Self {
            ledger,
            format: args.format,
            watch: args.watch,
        })
    }
}
