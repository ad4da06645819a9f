//! The one question before a production run.

use std::io::{self, BufRead};

use crate::config::{ConfigError, EnrollConfig};
use crate::error::Error;
use crate::manifest::{Role, Surveyed};
use crate::sys::signals::{Mode, Signals};
use crate::terminal::Production;

/// Asks whether real users are meant; anything but yes is an error.
pub(super) fn production(config: &EnrollConfig, manifest: &Surveyed, signals: &Signals) -> Result<(), Error> {
    let survey = &manifest.survey;
    let settled = survey.settled().total();
    let to_send = survey.count(Role::First) - settled;
    let account = &config.account;
    let question = Production {
        partner_id: account.signer.partner_id().as_str(),
        endpoint: &account.endpoint_name(),
        shard: config.files.shard,
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
