//! Reading one photo, from a file or an object store: the rules for its place, a capped read, what is fixed of it on
//! request, its soundness and its hash.
//!
//! Nothing but a regular file is opened, and none of the run's own; no store is read but those that were named. The bytes
//! that are judged here are the bytes that are sent.

mod fix;
mod folders;
mod kind;
mod locate;
#[cfg(not(feature = "object-stores"))]
mod no_objects;
#[cfg(feature = "object-stores")]
mod object;
mod own_files;
mod read;
mod source;
mod store;

#[cfg(not(feature = "object-stores"))]
use no_objects as object;

use std::fmt::Debug;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::{
    outcome::{PhotoDigest, Reason},
    photo::{
        LARGE_PHOTO_BYTES, MAX_PHOTO_BYTES, ObjectVersion, PIECE_BYTES, PhotoDefect, PhotoFormat, Pieces,
        inspect_pieces,
    },
    text::{MAX_TEXT_CHARS, one_line},
};
use crate::sys::{buffers::BufferPool, errno::is_machines_fault};

use fix::{FixError, Fixed, MAX_SOURCE_BYTES};
use folders::PhotoFolders;
use kind::Kind;
use locate::{instead_of_folder, locate};
use read::{Plan, Source};

pub(crate) use fix::{FixSettings, Fixer};
pub(crate) use object::Stores;
pub(crate) use own_files::OwnFiles;
pub(crate) use source::Photos;
pub(crate) use store::{StoreError, StoreFault, StoreSettings, StoreSetupError};

/// Bytes of buffers for photos that are kept for the next ones in any case; it is more where more was in use at a time.
pub(crate) const KEPT_PHOTO_BYTES: usize = 32 * 1024 * 1024;

/// A sound photo with its digest.
#[derive(Debug)]
pub(crate) struct Photo {
    /// As they are sent.
    pub(crate) pieces: Pieces,
    pub(crate) digest: PhotoDigest,
    pub(crate) format: PhotoFormat,
    /// Where it came from a store: which version it is.
    pub(crate) object: Option<Box<ObjectVersion>>,
}

/// Why a photo cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PhotoError {
    /// The row is invalid: its photo is not there or not good.
    #[error("{detail}")]
    Invalid { reason: Reason, detail: String },
    /// The machine has run out of file descriptors or memory; the row is not to blame.
    #[error("the machine is short of file descriptors or memory; raise `ulimit -n` or close other programs")]
    Machine(#[source] io::Error),
    /// A store gives nothing; the row is not to blame.
    #[error(transparent)]
    Store(StoreError),
}

impl Photo {
    /// Reads and judges the file at `path`. Symbolic links are followed.
    fn read_file(
        path: &Path,
        own_files: &OwnFiles,
        buffers: &Arc<BufferPool>,
        fixer: Option<&Fixer>,
    ) -> Result<Self, PhotoError> {
        let bytes = check_file(path, own_files, fixer)?;
        let turn = fixer.and_then(|fixer| fixer.turn(bytes));
        let plan = Plan {
            bytes,
            most: most_bytes(fixer),
            // Decoders need all of it together.
            piece: fixer.map_or(PIECE_BYTES, |_| usize::MAX),
        };
        let source = Source::read_file(path, plan, buffers)?;
        let fixed = fixer.map_or(Ok(None), |fixer| fixer.fix(&source.together(), turn));
        Self::make(path, source, fixed)
    }

    /// The photo from what was read at the place of this name, and what the fixer made of it.
    fn make(name: impl Debug, source: Source, fixed: Result<Option<Fixed>, FixError>) -> Result<Self, PhotoError> {
        let fixed = fixed.map_err(|error| {
            let (reason, detail) = error.explain();
            invalid(reason, &name, &one_line(&detail, MAX_TEXT_CHARS))
        })?;
        Self::judge(source, fixed).map_err(|(start, defect)| unsound(&name, &start, defect))
    }

    /// The photo that is sent for this source. The source's bytes are let go of where others take their place.
    fn judge(source: Source, fixed: Option<Fixed>) -> Result<Self, (Bytes, PhotoDefect)> {
        let (sha256, bytes) = (source.sha256, source.bytes);
        let (sent, fixed) = match fixed {
            Some(fixed) => {
                drop(source);
                let sent = Source::of(fixed.bytes.into());
                let digest = sent.as_fixed(fixed.fixes);
                (sent, Some(digest))
            }
            None => (source, None),
        };
        match inspect_pieces(&sent.pieces) {
            Ok(format) => Ok(Self {
                pieces: sent.pieces.into(),
                digest: PhotoDigest { sha256, bytes, fixed },
                format,
                object: None,
            }),
            Err(defect) => Err((sent.pieces.into_iter().next().unwrap_or_default(), defect)),
        }
    }

    /// Above the size from which a gateway may refuse the request.
    pub(crate) fn is_large(&self) -> bool {
        self.digest.sent().bytes > LARGE_PHOTO_BYTES
    }
}

/// What a fixer makes of these bytes.
#[cfg(all(fuzzing, feature = "fix-photos"))]
pub(crate) fn fix_for_fuzzing(bytes: &[u8], max_side: u16) -> Option<Result<Vec<u8>, String>> {
    let fixed = Fixer::new(FixSettings { max_side })?.fix(bytes, None);
    let fixed = fixed.map(|fixed| fixed.map(|fixed| fixed.bytes));
    fixed.map_err(|error| error.explain().1).transpose()
}

/// Most bytes that a photo's file may have.
fn most_bytes(fixer: Option<&Fixer>) -> u64 {
    fixer.map_or(MAX_PHOTO_BYTES, |_| MAX_SOURCE_BYTES)
}

/// The rules for a photo's file; gives back its size.
fn check_file(path: &Path, own_files: &OwnFiles, fixer: Option<&Fixer>) -> Result<u64, PhotoError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    check_kind(path, &metadata)?;
    check_owner(path, &metadata, own_files)?;
    check_size(path, metadata.len(), most_bytes(fixer))?;
    Ok(metadata.len())
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), PhotoError> {
    if metadata.is_file() {
        return Ok(());
    }
    let detail = if metadata.is_dir() {
        instead_of_folder(path)
    } else {
        "it is a pipe, a device or a socket, not a file".to_owned()
    };
    Err(invalid(Reason::PhotoNotAFile, path, &detail))
}

fn check_owner(path: &Path, metadata: &Metadata, own_files: &OwnFiles) -> Result<(), PhotoError> {
    if !own_files.contain(path, metadata) {
        return Ok(());
    }
    let detail = "it is one of the run's own files; write the path of a photo";
    Err(invalid(Reason::PhotoIsARunFile, path, detail))
}

fn check_size(name: impl Debug, bytes: u64, most: u64) -> Result<(), PhotoError> {
    if bytes <= most {
        return Ok(());
    }
    let detail = match most {
        MAX_SOURCE_BYTES => format!("it has {bytes} bytes, more than {most} are not read; make the picture smaller"),
        _ => format!("it has {bytes} bytes, the API takes at most {most}; make the picture smaller"),
    };
    Err(invalid(Reason::PhotoTooLarge, name, &detail))
}

fn unreadable(path: &Path, error: io::Error) -> PhotoError {
    if is_machines_fault(&error) {
        return PhotoError::Machine(error);
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            invalid(Reason::PhotoNotFound, path, "there is no such file")
        }
        _ => invalid(Reason::PhotoNotReadable, path, &format!("it cannot be read: {error}")),
    }
}

fn unsound(name: impl Debug, bytes: &[u8], defect: PhotoDefect) -> PhotoError {
    let advice = match defect {
        PhotoDefect::NotJpegOrPng => Kind::of(bytes).and_then(Kind::advice),
        _ => None,
    };
    let advice = advice.map(|advice| format!(": {advice}")).unwrap_or_default();
    invalid(defect.reason(), name, &format!("the photo is {defect}{advice}"))
}

fn invalid(reason: Reason, name: impl Debug, detail: &str) -> PhotoError {
    // Debug form: a name may hold control characters.
    PhotoError::Invalid {
        reason,
        detail: format!("{name:?}: {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn reason(path: &Path) -> Option<Reason> {
        match Photo::read_file(path, &OwnFiles::default(), &BufferPool::new(0), None) {
            Err(PhotoError::Invalid { reason, .. }) => Some(reason),
            _ => None,
        }
    }

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[0, 1, 2, 3]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn reads_the_bytes_as_they_stand_and_hashes_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), png()).unwrap();
        let photo = Photo::read_file(file.path(), &OwnFiles::default(), &BufferPool::new(0), None).unwrap();
        assert_eq!(photo.pieces.together(), png());
        assert_eq!(photo.digest.bytes, png().len() as u64);
        assert_eq!(photo.digest.sha256, <[u8; 32]>::from(Sha256::digest(png())));
    }

    #[test]
    fn the_size_limit_is_exact() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = png();
        for (size, wanted) in [(5_000_000, None), (5_000_001, Some(Reason::PhotoTooLarge))] {
            bytes.resize(size, 0);
            std::fs::write(file.path(), &bytes).unwrap();
            assert_eq!(reason(file.path()), wanted, "{size}");
        }
    }

    #[test]
    fn large_begins_above_four_and_a_half_megabytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = png();
        for (size, large) in [(4_500_000, false), (4_500_001, true)] {
            bytes.resize(size, 0);
            std::fs::write(file.path(), &bytes).unwrap();
            assert_eq!(
                Photo::read_file(file.path(), &OwnFiles::default(), &BufferPool::new(0), None)
                    .unwrap()
                    .is_large(),
                large,
                "{size}"
            );
        }
    }

    #[test]
    fn a_file_of_the_run_is_refused_though_it_be_a_sound_photo() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), png()).unwrap();
        let own_files = OwnFiles::new([file.path().to_owned()]);
        let read = Photo::read_file(file.path(), &own_files, &BufferPool::new(0), None);
        let wanted = Reason::PhotoIsARunFile;
        assert!(
            matches!(read, Err(PhotoError::Invalid { reason, .. }) if reason == wanted),
            "{read:?}"
        );
    }

    #[test]
    fn names_what_is_wrong_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(reason(folder.path()), Some(Reason::PhotoNotAFile));
        assert_eq!(reason(&folder.path().join("none.jpg")), Some(Reason::PhotoNotFound));
        let file = folder.path().join("x.png");
        for (bytes, wanted) in [
            (vec![], Reason::PhotoEmpty),
            (b"GIF89a".to_vec(), Reason::PhotoNotJpegOrPng),
            (png()[..png().len() - 1].to_vec(), Reason::PhotoTruncated),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(reason(&file), Some(wanted));
        }
        assert_eq!(reason(&file.join("below.png")), Some(Reason::PhotoNotFound));
    }
}
