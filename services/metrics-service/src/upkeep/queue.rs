//! How the workers' queue stands, for Prometheus: it is what workers are scaled on, and what alerts look at.
//!
//! It is here because this service is always there and looks at Redis anyway, where the number of workers may be 0. Replicas
//! all show the same: take the maximum.

use prometheus::{GaugeVec, IntGaugeVec};
use runtime::metrics::Metrics;
use streams::{
    QueueStatus, Redis, StreamError,
    keys::{ORDER_API, ORDER_PROCESSOR, Stream},
    lag::{Lag, lag},
    queue_status,
};

/// The handles. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct QueueMetrics {
    waiting: IntGaugeVec,
    pending: IntGaugeVec,
    lag_known: IntGaugeVec,
    delayed: IntGaugeVec,
    dead: IntGaugeVec,
    oldest_waiting: GaugeVec,
    follower_lag: IntGaugeVec,
    follower_pending: IntGaugeVec,
}

impl QueueMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        // Without a label, and yet vectors: a gauge of its own can't be taken away when its number is not known any more.
        let none: &[&str] = &[];
        Self {
            waiting: metrics.gauge_vec(
                "orderflow_queue_waiting_orders",
                "Messages of the queue that no worker has been given yet; absent while Redis does not know it",
                &["partition"],
            ),
            pending: metrics.gauge_vec(
                "orderflow_queue_pending_orders",
                "Messages of the queue that a worker was given and has not finished",
                &["partition"],
            ),
            lag_known: metrics.gauge_vec(
                "orderflow_queue_lag_known",
                "Whether Redis knows how many messages wait, 1 or 0: workers are scaled on it",
                &["partition"],
            ),
            delayed: metrics.gauge_vec(
                "orderflow_queue_delayed_orders",
                "Retries that wait for their time",
                none,
            ),
            dead: metrics.gauge_vec("orderflow_queue_dead_letters", "Messages that nobody could process", none),
            oldest_waiting: metrics.float_gauge_vec(
                "orderflow_queue_oldest_waiting_seconds",
                "How long the oldest message that no worker has been given has waited; 0 when none waits",
                none,
            ),
            follower_lag: metrics.gauge_vec(
                "orderflow_follower_lag_events",
                "Events that order-api, which follows its orders, has not been given yet; absent while Redis does not know it",
                &["partition"],
            ),
            follower_pending: metrics.gauge_vec(
                "orderflow_follower_pending_events",
                "Events that order-api was given and has not acknowledged",
                &["partition"],
            ),
        }
    }

    /// Asks Redis, and shows what it answers.
    pub(crate) async fn look(&self, redis: &Redis) -> Result<QueueStatus, StreamError> {
        let looked = self.try_look(redis).await;
        if looked.is_err() {
            self.forget();
        }
        looked
    }

    /// Shows nothing until the next look: no number is better than one that was true once.
    pub(crate) fn forget(&self) {
        let vectors = [&self.waiting, &self.pending, &self.lag_known, &self.delayed, &self.dead];
        for vector in vectors.into_iter().chain([&self.follower_lag, &self.follower_pending]) {
            vector.reset();
        }
        self.oldest_waiting.reset();
    }

    async fn try_look(&self, redis: &Redis) -> Result<QueueStatus, StreamError> {
        for partition in redis.keys().partitions() {
            self.show_lag(partition, lag(redis, Stream::Queue, partition, ORDER_PROCESSOR).await?);
            self.show_follower(partition, lag(redis, Stream::Events, partition, ORDER_API).await?);
        }
        let status = queue_status(redis, 0).await?;
        self.show_status(&status);
        Ok(status)
    }

    fn show_lag(&self, partition: u16, lag: Lag) {
        let label = partition.to_string();
        self.pending.with_label_values(&[&label]).set(lag.unacknowledged as i64);
        self.lag_known.with_label_values(&[&label]).set(i64::from(lag.undelivered.is_some()));
        show_known(&self.waiting, &label, lag.undelivered);
    }

    fn show_follower(&self, partition: u16, lag: Lag) {
        let label = partition.to_string();
        self.follower_pending.with_label_values(&[&label]).set(lag.unacknowledged as i64);
        show_known(&self.follower_lag, &label, lag.undelivered);
    }

    fn show_status(&self, status: &QueueStatus) {
        let none: &[&str] = &[];
        self.delayed.with_label_values(none).set(status.delayed as i64);
        self.dead.with_label_values(none).set(status.dead as i64);
        let oldest = status.oldest_waiting_age.unwrap_or_default();
        self.oldest_waiting.with_label_values(none).set(oldest.as_secs_f64());
    }
}

fn show_known(gauges: &IntGaugeVec, label: &str, number: Option<u64>) {
    match number {
        Some(number) => gauges.with_label_values(&[label]).set(number as i64),
        None => drop(gauges.remove_label_values(&[label])),
    }
}
