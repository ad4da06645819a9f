//! The built binary against a scripted server on loopback: one crate, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on has to say so at once"
)]

mod harness;

mod check;
mod command_line;
mod connecting;
mod crash;
mod credentials;
mod dates;
mod doubt;
mod happy;
mod limits;
mod manifest;
mod manifest_faults;
mod photos;
mod refusals;
mod results_csv;
mod retries;
mod secrets;
mod signals;
mod simulator;
mod stops;
mod summary;
mod tls;
mod wire;
