//! Follows the events of every partition and applies them.
//!
//! Events are acknowledged once their batch is committed. A crash in between, or an acknowledgement that gets lost, has
//! them delivered again, and the projection ignores what it has. While the database does not answer nothing is
//! acknowledged, so nothing is lost: the same events are read again until they are applied.

mod follow;
mod spans;

use std::sync::Arc;

use futures_util::future::join_all;
use runtime::{backoff::Backoff, outage::Outage};
use streams::{EventReader, Redis, StreamError, groups, keys::METRICS_SERVICE};
use tokio_util::sync::CancellationToken;

use self::follow::Follower;
use crate::{dashboard::Recent, loss::LossWatch, projection::Projection, telemetry::ProjectionMetrics};

/// The projectors of all partitions.
pub(crate) struct Projectors {
    pub(crate) redis: Redis,
    pub(crate) consumer: String,
    pub(crate) projection: Arc<Projection>,
    pub(crate) metrics: ProjectionMetrics,
    pub(crate) losses: LossWatch,
    /// Told of each batch that is applied.
    pub(crate) recent: Recent,
    pub(crate) batch: usize,
    pub(crate) draining: CancellationToken,
    /// Set once Redis has answered for the first time.
    pub(crate) redis_answered: CancellationToken,
}

impl Projectors {
    /// Waits for what it needs, then works until the shutdown drains and the batch in hand is done.
    ///
    /// # Errors
    /// When a connection can't be set up, which is a mistake in the settings; not when Redis is away.
    pub(crate) async fn run(self) -> Result<(), StreamError> {
        let ready = async {
            self.load().await;
            self.prepare_redis().await;
        };
        tokio::select! {
            () = self.draining.cancelled() => return Ok(()),
            () = ready => {}
        }
        let followers = self.redis.keys().partitions().map(|partition| {
            let reader = EventReader::new(&self.redis, partition, METRICS_SERVICE, &self.consumer)?;
            Ok(Follower::new(&self, partition, reader))
        });
        let followers: Vec<Follower<'_>> = followers.collect::<Result<_, StreamError>>()?;
        join_all(followers.into_iter().map(Follower::run)).await;
        Ok(())
    }

    async fn load(&self) {
        let (mut outage, mut backoff) = (Outage::new("database"), Backoff::reconnect());
        while let Err(error) = self.projection.load().await {
            outage.failed(&error);
            backoff.wait().await;
        }
        outage.recovered();
        self.metrics.show(&self.projection);
    }

    async fn prepare_redis(&self) {
        let (mut outage, mut backoff) = (Outage::new("redis"), Backoff::reconnect());
        loop {
            if !self.redis.wait_until_ready(&self.draining).await {
                return;
            }
            match groups::ensure(&self.redis).await {
                Ok(()) => break,
                Err(error) => outage.failed(&error),
            }
            backoff.wait().await;
        }
        outage.recovered();
        self.redis_answered.cancel();
        for warning in self.redis.warnings().await {
            tracing::warn!("{warning}");
        }
    }
}
