//! Where photos come from, for those who need them: files of this machine and objects in stores, read alike.

use std::panic;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::{
    Fixer, KEPT_PHOTO_BYTES, OwnFiles, Photo, PhotoError, PhotoFolders, Source, Stores, invalid, locate, most_bytes,
};
use crate::domain::{
    outcome::Reason,
    photo::{ObjectUrl, ObjectVersion, PhotoPlace, SentObject},
};
use crate::sys::buffers::BufferPool;

/// All that photos are read with.
#[derive(Debug)]
pub(crate) struct Photos {
    /// Files that are no photos.
    own_files: OwnFiles,
    stores: Stores,
    /// Makes photos good before they are sent, if that is wished.
    fixer: Option<Fixer>,
    folders: PhotoFolders,
    buffers: Arc<BufferPool>,
}

impl Photos {
    pub(crate) fn new(own_files: OwnFiles, stores: Stores, fixer: Option<Fixer>) -> Self {
        Self {
            own_files,
            stores,
            fixer,
            folders: PhotoFolders::default(),
            buffers: BufferPool::new(KEPT_PHOTO_BYTES),
        }
    }

    /// Bytes of photos that are in memory as they were read.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.buffers.used_bytes() as u64
    }

    /// Reads and judges a file, on the caller's thread.
    pub(crate) fn read_file(&self, place: &PhotoPlace) -> Result<Photo, PhotoError> {
        Photo::read_file(
            &locate(place, &self.folders)?,
            &self.own_files,
            &self.buffers,
            self.fixer.as_ref(),
        )
    }

    /// Reads and judges a photo wherever it lies; what keeps a thread busy is done on one for that. Where an attempt that
    /// is in doubt has `sent` an object, another one is not read in its place.
    pub(crate) async fn read(
        self: &Arc<Self>,
        place: &PhotoPlace,
        sent: Option<&SentObject>,
    ) -> Result<Photo, PhotoError> {
        match place {
            PhotoPlace::File(_) | PhotoPlace::FromWindows { .. } | PhotoPlace::Pattern { .. } => {
                let (photos, place) = (Arc::clone(self), place.clone());
                on_a_reader(move || photos.read_file(&place)).await
            }
            PhotoPlace::Object(url) => match sent.filter(|sent| sent.object.url == url.to_string()) {
                Some(sent) => self.read_again(url, sent).await,
                None => self.read_object(url, None).await,
            },
        }
    }

    /// The version that was sent; where it is gone or the store keeps none, the object as it is, if it is the same photo.
    async fn read_again(self: &Arc<Self>, url: &ObjectUrl, sent: &SentObject) -> Result<Photo, PhotoError> {
        if let Some(version) = &sent.object.version {
            match self.read_object(url, Some(version)).await {
                Ok(photo) if photo.digest.sha256 == sent.sha256 => return Ok(photo),
                Ok(_) | Err(PhotoError::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        match self.read_object(url, None).await? {
            photo if photo.digest.sha256 == sent.sha256 => Ok(photo),
            _ => {
                let detail = "the object was replaced since an attempt whose outcome is unknown, and what that attempt \
                              sent is gone; bring it back, or look the user up in the portal";
                Err(invalid(Reason::PhotoChanged, url.to_string(), detail))
            }
        }
    }

    async fn read_object(self: &Arc<Self>, url: &ObjectUrl, version: Option<&str>) -> Result<Photo, PhotoError> {
        // Held until the photo is made, so that no more of them are in memory before that than are read at a time.
        let _turn = self.stores.turn().await;
        let most = most_bytes(self.fixer.as_ref());
        let (bytes, object) = self.stores.fetch(url, version, &self.buffers, most).await?;
        let photos = Arc::clone(self);
        on_a_reader(move || photos.make(Bytes::from_owner(bytes), object)).await
    }

    fn make(&self, bytes: Bytes, object: ObjectVersion) -> Result<Photo, PhotoError> {
        let fixer = self.fixer.as_ref();
        let fixed = fixer.map_or(Ok(None), |fixer| fixer.fix(&bytes, None));
        let photo = Photo::make(&object.url, Source::of(bytes), fixed)?;
        Ok(Photo {
            object: Some(object.into()),
            ..photo
        })
    }
}

/// A panic is a defect of ours: it is not swallowed.
async fn on_a_reader<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, PhotoError> + Send + 'static,
) -> Result<T, PhotoError> {
    let read = spawn_blocking(read).await;
    read.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::photo::{PIECE_BYTES, PhotoRoots};
    use crate::photo::StoreSettings;

    #[test]
    fn a_photo_is_held_until_it_is_sent_piece_by_piece() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // A sound picture, and bytes behind its end.
        let mut bytes =
            b"\xFF\xD8\xFF\xC0\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\0\0\x5A\xFF\xD9".to_vec();
        bytes.resize(3 * PIECE_BYTES, 0);
        std::fs::write(file.path(), &bytes).unwrap();
        let stores = Stores::open(&PhotoRoots::default(), &StoreSettings::default(), 1).unwrap();
        let photos = Photos::new(OwnFiles::default(), stores, None);
        let mut photo = photos.read_file(&PhotoPlace::File(file.path().to_owned())).unwrap();
        let mut held = Vec::new();
        while photo.pieces.bytes() > 0 {
            held.push(photos.held_bytes() / PIECE_BYTES as u64);
            drop(photo.pieces.take_share());
        }
        assert_eq!(held, [3, 2, 1]);
        assert_eq!(photos.held_bytes(), 0);
    }
}
