//! A decoder that panics at a hostile picture harms no other row and says nothing to people: its row is malformed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

use rayon::ThreadPoolBuilder;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// The threads on which jpeg-decoder does parts of its work are named so.
const DECODERS_THREAD: &str = "decoder";

/// Prepares for guarded work on so many photos at once. From now on a panic of it leaves no message; all others do as
/// before.
pub(super) fn prepare(photos: usize) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let threads = ThreadPoolBuilder::new().num_threads(photos);
        let threads = threads.thread_name(|_| DECODERS_THREAD.into()).build_global();
        // Where none can be started now, the decoder tries again by itself.
        drop(threads);
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_guarded() {
                before(info);
            }
        }));
    });
}

fn is_guarded() -> bool {
    GUARDED.get() || thread::current().name() == Some(DECODERS_THREAD)
}

/// What `work` gives back; none where it has panicked. Nothing that it has touched is used again then.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = GUARDED.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_next_one_outside_is_not_silent() {
        assert_eq!(guarded(|| 7), Some(7));
        let panicked: Option<u8> = guarded(|| panic!("a defect of a decoder"));
        assert_eq!(panicked, None);
        assert!(!is_guarded());
        assert_eq!(guarded(is_guarded), Some(true));
    }
}
