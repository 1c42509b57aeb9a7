//! What has to be done now and then: look at the backlog and at the workers' queue, and whether it is still the same one; forget what is too old; see
//! what replicas did.
//!
//! Each is repeated after a failure by being due again; none of them holds up the projection.

pub(crate) mod backlog;
pub(crate) mod queue;

use std::{convert::Infallible, sync::Arc, time::Duration};

use runtime::outage::Outage;
use streams::{Redis, StreamError};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::{backlog::Backlog, queue::QueueMetrics};
use crate::{
    ProjectionConfig,
    dashboard::Sight,
    loss::{LossWatch, Trouble},
    projection::Projection,
    telemetry::ProjectionMetrics,
};

const FORGET_INTERVAL: Duration = Duration::from_mins(1);

pub(crate) struct Upkeep {
    pub(crate) redis: Redis,
    pub(crate) redis_answered: CancellationToken,
    pub(crate) projection: Arc<Projection>,
    pub(crate) backlog: Backlog,
    pub(crate) sight: Sight,
    pub(crate) queue: QueueMetrics,
    pub(crate) losses: LossWatch,
    pub(crate) metrics: ProjectionMetrics,
    pub(crate) draining: CancellationToken,
}

impl Upkeep {
    /// Runs until the shutdown drains.
    pub(crate) async fn run(self, config: ProjectionConfig) -> Result<(), Infallible> {
        self.draining.clone().run_until_cancelled(self.work(&config)).await;
        Ok(())
    }

    async fn work(&self, config: &ProjectionConfig) {
        let (mut redis, mut database) = (Outage::new("redis"), Outage::new("database"));
        let mut watch_due = every(config.watch_interval());
        let mut forgetting_due = every(FORGET_INTERVAL);
        let mut reload_due = every(config.reload_interval());
        loop {
            tokio::select! {
                () = self.watch_is_due(&mut watch_due) => {
                    match self.losses.look_at_all().await {
                        Err(Trouble::Database(error)) => database.failed(&error),
                        Err(Trouble::Redis(error)) => {
                            self.queue.forget();
                            redis.failed(&error);
                        }
                        Ok(()) => note(&mut redis, self.look_at_backlog().await),
                    }
                }
                _ = forgetting_due.tick() => {
                    note(&mut database, self.projection.forget_older_than(config.keep()).await);
                }
                _ = reload_due.tick(), if self.projection.may_have_replicas() => {
                    note(&mut database, self.projection.load().await);
                    self.metrics.show(&self.projection);
                }
            }
        }
    }

    async fn watch_is_due(&self, ticks: &mut Interval) {
        self.redis_answered.cancelled().await;
        ticks.tick().await;
    }

    async fn look_at_backlog(&self) -> Result<(), StreamError> {
        let queue = self.queue.look(&self.redis).await?;
        self.sight.saw(queue, self.projection.now());
        self.backlog.look(&self.redis).await?;
        self.metrics.show_backlog(&self.backlog);
        Ok(())
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn note<E: std::fmt::Display>(outage: &mut Outage, done: Result<(), E>) {
    match done {
        Ok(()) => outage.recovered(),
        Err(error) => outage.failed(&error),
    }
}
