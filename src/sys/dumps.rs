//! What the system may write of the process's memory when it crashes.

/// Forbids core dumps for the rest of the process: memory holds the key, photos, and what a provider tells of people, and a
/// dump is a file that others keep and send on. Where the system refuses, it is as it was.
#[cfg(unix)]
pub(crate) fn forbid() {
    drop(rlimit::Resource::CORE.set(0, 0));
}

#[cfg(not(unix))]
pub(crate) fn forbid() {}
