//! The pieces of an answer on their way from the connection to the parser, which reads them as one stream.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, channel as unbounded};

use bytes::{Buf, Bytes};

/// Most bytes of a history that are read (contract, section 12); a longer one is not understood.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What has come, in order; the end of the answer where the sender is gone. At most [`MAX_BYTES`].
pub(super) struct PieceReader {
    pieces: Receiver<Bytes>,
    current: Wiped,
    left: usize,
}

/// Bytes that are overwritten when nobody needs them any more. What the connection's own buffer still shares is not.
#[derive(Default)]
struct Wiped {
    whole: Bytes,
    rest: Bytes,
}

pub(super) fn channel() -> (Sender<Bytes>, PieceReader) {
    let (sender, pieces) = unbounded();
    let reader = PieceReader {
        pieces,
        current: Wiped::default(),
        left: MAX_BYTES,
    };
    (sender, reader)
}

impl Wiped {
    fn new(piece: Bytes) -> Self {
        Self {
            whole: piece.clone(),
            rest: piece,
        }
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // The connection's own buffer may still share it, and then it is the connection's to use again.
        drop(std::mem::take(&mut self.rest));
        if let Ok(mut bytes) = std::mem::take(&mut self.whole).try_into_mut() {
            bytes.fill(0);
        }
    }
}

impl Read for PieceReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.rest.is_empty() {
            match self.pieces.recv() {
                Ok(piece) => self.current = Wiped::new(piece),
                Err(_) => return Ok(0),
            }
        }
        let count = out.len().min(self.current.rest.len());
        if count > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.left -= count;
        self.current.rest.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

impl Drop for PieceReader {
    /// What came after the parser had heard enough is wiped as well.
    fn drop(&mut self) {
        self.pieces.try_iter().for_each(|piece| drop(Wiped::new(piece)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_stream_up_to_the_limit() {
        let (sender, mut reader) = channel();
        for piece in ["ab", "", "cde"] {
            sender.send(Bytes::from(piece)).unwrap();
        }
        drop(sender);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcde");
        for (size, is_read) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let (sender, mut reader) = channel();
            sender.send(vec![b' '; size].into()).unwrap();
            drop(sender);
            assert_eq!(reader.read_to_end(&mut Vec::new()).is_ok(), is_read, "{size}");
        }
    }
}
