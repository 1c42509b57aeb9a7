//! What earlier attempts say about an order that comes back.
//!
//! Only attempts of the same life count: a person may let a failed order be placed again, and by then what was done for it
//! has been undone.

use std::collections::HashMap;

use contract::{OrderId, StepOutcome, StepReport};

use super::KnownSteps;
use crate::{entities::attempt, outcome::Outcome};

/// The version that a life of an order was placed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life(pub(super) u32);

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Steps that were done.
    Accepted,
    /// Steps that were undone.
    Undone,
}

impl Known {
    /// These steps of these orders, as they were reported first.
    pub(super) fn steps(self, rows: &[attempt::Model], orders: &HashMap<OrderId, Life>) -> KnownSteps {
        let mut steps = KnownSteps::new();
        for row in rows.iter().filter(|row| self.is_about(row)) {
            let order_id = OrderId::from_uuid(row.order_id);
            if orders.get(&order_id).is_none_or(|life| i64::from(life.0) != row.life) {
                continue;
            }
            let known = steps.entry(order_id).or_default();
            for report in reports(row) {
                let is_new = !known.iter().any(|known: &StepReport| known.step == report.step);
                if report.outcome == StepOutcome::Accepted && is_new {
                    known.push(report);
                }
            }
        }
        steps
    }

    fn is_about(self, row: &attempt::Model) -> bool {
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == row.outcome);
        outcome.is_some_and(|outcome| outcome.is_compensation() == (self == Self::Undone))
    }
}

fn reports(row: &attempt::Model) -> Vec<StepReport> {
    serde_json::from_str(&row.steps).unwrap_or_else(|error| {
        // Calling the steps again is safe; stopping because of a row that somebody spoiled is not.
        tracing::warn!(id = row.id, %error, "a row of the ledger can't be read");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use contract::{Step, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn report(step: Step, outcome: StepOutcome) -> StepReport {
        StepReport { step, outcome, started_at: Timestamp::from_micros(5), duration_us: 6 }
    }

    fn row(order: u128, life: i64, outcome: Outcome, steps: &[StepReport]) -> attempt::Model {
        attempt::Model {
            id: 1,
            order_id: Uuid::from_u128(order),
            life,
            version: 1,
            attempt: 1,
            entry: "1-0".into(),
            worker: "w".into(),
            outcome: outcome.as_str().into(),
            reason: None,
            steps: serde_json::to_string(steps).unwrap(),
            started_at: 0,
            finished_at: 0,
            superseded_at: None,
        }
    }

    #[test]
    fn accepted_and_undone_steps_of_the_same_life_are_known() {
        use Outcome::{Compensated, Compensating, Failed, Retrying};
        use StepOutcome::{Accepted, Refused, Unavailable};
        let mut spoiled = row(1, 1, Retrying, &[]);
        spoiled.steps = "?".into();
        let rows = [
            row(1, 1, Retrying, &[report(Step::Stock, Accepted), report(Step::Payment, Unavailable)]),
            row(1, 1, Retrying, &[report(Step::Stock, Accepted), report(Step::Payment, Accepted)]),
            spoiled,
            // Failed, compensated, and placed again by a person: another life.
            row(2, 1, Failed, &[report(Step::Stock, Accepted), report(Step::Payment, Refused)]),
            row(2, 1, Compensated, &[report(Step::Stock, Accepted)]),
            row(2, 5, Failed, &[report(Step::Payment, Accepted)]),
            row(2, 5, Compensating, &[report(Step::Fulfilment, Accepted)]),
            row(2, 5, Compensating, &[report(Step::Fulfilment, Accepted), report(Step::Payment, Accepted)]),
            row(3, 1, Failed, &[report(Step::Stock, Accepted)]),
        ];
        let order = |number| OrderId::from_uuid(Uuid::from_u128(number));
        let asked = HashMap::from([(order(1), Life(1)), (order(2), Life(5)), (order(4), Life(1))]);
        let accepted = Known::Accepted.steps(&rows, &asked);
        let both = vec![report(Step::Stock, Accepted), report(Step::Payment, Accepted)];
        let payment = vec![report(Step::Payment, Accepted)];
        assert_eq!(accepted, KnownSteps::from([(order(1), both), (order(2), payment)]));
        let undone = Known::Undone.steps(&rows, &asked);
        let both = vec![report(Step::Fulfilment, Accepted), report(Step::Payment, Accepted)];
        assert_eq!(undone, KnownSteps::from([(order(2), both)]));
    }
}
