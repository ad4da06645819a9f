//! Signals as values, and work that hangs.

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::super::atomic::Place;
use super::state::State;
use super::{GivenUp, Interruptible, Mode, QUICK, Signal, Signals};

const ALL: [Signal; 3] = [Signal::HangUp, Signal::Interrupt, Signal::Terminate];

fn state(mode: Mode, signals: &[Signal], now: Instant) -> State {
    let mut state = State::default();
    state.enter(mode, now);
    for signal in signals {
        state.hear(*signal, now);
    }
    state
}

#[test]
fn where_nothing_is_to_be_put_away_the_first_ends_the_process() {
    let now = Instant::now();
    for signal in ALL {
        let state = state(Mode::EndAtOnce, &[signal], now);
        assert_eq!((state.end_at, state.strongest), (Some(now), Some(signal)));
    }
}

#[test]
fn in_a_drain_the_first_changes_nothing_the_second_hurries_and_the_third_ends_it() {
    let now = Instant::now();
    let (term, int) = (Signal::Terminate, Signal::Interrupt);
    let first = state(Mode::Drain, &[term], now);
    assert_eq!((first.give_up_at, first.end_at), (None, None));
    let second = state(Mode::Drain, &[term, int], now);
    assert_eq!(second.give_up_at, Some(now + QUICK));
    assert!(second.end_at > second.give_up_at);
    let third = state(Mode::Drain, &[term, int, int], now);
    assert_eq!((third.end_at, third.strongest), (Some(now), Some(term)));
}

#[test]
fn what_is_being_written_is_given_up_at_the_first_even_after_a_drain() {
    let now = Instant::now();
    for before in [&[][..], &[Signal::Terminate]] {
        let mut state = state(Mode::Drain, before, now);
        state.enter(Mode::GiveUp, now);
        assert_eq!(state.give_up_at, None);
        state.hear(Signal::Interrupt, now);
        assert_eq!(state.give_up_at, Some(now));
        assert!(state.end_at > Some(now), "there is time to put away");
        state.hear(Signal::Interrupt, now);
        assert_eq!(state.end_at, Some(now));
    }
}

#[test]
fn a_hang_up_counts_only_as_the_first() {
    let now = Instant::now();
    for first in ALL {
        let state = state(Mode::Drain, &[first, Signal::HangUp, Signal::HangUp], now);
        assert_eq!((state.count, state.end_at, state.strongest), (1, None, Some(first)));
    }
}

#[test]
fn a_signal_heard_before_ends_what_ends_at_once() {
    let now = Instant::now();
    let mut state = state(Mode::Drain, &[Signal::HangUp], now);
    state.enter(Mode::EndAtOnce, now);
    assert_eq!(state.end_at, Some(now));
}

#[test]
fn what_hangs_is_left_alone_when_it_is_given_up() {
    let signals = Signals::unheard();
    signals.enter(Mode::GiveUp);
    let (_open, never) = channel::<()>();
    let theirs = signals.clone();
    let result = signals.unless_given_up(move || {
        theirs.hear(Signal::Terminate);
        never.recv().map_err(io::Error::other)
    });
    let error = result.unwrap_err().into_inner().unwrap();
    assert_eq!(error.downcast_ref(), Some(&GivenUp(Signal::Terminate)));
}

#[test]
fn after_the_giving_up_nothing_more_is_written() {
    let signals = Signals::unheard();
    signals.enter(Mode::GiveUp);
    let mut file = Interruptible::new(tempfile::tempfile().unwrap(), &signals);
    file.write_all(b"before").unwrap();
    signals.hear(Signal::HangUp);
    assert!(file.write_all(b"after").is_err());
    let mut quick = signals.while_quick(Vec::new());
    quick.write_all(b"the counts").unwrap();
    let early = Instant::now().checked_sub(QUICK + Duration::from_secs(1)).unwrap();
    signals.0.send_modify(|state| state.give_up_at = Some(early));
    assert!(quick.write_all(b"and more").is_err());
}

#[test]
fn a_file_that_is_given_up_leaves_the_earlier_one_whole_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.csv");
    std::fs::write(&path, "the earlier one").unwrap();
    let signals = Signals::unheard();
    signals.enter(Mode::GiveUp);
    let written = Place::of(&path).write_unless_given_up(&signals, |mut file| {
        file.write_all(b"half of")?;
        signals.hear(Signal::Terminate);
        file.write_all(b" the next")
    });
    let error = written.unwrap_err().into_inner().unwrap();
    assert_eq!(error.downcast_ref(), Some(&GivenUp(Signal::Terminate)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the earlier one");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_finished_before_the_signal_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.csv");
    let signals = Signals::unheard();
    let place = Place::of(&path);
    let written = place.write_unless_given_up(&signals, |mut file| file.write_all(b"all of it"));
    written.unwrap();
    signals.hear(Signal::Interrupt);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "all of it");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn an_ignored_signal_is_read_off_the_mask() {
    use super::catch::is_in_mask;
    let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000004001\n";
    assert!(is_in_mask(status, 1) && is_in_mask(status, 15));
    assert!(!is_in_mask(status, 2) && !is_in_mask(status, 0) && !is_in_mask(status, 99));
    assert!(!is_in_mask("", 1) && !is_in_mask("SigIgn:\tzz", 1));
}
