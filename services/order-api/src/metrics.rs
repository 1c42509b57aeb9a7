//! What order-api counts.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};
use runtime::metrics::{BATCH_SIZES, Metrics, SECONDS};

/// Handles of the service's own metrics. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ApiMetrics {
    pub(crate) accepted: IntCounter,
    pub(crate) overloaded: IntCounter,
    pub(crate) replayed: IntCounter,
    pub(crate) waiting: IntGauge,
    pub(crate) waiting_clients: IntGauge,
    pub(crate) event_streams: IntGauge,
    pub(crate) intake_batch: Histogram,
    pub(crate) commit_seconds: Histogram,
    pub(crate) published: IntCounter,
    pub(crate) relay_batch: Histogram,
    pub(crate) losses: IntCounter,
    pub(crate) republished: IntCounter,
    pub(crate) pruned: IntCounterVec,
    pub(crate) events: IntCounterVec,
    pub(crate) events_batch: Histogram,
    pub(crate) webhooks: IntCounterVec,
    pub(crate) webhook_seconds: Histogram,
}

impl ApiMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            accepted: metrics.counter("orderflow_orders_accepted_total", "Orders made durable"),
            overloaded: metrics.counter(
                "orderflow_intake_overloaded_total",
                "Requests refused because the intake queue was full",
            ),
            replayed: metrics.counter(
                "orderflow_idempotent_replays_total",
                "Requests answered with the answer of an earlier one with the same Idempotency-Key",
            ),
            waiting: metrics.gauge("orderflow_intake_queue_orders", "Orders waiting to be written"),
            waiting_clients: metrics.gauge(
                "orderflow_waiting_clients",
                "Clients that wait for an order: requests with ?wait=, and streams of its events",
            ),
            event_streams: metrics.gauge("orderflow_event_streams", "Open streams of an order's events"),
            intake_batch: metrics.histogram(
                "orderflow_intake_batch_orders",
                "Orders in one intake transaction",
                BATCH_SIZES,
            ),
            commit_seconds: metrics.histogram(
                "orderflow_intake_commit_seconds",
                "Time of one intake transaction, from its begin to its commit",
                SECONDS,
            ),
            published: metrics
                .counter("orderflow_outbox_published_total", "Orders published from the outbox"),
            relay_batch: metrics.histogram(
                "orderflow_outbox_batch_orders",
                "Orders in one publication",
                BATCH_SIZES,
            ),
            losses: metrics
                .counter("orderflow_redis_losses_total", "Times that Redis was found to have lost messages"),
            republished: metrics.counter(
                "orderflow_orders_republished_total",
                "Orders that were published again because their message was lost",
            ),
            pruned: metrics.counter_vec(
                "orderflow_retention_deleted_total",
                "Rows that were deleted because nobody needs them any more, by what they were",
                &["what"],
            ),
            events: metrics.counter_vec(
                "orderflow_events_consumed_total",
                "Events applied to orders, by type",
                &["type"],
            ),
            events_batch: metrics.histogram(
                "orderflow_events_batch_events",
                "Events in one transaction",
                BATCH_SIZES,
            ),
            webhooks: metrics.counter_vec(
                "orderflow_webhook_deliveries_total",
                "Attempts to deliver a webhook, by what came of it: delivered, retried, gone, given_up",
                &["outcome"],
            ),
            webhook_seconds: metrics.histogram(
                "orderflow_webhook_attempt_seconds",
                "Time of one attempt to deliver a webhook",
                SECONDS,
            ),
        }
    }
}
