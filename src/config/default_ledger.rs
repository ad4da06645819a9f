//! Where the ledger stands that no option names: one for each endpoint and partner on this machine, whatever the
//! manifest is called. So a renamed, a corrected and tomorrow's manifest all find who is enrolled already.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{endpoint::Endpoint, partner_id::PartnerId, shard::Shard};

/// The tool's own folder within the folder for state.
const FOLDER: &str = "image-enroll";
/// All but letters, digits, `-`, `_` and `.`: what may mean something to a file system, and the sign of the encoding.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Why there is no ledger without a name (exit 2).
#[derive(Debug, thiserror::Error)]
pub(crate) enum DefaultLedgerError {
    #[error("there is no home folder to keep the ledger in (XDG_STATE_HOME and HOME name none); give --ledger FILE")]
    NoHome,
    #[error(
        "an earlier version left a ledger beside the manifest, {old:?}, and to begin another would forget who is \
         enrolled: give --ledger {old:?}, or move that file, and its -wal if there is one, to {new:?}"
    )]
    LeftBeside { old: PathBuf, new: PathBuf },
    #[error(
        "an earlier version left a ledger beside the manifest, {old:?}, and there is another one at {new:?}: \
         give the one to go on with by --ledger"
    )]
    TwoLedgers { old: PathBuf, new: PathBuf },
}

/// `<state folder>/image-enroll/<host>[-<port>]-<partner>[.<I>-of-<N>].ledger.db`.
pub(super) fn path(
    endpoint: &Endpoint,
    partner_id: &PartnerId,
    shard: Option<Shard>,
) -> Result<PathBuf, DefaultLedgerError> {
    let folder = state_folder().ok_or(DefaultLedgerError::NoHome)?;
    Ok(folder.join(FOLDER).join(file_name(endpoint, partner_id, shard)))
}

/// The first version kept a ledger for each manifest. One that is still there knows users that this one does not.
pub(super) fn check_left_beside(old: PathBuf, new: &Path) -> Result<(), DefaultLedgerError> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let new = new.to_owned();
    match (is_there(&old), is_there(&new)) {
        (false, _) => Ok(()),
        (true, false) => Err(DefaultLedgerError::LeftBeside { old, new }),
        (true, true) => Err(DefaultLedgerError::TwoLedgers { old, new }),
    }
}

/// Two partners of one endpoint never get the same name. Endpoints that differ in no more than scheme or path do, and
/// then the ledger's pin refuses the second one.
fn file_name(endpoint: &Endpoint, partner_id: &PartnerId, shard: Option<Shard>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let port = endpoint.port().map(|port| format!("-{port}")).unwrap_or_default();
    let (host, partner_id) = (encode(endpoint.host()), encode(partner_id.as_str()));
    let part = shard.map(|shard| format!(".{}", shard.in_names())).unwrap_or_default();
    format!("{host}{port}-{partner_id}{part}.ledger.db")
}

/// The folder for state: `$XDG_STATE_HOME` wherever it is set, else the platform's own within the home folder.
fn state_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    named.filter(|path| path.is_absolute()).or_else(platforms_folder)
}

/// macOS and Windows have no folder for state alone, so there it is the one for local data. A home folder that only
/// the list of users names is not used: whoever starts the tool without an environment means to name all places.
fn platforms_folder() -> Option<PathBuf> {
    let is_named = cfg!(windows) || std::env::var_os("HOME").is_some_and(|home| !home.is_empty());
    let strategy = etcetera::base_strategy::choose_native_strategy()
        .ok()
        .filter(|_| is_named)?;
    let home = strategy.home_dir();
    if !home.is_absolute() || !home.is_dir() {
        return None;
    }
    // On Windows the local data stand in the same folder as the caches.
    let local_data = if cfg!(windows) {
        strategy.cache_dir()
    } else {
        strategy.data_dir()
    };
    Some(strategy.state_dir().unwrap_or(local_data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_the_host_the_port_where_it_is_unusual_and_the_partner() {
        for (endpoint, partner_id, name) in [
            (
                "https://api.smileidentity.com",
                "085",
                "api.smileidentity.com-085.ledger.db",
            ),
            ("https://a.example:443/smile", "85", "a.example-85.ledger.db"),
            ("https://a.example:8443", "85", "a.example-8443-85.ledger.db"),
            ("http://127.0.0.1:80", "1", "127.0.0.1-1.ledger.db"),
            ("http://[::1]:8080", "1", "%5B%3A%3A1%5D-8080-1.ledger.db"),
            ("https://a.example", "a/b", "a.example-a%2Fb.ledger.db"),
            ("https://a.example", "a%2Fb", "a.example-a%252Fb.ledger.db"),
            ("https://a.example", "../x\\y", "a.example-..%2Fx%5Cy.ledger.db"),
            ("https://a.example", "A-b_c.d", "a.example-A-b_c.d.ledger.db"),
            ("https://a.example", "ä:", "a.example-%C3%A4%3A.ledger.db"),
        ] {
            let (endpoint, partner_id) = (Endpoint::parse(endpoint), PartnerId::parse(partner_id));
            assert_eq!(file_name(&endpoint.unwrap(), &partner_id.unwrap(), None), name);
        }
    }

    #[test]
    fn each_part_has_a_name_of_its_own() {
        let endpoint = Endpoint::parse("https://a.example").unwrap();
        let partner_id = PartnerId::parse("085").unwrap();
        let name = file_name(&endpoint, &partner_id, Shard::new(3, 8).ok());
        assert_eq!(name, "a.example-085.3-of-8.ledger.db");
    }
}
