//! The summary of a run that ended before its first row, so that an earlier run's file is not taken for its own.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::Env;
use crate::domain::{
    outcome::Status,
    shard::Shard,
    summary::{Latency, Schema, Summary},
    unix_millis::UnixMillis,
};
use crate::exit::ExitStatus;

/// All that is known of such a run.
pub(crate) struct Unstarted<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) env: Env,
    /// Empty where the run ended before it was known.
    pub(crate) endpoint: &'a str,
    /// Empty where the run ended before it was known.
    pub(crate) partner_id: &'a str,
    pub(crate) manifest: &'a Path,
    /// Empty where all users are meant, or where the run ended before it was known.
    pub(crate) shard: Option<Shard>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) finished_at: DateTime<Utc>,
    pub(crate) status: ExitStatus,
    pub(crate) stopped_by: &'static str,
}

impl Unstarted<'_> {
    /// A summary in which no row was counted, since none was looked at.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            schema: Schema,
            run_id: self.run_id.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            env: self.env.word(),
            endpoint: self.endpoint.to_owned(),
            partner_id: self.partner_id.to_owned(),
            manifest: self.manifest.to_string_lossy().into_owned(),
            manifest_sha256: String::new(),
            shard: self.shard.map(|shard| shard.to_string()),
            started_at: UnixMillis::from(self.started_at).to_string(),
            finished_at: UnixMillis::from(self.finished_at).to_string(),
            exit_code: self.status.code(),
            stopped_by: Some(self.stopped_by),
            rows: 0,
            counts: Status::ALL.iter().map(|status| (status.word(), 0)).collect(),
            settled_before: 0,
            attempts: 0,
            retries: 0,
            photo_bytes_sent: 0,
            rows_per_second: 0.0,
            latency_ms: Latency::default(),
            reasons: Default::default(),
            failures: None,
        }
    }
}
