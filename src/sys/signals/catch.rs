//! Catching them. From the call on, not from the first poll, so that nobody who has seen the process can be too early.

use super::Signal;

/// The signals as they come.
pub(super) struct Caught {
    #[cfg(unix)]
    streams: Vec<(Signal, tokio::signal::unix::Signal)>,
}

/// Catches those that end a process. One that cannot be caught does what it does by itself; so does SIGHUP where it
/// was ignored when the process began, as under nohup.
#[cfg(unix)]
pub(super) fn signals() -> Caught {
    use tokio::signal::unix::{SignalKind, signal};
    let mut wanted = vec![
        (Signal::Interrupt, SignalKind::interrupt()),
        (Signal::Terminate, SignalKind::terminate()),
    ];
    if !is_ignored(SignalKind::hangup()) {
        wanted.push((Signal::HangUp, SignalKind::hangup()));
    }
    let caught = |(which, kind)| Some((which, signal(kind).ok()?));
    Caught {
        streams: wanted.into_iter().filter_map(caught).collect(),
    }
}

#[cfg(not(unix))]
pub(super) fn signals() -> Caught {
    Caught {}
}

impl Caught {
    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> Signal {
        use std::task::Poll;
        std::future::poll_fn(|context| {
            for (which, stream) in &mut self.streams {
                if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                    return Poll::Ready(*which);
                }
            }
            Poll::Pending
        })
        .await
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Whether the signal is ignored, as far as the system tells without unsafe code: Linux does, in the process's status.
#[cfg(unix)]
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_in_mask(&status, kind.as_raw_value())
}

/// `SigIgn` is a mask in hexadecimal digits; its lowest bit stands for signal 1.
#[cfg(unix)]
pub(super) fn is_in_mask(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(signal - 1).ok().and_then(|bit| 1_u64.checked_shl(bit));
    mask.zip(bit).is_some_and(|(mask, bit)| mask & bit != 0)
}
