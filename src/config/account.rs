//! In whose name requests are sent, and where to.

use std::fs;
use std::path::{Path, PathBuf};

use super::key::{api_key, random_key};
use super::{ConfigError, Env};
use crate::cli::{AccountArgs, DEFAULT_PARTNER_ID, PinArgs};
use crate::domain::{endpoint::Endpoint, partner_id::PartnerId, shard::Shard, signature::Signer};
use crate::ledger::Pin;
use crate::sys::rights::open_mode;

const SANDBOX: &str = "https://testapi.smileidentity.com";
const PRODUCTION: &str = "https://api.smileidentity.com";
/// What a local ledger is pinned to: the simulator's port differs from run to run.
const LOCAL_PIN: &str = "local simulator";

/// In whose name requests are sent, and where to.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) destination: Destination,
    pub(crate) signer: Signer,
    /// Further root certificates, PEM.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// The file of the key and its mode, where others may read it too.
    pub(crate) open_key: Option<(PathBuf, u32)>,
}

/// Where requests go.
#[derive(Debug)]
pub(crate) enum Destination {
    Endpoint(Endpoint),
    /// The one inside the process.
    Simulator,
}

impl Account {
    pub(super) fn resolve(args: &AccountArgs, env: Env) -> Result<Self, ConfigError> {
        let ca_pem = args.ca_cert.as_deref().map(read_ca).transpose()?;
        if env == Env::Local {
            return Self::local(&args.pin, ca_pem);
        }
        let (endpoint, partner_id) = endpoint_and_partner(&args.pin, env)?;
        let api_key = api_key(args.api_key_file.as_deref(), env)?;
        Ok(Self {
            destination: Destination::Endpoint(endpoint),
            signer: Signer::new(partner_id, api_key),
            ca_pem,
            open_key: args
                .api_key_file
                .as_ref()
                .and_then(|path| Some((path.clone(), open_mode(path)?))),
        })
    }

    /// The simulator knows any partner it is told, and a key made for the occasion.
    fn local(args: &PinArgs, ca_pem: Option<Vec<u8>>) -> Result<Self, ConfigError> {
        if args.endpoint.is_some() {
            return Err(ConfigError::LocalHas("endpoint"));
        }
        let partner_id = PartnerId::parse(local_partner(args))?;
        Ok(Self {
            destination: Destination::Simulator,
            signer: Signer::new(partner_id, random_key()),
            ca_pem,
            open_key: None,
        })
    }

    /// The endpoint as ledger and summary name it.
    pub(crate) fn endpoint_name(&self) -> String {
        match &self.destination {
            Destination::Endpoint(endpoint) => endpoint.to_string(),
            Destination::Simulator => LOCAL_PIN.to_owned(),
        }
    }

    /// What the ledger of these users is pinned to.
    pub(crate) fn pin(&self, shard: Option<Shard>) -> Pin {
        Pin {
            endpoint: self.endpoint_name(),
            partner_id: self.signer.partner_id().clone(),
            shard,
        }
    }
}

/// Endpoint and partner of a run that is not local. No key is needed.
pub(super) fn endpoint_and_partner(args: &PinArgs, env: Env) -> Result<(Endpoint, PartnerId), ConfigError> {
    let endpoint = endpoint(args, env)?;
    let partner_id = args.partner_id.as_deref().ok_or(ConfigError::NoPartner)?;
    Ok((endpoint, PartnerId::parse(partner_id)?))
}

fn endpoint(args: &PinArgs, env: Env) -> Result<Endpoint, ConfigError> {
    let base = args.endpoint.as_deref().unwrap_or(match env {
        Env::Production => PRODUCTION,
        Env::Local | Env::Sandbox => SANDBOX,
    });
    Ok(Endpoint::parse(base)?)
}

/// Endpoint and partner as far as the command line names them; each empty where it is not known.
pub(super) fn known_names(args: &PinArgs, env: Env) -> (String, String) {
    if env == Env::Local {
        return (LOCAL_PIN.to_owned(), local_partner(args).to_owned());
    }
    // What is no URL is not repeated: it may hold a password.
    let endpoint = endpoint(args, env).map(|endpoint| endpoint.to_string());
    (
        endpoint.unwrap_or_default(),
        args.partner_id.clone().unwrap_or_default(),
    )
}

fn local_partner(args: &PinArgs) -> &str {
    args.partner_id.as_deref().unwrap_or(DEFAULT_PARTNER_ID)
}

pub(super) fn read_ca(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let pem = fs::read(path).map_err(|source| ConfigError::CaFile {
        path: path.to_owned(),
        source,
    })?;
    // A file of something else would be taken for a bundle of no certificates.
    match memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----") {
        Some(_) => Ok(pem),
        None => Err(ConfigError::NoCertificate(path.to_owned())),
    }
}
