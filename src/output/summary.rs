//! The summary JSON: built from what the run knows, written at once.

use std::io::{self, Write as _};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Tally;
use crate::config::EnrollConfig;
use crate::domain::{
    outcome::Status,
    stats::Stats,
    stop::Stop,
    summary::{Latency, Schema, Summary},
    text,
    unix_millis::UnixMillis,
};
use crate::exit::ExitStatus;
use crate::manifest::Survey;
use crate::sys::atomic;

/// All that is known of a run at its end.
pub(crate) struct RunFacts<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) config: &'a EnrollConfig,
    pub(crate) survey: &'a Survey,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) finished_at: DateTime<Utc>,
    pub(crate) status: ExitStatus,
    pub(crate) stop: Option<Stop>,
    pub(crate) stats: &'a Stats,
    pub(crate) tally: &'a Tally,
    /// Where the rows are that are not settled, if there are any.
    pub(crate) failures: Option<&'a Path>,
}

pub(crate) fn build_summary(facts: &RunFacts<'_>) -> Summary {
    let RunFacts {
        run_id,
        config,
        survey,
        started_at,
        finished_at,
        status,
        stop,
        stats,
        tally,
        failures,
    } = facts;
    let seconds = (*finished_at - *started_at).as_seconds_f64();
    let finished = stats.done() - stats.settled_before();
    Summary {
        schema: Schema,
        run_id: (*run_id).to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        env: config.files.env.word(),
        endpoint: config.account.endpoint_name(),
        partner_id: config.account.signer.partner_id().to_string(),
        manifest: config.files.manifest.to_string_lossy().into_owned(),
        manifest_sha256: text::hex(&survey.sha256),
        shard: config.files.shard.map(|shard| shard.to_string()),
        started_at: UnixMillis::from(*started_at).to_string(),
        finished_at: UnixMillis::from(*finished_at).to_string(),
        exit_code: status.code(),
        stopped_by: stop.map(Stop::word),
        rows: survey.rows(),
        counts: Status::ALL
            .iter()
            .map(|status| (status.word(), tally.count(*status)))
            .collect(),
        settled_before: stats.settled_before(),
        attempts: stats.attempts,
        retries: stats.retries,
        photo_bytes_sent: stats.photo_bytes_sent,
        rows_per_second: if seconds > 0.0 {
            (f64::from(finished) / seconds * 100.0).round() / 100.0
        } else {
            0.0
        },
        latency_ms: latency(stats),
        reasons: tally
            .reasons()
            .iter()
            .map(|(reason, count)| (reason.word(), *count))
            .collect(),
        failures: failures.map(|path| path.to_string_lossy().into_owned()),
    }
}

/// Puts the whole of the summary in place of `path`.
pub(crate) fn write_summary(path: &Path, summary: &Summary) -> io::Result<()> {
    atomic::Place::of(path).write(|file| {
        serde_json::to_writer_pretty(&mut *file, summary)?;
        file.write_all(b"\n")
    })
}

fn latency(stats: &Stats) -> Latency {
    let histogram = &stats.latency_ms;
    if histogram.is_empty() {
        return Latency::default();
    }
    Latency {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
    }
}
