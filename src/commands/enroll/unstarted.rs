//! What is left of a run that ended before its first row: a summary and a report in place of an earlier run's.

use chrono::Utc;

use super::Start;
use crate::config::Known;
use crate::error::Error;
use crate::output::{Unstarted, write_summary, write_unstarted_page};
use crate::terminal::{error_text, print_error};

/// Writes summary and report of a run that `error` has ended, unless either's path is that of another file of the run.
pub(super) fn write(known: &Known, start: &Start, error: &Error) {
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
    // That one of them cannot be written may be what has ended the run, and is said once.
    if let Some(path) = known.summary() {
        let written = write_summary(path, &unstarted.summary());
        if let Some(source) = written.err().filter(|_| !matches!(error, Error::Summary { .. })) {
            print_error(&Error::of_summary(path)(source), known.log.format);
        }
    }
    if let Some(path) = known.page() {
        let written = write_unstarted_page(path, &unstarted, &error_text(error));
        if let Some(source) = written.err().filter(|_| !matches!(error, Error::Page { .. })) {
            print_error(&Error::of_page(path)(source), known.log.format);
        }
    }
}
