//! The summary JSON: built from what the run knows, written at once.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::RunFacts;
use crate::domain::{
    outcome::Status,
    stop::Stop,
    summary::{Latency, Schema, Summary},
    text,
};
use crate::run::Stats;

pub(crate) fn build_summary(facts: &RunFacts<'_>) -> Summary {
    let RunFacts {
        run_id,
        files,
        account,
        survey,
        started_at,
        finished_at,
        status,
        stop,
        stats,
        tally,
    } = facts;
    let seconds = (*finished_at - *started_at).as_seconds_f64();
    let finished = stats.done().saturating_sub(stats.settled_before);
    Summary {
        schema: Schema,
        run_id: (*run_id).to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        env: files.env.word(),
        endpoint: account.pinned.clone(),
        partner_id: account.signer.partner_id().to_owned(),
        manifest: files.manifest.to_string_lossy().into_owned(),
        manifest_sha256: text::hex(&survey.sha256),
        started_at: text::rfc3339(started_at.timestamp_millis()),
        finished_at: text::rfc3339(finished_at.timestamp_millis()),
        exit_code: status.code(),
        stopped_by: stop.map(Stop::word),
        rows: survey.rows(),
        counts: Status::ALL
            .iter()
            .map(|status| (status.word(), tally.count(*status)))
            .collect(),
        settled_before: stats.settled_before,
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
    }
}

/// Replaces `path` by the whole of the summary, durable and of mode 0600. A link is followed; into a pipe or a
/// device, such as `/dev/null`, it is written without taking its place.
pub(crate) fn write_summary(path: &Path, summary: &Summary) -> io::Result<()> {
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let text = serde_json::to_string_pretty(summary)? + "\n";
        return io::Write::write_all(&mut File::options().write(true).open(path)?, text.as_bytes());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, summary)?;
    io::Write::write_all(&mut file, b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn latency(stats: &Stats) -> Latency {
    let Some(histogram) = stats.latency_ms.as_ref().filter(|histogram| !histogram.is_empty()) else {
        return Latency::default();
    };
    Latency {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
    }
}
