//! The metrics of a run as Prometheus reads them: text for node_exporter's textfile collector.
//!
//! Every value comes from the counts that the summary is made of.

mod list;
mod text;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::status::{End, Identity};
use crate::domain::{
    outcome::Status,
    standing::{Standing, Weather},
    stats::Stats,
    unix_millis::UnixMillis,
};
use crate::ledger::AttemptStatus;
use crate::sys::atomic::Place;
use list::LAST_SUCCESS;
pub(crate) use list::METRICS;
use text::{Samples, Text, escaped};

/// Upper bounds of the buckets, in seconds: an answer takes some tenths of one, and the gateway gives up after 29.
const BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];
/// Most bytes of an earlier file that are looked at; a real one has some 5 kB.
const MAX_BYTES: u64 = 64 * 1024;

/// What becomes of an attempt that has left.
const CLASSES: [AttemptStatus; 4] = [
    AttemptStatus::Settled,
    AttemptStatus::NotProcessed,
    AttemptStatus::InDoubt,
    AttemptStatus::Stopped,
];

/// A file of metrics, and what an earlier run has left to say in it.
#[derive(Debug)]
pub(crate) struct MetricsFile {
    place: Place,
    identity: Identity,
    /// In Unix time.
    last_success: Option<f64>,
}

impl MetricsFile {
    /// The file at `path`; of an earlier one the time of the last success stays.
    pub(crate) fn new(path: &Path, identity: Identity) -> Self {
        let place = Place::of(path);
        let earlier = match &place {
            Place::File(path) => read(path).unwrap_or_default(),
            Place::Device(_) => String::new(),
        };
        let sample = format!("{LAST_SUCCESS}{{{}}} ", labels(&identity));
        let last_success = earlier
            .lines()
            .find_map(|line| line.strip_prefix(&sample)?.parse().ok());
        Self {
            place,
            identity,
            last_success,
        }
    }

    /// Puts the whole of the values in place. Others may read them: they name nobody, and the collector is another user.
    pub(crate) fn write(&mut self, standing: &Standing, end: Option<End>) -> io::Result<()> {
        if let Some(end) = end.filter(|end| end.exit_code == 0) {
            self.last_success = Some(seconds(end.at));
        }
        let text = self.render(standing, end);
        self.place.write_for_all(|file| file.write_all(text.as_bytes()))
    }

    fn render(&self, standing: &Standing, end: Option<End>) -> String {
        let mut text = Text::new(labels(&self.identity));
        for (name, kind, help) in METRICS {
            let mut samples = Samples::default();
            self.samples(&mut samples, name, standing, end);
            text.family(name, kind, help, samples);
        }
        text.whole()
    }

    fn samples(&self, out: &mut Samples, name: &str, standing: &Standing, end: Option<End>) {
        let stats = &standing.stats;
        match name.trim_start_matches("image_enroll_") {
            "build_info" => out.label("version", env!("CARGO_PKG_VERSION"), 1.0),
            "running" => out.one(f64::from(u8::from(end.is_none()))),
            "start_time_seconds" => out.one(seconds(self.identity.started_at)),
            "update_time_seconds" => out.one(seconds(end.map_or(standing.at, |end| end.at))),
            "end_time_seconds" => out.maybe(end.map(|end| seconds(end.at))),
            "exit_code" => out.maybe(end.map(|end| end.exit_code.into())),
            "last_success_timestamp_seconds" => out.maybe(self.last_success),
            "rows" => Status::ALL
                .iter()
                .for_each(|status| out.label("status", status.word(), standing.counts.of(*status).into())),
            "rows_done" => out.one(standing.done.into()),
            "rows_settled_before" => out.one(stats.settled_before().into()),
            "rows_per_second" => out.one(standing.rate),
            "attempts_total" => CLASSES.iter().for_each(|class| {
                let count = stats.ended.get(class.word()).copied().unwrap_or_default();
                out.label("class", class.word(), count as f64);
            }),
            "retries_total" => out.one(stats.retries as f64),
            "photo_sent_bytes_total" => out.one(stats.photo_bytes_sent as f64),
            "request_duration_seconds" => histogram(out, stats),
            "requests_in_flight" => out.one(standing.in_flight.into()),
            "concurrency_limit" => out.one(standing.limit.into()),
            "weather" => Weather::WORDS.iter().for_each(|word| {
                let holds = *word == standing.weather.word() && end.is_none();
                out.label("state", word, f64::from(u8::from(holds)));
            }),
            "waited_seconds_total" => {
                out.label("cause", Weather::WORDS[1], standing.waited.throttled.as_secs_f64());
                out.label("cause", Weather::WORDS[2], standing.waited.down.as_secs_f64());
                out.label("cause", Weather::WORDS[3], standing.waited.store_down.as_secs_f64());
            }
            _ => out.maybe(standing.left.filter(|_| end.is_none()).map(|left| left.as_secs_f64())),
        }
    }
}

fn histogram(out: &mut Samples, stats: &Stats) {
    for bound in BUCKETS {
        // A value of the histogram stands for all that it does not tell apart, so the sum counts those up to the bound.
        let counted = stats.latency_ms.iter_recorded();
        let up_to = counted.filter(|step| step.value_iterated_to() as f64 <= bound * 1_000.0);
        let count: u64 = up_to.map(|step| step.count_at_value()).sum();
        out.part("_bucket", Some(("le", bound.to_string())), count as f64);
    }
    let all = stats.latency_ms.len() as f64;
    out.part("_bucket", Some(("le", "+Inf".to_owned())), all);
    out.part("_sum", None, stats.latency_sum.as_secs_f64());
    out.part("_count", None, all);
}

fn labels(identity: &Identity) -> String {
    let shard = identity.shard.map(|shard| format!(",shard=\"{shard}\""));
    format!(
        "env=\"{}\",partner_id=\"{}\"{}",
        identity.env,
        escaped(&identity.partner_id),
        shard.unwrap_or_default()
    )
}

fn seconds(at: UnixMillis) -> f64 {
    at.get() as f64 / 1_000.0
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn identity() -> Identity {
        Identity {
            run_id: "r".into(),
            env: "sandbox",
            endpoint: "https://a.example".into(),
            partner_id: "0\"8\\5".into(),
            manifest: "m.csv".into(),
            shard: None,
            started_at: UnixMillis::new(1_780_000_000_000),
        }
    }

    fn standing() -> Standing {
        let mut standing = Standing::nothing(UnixMillis::new(1_780_000_060_000));
        (standing.rows, standing.done) = (7, 3);
        standing.counts.add(Status::Enrolled, 3);
        standing.counts.add(Status::Pending, 4);
        for millis in [20, 90, 400, 31_000] {
            standing.stats.launched(100, false);
            standing.stats.answered(Duration::from_millis(millis));
            standing.stats.ended("settled");
        }
        standing
    }

    fn end(exit_code: u8) -> Option<End> {
        let at = UnixMillis::new(1_780_000_090_500);
        Some(End {
            at,
            exit_code,
            stop: None,
        })
    }

    fn value(text: &str, sample: &str) -> Option<f64> {
        let labels = "env=\"sandbox\",partner_id=\"0\\\"8\\\\5\"";
        let sample = sample.replace("{", &format!("{{{labels},")).replace(",}", "}");
        text.lines()
            .find_map(|line| line.strip_prefix(&format!("{sample} "))?.parse().ok())
    }

    #[test]
    fn every_metric_has_a_help_a_type_and_samples() {
        let folder = tempfile::tempdir().unwrap();
        let mut standing = standing();
        standing.left = Some(Duration::from_secs(9));
        let file = MetricsFile::new(&folder.path().join("m.prom"), identity());
        let file = MetricsFile {
            last_success: Some(1.0),
            ..file
        };
        let text = file.render(&standing, None) + &file.render(&standing, end(0));
        for (name, kind, _) in METRICS {
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
            assert!(
                text.contains(&format!("\n{name}{{")) || text.contains(&format!("\n{name}_count{{")),
                "{name}"
            );
        }
    }

    #[test]
    fn the_values_are_the_runs_own_and_buckets_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let text = MetricsFile::new(&folder.path().join("m.prom"), identity()).render(&standing(), None);
        for (sample, wanted) in [
            ("image_enroll_rows{status=\"enrolled\"}", 3.0),
            ("image_enroll_rows{status=\"pending\"}", 4.0),
            ("image_enroll_running{}", 1.0),
            ("image_enroll_attempts_total{class=\"settled\"}", 4.0),
            ("image_enroll_photo_sent_bytes_total{}", 400.0),
            ("image_enroll_request_duration_seconds_bucket{le=\"0.05\"}", 1.0),
            ("image_enroll_request_duration_seconds_bucket{le=\"0.5\"}", 3.0),
            ("image_enroll_request_duration_seconds_bucket{le=\"30\"}", 3.0),
            ("image_enroll_request_duration_seconds_bucket{le=\"+Inf\"}", 4.0),
            ("image_enroll_request_duration_seconds_count{}", 4.0),
            ("image_enroll_request_duration_seconds_sum{}", 31.51),
        ] {
            assert_eq!(value(&text, sample), Some(wanted), "{sample}: {text}");
        }
        assert_eq!(value(&text, "image_enroll_exit_code{}"), None);
    }

    #[test]
    fn a_success_is_remembered_over_failures_and_is_never_claimed_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.prom");
        let run = |code| {
            MetricsFile::new(&path, identity())
                .write(&standing(), end(code))
                .unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            [
                "image_enroll_exit_code{}",
                "image_enroll_last_success_timestamp_seconds{}",
            ]
            .map(|sample| value(&text, sample))
        };
        assert_eq!(run(6), [Some(6.0), None]);
        assert_eq!(run(0), [Some(0.0), Some(1_780_000_090.5)]);
        assert_eq!(run(3), [Some(3.0), Some(1_780_000_090.5)]);
    }
}
