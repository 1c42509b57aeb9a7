//! What Prometheus is told. The handles of all labels are made at start, so that the way of an order looks none up.

use std::time::Duration;

use contract::{Step, StepOutcome};
use prometheus::{Histogram, IntCounter, IntGauge};
use runtime::metrics::{BATCH_SIZES, Metrics, SECONDS};
use streams::Entry;

use crate::outcome::Outcome;

/// Clones share their numbers.
#[derive(Clone, Debug)]
pub(crate) struct WorkerMetrics {
    finished: [IntCounter; 5],
    steps: [[Histogram; 3]; 3],
    /// By whether the order was completed or has failed.
    order_seconds: [Histogram; 2],
    /// First ones, and repeated ones.
    deliveries: [IntCounter; 2],
    pub(crate) in_hand: IntGauge,
    pub(crate) reclaimed: IntCounter,
    pub(crate) promoted: IntCounter,
    pub(crate) trimmed: IntCounter,
    pub(crate) retired: IntCounter,
    pub(crate) attempts_deleted: IntCounter,
    pub(crate) dead_letters: IntCounter,
    pub(crate) fence_lost: IntCounter,
    pub(crate) not_announced: IntCounter,
    pub(crate) laid_aside: IntCounter,
    pub(crate) steps_from_ledger: IntCounter,
    pub(crate) finish_batch: Histogram,
    pub(crate) finish_seconds: Histogram,
    pub(crate) ledger_commit_seconds: Histogram,
}

impl WorkerMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let finished = metrics.counter_vec(
            "orderflow_attempts_finished_total",
            "Attempts that ended here, by outcome; retrying ones come back as another attempt",
            &["outcome"],
        );
        let compensations = metrics.counter_vec(
            "orderflow_compensations_finished_total",
            "Attempts to undo what was done for a failed order that ended here, by outcome; compensating ones come back",
            &["outcome"],
        );
        let steps = metrics.histogram_vec(
            "orderflow_step_duration_seconds",
            "Time of one call of a step, by its outcome",
            &["step", "outcome"],
            SECONDS,
        );
        let order_seconds = metrics.histogram_vec(
            "orderflow_order_duration_seconds",
            "Time from an order's acceptance to its end, with all its attempts; of orders that a person let be tried once more only what was before that",
            &["outcome"],
            SECONDS,
        );
        let deliveries = metrics.counter_vec(
            "orderflow_deliveries_total",
            "Messages taken from the queue: for the first time, or repeatedly because a worker or its connection broke off",
            &["delivery"],
        );
        let counter = |name, help| metrics.counter(name, help);
        let deleted = metrics.counter_vec(
            "orderflow_retention_deleted_total",
            "Rows that were deleted because nobody needs them any more, by what they were",
            &["what"],
        );
        Self {
            finished: Outcome::ALL.map(|outcome| {
                let counters = if outcome.is_compensation() { &compensations } else { &finished };
                counters.with_label_values(&[outcome.as_str()])
            }),
            steps: Step::ALL.map(|step| {
                STEP_OUTCOMES.map(|outcome| steps.with_label_values(&[step.as_str(), outcome_label(outcome)]))
            }),
            order_seconds: ["completed", "failed"].map(|outcome| order_seconds.with_label_values(&[outcome])),
            deliveries: ["first", "repeated"].map(|delivery| deliveries.with_label_values(&[delivery])),
            in_hand: metrics.gauge("orderflow_orders_in_hand", "Orders taken and not finished yet"),
            reclaimed: counter(
                "orderflow_orders_reclaimed_total",
                "Orders taken over because nobody kept them alive",
            ),
            promoted: counter(
                "orderflow_retries_promoted_total",
                "Delayed commands that were due and moved back to the queue by this worker",
            ),
            trimmed: counter(
                "orderflow_stream_entries_trimmed_total",
                "Entries of the streams that everybody had acknowledged and this worker trimmed",
            ),
            retired: counter(
                "orderflow_consumers_retired_total",
                "Consumers of all groups that were gone and this worker removed",
            ),
            attempts_deleted: deleted.with_label_values(&["attempt"]),
            dead_letters: counter("orderflow_dead_letters_total", "Messages that are no command"),
            fence_lost: counter(
                "orderflow_fence_lost_total",
                "Attempts whose order somebody else had finished already",
            ),
            not_announced: counter(
                "orderflow_orders_not_announced_total",
                "Orders whose order.processing Redis refused, because it is full for example",
            ),
            laid_aside: counter(
                "orderflow_orders_laid_aside_total",
                "Orders taken that were not worked on: cancelled, or another message had taken this one's place",
            ),
            steps_from_ledger: counter(
                "orderflow_steps_from_ledger_total",
                "Steps that were not called again because the ledger has them as accepted",
            ),
            finish_batch: metrics.histogram(
                "orderflow_finish_batch_orders",
                "Orders finished in one call",
                BATCH_SIZES,
            ),
            finish_seconds: metrics.histogram(
                "orderflow_finish_duration_seconds",
                "Time from the ledger's commit to the fence's answer, with every try of the call",
                SECONDS,
            ),
            ledger_commit_seconds: metrics.histogram(
                "orderflow_ledger_commit_seconds",
                "Time of one transaction of the ledger",
                SECONDS,
            ),
        }
    }

    pub(crate) const fn finished(&self, outcome: Outcome) -> &IntCounter {
        &self.finished[outcome as usize]
    }

    /// An order has come to its end in its first life.
    pub(crate) fn ended(&self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Completed => self.order_seconds[0].observe(took.as_secs_f64()),
            Outcome::Failed => self.order_seconds[1].observe(took.as_secs_f64()),
            Outcome::Retrying | Outcome::Compensated | Outcome::Compensating => {}
        }
    }

    pub(crate) fn delivered(&self, entries: &[Entry]) {
        let repeated = entries.iter().filter(|entry| entry.redelivered).count();
        self.deliveries[0].inc_by((entries.len() - repeated) as u64);
        self.deliveries[1].inc_by(repeated as u64);
    }

    pub(crate) const fn step(&self, step: Step, outcome: StepOutcome) -> &Histogram {
        &self.steps[step as usize][outcome as usize]
    }
}

const STEP_OUTCOMES: [StepOutcome; 3] =
    [StepOutcome::Accepted, StepOutcome::Refused, StepOutcome::Unavailable];

const fn outcome_label(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Accepted => "accepted",
        StepOutcome::Refused => "refused",
        StepOutcome::Unavailable => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;

    use super::*;

    #[test]
    fn each_label_has_its_own_number() {
        let registry = Metrics::new(Service::OrderProcessor);
        let metrics = WorkerMetrics::new(&registry);
        for (outcome, count) in Outcome::ALL.into_iter().zip(1..) {
            metrics.finished(outcome).inc_by(count);
        }
        let mut seconds = 1.0;
        for step in Step::ALL {
            for outcome in STEP_OUTCOMES {
                metrics.step(step, outcome).observe(seconds);
                seconds += 1.0;
            }
        }
        let text = registry.encode();
        for (name, outcome, count) in [
            ("attempts", "completed", 1),
            ("attempts", "failed", 2),
            ("attempts", "retrying", 3),
            ("compensations", "compensated", 4),
            ("compensations", "compensating", 5),
        ] {
            let line = format!("orderflow_{name}_finished_total{{outcome=\"{outcome}\"}} {count}");
            assert!(text.contains(&line), "{line}");
        }
        for (labels, sum) in [
            ("outcome=\"accepted\",step=\"stock\"", 1),
            ("outcome=\"refused\",step=\"payment\"", 5),
            ("outcome=\"unavailable\",step=\"fulfilment\"", 9),
        ] {
            let line = format!("orderflow_step_duration_seconds_sum{{{labels}}} {sum}");
            assert!(text.contains(&line), "{line}");
        }
    }
}
