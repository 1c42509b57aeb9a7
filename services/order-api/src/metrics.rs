//! What order-api counts.

use contract::EventKind;
use prometheus::{GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
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
    pub(crate) publish_seconds: Histogram,
    unpublished: IntGaugeVec,
    oldest_unpublished: GaugeVec,
    pub(crate) losses: IntCounter,
    pub(crate) healed: IntCounter,
    pub(crate) republished: IntCounter,
    pub(crate) pruned: IntCounterVec,
    pub(crate) events: IntCounterVec,
    pub(crate) events_batch: Histogram,
    pub(crate) events_redelivered: IntCounter,
    pub(crate) webhooks: IntCounterVec,
    pub(crate) webhook_seconds: Histogram,
}

impl ApiMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        // Without a label, and yet vectors: a gauge of its own can't be taken away when its number is not known.
        let none: &[&str] = &[];
        let this = Self {
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
            publish_seconds: metrics.histogram(
                "orderflow_outbox_publish_duration_seconds",
                "Time of one publication, with whatever it had to find out about Redis",
                SECONDS,
            ),
            unpublished: metrics.gauge_vec(
                "orderflow_outbox_unpublished_orders",
                "Orders in the outbox that are not published yet; absent while the database does not answer",
                none,
            ),
            oldest_unpublished: metrics.float_gauge_vec(
                "orderflow_outbox_oldest_unpublished_seconds",
                "How long the oldest order has waited for its first publication; 0 when none waits, absent while the database does not answer",
                none,
            ),
            losses: metrics
                .counter("orderflow_redis_losses_total", "Times that Redis was found to have lost messages"),
            healed: metrics.counter(
                "orderflow_redis_losses_healed_total",
                "Losses after which every order that was without a message has been put into the outbox again",
            ),
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
            events_redelivered: metrics.counter(
                "orderflow_events_redelivered_total",
                "Events that were delivered before: the service or its connection broke off in between",
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
        };
        // A counter that comes into being with its first event would hide that one from rates.
        for what in ["idempotency_key", "order", "order_event", "producer", "webhook"] {
            this.pruned.with_label_values(&[what]);
        }
        for outcome in ["delivered", "gone", "given_up", "retried"] {
            this.webhooks.with_label_values(&[outcome]);
        }
        for kind in EventKind::ALL {
            this.events.with_label_values(&[kind.as_str()]);
        }
        this
    }

    /// Shows what the outbox holds: how many, and for how long the oldest of them in seconds. `None`: nobody knows.
    pub(crate) fn show_outbox(&self, seen: Option<(u64, f64)>) {
        let none: &[&str] = &[];
        if let Some((orders, seconds)) = seen {
            self.unpublished.with_label_values(none).set(orders as i64);
            self.oldest_unpublished.with_label_values(none).set(seconds);
        } else {
            self.unpublished.reset();
            self.oldest_unpublished.reset();
        }
    }
}
