//! Reads forward through a photo that may lie in several pieces.

use std::borrow::Cow;

use bytes::Bytes;

use super::PhotoDefect::{self, Truncated};

/// A place in a photo; running out of bytes is always [`Truncated`].
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    /// What is left of the piece that is being read.
    rest: &'a [u8],
    later: &'a [Bytes],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(first: &'a [u8], later: &'a [Bytes]) -> Self {
        Self { rest: first, later }
    }

    /// The next bytes as far as they lie together; none at the end.
    fn piece(&mut self) -> &'a [u8] {
        while self.rest.is_empty()
            && let Some((next, later)) = self.later.split_first()
        {
            (self.rest, self.later) = (next, later);
        }
        self.rest
    }

    /// The next bytes, which may be fewer.
    pub(super) fn peek(&self, most: usize) -> Vec<u8> {
        let later = self.later.iter().flatten();
        self.rest.iter().chain(later).take(most).copied().collect()
    }

    /// Passes by these bytes, if the photo goes on with them.
    pub(super) fn strip(&mut self, prefix: &[u8]) -> bool {
        let mut ahead = *self;
        let is_there = ahead.take(prefix.len()).is_ok_and(|taken| *taken == *prefix);
        if is_there {
            *self = ahead;
        }
        is_there
    }

    /// Takes bytes that are few; they are copied where they lie in two pieces.
    pub(super) fn take(&mut self, count: usize) -> Result<Cow<'a, [u8]>, PhotoDefect> {
        if let Some((taken, rest)) = self.rest.split_at_checked(count) {
            self.rest = rest;
            return Ok(Cow::Borrowed(taken));
        }
        let mut taken = Vec::new();
        self.pass(count, |seen| taken.extend_from_slice(seen))?;
        Ok(Cow::Owned(taken))
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PhotoDefect> {
        if let Some((taken, rest)) = self.rest.split_first_chunk() {
            self.rest = rest;
            return Ok(*taken);
        }
        self.take(N)?.as_ref().try_into().map_err(|_| Truncated)
    }

    /// Shows the next bytes piece by piece.
    pub(super) fn pass(&mut self, mut count: usize, mut see: impl FnMut(&[u8])) -> Result<(), PhotoDefect> {
        while count > 0 {
            let piece = self.piece();
            let (seen, rest) = piece.split_at(count.min(piece.len()));
            if seen.is_empty() {
                return Err(Truncated);
            }
            see(seen);
            self.rest = rest;
            count -= seen.len();
        }
        Ok(())
    }

    /// Stops in front of the next such byte, and tells how many it has passed by.
    pub(super) fn skip_to(&mut self, byte: u8) -> Result<usize, PhotoDefect> {
        let mut skipped = 0;
        loop {
            let piece = self.piece();
            let (at, found) = memchr::memchr(byte, piece).map_or((piece.len(), false), |at| (at, true));
            self.rest = &piece[at..];
            skipped += at;
            match (found, at) {
                (true, _) => return Ok(skipped),
                (false, 0) => return Err(Truncated),
                (false, _) => {}
            }
        }
    }
}
