//! The machine: buffers, error numbers, the identity of files, the atomic file, signals, and whatever else belongs to
//! the system and not to the job.
//!
//! It imports nothing of the crate.

pub(crate) mod append_log;
pub(crate) mod atomic;
pub(crate) mod buffers;
pub(crate) mod causes;
pub(crate) mod dumps;
pub(crate) mod errno;
pub(crate) mod folder;
pub(crate) mod identity;
pub(crate) mod memory;
pub(crate) mod new_file;
pub(crate) mod new_place;
pub(crate) mod read_at;
pub(crate) mod rights;
pub(crate) mod signals;
pub(crate) mod similar;
pub(crate) mod user_hash;
pub(crate) mod work_folder;
