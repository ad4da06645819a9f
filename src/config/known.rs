//! What the command line says by itself, however wrong the rest of it is: for the summary of a run that ended early.

use std::path::{Path, PathBuf};

use super::{LOCAL_PIN, base, beside, default_ledger, endpoint, photo_root, resolve_pin};
use crate::cli::{AccountArgs, DEFAULT_PARTNER_ID, Env, FileArgs, PinArgs};
use crate::ledger::Pin;

/// Endpoint and partner, each empty where it is not known.
pub(crate) fn known_pin(args: &PinArgs, env: Env) -> Pin {
    let partner_id = args.partner_id.clone();
    if env == Env::Local {
        return Pin {
            endpoint: LOCAL_PIN.to_owned(),
            partner_id: partner_id.unwrap_or_else(|| DEFAULT_PARTNER_ID.to_owned()),
        };
    }
    // What is no URL is not repeated: it may hold a password.
    let endpoint = endpoint(base(args, env)).map(|(endpoint, _)| endpoint);
    Pin {
        endpoint: endpoint.unwrap_or_default(),
        partner_id: partner_id.unwrap_or_default(),
    }
}

/// Every file and folder that a run with these arguments reads or keeps, but for the summary and single photos.
pub(crate) fn named_files(files: &FileArgs, account: &AccountArgs) -> Vec<PathBuf> {
    let manifest = files.manifest.as_deref().unwrap_or(Path::new("-"));
    let default_ledger = || default_ledger::path(&resolve_pin(&account.pin, files.env).ok()?.0).ok();
    let named = [
        Some(manifest.to_owned()),
        files
            .results
            .clone()
            .or_else(|| beside(manifest, files.env, "results.csv").ok()),
        files.ledger.clone().or_else(default_ledger),
        beside(manifest, files.env, "ledger.db").ok(),
        Some(photo_root(manifest, files.photo_root.as_deref())),
        account.api_key_file.clone(),
        account.ca_cert.clone(),
    ];
    named
        .into_iter()
        .flatten()
        .filter(|path| path.as_os_str() != "-")
        .collect()
}
