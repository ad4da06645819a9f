//! The summary of what many machines did, as if one had done it.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::Tally;
use crate::config::Env;
use crate::domain::{
    merging::Proven,
    outcome::Status,
    summary::{Latency, Schema, Summary},
    text::hex,
    unix_millis::UnixMillis,
};
use crate::exit::ExitStatus;
use crate::ledger::{AttemptCounts, Pin};

/// All that is known of them.
pub(crate) struct MergedFacts<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) env: Env,
    pub(crate) pin: &'a Pin,
    pub(crate) manifest: &'a Path,
    pub(crate) manifest_sha256: &'a [u8; 32],
    pub(crate) now: DateTime<Utc>,
    pub(crate) proven: &'a Proven,
    pub(crate) tally: &'a Tally,
    pub(crate) status: ExitStatus,
    pub(crate) failures: Option<&'a Path>,
}

/// From the first start of the latest runs of all parts to the last end. What only a run itself knows is zero: latencies,
/// bytes that were sent more than once.
pub(crate) fn merged_summary(facts: &MergedFacts<'_>, attempts: AttemptCounts) -> Summary {
    let (started_at, finished_at) = facts.span();
    let seconds = finished_at.since(started_at).as_secs_f64();
    let rows = facts.tally.rows();
    Summary {
        schema: Schema,
        run_id: facts.run_id.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        env: facts.env.word(),
        endpoint: facts.pin.endpoint.clone(),
        partner_id: facts.pin.partner_id.to_string(),
        manifest: facts.manifest.to_string_lossy().into_owned(),
        manifest_sha256: hex(facts.manifest_sha256),
        shard: None,
        started_at: started_at.to_string(),
        finished_at: finished_at.to_string(),
        exit_code: facts.status.code(),
        stopped_by: None,
        rows,
        counts: Status::ALL
            .iter()
            .map(|status| (status.word(), facts.tally.count(*status)))
            .collect(),
        settled_before: 0,
        attempts: attempts.all,
        retries: attempts.retries,
        photo_bytes_sent: attempts.photo_bytes,
        rows_per_second: if seconds > 0.0 {
            (f64::from(rows) / seconds * 100.0).round() / 100.0
        } else {
            0.0
        },
        latency_ms: Latency::default(),
        reasons: facts
            .tally
            .reasons()
            .iter()
            .map(|(reason, count)| (reason.word(), *count))
            .collect(),
        failures: facts.failures.map(|path| path.to_string_lossy().into_owned()),
    }
}

impl MergedFacts<'_> {
    /// The first start and the last end.
    pub(super) fn span(&self) -> (UnixMillis, UnixMillis) {
        let now = UnixMillis::from(self.now);
        let runs = || self.proven.latest.iter().map(|(_, run)| run);
        let first = runs().map(|run| run.started_at).min();
        let last = runs().filter_map(|run| run.finished_at).max();
        (first.unwrap_or(now), last.unwrap_or(now))
    }
}
