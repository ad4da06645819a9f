//! A decoder that panics at a hostile picture harms no other row and says nothing to people: its row is malformed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// The threads on which jpeg-decoder transforms what another one has read are named so.
const JPEG_DECODERS_THREAD: &str = "worker thread for component";

/// From now on a panic of guarded work leaves no message. All others do as before.
pub(super) fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_guarded() {
                before(info);
            }
        }));
    });
}

fn is_guarded() -> bool {
    let name = thread::current()
        .name()
        .map(|name| name.starts_with(JPEG_DECODERS_THREAD));
    GUARDED.get() || name == Some(true)
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
