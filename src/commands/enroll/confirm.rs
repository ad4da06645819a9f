//! The one question before a production run.

use std::io::{self, BufRead};

use crate::config::{ConfigError, EnrollConfig};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::manifest::Surveyed;
use crate::run::RunError;
use crate::sys::signals::{Mode, Signals};
use crate::terminal::Production;

/// Asks whether real users are meant; anything but yes is an error.
pub(super) fn production(
    config: &EnrollConfig,
    manifest: &Surveyed,
    ledger: &Ledger,
    signals: &Signals,
) -> Result<(), Error> {
    let (to_send, settled) = count(manifest, ledger)?;
    let account = &config.account;
    let question = Production {
        partner_id: account.signer.partner_id().as_str(),
        endpoint: &account.endpoint_name(),
        to_send,
        settled,
        limit: config.pace.limit,
    };
    question.ask();
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
fn count(manifest: &Surveyed, ledger: &Ledger) -> Result<(u32, u32), Error> {
    let (mut to_send, mut settled) = (0, 0);
    manifest.each_first(|row| {
        let is_settled = ledger.is_settled(&row.user_id).map_err(RunError::from)?;
        *(if is_settled { &mut settled } else { &mut to_send }) += 1;
        Ok::<_, Error>(())
    })?;
    Ok((to_send, settled))
}
