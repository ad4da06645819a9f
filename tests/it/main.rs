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
mod cookbook;
mod crash;
mod credentials;
mod date_forms;
mod dates;
mod doubt;
mod early_ends;
mod edges;
mod environment;
mod extract;
mod failures;
#[cfg(feature = "fix-photos")]
mod fix_photos;
mod forms;
mod happy;
mod helpful_errors;
mod ledger;
mod limits;
mod lock;
mod log_lines;
mod manifest;
mod manifest_changes;
mod manifest_faults;
mod merge;
mod metrics;
mod one_ledger;
mod photo_template;
mod photos;
mod ping;
mod production;
mod reconcile;
mod reconcile_ends;
mod refusals;
#[cfg(unix)]
mod rehearsal;
mod report;
mod results_csv;
mod results_place;
mod retries;
mod secrets;
mod shard_auto;
mod shards;
mod signals;
mod simulator;
mod simulator_state;
#[cfg(unix)]
mod snapshots;
mod split;
mod split_ends;
mod status;
mod stops;
#[cfg(feature = "object-stores")]
mod store_doubts;
#[cfg(feature = "object-stores")]
mod store_faults;
#[cfg(feature = "object-stores")]
mod stores;
mod summary;
mod suspicions;
mod tls;
mod wire;
