//! Photos in object stores: one GET each, its size known before its bytes are read, its version told to the ledger.
//!
//! Nothing is tried again here: waits and retries are the run's. An error is classified once, at the edge (`answers`),
//! and no text of a store goes any further.

mod answers;
mod builders;
mod connections;
mod faults;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectStore};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{PhotoError, StoreFault, StoreSettings, StoreSetupError, check_size, invalid};
use crate::domain::{
    outcome::Reason,
    photo::{ObjectUrl, ObjectVersion, PhotoRoots, StoreName},
};
use crate::sys::buffers::{Buffer, BufferPool};

use connections::Connections;

/// What the name of an object has behind it that nobody has.
const BESIDE: &str = ".none-of-this-name";
/// Longest ETag or version that is kept; those of the clouds have at most some hundred bytes.
const MAX_VERSION_BYTES: usize = 1024;

/// The stores of all roots.
#[derive(Debug)]
pub(crate) struct Stores {
    by_name: BTreeMap<StoreName, Arc<dyn ObjectStore>>,
    /// One permit for each object that may be read at a time.
    reads: Semaphore,
}

impl Stores {
    /// Opens the stores of these roots, of which at most `reads` objects are read at a time. Nobody is asked anything yet.
    pub(crate) fn open(roots: &PhotoRoots, settings: &StoreSettings, reads: usize) -> Result<Self, StoreSetupError> {
        let mut by_name = BTreeMap::new();
        let mut connections = None;
        for ObjectUrl { store, .. } in roots.stores() {
            let connections = match &connections {
                Some(known) => Connections::clone(known),
                None => connections.insert(Connections::new(store, settings)?).clone(),
            };
            by_name.insert(store.clone(), builders::open(store, settings, connections)?);
        }
        Ok(Self {
            by_name,
            reads: Semaphore::new(reads.max(1)),
        })
    }

    /// Waits until one more object may be read; as long as the turn is kept, one less may be.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.reads.acquire().await.ok()
    }

    /// The object's bytes, at most so many, as they are or as they were in a version. Where the store fails at it, the
    /// error says whether it answers otherwise.
    pub(super) async fn fetch(
        &self,
        url: &ObjectUrl,
        version: Option<&str>,
        buffers: &Arc<BufferPool>,
        most: u64,
    ) -> Result<(Buffer, ObjectVersion), PhotoError> {
        match self.fetch_once(url, version, buffers, most).await {
            Err(PhotoError::Store(mut error)) if error.fault == StoreFault::Down => {
                error.only_at = self.answers_beside(url).await.then(|| url.to_string());
                Err(PhotoError::Store(error))
            }
            fetched => fetched,
        }
    }

    /// Whether the store says anything of an object beside this one: that there is none.
    async fn answers_beside(&self, url: &ObjectUrl) -> bool {
        let beside = ObjectUrl {
            store: url.store.clone(),
            key: format!("{}{BESIDE}", url.key),
        };
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.ask(&beside, options).await {
            Ok(asked) => asked.map_or_else(|error| faults::is_answer(&error), |_| true),
            Err(_) => false,
        }
    }

    async fn fetch_once(
        &self,
        url: &ObjectUrl,
        version: Option<&str>,
        buffers: &Arc<BufferPool>,
        most: u64,
    ) -> Result<(Buffer, ObjectVersion), PhotoError> {
        let got = self.get(url, version).await?;
        // An object that is too large is not fetched: the connection is closed.
        check_size(url.to_string(), got.meta.size, most)?;
        let object = ObjectVersion {
            url: url.to_string(),
            etag: got.meta.e_tag.clone().filter(|etag| is_short(etag)),
            version: got.meta.version.clone().filter(|version| is_name(version)),
        };
        Ok((read_whole(url, got, buffers).await?, object))
    }

    async fn get(&self, url: &ObjectUrl, version: Option<&str>) -> Result<GetResult, PhotoError> {
        let options = GetOptions {
            version: version.map(str::to_owned),
            ..GetOptions::default()
        };
        let got = self.ask(url, options).await?;
        got.map_err(|error| faults::photo_error(url, &error))
    }

    async fn ask(&self, url: &ObjectUrl, options: GetOptions) -> Result<object_store::Result<GetResult>, PhotoError> {
        let store = self.by_name.get(&url.store).ok_or_else(|| no_root(url))?;
        let path = Path::parse(&url.key).map_err(|_| no_root(url))?;
        Ok(store.get_opts(&path, options).await)
    }
}

async fn read_whole(url: &ObjectUrl, got: GetResult, buffers: &Arc<BufferPool>) -> Result<Buffer, PhotoError> {
    let size = got.meta.size as usize;
    let mut bytes = buffers.acquire(size);
    let mut chunks = got.into_stream().fuse();
    let error = |error| faults::photo_error(url, &error);
    while let Some(chunk) = chunks.try_next().await.map_err(error)? {
        if bytes.as_ref().len() + chunk.len() > size {
            return Err(changed(url));
        }
        bytes.spare()[..chunk.len()].copy_from_slice(&chunk);
        bytes.advance(chunk.len());
    }
    (bytes.as_ref().len() == size)
        .then_some(bytes)
        .ok_or_else(|| changed(url))
}

/// What a store that keeps no versions calls the only one.
fn is_name(version: &str) -> bool {
    is_short(version) && version != "null"
}

fn is_short(text: &str) -> bool {
    (1..=MAX_VERSION_BYTES).contains(&text.len())
}

fn changed(url: &ObjectUrl) -> PhotoError {
    let detail = "it has not the size that the store names: it was changed while it was being read";
    invalid(Reason::PhotoChanged, url.to_string(), detail)
}

fn no_root(url: &ObjectUrl) -> PhotoError {
    invalid(
        Reason::PhotoOutsideRoot,
        url.to_string(),
        "it is below none of the given --photo-root",
    )
}
