//! Retention: the attempts at orders that ended long ago go from the ledger.
//!
//! They are for an order that comes back, so that what was done for it is not done again. As long as an order has a live message
//! in Redis it may come back, however old its attempts are: whether it has one is asked. An order that has none has ended; its
//! attempts stay for `ledger.keep_days` after the last of them, for a Redis that forgets that. After that the steps of such an
//! order would be called again, with the same keys.
//!
//! Rows are numbered as they are written, so the oldest are the first, and nothing else is looked at. Every worker does this for
//! the ledger that it writes, in small steps beside the hot path; with Redis away nothing is deleted.

mod attempts;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use contract::Timestamp;
use prometheus::IntCounter;
use runtime::{
    clock::Clock,
    db::{Database, prune::pause_after},
    lifecycle::Shutdown,
    outage::Outage,
};
use sea_orm::DbErr;
use streams::{Redis, StreamError};
use tokio::time::MissedTickBehavior;

/// Deletes what is too old.
#[derive(Debug)]
pub(crate) struct Retention {
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) clock: Clock,
    pub(crate) keep: Duration,
    pub(crate) every: Duration,
    pub(crate) deleted: IntCounter,
}

/// What did not answer. Nothing is lost by it.
#[derive(Debug)]
enum Trouble {
    Redis(StreamError),
    Database(DbErr),
}

impl Retention {
    /// Ends when the shutdown drains.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        shutdown.draining().run_until_cancelled(self.work()).await;
    }

    async fn work(&self) {
        let mut outage = Outage::new("database");
        let mut due = tokio::time::interval(self.every);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            match self.prune().await {
                Ok(()) => outage.recovered(),
                Err(Trouble::Database(error)) => outage.failed(&error),
                // Others say that Redis is away.
                Err(Trouble::Redis(error)) => {
                    tracing::debug!(%error, "old attempts are kept: Redis can't be asked about their orders");
                }
            }
        }
    }

    /// Deletes all attempts whose time is over.
    async fn prune(&self) -> Result<(), Trouble> {
        let before = self.clock.now().as_micros().saturating_sub(self.keep.as_micros() as i64);
        let before = Timestamp::from_micros(before);
        let (mut after, mut deleted) = (0, 0);
        loop {
            let begun = Instant::now();
            let oldest = attempts::oldest(&self.database, before, after).await.map_err(Trouble::Database)?;
            let Some(last) = oldest.last() else { break };
            after = last.id;
            let ended = attempts::of_ended_orders(&self.database, &self.redis, before, oldest).await?;
            let now = attempts::delete(&self.database, ended).await.map_err(Trouble::Database)?;
            deleted += now;
            self.deleted.inc_by(now);
            pause_after(begun.elapsed()).await;
        }
        if deleted > 0 {
            tracing::debug!(attempts = deleted, %before, "attempts at orders that ended long ago were deleted");
        }
        Ok(())
    }
}
