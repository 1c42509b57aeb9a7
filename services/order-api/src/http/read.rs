//! Reading orders, the queue and the numbers.

use std::time::Duration;

use contract::{MetricsSnapshot, OrderId, StatusCounts, Timestamp};
use runtime::{
    db::Database,
    http::{JsonAnswer, Problem},
};
use sea_orm::DbBackend;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    problems::{order_not_found, parse_id, redis_unavailable},
    schema,
    state::State,
};
use crate::{
    orders::{self, ListQuery, OrderView, TimelineEntry},
    storage,
};

/// With several replicas on one database another one may be told of what happens to an order: so often it is looked for, too.
pub(super) fn look_again(database: &Database) -> Option<Duration> {
    (database.backend != DbBackend::Sqlite).then_some(Duration::from_secs(1))
}

impl State {
    /// The order; with `wait`, as soon as it is final or the time is up.
    pub(super) async fn order(
        &self,
        order_id: &str,
        wait: Option<Duration>,
    ) -> Result<JsonAnswer<schema::Order>, Problem> {
        let order_id = parse_id(order_id)?;
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else {
            return Ok(JsonAnswer::of(&self.find(order_id).await?));
        };
        let deadline = Instant::now() + wait;
        let draining = self.shutdown.draining();
        let mut waiting = self.waiters.register(order_id);
        loop {
            let order = self.find(order_id).await?;
            if order.status().is_final() || Instant::now() >= deadline || draining.is_cancelled() {
                return Ok(JsonAnswer::of(&order));
            }
            let look_again =
                look_again(&self.database).map_or(deadline, |every| deadline.min(Instant::now() + every));
            tokio::select! {
                () = waiting.finished() => {}
                () = tokio::time::sleep_until(look_again) => {}
                () = draining.cancelled() => {}
            }
        }
    }

    pub(super) async fn timeline(
        &self,
        order_id: &str,
    ) -> Result<JsonAnswer<schema::OrderTimeline>, Problem> {
        #[derive(Serialize)]
        struct Timeline {
            order_id: OrderId,
            events: Vec<TimelineEntry>,
        }
        let order_id = parse_id(order_id)?;
        let timeline = orders::timeline(&self.database.reader, order_id, 0).await;
        let timeline = timeline.map_err(|error| storage::unavailable(&error))?.ok_or_else(order_not_found)?;
        Ok(JsonAnswer::of(&Timeline { order_id, events: timeline.events }))
    }

    pub(super) async fn list(&self, query: &ListQuery) -> Result<JsonAnswer<schema::OrderPage>, Problem> {
        #[derive(Serialize)]
        struct Page {
            orders: Vec<OrderView>,
            next_cursor: Option<OrderId>,
        }
        let page = orders::list(&self.database.reader, query).await;
        let page = page.map_err(|error| storage::unavailable(&error))?;
        Ok(JsonAnswer::of(&Page { orders: page.orders, next_cursor: page.next }))
    }

    pub(super) async fn queue_status(&self) -> Result<JsonAnswer<schema::QueueStatus>, Problem> {
        let status = self.queue.status().await.map_err(|error| redis_unavailable(&error))?;
        let metrics = self.queue.metrics().await.map_err(|error| redis_unavailable(&error))?;
        let unpublished = self.backlog.count().await;
        let worker = |worker: streams::WorkerStatus| Worker {
            name: worker.name,
            in_progress: worker.pending,
            idle_seconds: worker.idle_ms as f64 / 1_000.0,
        };
        Ok(JsonAnswer::of(&QueueStatus {
            queue_length: status.queue_length,
            queue_length_exact: status.queue_length_exact,
            in_progress: status.in_progress,
            delayed: status.delayed,
            dead: status.dead,
            unpublished: unpublished.map_err(|error| storage::unavailable(&error))?,
            pending_orders: status.pending_orders,
            total_processed: metrics.map_or(0, |metrics| metrics.total_orders_processed),
            oldest_waiting_seconds: status.oldest_waiting_age.map(|age| age.as_secs_f64()),
            workers: status.workers.into_iter().map(worker).collect(),
        }))
    }

    pub(super) async fn metrics(&self) -> Result<JsonAnswer<schema::OrderMetrics>, Problem> {
        match self.queue.metrics().await.map_err(|error| redis_unavailable(&error))? {
            Some(metrics) => Ok(JsonAnswer::of::<MetricsSnapshot>(&metrics)),
            None => Ok(JsonAnswer::of(&NoMetrics::default())),
        }
    }

    async fn find(&self, order_id: OrderId) -> Result<OrderView, Problem> {
        let row = orders::find(&self.database.reader, order_id).await;
        let row = row.map_err(|error| storage::unavailable(&error))?.ok_or_else(order_not_found)?;
        OrderView::of(row).map_err(|error| Problem::internal_from(&error))
    }
}

/// Documented as [`schema::QueueStatus`].
#[derive(Serialize)]
struct QueueStatus {
    queue_length: u64,
    queue_length_exact: bool,
    in_progress: u64,
    delayed: u64,
    dead: u64,
    unpublished: u64,
    pending_orders: Vec<OrderId>,
    total_processed: u64,
    oldest_waiting_seconds: Option<f64>,
    workers: Vec<Worker>,
}

#[derive(Serialize)]
struct Worker {
    name: String,
    in_progress: u64,
    idle_seconds: f64,
}

/// Before metrics-service has written any.
#[derive(Default, Serialize)]
struct NoMetrics {
    as_of: Option<Timestamp>,
    average_processing_time_seconds: f64,
    order_status_counts: StatusCounts,
    total_orders_processed: u64,
}
