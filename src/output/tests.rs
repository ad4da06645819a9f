//! The results as a spreadsheet and a script read them.

mod cells;
mod findings;
mod forms;
mod tally;
mod targets;

use std::io::Write;
use std::sync::Arc;

use chrono::DateTime;
use tempfile::TempDir;

use super::{ResultsError, Tally, write};
use crate::domain::{
    created_at::CreatedAt,
    outcome::{Facts, Outcome, PhotoDigest, Reason, ResultColumns, Status},
    partner_id::PartnerId,
    unix_millis::UnixMillis,
    user_id::UserId,
};
use crate::ledger::{Entry, Holder, Ledger, Lock, Pin, RunRecord};
use crate::manifest::{ManifestOptions, Opened, Surveyed};

/// A manifest with its ledger, in a folder of its own.
struct Fixture {
    folder: TempDir,
    manifest: Surveyed,
    ledger: Ledger,
}

impl Fixture {
    fn new(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.csv");
        std::fs::write(&path, manifest).unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let manifest = Opened::open(&path, &ManifestOptions::in_folder("/photos"), now).unwrap();
        let manifest = manifest.survey().unwrap();
        let pin = Pin {
            endpoint: "https://api.example".into(),
            partner_id: PartnerId::parse("007").unwrap(),
            shard: None,
        };
        let holder = Holder::new("image-enroll", &path, now);
        let lock = Lock::take(&folder.path().join("ledger.db"), holder).unwrap();
        let mut ledger = Ledger::open(lock, &pin).unwrap();
        let run = RunRecord {
            run_id: "run-1".into(),
            manifest: "m.csv".into(),
            manifest_sha256: manifest.survey.sha256,
            started_at: UnixMillis::new(0),
        };
        ledger.begin_run(&run).unwrap();
        Self {
            folder,
            manifest,
            ledger,
        }
    }

    /// The manifest of these users, one row each.
    fn of(users: &[&str]) -> Self {
        let rows: String = users
            .iter()
            .map(|user| format!("{user},2021-08-12,{user}.jpg\n"))
            .collect();
        Self::new(&format!("user_id,user_created_at,photo\n{rows}"))
    }

    fn record(&mut self, user: &str, outcome: Outcome) {
        let manifest_row = {
            let mut records = self.manifest.manifest.records().unwrap();
            let (number, record) = records.next().unwrap().unwrap();
            self.manifest.manifest.row(number, record).unwrap()
        };
        let entry = Entry::Outcome {
            user_id: UserId::parse(user).unwrap(),
            created_at: manifest_row.created_at,
            outcome: Arc::new(outcome),
        };
        self.ledger.commit(&[entry]).unwrap();
    }

    fn intend(&mut self, user: &str, number: u32) {
        let entry = Entry::Intent {
            id: self.ledger.next_attempt().unwrap(),
            user_id: UserId::parse(user).unwrap(),
            number,
            created_at: CreatedAt::parse("2021-08-12", DateTime::from_timestamp(1_780_000_000, 0).unwrap()).unwrap(),
            photo: photo(),
            object: None,
            at: UnixMillis::new(1_676_300_862_004),
        };
        self.ledger.commit(&[entry]).unwrap();
    }

    fn write_to(&self, out: impl Write) -> Result<Tally, ResultsError> {
        write(&self.manifest, &self.ledger, ResultColumns::Plain, out)
    }

    fn text(&self) -> String {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// The results as cells, the header first.
    fn table(&self) -> Vec<Vec<String>> {
        let text = self.text();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let rows = reader
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect());
        rows.collect()
    }

    /// The cell of a row in a column.
    fn cell(&self, row: usize, column: &str) -> String {
        let table = self.table();
        let place = table[0].iter().position(|name| name == column).unwrap();
        table[row][place].clone()
    }
}

fn photo() -> PhotoDigest {
    PhotoDigest {
        sha256: [0xAB; 32],
        bytes: 50_000,
        fixed: None,
    }
}

fn of(status: Status) -> Outcome {
    Outcome {
        run_id: "run-1".into(),
        ..Outcome::untried(status, None)
    }
}

/// An outcome with something in every cell.
fn full() -> Outcome {
    Outcome {
        status: Status::Provisional,
        reason: Some(Reason::HumanReview),
        facts: Facts {
            http_status: Some(200),
            result_code: Some("0842".into()),
            result_text: Some("Needs review, \"soon\"".into()),
            smile_job_id: Some("0000056574".into()),
            job_id: Some("job-1".into()),
            confidence: Some("97.5".into()),
        },
        attempts: 3,
        photo: Some(photo()),
        sent_at: Some(UnixMillis::new(1_676_300_862_004)),
        finished_at: Some(UnixMillis::new(1_676_300_863_000)),
        duration_ms: Some(996),
        run_id: "run-1".into(),
    }
}
