//! The built binary against a scripted server on loopback: one crate, so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to say so at once"
)]

mod harness;

mod crash;
mod happy;
