//! Buffers that are used again: photos and the chunks of requests come and go by the thousand, and
//! asking the system anew for each costs more than filling it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A stock of buffers by size, whose idle ones take up a limited number of bytes.
#[derive(Debug)]
pub(crate) struct Buffers {
    stock: Mutex<Stock>,
    most: usize,
}

#[derive(Debug, Default)]
struct Stock {
    /// By size, which is a power of two: a photo never sits in a buffer more than twice its own.
    idle: BTreeMap<usize, Vec<Vec<u8>>>,
    bytes: usize,
}

/// Bytes that grow from none up to a fixed room. It goes back to its stock when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// As long as the room; what lies behind `filled` is left from before.
    bytes: Vec<u8>,
    filled: usize,
    home: Arc<Buffers>,
}

impl Buffers {
    /// A stock that keeps at most so many bytes idle.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            stock: Mutex::default(),
            most,
        })
    }

    /// An empty buffer with room for `bytes` at least.
    pub(crate) fn lend(self: &Arc<Self>, bytes: usize) -> Buffer {
        let size = bytes.next_power_of_two();
        let idle = self.with(|stock| {
            let buffer = stock.idle.get_mut(&size)?.pop()?;
            stock.bytes -= size;
            Some(buffer)
        });
        Buffer {
            bytes: idle.unwrap_or_else(|| vec![0; size]),
            filled: 0,
            home: Arc::clone(self),
        }
    }

    /// Sizes that are not asked for any more make room for those that are.
    fn take_back(&self, buffer: Vec<u8>) {
        let size = buffer.len();
        if size > self.most {
            return;
        }
        self.with(|stock| {
            if stock.bytes + size > self.most {
                *stock = Stock::default();
            }
            stock.bytes += size;
            stock.idle.entry(size).or_default().push(buffer);
        });
    }

    /// Whoever panicked while holding the stock left it whole: nothing in between can fail.
    fn with<T>(&self, act: impl FnOnce(&mut Stock) -> T) -> T {
        act(&mut self.stock.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Buffer {
    /// The part that is still to be filled.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Has room again, whatever was filled.
    pub(crate) fn grow(&mut self) {
        let mut larger = self.home.lend(self.bytes.len() * 2);
        larger.room()[..self.filled].copy_from_slice(self.as_ref());
        larger.advance(self.filled);
        *self = larger;
    }

    /// Takes the next `bytes` of the room as filled.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.filled = (self.filled + bytes).min(self.bytes.len());
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.take_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(buffers: &Buffers) -> usize {
        buffers.with(|stock| stock.bytes)
    }

    #[test]
    fn a_buffer_comes_back_empty_and_is_lent_again() {
        let buffers = Buffers::new(1000);
        let mut first = buffers.lend(100);
        first.room()[..5].copy_from_slice(b"photo");
        first.advance(5);
        assert_eq!(first.as_ref(), b"photo");
        let address = first.as_ref().as_ptr();
        drop(first);
        assert_eq!(idle(&buffers), 128);
        let mut second = buffers.lend(65);
        assert_eq!((second.as_ref().as_ptr(), second.as_ref().len()), (address, 0));
        assert_eq!((second.room().len(), idle(&buffers)), (128, 0));
    }

    #[test]
    fn what_is_filled_ends_with_the_room() {
        let buffers = Buffers::new(0);
        let mut buffer = buffers.lend(3);
        buffer.advance(9);
        assert_eq!((buffer.as_ref().len(), buffer.room().len()), (4, 0));
    }

    #[test]
    fn what_was_filled_stays_when_the_room_grows() {
        let mut buffer = Buffers::new(0).lend(2);
        buffer.room().copy_from_slice(b"ab");
        buffer.advance(2);
        buffer.grow();
        assert_eq!((buffer.as_ref(), buffer.filled), (&b"ab"[..], 2));
        assert_eq!(buffer.room().len(), 2);
    }

    #[test]
    fn a_small_photo_gets_no_large_buffer() {
        let buffers = Buffers::new(10_000);
        drop(buffers.lend(4000));
        assert_eq!(buffers.lend(100).room().len(), 128);
    }

    #[test]
    fn no_more_is_kept_idle_than_was_allowed() {
        let buffers = Buffers::new(1000);
        drop([100; 9].map(|bytes| buffers.lend(bytes)));
        assert_eq!(idle(&buffers), 256);
        drop(buffers.lend(2000));
        assert_eq!(idle(&buffers), 256);
        drop(buffers.lend(1000));
        assert_eq!(idle(&buffers), 256);
        drop(buffers.lend(500));
        assert_eq!(idle(&buffers), 768);
        drop(buffers.lend(0));
        assert_eq!(idle(&buffers), 769);
    }
}
