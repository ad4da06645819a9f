//! The state machine, driven by hand: no runtime, no sleeping, invented instants.
//!
//! [`world::World`] is the ledger, the photos and the wire around one [`super::dispatcher::Dispatcher`], and holds
//! it to its promises at every step. [`server::Server`] keeps its own books, so that what a run reports
//! can be compared with what became of the users.

mod books;
mod choices;
mod fixture;
mod limits;
mod machine;
mod narrow;
mod outage;
mod pace;
mod property;
mod recorder;
mod resume;
mod rows;
mod server;
mod signals;
mod steps;
mod storage;
mod stores;
mod unsent;
mod world;
