//! What `extract` needs to know.

use std::path::PathBuf;

use super::places::Written;
use super::{ConfigError, Log};
use crate::cli::ExtractArgs;

/// The arguments of `extract`, resolved.
#[derive(Debug)]
pub(crate) struct ExtractConfig {
    /// `-` is stdin.
    pub(crate) data: PathBuf,
    /// The folder for the photos.
    pub(crate) photos: PathBuf,
    /// Where the manifest goes; `-` is stdout.
    pub(crate) manifest: PathBuf,
    pub(crate) log: Log,
}

impl ExtractConfig {
    pub(crate) fn resolve(args: &ExtractArgs) -> Result<Self, ConfigError> {
        let manifest = match &args.manifest {
            Some(path) => path.clone(),
            None if args.data.as_os_str() == "-" => return Err(ConfigError::DataFromStdin),
            None => {
                let mut name = args.data.file_stem().ok_or(ConfigError::NoDataStem)?.to_owned();
                name.push(".manifest.csv");
                args.photos.join(name)
            }
        };
        Written::default()
            .file_or_stdout("--manifest", Some(&manifest))
            .check(&args.data)?;
        Ok(Self {
            data: args.data.clone(),
            photos: args.photos.clone(),
            manifest,
            log: (&args.log).into(),
        })
    }
}
