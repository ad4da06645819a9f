//! Buffers that are used again: photos and the chunks of requests come and go by the thousand, and
//! asking the system anew for each costs more than filling it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes at the start of a page where no buffer's content begins.
const LEAD: usize = 64;
const PAGE: usize = 4096;

/// Buffers by size. Those that nobody uses make way where a buffer of another size is wanted, so that all of them together
/// never take more than the most that was in use at a time, or than the pool may keep in any case.
#[derive(Debug)]
pub(crate) struct BufferPool(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By size, one of those that `size_for` gives. No list is empty.
    idle: BTreeMap<usize, Vec<Vec<u8>>>,
    idle_bytes: usize,
    used_bytes: usize,
    /// Bytes of all buffers, at the most.
    most: usize,
}

impl State {
    /// A buffer of this size that nobody uses. Where there is none, idle ones of other sizes are dropped for a new one.
    fn acquire(&mut self, size: usize) -> Option<Vec<u8>> {
        self.used_bytes += size;
        self.most = self.most.max(self.used_bytes);
        let buffer = self.take(size);
        while self.idle_bytes + self.used_bytes > self.most && self.drop_one() {}
        buffer
    }

    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        let buffers = self.idle.get_mut(&size)?;
        let buffer = buffers.pop();
        if buffers.is_empty() {
            self.idle.remove(&size);
        }
        self.idle_bytes -= buffer.as_ref().map_or(0, |_| size);
        buffer
    }

    /// Drops one of the largest buffers that nobody uses.
    fn drop_one(&mut self) -> bool {
        let largest = self.idle.keys().next_back().copied();
        largest.and_then(|size| self.take(size)).is_some()
    }

    fn release(&mut self, size: usize, buffer: Vec<u8>) {
        self.used_bytes -= size;
        self.idle_bytes += size;
        self.idle.entry(size).or_default().push(buffer);
    }
}

/// Bytes that are filled from none up to a fixed number. It goes back to its pool when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// What lies outside of `start..end` is left from before.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    pool: Arc<BufferPool>,
}

impl BufferPool {
    /// A pool that keeps up to so many bytes, even where less was ever in use.
    pub(crate) fn new(keep: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            most: keep,
            ..State::default()
        })))
    }

    /// An empty buffer for `bytes` at least.
    pub(crate) fn acquire(self: &Arc<Self>, bytes: usize) -> Buffer {
        let size = size_for(bytes);
        let idle = self.with(|state| state.acquire(size));
        let bytes = idle.unwrap_or_else(|| vec![0; size + LEAD]);
        let start = lead(&bytes);
        Buffer {
            bytes,
            start,
            end: start,
            pool: Arc::clone(self),
        }
    }

    /// Bytes of the buffers that somebody has.
    pub(crate) fn used_bytes(&self) -> usize {
        self.with(|state| state.used_bytes)
    }

    fn release(&self, buffer: Vec<u8>) {
        self.with(|state| state.release(buffer.len().saturating_sub(LEAD), buffer));
    }

    /// Whoever panicked while holding the lock left the buffers whole: nothing in between can fail.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The kernel copies a file's pages three times slower on some processors when the copy begins a few bytes behind
/// a page's start, as the system's allocator has it for large blocks (seen on AMD's Zen 4 as on the machine of the
/// benchmarks: 150 us instead of 45 for 300 kB at 1 to 31 bytes).
fn lead(bytes: &[u8]) -> usize {
    if bytes.as_ptr().addr() % PAGE < LEAD { LEAD } else { 0 }
}

/// Sizes stand in eighths of a power of two, so that a buffer is of use to another photo, yet never more than a
/// quarter too large.
fn size_for(bytes: usize) -> usize {
    bytes.next_multiple_of((bytes.next_power_of_two() / 8).max(64)).max(64)
}

impl Buffer {
    /// The part that is still to be filled.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        let most = self.start + self.bytes.len() - LEAD;
        &mut self.bytes[self.end..most]
    }

    /// Makes more to be filled; what was filled stays.
    pub(crate) fn grow(&mut self) {
        let mut larger = self.pool.acquire(self.bytes.len() * 2);
        let filled = self.as_ref();
        larger.spare()[..filled.len()].copy_from_slice(filled);
        larger.advance(filled.len());
        *self = larger;
    }

    /// Takes the next `bytes` as filled.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.end += bytes.min(self.spare().len());
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.release(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(buffers: &BufferPool) -> usize {
        buffers.with(|state| state.idle_bytes)
    }

    #[test]
    fn sizes_are_few_and_never_more_than_a_quarter_too_large() {
        for bytes in 257..100_000 {
            let size = size_for(bytes);
            assert!(size >= bytes && size <= bytes + bytes / 4, "{bytes} in {size}");
            assert_eq!(size_for(size), size, "{bytes}");
        }
        let sizes: std::collections::BTreeSet<usize> = (1 << 20..1 << 21).map(size_for).collect();
        assert_eq!(sizes.len(), 5);
        assert_eq!([0, 1, 64, 65].map(size_for), [64, 64, 64, 128]);
    }

    #[test]
    fn a_buffer_comes_back_empty_and_is_used_again() {
        let buffers = BufferPool::new(1000);
        let mut first = buffers.acquire(100);
        first.spare()[..5].copy_from_slice(b"photo");
        first.advance(5);
        assert_eq!(first.as_ref(), b"photo");
        let address = first.as_ref().as_ptr();
        drop(first);
        assert_eq!(idle(&buffers), 128);
        let mut second = buffers.acquire(65);
        assert_eq!((second.as_ref().as_ptr(), second.as_ref().len()), (address, 0));
        assert_eq!(second.spare().len(), 128);
        assert_eq!(idle(&buffers), 0);
    }

    #[test]
    fn content_begins_well_inside_a_page() {
        let buffers = BufferPool::new(0);
        for bytes in [1, 100, 4096, 50_000, 300_000, 4_900_000] {
            let mut buffer = buffers.acquire(bytes);
            assert!(buffer.spare().len() >= bytes, "{bytes}");
            assert!(buffer.as_ref().as_ptr().addr() % PAGE >= LEAD, "{bytes}");
        }
    }

    #[test]
    fn what_is_filled_ends_with_the_buffer() {
        let mut buffer = BufferPool::new(0).acquire(3);
        buffer.advance(99);
        assert_eq!(buffer.as_ref().len(), 64);
        assert!(buffer.spare().is_empty());
    }

    #[test]
    fn what_was_filled_stays_when_the_buffer_grows() {
        let mut buffer = BufferPool::new(0).acquire(64);
        buffer.spare().fill(b'a');
        buffer.advance(64);
        buffer.grow();
        assert_eq!(buffer.as_ref(), [b'a'; 64]);
        assert!(buffer.spare().len() >= 64);
    }

    #[test]
    fn a_small_photo_gets_no_large_buffer() {
        let buffers = BufferPool::new(10_000);
        drop(buffers.acquire(4000));
        assert_eq!(buffers.acquire(100).spare().len(), 128);
    }

    #[test]
    fn idle_buffers_make_way_for_those_that_are_wanted() {
        let buffers = BufferPool::new(1000);
        drop([100; 7].map(|bytes| buffers.acquire(bytes)));
        assert_eq!(idle(&buffers), 7 * 128);
        let large = buffers.acquire(512);
        assert_eq!(idle(&buffers), 3 * 128);
        drop(large);
        assert_eq!(idle(&buffers), 512 + 3 * 128);
        drop(buffers.acquire(700));
        assert_eq!(idle(&buffers), 768 + 128);
    }

    #[test]
    fn as_much_is_kept_as_was_in_use_at_a_time() {
        let buffers = BufferPool::new(0);
        for _ in 0..2 {
            drop([4_900_000; 16].map(|bytes| buffers.acquire(bytes)));
            assert_eq!(idle(&buffers), 16 * size_for(4_900_000));
        }
        drop(buffers.acquire(300));
        assert!(idle(&buffers) <= 16 * size_for(4_900_000));
    }

    #[test]
    fn a_growing_buffer_counts_once() {
        let buffers = BufferPool::new(0);
        let mut buffer = buffers.acquire(64);
        buffer.grow();
        drop(buffer);
        buffers.with(|state| assert_eq!(state.used_bytes, 0));
    }
}
