//! Retention: rows that nobody needs any more go, so that what is kept does not grow with the age of the installation.
//!
//! | what | when |
//! |---|---|
//! | an idempotency [key](keys) | `retention.idempotency_key_hours` after it was used |
//! | a final [order](orders) with its timeline | `retention.final_order_days` after its end; not at all unless that is set |
//! | a delivery of a webhook | `webhooks.keep_days` after it was delivered or given up |
//! | the name of a [producer](producers) in Redis | a day after it was last seen to run or to have rows in the outbox |
//!
//! Outbox rows go when they are published, by the relay. Every replica does this: what one has deleted another does not find,
//! and rows that another one is about to delete are passed over. Deleted is in small steps with pauses, beside the hot path,
//! and a step that fails or is cut short is taken again.

mod keys;
mod orders;
mod producers;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use contract::Timestamp;
use runtime::{
    clock::Clock,
    db::{Database, prune::pause_after},
    lifecycle::Shutdown,
    outage::Outage,
};
use sea_orm::DbErr;
use streams::Redis;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::{config::RetentionConfig, metrics::ApiMetrics, webhooks};

pub(crate) struct Retention {
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) clock: Clock,
    /// The producer that this run is.
    pub(crate) own: Uuid,
    pub(crate) config: RetentionConfig,
    /// How long the log of a webhook is kept.
    pub(crate) webhooks_kept: Duration,
    pub(crate) metrics: ApiMetrics,
}

impl Retention {
    /// Runs until the shutdown drains.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<(), Infallible> {
        shutdown.draining().run_until_cancelled(self.work()).await;
        Ok(())
    }

    async fn work(&self) {
        let mut outage = Outage::new("database");
        let mut due = tokio::time::interval(self.config.interval());
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            match self.prune().await {
                Ok(()) => outage.recovered(),
                Err(error) => outage.failed(&error),
            }
            // With Redis away it is done another time, and others say so.
            if let Err(error) = self.forget_producers().await {
                tracing::debug!(%error, "producers that are gone are not forgotten");
            }
        }
    }

    /// Deletes every row whose time is over.
    async fn prune(&self) -> Result<(), DbErr> {
        self.prune_keys().await?;
        self.prune_webhooks().await?;
        match self.config.final_orders() {
            Some(kept) => self.prune_orders(kept).await,
            None => Ok(()),
        }
    }

    async fn prune_keys(&self) -> Result<(), DbErr> {
        let before = self.earlier(self.config.idempotency_keys());
        let mut all = 0;
        loop {
            let begun = Instant::now();
            let deleted = keys::delete_some(&self.database, before).await?;
            self.count("idempotency_key", deleted, &mut all);
            if deleted == 0 {
                break;
            }
            pause_after(begun.elapsed()).await;
        }
        if all > 0 {
            tracing::debug!(keys = all, %before, "idempotency keys were deleted");
        }
        Ok(())
    }

    async fn prune_webhooks(&self) -> Result<(), DbErr> {
        let before = self.earlier(self.webhooks_kept);
        loop {
            let begun = Instant::now();
            let deleted = webhooks::delete_finished(&self.database, before).await?;
            self.count("webhook", deleted, &mut 0);
            if deleted == 0 {
                return Ok(());
            }
            pause_after(begun.elapsed()).await;
        }
    }

    async fn prune_orders(&self, kept: Duration) -> Result<(), DbErr> {
        let before = self.earlier(kept);
        let (mut orders, mut events) = (0, 0);
        let mut after = None;
        loop {
            let begun = Instant::now();
            let found = orders::some(&self.database, before, after).await?;
            let Some(last) = found.last() else { break };
            after = Some(*last);
            let deleted = orders::delete(&self.database, before, found).await?;
            self.count("order", deleted.orders, &mut orders);
            self.count("order_event", deleted.events, &mut events);
            pause_after(begun.elapsed()).await;
        }
        if orders > 0 {
            tracing::debug!(orders, events, %before, "final orders were deleted with their timelines");
        }
        Ok(())
    }

    async fn forget_producers(&self) -> Result<(), producers::ForgetError> {
        let now = self.clock.now();
        let forgotten = producers::forget(&self.database, &self.redis, self.own, now).await?;
        if forgotten > 0 {
            self.count("producer", forgotten, &mut 0);
            tracing::debug!(producers = forgotten, "earlier runs were forgotten in Redis");
        }
        Ok(())
    }

    fn earlier(&self, by: Duration) -> Timestamp {
        Timestamp::from_micros(self.clock.now().as_micros().saturating_sub(by.as_micros() as i64))
    }

    fn count(&self, what: &str, deleted: u64, all: &mut u64) {
        *all += deleted;
        self.metrics.pruned.with_label_values(&[what]).inc_by(deleted);
    }
}
