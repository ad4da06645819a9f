//! Which part of the users a command is about, where the command line alone does not say it, and what of the job's limits
//! is the part's.

use serde_json::json;

use super::events::Name;
use super::{counted, log, write_err};
use crate::config::{ChosenShard, EnrollConfig, Log, LogFormat, LogLevel};

/// Says which part it is, and which variable has said so.
pub(crate) fn tell_shard(chosen: Option<ChosenShard>, log: Log, run_id: &str) {
    let Some(ChosenShard { shard, by: Some(by) }) = chosen else {
        return;
    };
    if log.quiet || log.level < LogLevel::Info {
        return;
    }
    write_err(&match log.format {
        LogFormat::Text => format!("shard {shard}, by {by}\n"),
        LogFormat::Json => log::line(run_id, Name::Shard, json!({"shard": shard.to_string(), "by": by})),
    });
}

/// Says what of the job's limits is this part's, where they are divided.
pub(crate) fn tell_share(config: &EnrollConfig, run_id: &str) {
    let (log, pace) = (config.report.log, &config.pace);
    let Some(chosen) = config.chosen.filter(|_| pace.shared) else {
        return;
    };
    if log.quiet || log.level < LogLevel::Info {
        return;
    }
    let requests = counted(pace.concurrency as u64, "request");
    let interval = pace.interval.map(|interval| interval.as_secs_f64());
    write_err(&match log.format {
        LogFormat::Text => {
            let rate = interval.map(|seconds| format!(", one started every {seconds:.3} s"));
            let rate = rate.unwrap_or_default();
            format!(
                "shard {}, of the job's limits: at most {requests} in flight{rate}\n",
                chosen.shard
            )
        }
        LogFormat::Json => {
            let fields = json!({
                "shard": chosen.shard.to_string(), "concurrency": pace.concurrency, "seconds_between_starts": interval,
            });
            log::line(run_id, Name::Share, fields)
        }
    });
}
