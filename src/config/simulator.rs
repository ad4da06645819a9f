//! What the `simulator` needs to know.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::ConfigError;
use super::key::key_from_file;
use crate::cli::SimulatorArgs;
use crate::domain::{partner_id::PartnerId, signature::Signer};

/// The key that requests are signed with unless a file names another; it guards nothing.
const DEFAULT_API_KEY: &str = "simulator-key-not-a-secret";

/// The arguments of `simulator`, resolved.
#[derive(Debug)]
pub(crate) struct SimulatorConfig {
    /// 0 picks a free one.
    pub(crate) port: u16,
    pub(crate) signer: Signer,
    /// The key, where it is no secret.
    pub(crate) shown_key: Option<&'static str>,
    /// The file that keeps its users.
    pub(crate) state: Option<PathBuf>,
    pub(crate) latency: Duration,
    /// From 0 to 1.
    pub(crate) fail_rate: f64,
    pub(crate) seed: u64,
    /// From 0 to 1.
    pub(crate) provisional_rate: f64,
    pub(crate) decide_after: Duration,
    /// From 0 to 1.
    pub(crate) lookup_fail_rate: f64,
    pub(crate) clock_ahead: Duration,
}

impl SimulatorConfig {
    pub(crate) fn resolve(args: &SimulatorArgs) -> Result<Self, ConfigError> {
        let partner_id = PartnerId::parse(&args.partner_id)?;
        let (api_key, shown_key) = match &args.api_key_file {
            Some(path) => (key_from_file(path)?, None),
            None => (SecretString::from(DEFAULT_API_KEY), Some(DEFAULT_API_KEY)),
        };
        Ok(Self {
            port: args.port,
            signer: Signer::new(partner_id, api_key),
            shown_key,
            state: args.state.clone(),
            latency: args.latency,
            fail_rate: args.fail_rate,
            seed: args.seed,
            provisional_rate: args.provisional_rate,
            decide_after: args.decide_after,
            lookup_fail_rate: args.lookup_fail_rate,
            clock_ahead: args.clock_ahead,
        })
    }
}
