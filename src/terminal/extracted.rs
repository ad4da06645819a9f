//! What `extract` has done: how many photos, which rows are not among them, and what to type next.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{counted, events::Name, findings::groups, log, write_err};
use crate::config::{Log, LogFormat};
use crate::domain::finding::Finding;
use crate::exit::ExitStatus;
use crate::output::FindingTally;

/// Time between two lines that say how far it is.
const INTERVAL: Duration = Duration::from_secs(10);

/// Tells how an extraction goes on.
pub(crate) struct ExtractReporter {
    log: Log,
    told: Instant,
}

/// The end of an extraction.
pub(crate) struct Extracted<'a> {
    pub(crate) rows: u32,
    pub(crate) photos: u32,
    pub(crate) tally: &'a FindingTally,
    /// The manifest, unless it went to stdout.
    pub(crate) manifest: Option<&'a Path>,
    pub(crate) status: ExitStatus,
}

impl ExtractReporter {
    pub(crate) fn new(log: Log) -> Self {
        let told = Instant::now();
        Self { log, told }
    }

    /// A program gets each row that is wrong; people get them at the end, grouped.
    pub(crate) fn found(&self, finding: &Finding) {
        super::FindingReporter::new(self.log).found(finding);
    }

    /// Says how far it is, now and then.
    pub(crate) fn progress(&mut self, rows: u32, photos: u32) {
        if self.log.quiet || self.told.elapsed() < INTERVAL {
            return;
        }
        self.told = Instant::now();
        write_err(&match self.log.format {
            LogFormat::Json => log::line("", Name::Extracting, json!({"rows": rows, "photos": photos})),
            LogFormat::Text => format!(
                "extracting: {} read, {}\n",
                counted(rows, "row"),
                counted(photos, "photo")
            ),
        });
    }

    pub(crate) fn close(&self, extracted: &Extracted<'_>) {
        if self.log.quiet && extracted.tally.is_well() {
            return;
        }
        write_err(&match self.log.format {
            LogFormat::Json => extracted.object(),
            LogFormat::Text => extracted.text(),
        });
    }
}

impl Extracted<'_> {
    fn text(&self) -> String {
        let mut text = format!(
            "extracted: {} from {}",
            counted(self.photos, "photo"),
            counted(self.rows, "row")
        );
        match self.rows - self.photos {
            0 => text += "\n",
            wrong => text += &format!("; {} not in the manifest\n", are(wrong)),
        }
        text += &groups(self.tally).0;
        let Some(manifest) = self.manifest else {
            return text;
        };
        text += &format!("manifest: {}\n", manifest.display());
        let path = manifest.to_string_lossy();
        let path = shlex::try_quote(&path).unwrap_or_default();
        text + &format!(
            "next:    check it, then enroll in the sandbox:\n  image-enroll check {path}\n  image-enroll --env sandbox {path}\n"
        )
    }

    fn object(&self) -> String {
        let reasons: serde_json::Map<_, _> = self
            .tally
            .groups()
            .map(|(_, reason, group)| (reason.word().to_owned(), group.count.into()))
            .collect();
        let fields = json!({"exit_code": self.status.code(), "rows": self.rows, "photos": self.photos,
            "reasons": reasons, "manifest": self.manifest});
        log::line("", Name::Extracted, fields)
    }
}

fn are(rows: u32) -> String {
    match rows {
        1 => "1 row is".to_owned(),
        more => format!("{} are", counted(more, "row")),
    }
}
