//! What `check` needs to know.

use std::path::PathBuf;

use super::account::read_ca;
use super::files::{fixing, reading};
use super::places::Written;
use super::stores::stores;
use super::{ChosenShard, ConfigError, Log, shard};
use crate::cli::CheckArgs;
use crate::manifest::ManifestOptions;
use crate::photo::{FixSettings, StoreSettings};

/// The arguments of `check`, resolved.
#[derive(Debug)]
pub(crate) struct CheckConfig {
    pub(crate) manifest: PathBuf,
    pub(crate) reading: ManifestOptions,
    /// The part whose rows are looked at, and how it became known; none: all rows.
    pub(crate) chosen: Option<ChosenShard>,
    /// Whether the photos are looked at, too.
    pub(crate) photos: bool,
    /// How photos are fixed; none where each is judged as it lies.
    pub(crate) fixing: Option<FixSettings>,
    /// The folder for copies of what was fixed.
    pub(crate) save_fixed: Option<PathBuf>,
    pub(crate) stores: StoreSettings,
    /// Where all findings go; `-` is stdout.
    pub(crate) findings: Option<PathBuf>,
    pub(crate) log: Log,
}

impl CheckConfig {
    pub(crate) fn resolve(args: &CheckArgs) -> Result<Self, ConfigError> {
        if args.manifest.as_os_str() == "-" && args.photos.photo_root.is_empty() && !args.no_photos {
            return Err(ConfigError::StdinNeeds("--photo-root"));
        }
        Written::default()
            .file_or_stdout("--findings", args.findings.as_deref())
            .check(&args.manifest)?;
        Ok(Self {
            manifest: args.manifest.clone(),
            reading: reading(&args.manifest, &args.reading, &args.photos)?,
            chosen: shard::resolve(&args.sharding)?,
            photos: !args.no_photos,
            fixing: fixing(&args.fixing)?,
            save_fixed: args.save_fixed.clone(),
            stores: stores(args.ca_cert.as_deref().map(read_ca).transpose()?),
            findings: args.findings.clone(),
            log: (&args.log).into(),
        })
    }
}
