//! The run's summary, as a program reads it (contract, section 10).

use std::collections::BTreeMap;

use serde::Serialize;

/// Raised when a field changes its meaning; new fields may come without it.
const SCHEMA: u32 = 1;

/// One run. Field names are the public interface.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) schema: Schema,
    pub(crate) run_id: String,
    pub(crate) version: &'static str,
    pub(crate) env: &'static str,
    pub(crate) endpoint: String,
    pub(crate) partner_id: String,
    pub(crate) manifest: String,
    pub(crate) manifest_sha256: String,
    /// `I/N`: the part of the users that rows and counts are of; null: all of them.
    pub(crate) shard: Option<String>,
    pub(crate) started_at: String,
    pub(crate) finished_at: String,
    pub(crate) exit_code: u8,
    pub(crate) stopped_by: Option<&'static str>,
    pub(crate) rows: u32,
    /// Every status, zeros included; they add up to `rows`.
    pub(crate) counts: BTreeMap<&'static str, u32>,
    pub(crate) settled_before: u32,
    pub(crate) attempts: u64,
    pub(crate) retries: u64,
    pub(crate) photo_bytes_sent: u64,
    pub(crate) rows_per_second: f64,
    pub(crate) latency_ms: Latency,
    pub(crate) reasons: BTreeMap<&'static str, u32>,
    /// The file with the rows that are not settled, where there are any.
    pub(crate) failures: Option<String>,
}

/// The version of the summary's form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Schema;

impl Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(SCHEMA)
    }
}

/// From the first byte of a request to the end of its answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}
