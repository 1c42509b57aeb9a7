//! The snapshot in Redis, which order-api's `GET /orders/metrics` shows.
//!
//! Written when numbers have changed, at most once per interval; the last change always gets out, the very last one
//! when the service stops. Redis may lose it, so now and then it is compared with what it should be. A crash leaves an
//! old one until the next start; its `as_of` tells.

use std::{convert::Infallible, sync::Arc, time::Duration};

use contract::MetricsSnapshot;
use runtime::{backoff::Backoff, outage::Outage};
use streams::{Redis, StreamError, snapshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    ProjectionConfig,
    projection::{Numbers, Projection},
};

/// Writes the snapshot.
pub(crate) struct Publisher {
    redis: Redis,
    projection: Arc<Projection>,
    interval: Duration,
    check_interval: Duration,
}

impl Publisher {
    pub(crate) fn new(redis: Redis, projection: Arc<Projection>, config: &ProjectionConfig) -> Self {
        Self {
            redis,
            projection,
            interval: config.snapshot_interval(),
            check_interval: config.watch_interval(),
        }
    }

    /// Keeps the snapshot fresh from the first answer of Redis until `everything_applied`, then writes it a last time.
    pub(crate) async fn run(
        self,
        redis_answered: CancellationToken,
        everything_applied: CancellationToken,
    ) -> Result<(), Infallible> {
        let work = async {
            redis_answered.cancelled().await;
            self.keep_fresh().await
        };
        if let Some(never) = everything_applied.run_until_cancelled(work).await {
            match never {}
        }
        if let Err(error) = self.put().await {
            tracing::warn!(%error, "the last snapshot could not be written; the next start will");
        }
        Ok(())
    }

    async fn keep_fresh(&self) -> Infallible {
        let mut changes = self.projection.changes();
        let (mut outage, mut backoff) = (Outage::new("redis"), Backoff::reconnect());
        let mut check_at = Instant::now();
        loop {
            let written = tokio::select! {
                Ok(()) = changes.changed() => self.put().await,
                () = sleep_until(check_at) => self.put_if_lost().await,
            };
            check_at = Instant::now() + self.check_interval;
            match written {
                Ok(()) => {
                    outage.recovered();
                    backoff.reset();
                    sleep(self.interval).await;
                }
                Err(error) => {
                    outage.failed(&error);
                    changes.mark_changed();
                    backoff.wait().await;
                }
            }
        }
    }

    async fn put(&self) -> Result<(), StreamError> {
        let Some(newest) = self.projection.read(Numbers::snapshot) else { return Ok(()) };
        let json = serde_json::to_string(&newest).expect("a snapshot holds only texts and numbers");
        snapshot::put(&self.redis, &json).await
    }

    /// Writes it where Redis has none, one that can't be read, or one from before.
    async fn put_if_lost(&self) -> Result<(), StreamError> {
        let there = snapshot::get(&self.redis).await?;
        let there = there.and_then(|json| serde_json::from_str::<MetricsSnapshot>(&json).ok());
        let as_of = self.projection.read(|numbers| numbers.as_of);
        if there.map(|snapshot| snapshot.as_of) < as_of { self.put().await } else { Ok(()) }
    }
}
