//! The one question before a production run, and who is there to answer it.

use std::io::{self, BufRead, IsTerminal};

use crate::cli::{EnrollArgs, Env};
use crate::config::{Account, ConfigError, Files};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::manifest::{Manifest, Role, Survey};
use crate::sys::signals::{Mode, Signals};
use crate::terminal;

/// A production run that nobody can be asked about needs `--yes`, so that none begins by itself.
pub(super) fn check_yes(args: &EnrollArgs) -> Result<(), Error> {
    if args.files.env == Env::Production && !args.yes && !is_somebody_there() {
        return Err(ConfigError::NeedsYes.into());
    }
    Ok(())
}

fn is_somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, unless `--yes` is given.
pub(super) fn production(
    args: &EnrollArgs,
    files: &Files,
    account: &Account,
    manifest: &Manifest,
    survey: &Survey,
    ledger: &Ledger,
    signals: &Signals,
) -> Result<(), Error> {
    if files.env != Env::Production || args.yes {
        return Ok(());
    }
    let (to_send, settled) = count(files, manifest, survey, ledger)?;
    terminal::ask_production(account.signer.partner_id(), &account.pinned, to_send, settled);
    let mut answer = String::new();
    // Ctrl-C is an answer too.
    let mode = signals.enter(Mode::EndAtOnce);
    let read = io::stdin().lock().read_line(&mut answer);
    signals.enter(mode);
    let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if read.is_ok() && yes {
        Ok(())
    } else {
        Err(ConfigError::Declined.into())
    }
}

/// Users to send, and users that earlier runs settled.
fn count(files: &Files, manifest: &Manifest, survey: &Survey, ledger: &Ledger) -> Result<(u32, u32), Error> {
    let manifest_error = |source| Error::Manifest {
        path: files.manifest.clone(),
        source,
    };
    let (mut to_send, mut settled) = (0, 0);
    let mut records = manifest.records().map_err(manifest_error)?;
    while let Some((number, record)) = records.next().map_err(manifest_error)? {
        let Some(row) = manifest
            .row(number, record)
            .ok()
            .filter(|_| survey.role(number) == Some(Role::First))
        else {
            continue;
        };
        let known = ledger.is_settled(&row.user_id).map_err(crate::run::RunError::from)?;
        *(if known { &mut settled } else { &mut to_send }) += 1;
    }
    Ok((to_send, settled))
}
