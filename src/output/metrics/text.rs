//! The form of the metrics: the one that Prometheus and OpenMetrics have in common but for OpenMetrics' `# EOF`, which the
//! collector does not take.

use std::fmt::Write as _;

use super::list::Kind;

/// What comes behind the metric's name, a label of its own, the value.
type Sample = (&'static str, Option<(&'static str, String)>, f64);

/// The samples of one metric.
#[derive(Default)]
pub(super) struct Samples(Vec<Sample>);

impl Samples {
    pub(super) fn one(&mut self, value: f64) {
        self.0.push(("", None, value));
    }

    pub(super) fn maybe(&mut self, value: Option<f64>) {
        self.0.extend(value.map(|value| ("", None, value)));
    }

    pub(super) fn label(&mut self, name: &'static str, label: &str, value: f64) {
        self.0.push(("", Some((name, label.to_owned())), value));
    }

    /// One of several parts of the metric, by the ending of its name.
    pub(super) fn part(&mut self, ending: &'static str, label: Option<(&'static str, String)>, value: f64) {
        self.0.push((ending, label, value));
    }
}

/// The file as it grows.
pub(super) struct Text {
    /// What every sample carries, so that the files of several runs may lie beside each other.
    labels: String,
    text: String,
}

impl Text {
    pub(super) fn new(labels: String) -> Self {
        let text = String::new();
        Self { labels, text }
    }

    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str, samples: Samples) {
        if samples.0.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (ending, own, value) in samples.0 {
            let own = own.map(|(name, value)| format!(",{name}=\"{}\"", escaped(&value)));
            let _ = writeln!(
                self.text,
                "{name}{ending}{{{}{}}} {value}",
                self.labels,
                own.unwrap_or_default()
            );
        }
    }

    pub(super) fn whole(self) -> String {
        self.text
    }
}

/// As both forms want a label's value.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
