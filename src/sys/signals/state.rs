//! What has been heard, and what follows from it: values in, values out.

use std::time::{Duration, Instant};

/// How long after a second signal in a run's drain the record and the results may still be written.
pub(super) const QUICK: Duration = Duration::from_secs(2);
/// How long the work may take to put things away after it was to be given up; longer only where the machine hangs.
const GRACE: Duration = Duration::from_secs(3);

/// A request to end, from the weakest to the strongest. Where only Ctrl-C is known, it is an interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signal {
    /// SIGHUP.
    HangUp,
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HangUp => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// How the work takes a signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// There is nothing to put away: the process ends at once.
    #[default]
    EndAtOnce,
    /// The first is the work's own to act upon. The second leaves time to write what is known, if that is quick.
    Drain,
    /// What is being written is given up at the first signal, and put away.
    GiveUp,
}

/// All that is known of the signals.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    mode: Mode,
    /// Signals so far; a hang-up counts only as the first.
    pub(super) count: u32,
    pub(super) last: Option<Signal>,
    pub(super) strongest: Option<Signal>,
    /// From then on, nothing that takes time is done any more.
    pub(super) give_up_at: Option<Instant>,
    /// Then the process ends, whatever the work does.
    pub(super) end_at: Option<Instant>,
}

impl State {
    /// A terminal that is closed sends SIGHUP twice, from the shell and from the kernel, and a session that is ended
    /// sends it behind SIGTERM: it is never a second request to hurry.
    pub(super) fn hear(&mut self, signal: Signal, now: Instant) {
        if signal == Signal::HangUp && self.count > 0 {
            return;
        }
        self.count += 1;
        self.last = Some(signal);
        self.strongest = self.strongest.max(Some(signal));
        match (self.mode, self.count) {
            (Mode::Drain, 1) => {}
            (Mode::Drain, 2) => self.end(now + QUICK, now + QUICK + GRACE),
            (Mode::GiveUp, _) if self.give_up_at.is_none() => self.end(now, now + GRACE),
            _ => self.end(now, now),
        }
    }

    /// The mode until now. What has been heard before counts for the new one where that ends at once.
    pub(super) fn enter(&mut self, mode: Mode, now: Instant) -> Mode {
        if mode == Mode::EndAtOnce && self.count > 0 {
            self.end(now, now);
        }
        std::mem::replace(&mut self.mode, mode)
    }

    fn end(&mut self, give_up_at: Instant, end_at: Instant) {
        self.give_up_at = Some(give_up_at);
        self.end_at = Some(end_at);
    }
}
