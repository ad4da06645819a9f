//! What `results` needs to know.

use super::places::Written;
use super::{ConfigError, Files, KeptLedger};
use crate::cli::ResultsArgs;

/// The arguments of `results`, resolved.
#[derive(Debug)]
pub(crate) struct ResultsConfig {
    pub(crate) files: Files,
    pub(crate) ledger: KeptLedger,
}

impl ResultsConfig {
    pub(crate) fn resolve(args: &ResultsArgs) -> Result<Self, ConfigError> {
        let files = Files::resolve(&args.files, args.fix_photos, &args.places)?;
        let ledger = KeptLedger::resolve(&args.places, &args.pin, &files)?;
        let ledger = ledger.ok_or(ConfigError::NoLocalLedger)?;
        Written::default()
            .file_or_stdout("--results", Some(&files.results))
            .file("--ledger", Some(&ledger.path))
            .beside(Some(&ledger))
            .check(&files.manifest)?;
        ledger.check_is_there()?;
        Ok(Self { files, ledger })
    }
}
