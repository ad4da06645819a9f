//! What a run cannot begin without: all of it that is missing is named at once.

use std::path::Path;

use super::{ConfigError, Env, key};
use crate::cli::EnrollArgs;
use crate::sys::similar::file_like;

pub(super) fn check(args: &EnrollArgs) -> Result<(), ConfigError> {
    let env = args.files.env;
    let needs_account = env != Env::Local;
    let partner = needs_account && args.account.pin.partner_id.is_none();
    let key = needs_account && args.account.api_key_file.is_none() && !key::is_in_environment(env);
    let mut missing = Vec::new();
    missing.extend(manifest(args.files.manifest.as_deref()));
    missing.extend(partner.then_some(ConfigError::NoPartner));
    missing.extend(key.then(|| key::no_key(env)));
    match missing.len() {
        0 => Ok(()),
        // That a manifest is not there is the manifest's fault, and has an exit code of its own.
        1 => match missing.remove(0) {
            ConfigError::ManifestNotFound { .. } => Ok(()),
            error => Err(error),
        },
        _ => Err(ConfigError::Missing(missing)),
    }
}

fn manifest(path: Option<&Path>) -> Option<ConfigError> {
    let Some(path) = path else {
        return Some(ConfigError::NoManifest);
    };
    let is_gone = path.as_os_str() != "-" && matches!(path.try_exists(), Ok(false));
    is_gone.then(|| ConfigError::ManifestNotFound {
        path: path.to_owned(),
        like: file_like(path),
    })
}
