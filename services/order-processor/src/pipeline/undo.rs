//! Undoing what was done outside for an order that failed: stock released, the payment refunded, fulfilment cancelled.
//!
//! Only a compensate command leads here, and only order-api publishes one, for an order that ended so in its database: no
//! worker ever undoes a step by itself. Steps are undone one by one in the order of the command; one that can't be undone now does not
//! hold up the others. Every call carries the same idempotency key, so a crash means no more than another call.

use std::panic::AssertUnwindSafe;

use contract::{Step, StepOutcome, StepReport};
use futures_util::FutureExt;
use runtime::trace_context;
use tracing::{Instrument, Span};

use super::{
    Pipeline,
    port::{NotUndone, Work},
};

/// How far a compensation got in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undoing {
    /// The steps that are undone, by this attempt or an earlier one.
    pub(crate) undone: Vec<StepReport>,
    /// The steps that are not, each with why.
    pub(crate) left: Vec<(Step, NotUndone)>,
}

impl Pipeline {
    /// Whether there is somebody who undoes this step.
    pub(crate) fn can_undo(&self, step: Step) -> bool {
        self.services.can_undo(step)
    }

    /// Undoes these steps, but those that are known to be undone. A step that nobody here undoes is passed over.
    pub(crate) async fn undo(&self, work: &Work<'_>, steps: &[Step], known: Vec<StepReport>) -> Undoing {
        let mut undoing = Undoing { undone: known, left: Vec::new() };
        for &step in steps {
            if undoing.is_settled(step) {
                continue;
            }
            let started_at = self.clock.now();
            let span = span(step);
            match self.undo_one(step, work).instrument(span.clone()).await {
                Ok(true) => {
                    let duration_us = self.clock.now().since(started_at).as_micros() as u64;
                    let outcome = StepOutcome::Accepted;
                    undoing.undone.push(StepReport { step, outcome, started_at, duration_us });
                }
                Ok(false) => tracing::info!(order.id = %work.order_id, %step, "nobody here undoes this step"),
                Err(reason) => {
                    trace_context::failed(&span, || reason.0.clone());
                    undoing.left.push((step, reason));
                }
            }
        }
        undoing
    }

    /// False: nobody undoes it. One that panics has not been undone, and is tried again.
    async fn undo_one(&self, step: Step, work: &Work<'_>) -> Result<bool, NotUndone> {
        let answer = AssertUnwindSafe(self.services.undo(step, work)).catch_unwind().await;
        answer.unwrap_or_else(|_| Err(NotUndone("it broke off".to_owned())))
    }
}

impl Undoing {
    fn is_settled(&self, step: Step) -> bool {
        self.undone.iter().any(|report| report.step == step)
            || self.left.iter().any(|(left, _)| *left == step)
    }
}

/// A span's name can't be made at run time.
fn span(step: Step) -> Span {
    match step {
        Step::Stock => tracing::debug_span!("undo.stock", otel.kind = "client"),
        Step::Payment => tracing::debug_span!("undo.payment", otel.kind = "client"),
        Step::Fulfilment => tracing::debug_span!("undo.fulfilment", otel.kind = "client"),
    }
}

#[cfg(test)]
mod tests {
    use contract::Timestamp;

    use super::{super::tests::pipeline, *};
    use crate::pipeline::port::sample;

    const REVERSED: [Step; 3] = [Step::Fulfilment, Step::Payment, Step::Stock];

    fn steps(undoing: &Undoing) -> Vec<Step> {
        undoing.undone.iter().map(|report| report.step).collect()
    }

    #[tokio::test]
    async fn the_steps_are_undone_as_they_are_listed_and_each_once() {
        // Whoever refuses every order takes everything back.
        let pipeline = pipeline(1.0, 0.0);
        let listed = [Step::Payment, Step::Stock, Step::Payment];
        let undoing = pipeline.undo(&sample(1).work(), &listed, Vec::new()).await;
        assert_eq!(steps(&undoing), [Step::Payment, Step::Stock]);
        assert!(undoing.left.is_empty());
        assert!(undoing.undone.iter().all(|report| report.outcome == StepOutcome::Accepted));
    }

    #[tokio::test]
    async fn what_is_known_to_be_undone_is_reported_as_it_was_and_not_called_again() {
        let known = StepReport {
            step: Step::Payment,
            outcome: StepOutcome::Accepted,
            started_at: Timestamp::from_micros(-7),
            duration_us: 8,
        };
        // Nobody answers.
        let undoing = pipeline(0.0, 1.0).undo(&sample(1).work(), &REVERSED, vec![known.clone()]).await;
        assert_eq!(undoing.undone, [known]);
        let left: Vec<Step> = undoing.left.iter().map(|(step, _)| *step).collect();
        assert_eq!(left, [Step::Fulfilment, Step::Stock]);
    }

    #[tokio::test]
    async fn one_that_can_not_be_undone_now_does_not_hold_up_the_others() {
        let pipeline = pipeline(0.0, 0.5);
        let mut partly = 0;
        for order in 0..50 {
            let undoing = pipeline.undo(&sample(order).work(), &REVERSED, Vec::new()).await;
            assert_eq!(undoing.undone.len() + undoing.left.len(), 3);
            if let (Some(undone), Some((left, _))) = (undoing.undone.last(), undoing.left.first()) {
                partly += u32::from(
                    REVERSED.iter().position(|step| step == left)
                        < REVERSED.iter().position(|step| *step == undone.step),
                );
            }
        }
        assert!(partly > 0);
    }
}
