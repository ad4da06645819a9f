//! A photo's bytes, cut where base64 can be cut.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bytes of each piece of a photo but the last one: a multiple of 3, so that only the last piece's text is padded.
/// It makes 128 KiB of text, two of the 64 KiB buffers that the TLS layer fills at a time.
pub(crate) const PIECE_BYTES: usize = 96 * 1024;

/// A photo in pieces, so that memory is free again as the photo is sent, and what is read is hashed while it is in the
/// processor's cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pieces(VecDeque<Bytes>);

impl Pieces {
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// All of it as one piece.
    pub(crate) fn together(&self) -> Bytes {
        match self.0.as_slices() {
            ([whole], []) => whole.clone(),
            (some, others) => [some, others].concat().concat().into(),
        }
    }

    /// Bytes of the next share: a piece, or so much of it as makes one.
    pub(crate) fn next_share(&self) -> usize {
        self.0.front().map_or(0, |piece| piece.len().min(PIECE_BYTES))
    }

    /// Takes the next share out of the photo.
    pub(crate) fn take_share(&mut self) -> Bytes {
        let share = self.next_share();
        match self.0.front_mut() {
            Some(piece) if piece.len() > share => piece.split_to(share),
            _ => self.0.pop_front().unwrap_or_default(),
        }
    }

    /// Whether nothing comes behind the next share.
    pub(crate) fn is_last_share(&self) -> bool {
        self.0.len() <= 1 && self.next_share() == self.bytes()
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        Self(VecDeque::from([bytes]))
    }
}

/// Pieces between which base64 cannot be cut are joined.
impl From<Vec<Bytes>> for Pieces {
    fn from(pieces: Vec<Bytes>) -> Self {
        let before_last = pieces.len().saturating_sub(1);
        let can_be_cut = pieces
            .iter()
            .take(before_last)
            .all(|piece| piece.len().is_multiple_of(3));
        match can_be_cut {
            true => Self(pieces.into()),
            false => Bytes::from(pieces.concat()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(mut pieces: Pieces) -> Vec<Vec<u8>> {
        let mut shares = Vec::new();
        while pieces.bytes() > 0 {
            let (next, is_last) = (pieces.next_share(), pieces.is_last_share());
            shares.push(pieces.take_share().to_vec());
            assert_eq!(shares.last().map(Vec::len), Some(next));
            assert_eq!(is_last, pieces.bytes() == 0);
        }
        shares
    }

    #[test]
    fn shares_are_pieces_and_no_larger_than_one() {
        let bytes: Vec<u8> = (0..2 * PIECE_BYTES + 7).map(|at| at as u8).collect();
        let pieces = vec![Bytes::from(bytes[..6].to_vec()), Bytes::from(bytes[6..].to_vec())];
        let shares = shares(pieces.into());
        assert_eq!(
            shares.iter().map(Vec::len).collect::<Vec<_>>(),
            [6, PIECE_BYTES, PIECE_BYTES, 1]
        );
        assert_eq!(shares.concat(), bytes);
    }

    #[test]
    fn what_base64_cannot_be_cut_between_is_one_piece() {
        for (lengths, wanted) in [([3, 1], vec![3, 1]), ([4, 3], vec![7]), ([0, 0], vec![])] {
            let pieces = lengths.map(|length| Bytes::from(vec![7; length])).to_vec();
            let lengths: Vec<usize> = shares(pieces.into()).iter().map(Vec::len).collect();
            assert_eq!(lengths, wanted);
        }
    }
}
