//! In the place of the fixing where this program was built without it: none can be made.

use super::{FixError, FixSettings, Fixed};

/// Nothing: there is no such value.
#[derive(Debug)]
pub(crate) enum Fixer {}

/// Nothing: there is no such value.
pub(in super::super) enum Turn {}

impl Fixer {
    /// None, whatever the settings; the command line has refused them before.
    pub(crate) fn new(_: FixSettings) -> Option<Self> {
        None
    }

    pub(in super::super) fn turn(&self, _: u64) -> Option<Turn> {
        match *self {}
    }

    pub(in super::super) fn fix(&self, _: &[u8], _: Option<Turn>) -> Result<Option<Fixed>, FixError> {
        match *self {}
    }
}
