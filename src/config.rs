//! From raw arguments and the environment to one resolved, typed configuration. Nothing changes it
//! while the run goes on. Secrets are read here and nowhere else.

mod default_ledger;
mod known;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use url::Url;

use crate::cli::{AccountArgs, DEFAULT_PARTNER_ID, Env, FileArgs, PinArgs};
use crate::domain::signature::Signer;
use crate::ledger::Pin;

use default_ledger::DefaultLedgerError;
pub(crate) use known::{known_pin, named_files};

const SANDBOX: &str = "https://testapi.smileidentity.com";
const PRODUCTION: &str = "https://api.smileidentity.com";
/// What a local ledger is pinned to: the simulator's port differs from run to run.
const LOCAL_PIN: &str = "local simulator";
/// Longest key that is believed to be one; the real ones are UUIDs.
const MAX_KEY_BYTES: usize = 4_096;

/// Why the configuration cannot be used (exit 2).
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("no manifest is named")]
    NoManifest,
    #[error("with '-' as the manifest, name {0} too")]
    StdinNeeds(&'static str),
    #[error("no partner id: give --partner-id or set SMILE_PARTNER_ID")]
    NoPartner,
    #[error("the partner id {0:?} holds white space or control characters, or is empty")]
    BadPartner(String),
    #[error("no API key: give --api-key-file or set {0} or SMILE_API_KEY")]
    NoKey(&'static str),
    #[error("the API key from {0} is empty")]
    EmptyKey(String),
    #[error("the API key from {0} is not one line of printable ASCII text")]
    BadKey(String),
    #[error("cannot read the API key from {path:?}")]
    KeyFile { path: PathBuf, source: io::Error },
    #[error("cannot read the certificates in {path:?}")]
    CaFile { path: PathBuf, source: io::Error },
    #[error("there is no PEM certificate in {0:?}")]
    NoCertificate(PathBuf),
    #[error("--endpoint {0:?} is not a URL such as https://testapi.smileidentity.com")]
    BadEndpoint(String),
    #[error("--endpoint {0:?}: http:// is for loopback only; use https://")]
    PlainHttp(String),
    #[error("--endpoint {0:?}: a base URL has no user, query or fragment")]
    EndpointParts(String),
    #[error("--env local brings its own endpoint; leave --{0} out")]
    LocalHas(&'static str),
    #[error("{flag} {path:?} is the manifest itself; name another file")]
    Overwrites { flag: &'static str, path: PathBuf },
    #[error("{0} and {1} name the same file")]
    SameFile(&'static str, &'static str),
    #[error("this manifest has no file name to derive others from; name --results")]
    NoStem,
    #[error("a local run keeps no ledger unless --ledger names one")]
    NoLocalLedger,
    #[error(transparent)]
    DefaultLedger(#[from] DefaultLedgerError),
    #[error("cannot make the folder {path:?} for the ledger; name another place with --ledger")]
    LedgerFolder { path: PathBuf, source: io::Error },
    #[error("there is no ledger of {pin} at {path:?}; name that run's --endpoint and --partner-id, or its --ledger")]
    NoLedger { pin: Pin, path: PathBuf },
    #[error("--env production, and no terminal to ask on: give --yes if this is meant to reach real users")]
    NeedsYes,
    #[error("the answer was not yes; nothing was sent")]
    Declined,
}

/// Where the files of a run are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) env: Env,
    pub(crate) manifest: PathBuf,
    pub(crate) photo_root: PathBuf,
    pub(crate) results: PathBuf,
    /// None: a temporary one, for a simulator that forgets everything as well.
    pub(crate) ledger: Option<PathBuf>,
    /// Whose ledger stands at the place that no option named.
    pub(crate) default_ledger_of: Option<Pin>,
}

/// In whose name requests are sent, and where to.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Base URL without a trailing slash; None: the simulator inside the process.
    pub(crate) endpoint: Option<String>,
    /// What the ledger is pinned to.
    pub(crate) pinned: String,
    pub(crate) signer: Signer,
    pub(crate) is_loopback: bool,
    pub(crate) ca_pem: Option<Vec<u8>>,
}

impl Files {
    /// `pin` names the ledger that `args` does not.
    pub(crate) fn resolve(args: &FileArgs, pin: &PinArgs) -> Result<Self, ConfigError> {
        let manifest = args.manifest.clone().ok_or(ConfigError::NoManifest)?;
        if manifest.as_os_str() == "-" {
            require(args.results.is_some(), "--results")?;
            require(args.ledger.is_some(), "--ledger")?;
            require(args.photo_root.is_some(), "--photo-root")?;
        }
        let beside = |kind: &str| beside(&manifest, args.env, kind);
        let results = args.results.clone().map_or_else(|| beside("results.csv"), Ok)?;
        let (ledger, default_ledger_of) = match &args.ledger {
            Some(path) => (Some(path.clone()), None),
            None if args.env == Env::Local => (None, None),
            None => {
                let (pin, _) = resolve_pin(pin, args.env)?;
                let path = default_ledger::path(&pin)?;
                // Without a name to go by there was none in the first version either.
                let left = beside("ledger.db").ok();
                left.map_or(Ok(()), |left| default_ledger::check_left_beside(left, &path))?;
                (Some(path), Some(pin))
            }
        };
        if ledger.as_ref().is_some_and(|ledger| *ledger == results) {
            return Err(ConfigError::SameFile("--results", "--ledger"));
        }
        let photo_root = photo_root(&manifest, args.photo_root.as_deref());
        Ok(Self {
            env: args.env,
            manifest,
            photo_root,
            results,
            ledger,
            default_ledger_of,
        })
    }
}

/// The base of relative photo paths.
pub(crate) fn photo_root(manifest: &Path, given: Option<&Path>) -> PathBuf {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    given.unwrap_or(folder).to_owned()
}

impl Account {
    pub(crate) fn resolve(args: &AccountArgs, env: Env) -> Result<Self, ConfigError> {
        let ca_pem = args.ca_cert.as_deref().map(read_ca).transpose()?;
        if env == Env::Local {
            return Self::local(args, ca_pem);
        }
        let (pin, is_loopback) = resolve_pin(&args.pin, env)?;
        let signer = Signer::new(pin.partner_id, api_key(args.api_key_file.as_deref(), env)?);
        Ok(Self {
            pinned: pin.endpoint.clone(),
            endpoint: Some(pin.endpoint),
            signer,
            is_loopback,
            ca_pem,
        })
    }

    /// The simulator knows any partner it is told, and a key made for the occasion.
    fn local(args: &AccountArgs, ca_pem: Option<Vec<u8>>) -> Result<Self, ConfigError> {
        if args.pin.endpoint.is_some() {
            return Err(ConfigError::LocalHas("endpoint"));
        }
        let partner_id = partner(
            args.pin
                .partner_id
                .clone()
                .unwrap_or_else(|| DEFAULT_PARTNER_ID.to_owned()),
        )?;
        let signer = Signer::new(partner_id, random_key());
        Ok(Self {
            endpoint: None,
            pinned: LOCAL_PIN.to_owned(),
            signer,
            is_loopback: true,
            ca_pem,
        })
    }
}

/// Endpoint and partner of a run that is not local, and whether the endpoint is on this machine. No key is needed.
fn resolve_pin(args: &PinArgs, env: Env) -> Result<(Pin, bool), ConfigError> {
    let (endpoint, is_loopback) = endpoint(base(args, env))?;
    let partner_id = partner(args.partner_id.clone().ok_or(ConfigError::NoPartner)?)?;
    Ok((Pin { endpoint, partner_id }, is_loopback))
}

/// The base URL as it is written.
fn base(args: &PinArgs, env: Env) -> &str {
    args.endpoint.as_deref().unwrap_or(match env {
        Env::Production => PRODUCTION,
        Env::Local | Env::Sandbox => SANDBOX,
    })
}

/// A key that nobody else knows; for simulators.
pub(crate) fn random_key() -> SecretString {
    SecretString::from(uuid::Uuid::new_v4().to_string())
}

/// Reads a key from a file: one line, whose end is dropped.
pub(crate) fn key_from_file(path: &Path) -> Result<SecretString, ConfigError> {
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

/// A partner id is kept to the letter; what cannot stand in a JSON string unseen is refused.
pub(crate) fn partner(id: String) -> Result<String, ConfigError> {
    if id.is_empty() || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(ConfigError::BadPartner(id));
    }
    Ok(id)
}

fn require(given: bool, flag: &'static str) -> Result<(), ConfigError> {
    given.then_some(()).ok_or(ConfigError::StdinNeeds(flag))
}

/// `<stem>.<env>.<kind>` beside the manifest.
fn beside(manifest: &Path, env: Env, kind: &str) -> Result<PathBuf, ConfigError> {
    let mut name = manifest.file_stem().ok_or(ConfigError::NoStem)?.to_owned();
    name.push(format!(".{}.{kind}", env.word()));
    Ok(manifest.with_file_name(name))
}

fn read_ca(path: &Path) -> Result<Vec<u8>, ConfigError> {
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

/// The base without its trailing slash, and whether it is on this machine.
fn endpoint(text: &str) -> Result<(String, bool), ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::BadEndpoint(text.to_owned()))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        // The text may hold a password, so only the host is shown.
        return Err(ConfigError::EndpointParts(
            url.host_str().unwrap_or_default().to_owned(),
        ));
    }
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(ConfigError::BadEndpoint(text.to_owned())),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        "http" => return Err(ConfigError::PlainHttp(text.to_owned())),
        _ => return Err(ConfigError::BadEndpoint(text.to_owned())),
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), is_loopback))
}

fn api_key(file: Option<&Path>, env: Env) -> Result<SecretString, ConfigError> {
    if let Some(path) = file {
        return key_from_file(path);
    }
    let own = match env {
        Env::Production => "SMILE_PRODUCTION_API_KEY",
        Env::Local | Env::Sandbox => "SMILE_SANDBOX_API_KEY",
    };
    let found = [own, "SMILE_API_KEY"]
        .into_iter()
        .find_map(|name| Some((name, std::env::var_os(name)?)));
    let (name, value) = found.ok_or(ConfigError::NoKey(own))?;
    let text = value.to_str().ok_or_else(|| ConfigError::BadKey(name.to_owned()))?;
    check_key(text, || name.to_owned())
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
    fn an_endpoint_is_https_or_loopback() {
        for (text, base, loopback) in [
            (
                "https://testapi.smileidentity.com",
                "https://testapi.smileidentity.com",
                false,
            ),
            (
                "https://testapi.smileidentity.com/",
                "https://testapi.smileidentity.com",
                false,
            ),
            ("https://gateway.example/smile/", "https://gateway.example/smile", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://localhost:8080/", "http://localhost:8080", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://127.9.9.9:1", "http://127.9.9.9:1", true),
        ] {
            assert_eq!(endpoint(text).unwrap(), (base.to_owned(), loopback), "{text}");
        }
        for text in [
            "http://testapi.smileidentity.com",
            "http://10.0.0.1",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "",
            "testapi.smileidentity.com",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://u:p@a.example",
            "http://0.0.0.0:80",
            "file:///etc/passwd",
        ] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_shown() {
        let error = endpoint("https://user:hunter2@a.example").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn files_stand_beside_the_manifest() {
        let path = beside(Path::new("/data/users.csv"), Env::Sandbox, "results.csv").unwrap();
        assert_eq!(path, Path::new("/data/users.sandbox.results.csv"));
        let path = beside(Path::new("users"), Env::Production, "ledger.db").unwrap();
        assert_eq!(path, Path::new("users.production.ledger.db"));
    }

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
