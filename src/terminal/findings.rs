//! What `check` finds, a line each.

use super::write_err;
use crate::domain::outcome::Reason;
use crate::manifest::{Role, Survey};

/// Findings so far; each is told when it is found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    invalid: u64,
    large: u64,
}

impl Findings {
    /// A row that would be `invalid`.
    pub(crate) fn row(&mut self, row: u32, reason: Reason, detail: &str) {
        self.invalid += 1;
        write_err(&format!("row {row}: {reason}: {detail}\n"));
    }

    /// A photo that may be refused on the way.
    pub(crate) fn large_photo(&mut self, row: u32) {
        self.large += 1;
        write_err(&format!(
            "row {row}: warning: the photo is above 4,500,000 bytes; a gateway may refuse it\n"
        ));
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.invalid == 0
    }

    pub(crate) fn close(&self, survey: &Survey) {
        let repeats = survey.count(Role::Repeat);
        let mut line = format!("{} rows, {} invalid", survey.rows(), self.invalid);
        if repeats > 0 {
            line += &format!(", {repeats} that repeat another and are sent once");
        }
        if self.large > 0 {
            line += &format!(", {} large photos", self.large);
        }
        write_err(&(line + "\n"));
    }
}
