//! Taking over, at start and then regularly, the orders of one partition that nobody kept alive.

use std::time::Duration;

use runtime::lifecycle::Shutdown;
use streams::Reclaimer;
use tokio::task::JoinError;

use super::{dispatch::Dispatcher, slots::Slots};

pub(crate) struct ReclaimLoop {
    reclaimer: Reclaimer,
    dispatcher: Dispatcher,
    slots: Slots,
    batch: usize,
    idle: Duration,
    every: Duration,
}

impl ReclaimLoop {
    /// Looks `every` so often for what was idle for `idle`.
    pub(crate) const fn new(
        reclaimer: Reclaimer,
        dispatcher: Dispatcher,
        slots: Slots,
        batch: usize,
        idle: Duration,
        every: Duration,
    ) -> Self {
        Self { reclaimer, dispatcher, slots, batch, idle, every }
    }

    /// Ends when the shutdown drains and everything that was taken over has gone on to the ledger.
    ///
    /// # Errors
    /// When the work on an order has panicked.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), JoinError> {
        let draining = shutdown.draining();
        loop {
            let slots = tokio::select! {
                biased;
                () = draining.cancelled() => break,
                slots = self.slots.take(self.batch) => slots,
            };
            let most = slots.num_permits();
            let mut there_may_be_more = false;
            match self.reclaimer.reclaim(self.idle, most).await {
                Ok(entries) => {
                    let worker = self.dispatcher.worker();
                    worker.redis_outage.recovered();
                    worker.metrics.reclaimed.inc_by(entries.len() as u64);
                    there_may_be_more = entries.len() == most;
                    if !entries.is_empty() {
                        tracing::info!(orders = entries.len(), "taking over orders that nobody kept alive");
                    }
                    self.dispatcher.dispatch(entries, slots).await?;
                }
                Err(error) => {
                    self.dispatcher.worker().redis_outage.failed(&error);
                    drop(slots);
                }
            }
            if !there_may_be_more {
                tokio::select! {
                    () = draining.cancelled() => break,
                    () = tokio::time::sleep(self.every) => {}
                }
            }
        }
        self.dispatcher.finish().await
    }
}
