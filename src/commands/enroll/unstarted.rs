//! What is left of a run that ended before its first row: summary, report, status and metrics in place of an earlier
//! run's.

use chrono::{DateTime, Utc};

use super::Start;
use crate::config::Known;
use crate::domain::{standing::Standing, stop::Stop};
use crate::error::Error;
use crate::output::{
    End, Identity, MetricsFile, PublishError, Publisher, Unstarted, write_summary, write_unstarted_page,
};
use crate::terminal::{chain, print_error, print_warning};

/// Says of a run that `error` has ended how it ended, in every file that is to say so. Those whose path is that of another
/// file of the run are left alone.
pub(super) fn end(known: &Known, start: &Start, publisher: Option<&Publisher>, error: &Error) {
    let finished_at = Utc::now();
    write(known, start, finished_at, error);
    let end = End {
        at: finished_at.into(),
        exit_code: error.exit_status().code(),
        stop: Some(error.stop()),
    };
    let standing = Standing::nothing(finished_at.into());
    // Who is refused by the ledger's lock leaves the metrics to the run that has it, and that goes on.
    let metrics = known.metrics().filter(|_| error.stop() != Stop::LedgerLocked);
    let fault = match (publisher, metrics) {
        (Some(publisher), _) => publisher.end(standing, end),
        (None, Some(path)) => {
            let written = MetricsFile::new(path, identity(known, start)).write(&standing, Some(end));
            let path = path.to_owned();
            written.map_err(|source| PublishError::Metrics { path, source }).err()
        }
        (None, None) => None,
    };
    if let Some(fault) = fault {
        print_warning(&chain(&fault), known.log, &start.run_id);
    }
}

fn identity(known: &Known, start: &Start) -> Identity {
    Identity {
        run_id: start.run_id.clone(),
        env: known.env.word(),
        endpoint: known.endpoint.clone(),
        partner_id: known.partner_id.clone(),
        manifest: known.manifest.to_string_lossy().into_owned(),
        shard: known.shard,
        started_at: start.at.into(),
    }
}

/// Summary and report.
fn write(known: &Known, start: &Start, finished_at: DateTime<Utc>, error: &Error) {
    let unstarted = Unstarted {
        run_id: &start.run_id,
        env: known.env,
        endpoint: &known.endpoint,
        partner_id: &known.partner_id,
        manifest: &known.manifest,
        shard: known.shard,
        started_at: start.at,
        finished_at,
        status: error.exit_status(),
        stopped_by: error.stop().word(),
    };
    // That one of them cannot be written may be what has ended the run, and is said once.
    if let Some(path) = known.summary() {
        let written = write_summary(path, &unstarted.summary());
        if let Some(source) = written.err().filter(|_| !error.is_about("--summary")) {
            print_error(&Error::of_summary(path)(source), known.log, &start.run_id);
        }
    }
    if let Some(path) = known.page() {
        let written = write_unstarted_page(path, &unstarted, &chain(error));
        if let Some(source) = written.err().filter(|_| !error.is_about("--report")) {
            print_error(&Error::of_page(path)(source), known.log, &start.run_id);
        }
    }
}
