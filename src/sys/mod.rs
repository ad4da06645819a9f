//! The machine: buffers, error numbers, the atomic file, and whatever else belongs to the system and not to the job.
//!
//! It imports nothing of the crate.

pub(crate) mod atomic;
pub(crate) mod buffers;
pub(crate) mod errno;
pub(crate) mod read_at;
