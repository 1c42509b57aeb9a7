//! What Prometheus learns about the projection.

use std::time::Duration;

use contract::{EventKind, Status};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGaugeVec};
use runtime::metrics::{BATCH_SIZES, Metrics, SECONDS};
use streams::Delivered;

use crate::{
    projection::{
        Applied, Projection,
        rebuild::{Corrected, Noted, Then},
    },
    upkeep::backlog::Backlog,
};

/// The handles. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionMetrics {
    events: IntCounterVec,
    batch_events: Histogram,
    apply_seconds: Histogram,
    orders: IntGaugeVec,
    undelivered: IntGaugeVec,
    unacknowledged: IntGaugeVec,
    rebuilds: IntCounterVec,
    corrected: IntCounter,
    redelivered: IntCounter,
}

impl ProjectionMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let this = Self {
            events: metrics.counter_vec(
                "orderflow_projection_events_total",
                "Events consumed, by type and whether they changed something or were ignored as known",
                &["type", "result"],
            ),
            batch_events: metrics.histogram(
                "orderflow_projection_batch_events",
                "Events applied in one transaction",
                BATCH_SIZES,
            ),
            apply_seconds: metrics.histogram(
                "orderflow_projection_apply_duration_seconds",
                "Time from a batch of events to its commit",
                SECONDS,
            ),
            orders: metrics.gauge_vec("orderflow_orders", "Orders by status", &["status"]),
            undelivered: metrics.gauge_vec(
                "orderflow_projection_lag_events",
                "Events that have not been delivered to the projection",
                &["partition"],
            ),
            unacknowledged: metrics.gauge_vec(
                "orderflow_projection_pending_events",
                "Events that were delivered to the projection and not acknowledged",
                &["partition"],
            ),
            rebuilds: metrics.counter_vec(
                "orderflow_projection_rebuilds_total",
                "Rebuilds after events were lost: finished, interrupted (by a further loss), or impossible (no order-api to ask)",
                &["outcome"],
            ),
            corrected: metrics.counter(
                "orderflow_projection_orders_corrected_total",
                "Orders that a rebuild corrected",
            ),
            redelivered: metrics.counter(
                "orderflow_projection_events_redelivered_total",
                "Events that were delivered before: the service or its connection broke off in between",
            ),
        };
        // A counter that comes into being with its first event would hide that one from rates.
        for kind in EventKind::ALL {
            for result in ["applied", "ignored"] {
                this.events.with_label_values(&[kind.as_str(), result]);
            }
        }
        for outcome in ["finished", "interrupted", "impossible"] {
            this.rebuilds.with_label_values(&[outcome]);
        }
        this
    }

    pub(crate) fn delivered(&self, batch: &[Delivered]) {
        let again = batch.iter().filter(|delivered| delivered.redelivered).count();
        self.redelivered.inc_by(again as u64);
    }

    pub(crate) fn applied(&self, applied: &Applied, took: Duration) {
        self.batch_events.observe((applied.applied.len() + applied.ignored.len()) as f64);
        self.apply_seconds.observe(took.as_secs_f64());
        for (result, kinds) in [("applied", &applied.applied), ("ignored", &applied.ignored)] {
            for kind in EventKind::ALL {
                let count = kinds.iter().filter(|its| **its == kind).count();
                if count > 0 {
                    self.events.with_label_values(&[kind.as_str(), result]).inc_by(count as u64);
                }
            }
        }
    }

    pub(crate) fn loss_noted(&self, noted: Noted) {
        match noted {
            Noted::Known | Noted::Begun => {}
            Noted::BegunAnew => self.rebuilds.with_label_values(&["interrupted"]).inc(),
            Noted::NoRebuild => self.rebuilds.with_label_values(&["impossible"]).inc(),
        }
    }

    pub(crate) fn corrected(&self, corrected: &Corrected) {
        self.corrected.inc_by(corrected.orders as u64);
        if let Then::Finished(_) = corrected.then {
            self.rebuilds.with_label_values(&["finished"]).inc();
        }
    }

    /// Shows the projection's numbers as they are now.
    pub(crate) fn show(&self, projection: &Projection) {
        if let Some(counts) = projection.read(|numbers| numbers.counts) {
            for status in Status::ALL {
                self.orders.with_label_values(&[status.as_str()]).set(counts.of(status) as i64);
            }
        }
    }

    pub(crate) fn show_backlog(&self, backlog: &Backlog) {
        for (partition, lag) in backlog.all() {
            let label = partition.to_string();
            match lag.undelivered {
                Some(events) => self.undelivered.with_label_values(&[&label]).set(events as i64),
                // Redis lost count: no number is better than a wrong one.
                None => drop(self.undelivered.remove_label_values(&[&label])),
            }
            self.unacknowledged.with_label_values(&[&label]).set(lag.unacknowledged as i64);
        }
    }
}
