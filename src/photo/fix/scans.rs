//! A JPEG as its decoder should read it: where the data of a scan end too early, the decoder fails. Left alone it takes
//! what is missing for zeros, and the rest of the picture comes out gray.

use std::io::{self, Read};

use super::head::next_segment;

const SOS: u8 = 0xDA;
const RST: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;
/// Four bytes of ones, stuffed as a scan's data are. No code consists of ones alone (ITU-T T.81, annex C), so that what
/// asks for more than there is finds none. Two bytes are the longest code and two the longest number before it; with
/// more of them a decoder that has read ahead would not see the marker behind.
const NO_CODE: &[u8] = &[0xFF, 0x00, 0xFF, 0x00, 0xFF, 0x00, 0xFF, 0x00];

/// The bytes of a sound JPEG, with something undecodable at the end of the data of each scan and restart interval.
pub(super) struct Scans<'a> {
    rest: &'a [u8],
    pieces: std::vec::IntoIter<&'a [u8]>,
}

impl<'a> Scans<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let pieces = pieces(bytes).into_iter();
        Self { rest: &[], pieces }
    }
}

impl Read for Scans<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.next() {
                Some(piece) => self.rest = piece,
                None => return Ok(0),
            }
        }
        self.rest.read(buffer)
    }
}

fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let (mut piece, mut rest) = (bytes, bytes.get(2..).unwrap_or_default());
    while let Some((marker, _, behind)) = next_segment(rest) {
        rest = behind;
        if marker != SOS && !RST.contains(&marker) {
            continue;
        }
        let Some(end) = end_of_data(behind) else {
            break;
        };
        let (data, next) = piece.split_at(piece.len() - behind.len() + end);
        pieces.extend([data, NO_CODE]);
        (piece, rest) = (next, next);
    }
    pieces.push(piece);
    pieces
}

/// Where the first marker behind the data is.
fn end_of_data(bytes: &[u8]) -> Option<usize> {
    let is_end = |at: &usize| bytes.get(at + 1).is_some_and(|code| *code != 0x00);
    memchr::memchr_iter(0xFF, bytes).find(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_data_is_told_and_nothing_else_is_changed() {
        let head = b"\xFF\xD8\xFF\xE1\0\x06\xFF\xDA\xFF\xD0\xFF\xDA\0\x03\x01";
        let (first, second) = (b"\x12\xFF\0\x34".as_slice(), b"\xFF\0".as_slice());
        let tail = b"\xFF\xFF\xDA\0\x03\x02\x56\xFF\xD9\xFF\xDA\x78";
        let jpeg = [head, first, b"\xFF\xD0", second, tail].concat();
        let mut read = Vec::new();
        Scans::of(&jpeg).read_to_end(&mut read).unwrap();
        let (scan, end) = tail.split_at(7);
        let wanted = [head, first, NO_CODE, b"\xFF\xD0", second, NO_CODE, scan, NO_CODE, end].concat();
        assert_eq!(read, wanted);
    }

    #[test]
    fn what_is_cut_off_is_read_as_it_is() {
        for jpeg in [b"".as_slice(), b"\xFF\xD8", b"\xFF\xD8\xFF\xDA\0\x03\x01\x12\xFF"] {
            let mut read = Vec::new();
            Scans::of(jpeg).read_to_end(&mut read).unwrap();
            assert_eq!(read, jpeg);
        }
    }
}
