//! How much memory there is.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// Bytes that this process may have at most: the machine's, or those of the container or control group that it runs in.
/// None where the system does not tell.
pub(crate) fn most() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let told = [Some(system.total_memory()), of_group(&mut system)]
        .into_iter()
        .flatten();
    told.filter(|bytes| *bytes > 0).min()
}

fn of_group(system: &mut System) -> Option<u64> {
    let own = get_current_pid().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, ProcessRefreshKind::nothing());
    system.process(own)?.cgroup_limits().map(|limits| limits.total_memory)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_some() {
        assert!(super::most().is_some_and(|bytes| bytes > 16 * 1024 * 1024));
    }
}
