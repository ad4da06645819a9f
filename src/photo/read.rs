//! Reading a photo's bytes, capped and in pieces. Each piece is hashed right after it is read, while it is in the
//! processor's cache.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{PhotoError, check_size, unreadable};
use crate::domain::{
    fixes::Fixes,
    outcome::{FixedDigest, PhotoHash},
};
use crate::sys::buffers::{Buffer, BufferPool};

/// What was read at a photo's place.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) pieces: Vec<Bytes>,
    pub(super) bytes: u64,
    pub(super) sha256: PhotoHash,
}

/// How a file is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// What the file is expected to have.
    pub(super) bytes: u64,
    /// What it may have at most.
    pub(super) most: u64,
    /// Bytes of each piece but the last one.
    pub(super) piece: usize,
}

impl Source {
    /// Of bytes that lie together.
    pub(super) fn of(bytes: Bytes) -> Self {
        Self {
            sha256: Sha256::digest(&bytes).into(),
            bytes: bytes.len() as u64,
            pieces: vec![bytes],
        }
    }

    pub(super) fn read_file(path: &Path, plan: Plan, buffers: &Arc<BufferPool>) -> Result<Self, PhotoError> {
        let mut file = File::open(path).map_err(|error| unreadable(path, error))?;
        Self::read(path, &mut file, plan, buffers)
    }

    pub(super) fn read(
        path: &Path,
        file: &mut impl Read,
        plan: Plan,
        buffers: &Arc<BufferPool>,
    ) -> Result<Self, PhotoError> {
        let (mut pieces, mut read, mut hasher) = (Vec::new(), 0, Sha256::new());
        loop {
            // With one byte more than the file had, its end is met without another round, unless it grew meanwhile.
            let expected = plan.bytes.saturating_sub(read) as usize + 1;
            let buffer = buffers.acquire(expected.min(plan.piece));
            let check = |bytes: usize| check_size(path, read + bytes as u64, plan.most);
            let piece = fill(path, file, buffer, plan.piece, check)?;
            read += piece.as_ref().len() as u64;
            let is_last = piece.as_ref().len() < plan.piece;
            hasher.update(piece.as_ref());
            // Behind full pieces alone the end is met by one of no bytes.
            if pieces.is_empty() || !piece.as_ref().is_empty() {
                pieces.push(Bytes::from_owner(piece));
            }
            if is_last {
                return Ok(Self {
                    pieces,
                    bytes: read,
                    sha256: hasher.finalize().into(),
                });
            }
        }
    }

    /// All of it as one piece, as decoders need it.
    pub(super) fn together(&self) -> Bytes {
        match self.pieces.as_slice() {
            [whole] => whole.clone(),
            pieces => pieces.concat().into(),
        }
    }

    pub(super) fn as_fixed(&self, fixes: Fixes) -> FixedDigest {
        FixedDigest {
            fixes,
            sha256: self.sha256,
            bytes: self.bytes,
        }
    }
}

/// Fills a piece as far as the file goes. `check` looks at every number of bytes that it has.
fn fill(
    path: &Path,
    file: &mut impl Read,
    mut piece: Buffer,
    most: usize,
    check: impl Fn(usize) -> Result<(), PhotoError>,
) -> Result<Buffer, PhotoError> {
    while piece.as_ref().len() < most {
        if piece.spare().is_empty() {
            piece.grow();
        }
        let left = most - piece.as_ref().len();
        let spare = piece.spare();
        let spare_bytes = spare.len().min(left);
        match read_some(file, &mut spare[..spare_bytes]).map_err(|error| unreadable(path, error))? {
            0 => break,
            read => piece.advance(read),
        }
        check(piece.as_ref().len())?;
    }
    Ok(piece)
}

fn read_some(file: &mut impl Read, spare: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(spare) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::photo::{MAX_PHOTO_BYTES, PIECE_BYTES};

    #[test]
    fn a_file_that_grows_while_it_is_read_is_read_to_its_end_or_refused() {
        let buffers = BufferPool::new(0);
        for (size, is_read) in [
            (0, true),
            (1000, true),
            (PIECE_BYTES, true),
            (5_000_000, true),
            (5_000_001, false),
        ] {
            let content: Vec<u8> = (0..size).map(|at| at as u8).collect();
            for (piece, bytes) in [(PIECE_BYTES, 0), (PIECE_BYTES, 4_900_000), (usize::MAX, 0)] {
                let plan = Plan {
                    bytes,
                    most: MAX_PHOTO_BYTES,
                    piece,
                };
                let read = Source::read(Path::new("p"), &mut content.as_slice(), plan, &buffers);
                assert_eq!(read.is_ok(), is_read, "{size}");
                let Ok(source) = read else { continue };
                assert_eq!(source.bytes, size as u64);
                assert_eq!(source.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
                let (last, whole) = source.pieces.split_last().unwrap();
                assert_eq!(last.is_empty(), size == 0, "{size}");
                assert!(whole.iter().all(|bytes| bytes.len() == piece), "{size}");
                assert_eq!(source.together(), content, "{size}");
            }
        }
    }
}
