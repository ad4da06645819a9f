//! The API key: where it comes from, and what may be one.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, Env};

/// Longest key that is believed to be one; the real ones are UUIDs.
const MAX_KEY_BYTES: usize = 4_096;

/// That of the other environment, which refuses the key.
fn others_variable(env: Env) -> &'static str {
    match env {
        Env::Production => variable(Env::Sandbox),
        Env::Local | Env::Sandbox => variable(Env::Production),
    }
}

/// The key of an environment, from the file that is named or else from the environment's variables.
pub(super) fn api_key(file: Option<&Path>, env: Env) -> Result<SecretString, ConfigError> {
    let (own, other) = (variable(env), others_variable(env));
    let (from, key) = match file {
        Some(path) => (format!("{path:?}"), key_from_file(path)?),
        None => {
            let (name, value) = from_environment(env).ok_or_else(|| no_key(env))?;
            let text = value.to_str().ok_or_else(|| ConfigError::BadKey(name.to_owned()))?;
            (name.to_owned(), check_key(text, || name.to_owned())?)
        }
    };
    let holds = |name: &str| {
        let value = std::env::var_os(name).and_then(|value| value.into_string().ok());
        value.is_some_and(|value| value.trim() == key.expose_secret())
    };
    if from != own && holds(other) && !holds(own) {
        return Err(ConfigError::OtherKey {
            from,
            other,
            env: env.word(),
        });
    }
    Ok(key)
}

/// There is no key for an environment, perhaps one for the other.
pub(super) fn no_key(env: Env) -> ConfigError {
    let (own, other) = (variable(env), others_variable(env));
    match std::env::var_os(other) {
        Some(_) => ConfigError::NoKeyButTheOther { own, other },
        None => ConfigError::NoKey(own),
    }
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
    if let Some(fault) = around(key) {
        return Err(ConfigError::NotTheKeyAlone { from: from(), fault });
    }
    if key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::BadKey(from()));
    }
    Ok(SecretString::from(key))
}

/// What stands around a key that was copied with its surroundings. The API would call it a wrong signature.
fn around(text: &str) -> Option<&'static str> {
    const QUOTES: [char; 6] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2019}'];
    let trimmed = text.trim();
    let has_name = trimmed.starts_with("export ")
        || trimmed
            .split_once('=')
            .is_some_and(|(name, value)| is_name(name, value));
    if has_name {
        Some("a name and `=` before it; leave the value alone in it")
    } else if trimmed.starts_with(QUOTES) || trimmed.ends_with(QUOTES) {
        Some("quotes around it; take them off")
    } else if trimmed.len() < text.len() {
        Some("white space around it; take it off")
    } else {
        None
    }
}

/// Whether this is the name of a variable, and not a key whose base64 ends in `=`.
fn is_name(name: &str, value: &str) -> bool {
    let name = name.trim_end();
    let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_identifier = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_value = !value.trim_start_matches('=').is_empty();
    is_identifier && is_value && (name.chars().all(is_upper) || name.to_ascii_lowercase().contains("key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<String, String> {
        let checked = check_key(text, || "x".into());
        checked
            .map(|key| key.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_loses_its_line_end_and_nothing_else() {
        for text in ["k1", "k1\n", "k1\r\n"] {
            assert_eq!(key(text).as_deref(), Ok("k1"));
        }
        for text in ["", "\n", "k1\n\n", " k1", "k 1", "k1\t", "k\u{e4}", "\"\n\""] {
            assert!(key(text).is_err(), "{text:?}");
        }
        for text in ["YWJjZA==", "abc=", "a1b2=c3", "2f1b8c5e-5f0a-4c56-9d0e-6f6f3a4b7c1d"] {
            assert_eq!(key(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_was_copied_along_is_said_and_the_key_is_not() {
        for (text, said) in [
            (" marked", "white space"),
            ("marked \n", "white space"),
            ("marked\r\n\n", "white space"),
            ("\"marked\"", "quotes"),
            ("'marked'\n", "quotes"),
            ("\u{201c}marked\u{201d}", "quotes"),
            ("SMILE_API_KEY=marked\n", "a name"),
            ("export SMILE_SANDBOX_API_KEY=\"marked\"", "a name"),
            ("api_key = marked", "a name"),
        ] {
            let error = key(text).unwrap_err();
            assert!(error.contains(said) && !error.contains("marked"), "{text:?}: {error}");
        }
    }
}
