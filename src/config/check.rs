//! What `check` needs to know.

use std::path::PathBuf;

use super::files::photo_root;
use super::places::Written;
use super::{ConfigError, Log};
use crate::cli::CheckArgs;

/// The arguments of `check`, resolved.
#[derive(Debug)]
pub(crate) struct CheckConfig {
    pub(crate) manifest: PathBuf,
    /// The base of relative photo paths.
    pub(crate) photo_root: PathBuf,
    /// Whether the photos are looked at, too.
    pub(crate) photos: bool,
    /// Whether rows that look wrong are invalid.
    pub(crate) strict: bool,
    /// Where all findings go; `-` is stdout.
    pub(crate) findings: Option<PathBuf>,
    pub(crate) log: Log,
}

impl CheckConfig {
    pub(crate) fn resolve(args: &CheckArgs) -> Result<Self, ConfigError> {
        if args.manifest.as_os_str() == "-" && args.photo_root.is_none() && !args.no_photos {
            return Err(ConfigError::StdinNeeds("--photo-root"));
        }
        Written::default()
            .file_or_stdout("--findings", args.findings.as_deref())
            .check(&args.manifest)?;
        Ok(Self {
            manifest: args.manifest.clone(),
            photo_root: photo_root(&args.manifest, args.photo_root.as_deref()),
            photos: !args.no_photos,
            strict: args.strict,
            findings: args.findings.clone(),
            log: (&args.log).into(),
        })
    }
}
