//! What all tasks of this worker share.

use std::{sync::Arc, time::Duration};

use runtime::{backoff::Backoff, clock::Clock};
use streams::Redis;

use crate::{ledger::Ledger, metrics::WorkerMetrics, outage::SharedOutage, pipeline::Pipeline};

/// The CloudEvents `source` of what this service writes.
pub(crate) const SOURCE: &str = "/order-processor";

#[derive(Debug)]
pub(crate) struct Worker {
    /// The name of the instance: the consumer in the group, the worker in events and in the ledger.
    pub(crate) name: Arc<str>,
    pub(crate) clock: Clock,
    pub(crate) redis: Redis,
    pub(crate) redis_outage: SharedOutage,
    pub(crate) pipeline: Pipeline,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: WorkerMetrics,
    pub(crate) max_attempts: u32,
    /// The pause before another attempt, as it is before the first failure.
    pub(crate) retry_backoff: Backoff,
}

impl Worker {
    /// The pause after this attempt. Exponential with full jitter: orders that met the same outage do not come back in step.
    pub(crate) fn backoff_after(&self, attempt: u32) -> Backoff {
        self.retry_backoff.clone().after(attempt.saturating_sub(1))
    }
}

/// For what is asked of Redis again until it answers: soon, for orders wait, and what is asked of a Redis that is away
/// fails at once.
pub(crate) const fn redis_backoff() -> Backoff {
    Backoff::new(Duration::from_millis(50), Duration::from_secs(1))
}
