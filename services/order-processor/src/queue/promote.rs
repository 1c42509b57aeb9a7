//! Moving delayed retries of one partition back to the queue when they are due.
//!
//! Every worker does it, for all of them: the retries of a worker that is gone must come back, too.

use std::{sync::Arc, time::Duration};

use runtime::lifecycle::Shutdown;
use streams::delayed::promote;

use crate::worker::Worker;

/// Moved in one call, so that no call holds Redis up for long.
const MOST: usize = 100;

pub(crate) struct PromoteLoop {
    worker: Arc<Worker>,
    partition: u16,
    every: Duration,
}

impl PromoteLoop {
    /// Looks when the next one is due, and `every` so often at least: somebody may have added one that is due earlier.
    pub(crate) const fn new(worker: Arc<Worker>, partition: u16, every: Duration) -> Self {
        Self { worker, partition, every }
    }

    /// Ends when the shutdown drains.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let draining = shutdown.draining();
        loop {
            let pause = self.promote().await;
            tokio::select! {
                biased;
                () = draining.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The pause until the next look.
    async fn promote(&self) -> Duration {
        match promote(&self.worker.redis, self.partition, MOST).await {
            Ok(promoted) => {
                self.worker.redis_outage.recovered();
                self.worker.metrics.promoted.inc_by(promoted.moved as u64);
                promoted.next_due_in.unwrap_or(self.every).min(self.every)
            }
            Err(error) => {
                self.worker.redis_outage.failed(&error);
                self.every
            }
        }
    }
}
