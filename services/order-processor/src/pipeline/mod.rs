//! The steps that an order runs through: check stock, authorise the payment, fulfil.
//!
//! Between [`queue`](crate::queue), which took the order, and [`outcome`](crate::outcome), which decides what becomes
//! of it. A run ends with the first step that is not accepted. What the ledger has as accepted is not called again.
//!
//! Guarantee: a step is called at least once before it is reported as accepted; every call of a step for an order
//! carries the same idempotency key. A crash during a step leaves it open whether the other side did it; the order comes
//! back, and the step is called again. What was done for an order that fails for good is [undone](undo).

mod http;
mod key;
mod port;
mod simulated;
mod undo;

use std::panic::AssertUnwindSafe;

use contract::{Step, StepOutcome, StepReport};
use futures_util::FutureExt;
use runtime::{clock::Clock, trace_context};
use tracing::{Instrument, Span};

pub(crate) use self::{
    http::Http,
    port::{NotUndone, Services, StepFailure, Work},
    simulated::Simulated,
    undo::Undoing,
};
use crate::metrics::WorkerMetrics;

/// Runs orders through the steps.
#[derive(Debug)]
pub(crate) struct Pipeline {
    services: Services,
    clock: Clock,
    metrics: WorkerMetrics,
}

/// How far an order got in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The steps, in order, up to the one that ended the run.
    pub(crate) steps: Vec<StepReport>,
    /// Why it ended before the last step was accepted.
    pub(crate) failure: Option<(Step, StepFailure)>,
}

impl Pipeline {
    pub(crate) const fn new(services: Services, clock: Clock, metrics: WorkerMetrics) -> Self {
        Self { services, clock, metrics }
    }

    /// Runs the order through the steps that are not among those known to be accepted.
    pub(crate) async fn run(&self, work: &Work<'_>, accepted: &[StepReport]) -> Run {
        let mut steps = Vec::with_capacity(Step::ALL.len());
        let mut now = self.clock.now();
        for step in Step::ALL {
            if let Some(report) = accepted.iter().find(|report| report.step == step) {
                self.metrics.steps_from_ledger.inc();
                steps.push(report.clone());
                continue;
            }
            let started_at = now;
            let span = span(step);
            let answer = self.call(step, work).instrument(span.clone()).await;
            now = self.clock.now();
            let duration = now.since(started_at);
            let outcome = match &answer {
                Ok(()) => StepOutcome::Accepted,
                Err(StepFailure::Refused(_)) => StepOutcome::Refused,
                Err(StepFailure::Unavailable(_)) => StepOutcome::Unavailable,
            };
            self.metrics.step(step, outcome).observe(duration.as_secs_f64());
            steps.push(StepReport { step, outcome, started_at, duration_us: duration.as_micros() as u64 });
            if let Err(failure) = answer {
                trace_context::failed(&span, || failure.reason().to_owned());
                return Run { steps, failure: Some((step, failure)) };
            }
        }
        Run { steps, failure: None }
    }

    /// A step that panics has failed like one without an answer: the order must neither be lost nor end the process.
    async fn call(&self, step: Step, work: &Work<'_>) -> Result<(), StepFailure> {
        let answer = AssertUnwindSafe(self.services.call(step, work)).catch_unwind().await;
        answer.unwrap_or_else(|_| Err(StepFailure::Unavailable("the step broke off".to_owned())))
    }
}

/// A span's name can't be made at run time.
fn span(step: Step) -> Span {
    match step {
        Step::Stock => tracing::debug_span!("step.stock", otel.kind = "client"),
        Step::Payment => tracing::debug_span!("step.payment", otel.kind = "client"),
        Step::Fulfilment => tracing::debug_span!("step.fulfilment", otel.kind = "client"),
    }
}

#[cfg(test)]
mod tests {
    use contract::Timestamp;
    use runtime::{Service, metrics::Metrics};

    use super::*;
    use crate::config::SimulatedConfig;

    pub(in crate::pipeline) fn pipeline(failure_rate: f64, unavailable_rate: f64) -> Pipeline {
        let config = SimulatedConfig { latency_ms: 0, failure_rate, unavailable_rate, seed: 1 };
        let metrics = WorkerMetrics::new(&Metrics::new(Service::OrderProcessor));
        let clock = Clock::manual(Timestamp::from_micros(1));
        Pipeline::new(Services::Simulated(Simulated::new(&config)), clock, metrics)
    }

    #[tokio::test]
    async fn every_step_is_reported_in_order() {
        let run = pipeline(0.0, 0.0).run(&port::sample(1).work(), &[]).await;
        assert_eq!(run.failure, None);
        assert_eq!(run.steps.iter().map(|report| report.step).collect::<Vec<_>>(), Step::ALL);
        assert!(run.steps.iter().all(|report| report.outcome == StepOutcome::Accepted));
    }

    #[tokio::test]
    async fn the_first_refusal_ends_the_run() {
        for order in 0..50 {
            let run = pipeline(1.0, 0.0).run(&port::sample(order).work(), &[]).await;
            let (step, failure) = run.failure.unwrap();
            assert!(matches!(failure, StepFailure::Refused(_)), "{failure:?}");
            assert_eq!(run.steps.len(), step as usize + 1);
            assert_eq!(run.steps.last().unwrap().outcome, StepOutcome::Refused);
        }
    }

    #[tokio::test]
    async fn what_is_known_to_be_accepted_is_not_called_again() {
        let known = Step::ALL.map(|step| StepReport {
            step,
            outcome: StepOutcome::Accepted,
            started_at: Timestamp::from_micros(-7),
            duration_us: 8,
        });
        // Everything would be refused.
        let pipeline = pipeline(1.0, 0.0);
        let run = pipeline.run(&port::sample(1).work(), &known).await;
        assert_eq!(run, Run { steps: known.to_vec(), failure: None });
        assert_eq!(pipeline.metrics.steps_from_ledger.get(), 3);
    }
}
