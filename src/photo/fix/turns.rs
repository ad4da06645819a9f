//! How many photos are worked on at once: one for each processor, and of those that take much memory one alone.
//!
//! A turn is taken on a thread of its own, never on one that serves connections, so that the sending goes on meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The turns there are.
#[derive(Debug)]
pub(super) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
    large: Mutex<()>,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(in super::super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn of(turns: usize) -> Self {
        Self {
            free: Mutex::new(turns),
            freed: Condvar::new(),
            large: Mutex::new(()),
        }
    }

    /// Waits until there is one.
    pub(super) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

impl Turn<'_> {
    /// Waits until no other photo is large. Whoever waits here has a turn, and whoever is waited for needs none more.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        self.0.large.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn no_more_work_at_once_than_there_are_turns_and_each_comes_to_its_turn() {
        let (turns, at_work, most, done) = (
            Turns::of(2),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let turn = turns.take();
                        most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                        drop(turn.alone());
                        std::thread::yield_now();
                        at_work.fetch_sub(1, SeqCst);
                        done.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert_eq!(done.load(SeqCst), 400);
        assert!((1..=2).contains(&most.load(SeqCst)));
        assert_eq!(*turns.free.lock().unwrap(), 2);
    }
}
