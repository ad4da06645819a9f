//! How fast, how often, how long.

use std::time::Duration;

use super::ConfigError;
use crate::cli::{LimitArgs, PaceArgs, RateOf};
use crate::domain::{retry::RetryPolicy, shard::Shard};

/// How much of the limits of requests is this run's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    All,
    /// One part of so many, whose limits together are those that were given.
    OneOf(u32),
}

impl Share {
    pub(super) fn of(rate_of: RateOf, shard: Option<Shard>) -> Result<Self, ConfigError> {
        match (rate_of, shard) {
            (RateOf::Part, _) => Ok(Self::All),
            (RateOf::Job, Some(shard)) => Ok(Self::OneOf(shard.count())),
            (RateOf::Job, None) => Err(ConfigError::RateOfNoJob),
        }
    }

    fn parts(self) -> u32 {
        match self {
            Self::All => 1,
            Self::OneOf(parts) => parts,
        }
    }
}

/// The limits of a run and of its requests.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Most requests in flight.
    pub(crate) concurrency: usize,
    /// Shortest time between the starts of two requests.
    pub(crate) interval: Option<Duration>,
    /// Whether the two are this part's share of the job's.
    pub(crate) shared: bool,
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
    pub(super) fn resolve(args: &PaceArgs, limits: &LimitArgs, share: Share) -> Self {
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
            concurrency: (usize::from(concurrency) / share.parts() as usize).max(1),
            interval: rate.map(|rate| rate.interval.saturating_mul(share.parts())),
            shared: share != Share::All,
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
