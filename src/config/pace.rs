//! How fast, how often, how long.

use std::time::Duration;

use crate::cli::{LimitArgs, PaceArgs};
use crate::domain::retry::RetryPolicy;

/// The limits of a run and of its requests.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Most requests in flight.
    pub(crate) concurrency: usize,
    /// Shortest time between the starts of two requests.
    pub(crate) interval: Option<Duration>,
    /// Longest standstill of a request.
    pub(crate) timeout: Duration,
    /// Longest wait for a connection.
    pub(crate) connect_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) in_doubt_wait: Duration,
    pub(crate) max_outage: Duration,
    pub(crate) stop_after: Option<Duration>,
    /// Most rows that are sent.
    pub(crate) limit: Option<u64>,
    /// Rows that end rejected or failed, after which the run stops.
    pub(crate) max_failures: Option<u32>,
}

impl Pace {
    pub(super) fn resolve(args: &PaceArgs, limits: &LimitArgs) -> Self {
        let PaceArgs {
            concurrency,
            rate,
            timeout,
            connect_timeout,
            retries,
            in_doubt_wait,
        } = *args;
        let LimitArgs {
            max_outage,
            stop_after,
            limit,
            max_failures,
        } = *limits;
        Self {
            concurrency: concurrency.into(),
            interval: rate.map(|rate| rate.interval),
            timeout,
            connect_timeout,
            retry: RetryPolicy { retries },
            in_doubt_wait,
            max_outage,
            stop_after,
            limit,
            max_failures,
        }
    }
}
