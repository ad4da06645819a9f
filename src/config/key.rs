//! The API key: where it comes from, and what may be one.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{ConfigError, Env};

/// Longest key that is believed to be one; the real ones are UUIDs.
const MAX_KEY_BYTES: usize = 4_096;

/// The key of an environment, from the file that is named or else from the environment's variables.
pub(super) fn api_key(file: Option<&Path>, env: Env) -> Result<SecretString, ConfigError> {
    if let Some(path) = file {
        return key_from_file(path);
    }
    let (name, value) = from_environment(env).ok_or(ConfigError::NoKey(variable(env)))?;
    let text = value.to_str().ok_or_else(|| ConfigError::BadKey(name.to_owned()))?;
    check_key(text, || name.to_owned())
}

/// An environment's own variable for the key.
pub(super) fn variable(env: Env) -> &'static str {
    match env {
        Env::Production => "SMILE_PRODUCTION_API_KEY",
        Env::Local | Env::Sandbox => "SMILE_SANDBOX_API_KEY",
    }
}

/// Whether a variable holds a key for this environment, whatever it is.
pub(super) fn is_in_environment(env: Env) -> bool {
    from_environment(env).is_some()
}

fn from_environment(env: Env) -> Option<(&'static str, OsString)> {
    let names = [variable(env), "SMILE_API_KEY"].into_iter();
    names
        .map(|name| (name, std::env::var_os(name)))
        .find_map(|(name, value)| Some((name, value?)))
}

/// A key that nobody else knows; for simulators.
pub(super) fn random_key() -> SecretString {
    SecretString::from(uuid::Uuid::new_v4().to_string())
}

/// Reads a key from a file: one line, whose end is dropped.
pub(super) fn key_from_file(path: &Path) -> Result<SecretString, ConfigError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES + 2));
    let read = fs::File::open(path).and_then(|file| file.take(MAX_KEY_BYTES as u64 + 2).read_to_end(&mut bytes));
    read.map_err(|source| ConfigError::KeyFile {
        path: path.to_owned(),
        source,
    })?;
    let from = || format!("{path:?}");
    let text = std::str::from_utf8(&bytes).map_err(|_| ConfigError::BadKey(from()))?;
    check_key(text, from)
}

fn check_key(text: &str, from: impl Fn() -> String) -> Result<SecretString, ConfigError> {
    let key = text.strip_suffix('\n').unwrap_or(text);
    let key = key.strip_suffix('\r').unwrap_or(key);
    if key.is_empty() {
        return Err(ConfigError::EmptyKey(from()));
    }
    if key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::BadKey(from()));
    }
    Ok(SecretString::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_loses_its_line_end_and_nothing_else() {
        use secrecy::ExposeSecret;
        let key = |text: &str| {
            check_key(text, || "x".into())
                .map(|key| key.expose_secret().to_owned())
                .ok()
        };
        for text in ["k1", "k1\n", "k1\r\n"] {
            assert_eq!(key(text).as_deref(), Some("k1"));
        }
        for text in ["", "\n", "k1\n\n", " k1", "k 1", "k1\t", "kä", "\"\n\""] {
            assert_eq!(key(text), None, "{text:?}");
        }
    }
}
