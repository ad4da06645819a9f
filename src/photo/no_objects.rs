//! In place of object stores where the program was built without them: no root can be in one, which `config` has seen to.

use std::sync::Arc;

use super::{PhotoError, StoreError, StoreFault, StoreSettings, StoreSetupError};
use crate::domain::photo::{ObjectUrl, ObjectVersion, PhotoRoots};
use crate::sys::buffers::{Buffer, BufferPool};

/// No store at all.
#[derive(Debug)]
pub(crate) struct Stores;

impl Stores {
    /// Has nothing to open.
    pub(crate) fn open(_: &PhotoRoots, _: &StoreSettings, _: usize) -> Result<Self, StoreSetupError> {
        Ok(Self)
    }

    pub(super) async fn turn(&self) {}

    pub(super) async fn fetch(
        &self,
        url: &ObjectUrl,
        _: Option<&str>,
        _: &Arc<BufferPool>,
        _: u64,
    ) -> Result<(Buffer, ObjectVersion), PhotoError> {
        Err(PhotoError::Store(StoreError {
            fault: StoreFault::Refused,
            store: url.store.to_string(),
            detail: "this program was built without object stores".into(),
            only_at: None,
        }))
    }
}
