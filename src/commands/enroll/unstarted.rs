//! What is left of a run that ended before its first row: a summary in place of an earlier run's.

use chrono::Utc;

use super::Start;
use crate::config::Known;
use crate::error::Error;
use crate::output::{Unstarted, write_summary};
use crate::terminal::print_error;

/// Writes the summary of a run that `error` has ended, unless its path is that of another file of the run.
pub(super) fn write(known: &Known, start: &Start, error: &Error) {
    let Some(path) = known.summary() else {
        return;
    };
    let unstarted = Unstarted {
        run_id: &start.run_id,
        env: known.env,
        endpoint: &known.endpoint,
        partner_id: &known.partner_id,
        manifest: &known.manifest,
        started_at: start.at,
        finished_at: Utc::now(),
        status: error.exit_status(),
        stopped_by: error.stop().word(),
    };
    let written = write_summary(path, &unstarted.summary());
    // That the summary cannot be written may be what has ended the run, and is said once.
    if let Some(source) = written.err().filter(|_| !matches!(error, Error::Summary { .. })) {
        print_error(&Error::of_summary(path)(source), known.log.format);
    }
}
