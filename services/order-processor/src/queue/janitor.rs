//! Keeping one partition's streams short and its groups free of consumers that are gone.
//!
//! Every worker does it, for all of them: nothing depends on a single one. What some group has not acknowledged is never
//! trimmed, and a consumer with something pending never removed; a crash in between leaves work for the next round.

use std::{sync::Arc, time::Duration};

use runtime::lifecycle::Shutdown;
use streams::{StreamError, janitor};

use crate::worker::Worker;

pub(crate) struct JanitorLoop {
    worker: Arc<Worker>,
    partition: u16,
    every: Duration,
    retire_idle: Duration,
}

impl JanitorLoop {
    /// A consumer is gone when it has asked for nothing for `retire_idle`. This worker's own asks every other second.
    pub(crate) const fn new(
        worker: Arc<Worker>,
        partition: u16,
        every: Duration,
        retire_idle: Duration,
    ) -> Self {
        Self { worker, partition, every, retire_idle }
    }

    /// Ends when the shutdown drains.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let draining = shutdown.draining();
        loop {
            match self.tidy().await {
                Ok(()) => self.worker.redis_outage.recovered(),
                Err(error) => self.worker.redis_outage.failed(&error),
            }
            tokio::select! {
                biased;
                () = draining.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    async fn tidy(&self) -> Result<(), StreamError> {
        let Worker { redis, metrics, .. } = &*self.worker;
        metrics.trimmed.inc_by(janitor::trim(redis, self.partition).await?);
        let retired = janitor::retire(redis, self.partition, self.retire_idle).await?;
        if !retired.is_empty() {
            tracing::info!(consumers = ?retired, partition = self.partition, "consumers that are gone were removed");
            metrics.retired.inc_by(retired.len() as u64);
        }
        Ok(())
    }
}
