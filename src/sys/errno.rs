//! Which faults are the machine's own: no row and no server is to blame for them.

use std::io;

const ENOMEM: i32 = 12;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// Too many open files in the process or the system, or no memory: another moment, another answer.
pub(crate) fn is_machines_fault(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(ENOMEM | ENFILE | EMFILE))
}
