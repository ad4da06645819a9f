//! The chances of a schedule as numbers that proptest draws, so that a schedule that fails shrinks.

use std::fmt;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;

/// Most numbers of a schedule; the roughest weather uses a third of them.
const MOST: usize = 3_000;

/// What happens, number by number. A zero is the first of what is possible, and no misfortune; zeros follow the last
/// number. So a schedule is simpler the fewer and the smaller its numbers are, which is how proptest shrinks them.
#[derive(Clone)]
pub(super) struct Choices {
    numbers: Vec<u16>,
    next: usize,
}

/// Schedules of every length.
pub(super) fn choices() -> impl Strategy<Value = Choices> {
    vec(any::<u16>(), SizeRange::from(0..=MOST)).prop_map(|numbers| Choices { numbers, next: 0 })
}

/// On one line, however many they are.
impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.numbers)
    }
}

impl Choices {
    fn draw(&mut self) -> usize {
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(number)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.draw() % bound
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Whether a misfortune of this likelihood happens.
    pub(super) fn chance(&mut self, times: u32, of: u32) -> bool {
        times > 0 && self.below(of as usize) as u32 >= of - times
    }
}
