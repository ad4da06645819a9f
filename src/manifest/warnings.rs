//! What a run is warned of before it sends anything: rows that are well-formed and look wrong.

use std::collections::BTreeMap;

use super::{Manifest, ManifestError, Survey};
use crate::domain::{
    finding::{Finding, Severity},
    outcome::Reason,
};

/// Rows of one kind that are named; the others are counted.
const EXAMPLES: usize = 5;

/// Rows that look wrong in the same way.
#[derive(Debug)]
pub(crate) struct Warning {
    pub(crate) reason: Reason,
    /// How many rows.
    pub(crate) count: u32,
    /// The first few of them.
    pub(crate) examples: Vec<Finding>,
}

impl Warning {
    fn new(reason: Reason) -> Self {
        Self {
            reason,
            count: 0,
            examples: Vec::new(),
        }
    }
}

impl Survey {
    /// The warnings by kind. It reads the manifest again if there are any.
    pub(crate) fn warnings(&self, manifest: &Manifest) -> Result<Vec<Warning>, ManifestError> {
        let mut warnings = BTreeMap::new();
        if !self.has_warnings() {
            return Ok(Vec::new());
        }
        let mut records = manifest.records()?;
        while let Some((number, record)) = records.next()? {
            if self.is_elsewhere(number) {
                continue;
            }
            let Ok(row) = manifest.row(number, record) else {
                continue;
            };
            for suspicion in self.suspicions(&row) {
                let reason = suspicion.reason();
                let warning = warnings.entry(reason).or_insert_with(|| Warning::new(reason));
                warning.count += 1;
                if warning.examples.len() < EXAMPLES {
                    warning.examples.push(Finding {
                        severity: Severity::Warning,
                        reason,
                        row: number,
                        line: record.line(),
                        user_id: manifest.raw_user(record).to_owned(),
                        detail: row.fault(suspicion).detail,
                    });
                }
            }
        }
        match records.sha256() == self.sha256 {
            true => Ok(warnings.into_values().collect()),
            false => Err(ManifestError::Changed),
        }
    }
}
