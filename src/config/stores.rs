//! What object stores are opened with: the variables by which the clouds' own tools know credentials and endpoints.

use secrecy::SecretString;

use crate::photo::StoreSettings;

/// What the variables of the three clouds begin with; the last two are Azure's and Google's own exceptions.
const PREFIXES: [&str; 5] = ["AWS_", "AZURE_", "GOOGLE_", "IDENTITY_ENDPOINT", "SERVICE_ACCOUNT"];

/// The settings of all stores of a command. Profiles and other files of the clouds' tools are not read here.
pub(super) fn stores(ca_pem: Option<Vec<u8>>) -> StoreSettings {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let is_theirs = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        is_theirs.then(|| (name.to_ascii_lowercase(), SecretString::from(value)))
    });
    StoreSettings {
        variables: variables.collect(),
        ca_pem,
    }
}
