//! Which part of the users a command is about, where the command line alone does not say it, and what of the job's limits
//! is the part's.

use serde_json::json;

use super::events::Name;
use super::{counted, log, print_warning, write_err};
use crate::config::{ChosenShard, EnrollConfig, Files, Log, LogFormat, LogLevel, SplitConfig};
use crate::domain::shard::Shard;
use crate::sys::folder::folder_of;

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

/// Warns of a part manifest that is run as something else: its ledger could not be put together with the others, or none of
/// its rows would be sent.
pub(crate) fn warn_of_part(files: &Files, log: Log, run_id: &str) {
    let Some(part) = files.other_part().filter(|_| !log.quiet) else {
        return;
    };
    let whose = match files.shard {
        Some(shard) => format!("part {shard}, whose users it does not hold"),
        None => "all users, so that `merge` would refuse its ledger".to_owned(),
    };
    let text = format!("the manifest is named after part {part}, and this run is about {whose}; give --shard {part}");
    print_warning(&text, log, run_id);
}

/// The end of a split.
pub(crate) struct SplitDone<'a> {
    pub(crate) config: &'a SplitConfig,
    pub(crate) rows: u32,
    /// Rows of the smallest and of the largest part.
    pub(crate) extremes: (u32, u32),
}

impl SplitDone<'_> {
    pub(crate) fn tell(&self) {
        let log = self.config.log;
        if log.quiet {
            return;
        }
        write_err(&match log.format {
            LogFormat::Text => self.text(),
            LogFormat::Json => self.object(),
        });
    }

    fn text(&self) -> String {
        let (config, (least, most)) = (self.config, self.extremes);
        let parts = counted(config.parts, "part");
        let rows = counted(self.rows, "row");
        let mut text = format!("split: {rows} into {parts} of {least} to {most}\n");
        text += &format!("proof: {}\n", config.proof().display());
        let Ok(first) = Shard::new(1, config.parts) else {
            return text;
        };
        let mut command = vec!["image-enroll".to_owned(), "--shard".to_owned(), first.to_string()];
        let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
        if config.ledger.is_some() {
            command.extend(["--ledger".to_owned(), path(&config.part_ledger(first))]);
        }
        // Relative photos begin at the manifest's folder, and the parts may be in another one.
        if config.is_elsewhere() {
            command.extend(["--photo-root".to_owned(), path(folder_of(&config.manifest))]);
        }
        command.push(path(&config.part(first)));
        let command = shlex::try_join(command.iter().map(String::as_str)).unwrap_or_default();
        text + &format!(
            "next:  on each machine its own part, with the options that the whole manifest needs, as\n  {command}\n"
        )
    }

    fn object(&self) -> String {
        let (config, (least, most)) = (self.config, self.extremes);
        let fields = json!({
            "rows": self.rows, "parts": config.parts, "smallest_part": least, "largest_part": most, "proof": config.proof(),
        });
        log::line("", Name::Split, fields)
    }
}
