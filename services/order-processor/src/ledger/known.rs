//! What earlier attempts say about an order that comes back.
//!
//! Only attempts of the same life count: a person may let a failed order be placed again, and by then what was done for it
//! may have been undone. Each attempt takes two versions, so the version and the number of an attempt tell in which life
//! it was.

use std::collections::HashMap;

use contract::{OrderId, StepOutcome, StepReport};

use super::AcceptedSteps;
use crate::{entities::attempt, queue::Order};

/// The version before an order's first attempt since it was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life(i64);

impl Life {
    const fn new(version: i64, attempt: i64) -> Self {
        Self(version.saturating_sub(attempt.saturating_sub(1).saturating_mul(2)))
    }

    pub(super) fn of(order: &Order) -> Self {
        Self::new(order.command.version.into(), order.command.attempt.into())
    }
}

/// The accepted steps of these orders.
pub(super) fn accepted(
    rows: &[attempt::Model],
    orders: impl Iterator<Item = (OrderId, Life)>,
) -> AcceptedSteps {
    let lives: HashMap<_, _> = orders.collect();
    let mut accepted = AcceptedSteps::new();
    for row in rows {
        let order_id = OrderId::from_uuid(row.order_id);
        if lives.get(&order_id) != Some(&Life::new(row.version, row.attempt)) {
            continue;
        }
        let known = accepted.entry(order_id).or_default();
        for report in reports(row) {
            let is_new = !known.iter().any(|known: &StepReport| known.step == report.step);
            if report.outcome == StepOutcome::Accepted && is_new {
                known.push(report);
            }
        }
    }
    accepted
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

    fn row(order: u128, version: i64, attempt: i64, steps: &[StepReport]) -> attempt::Model {
        attempt::Model {
            id: 1,
            order_id: Uuid::from_u128(order),
            version,
            attempt,
            entry: "1-0".into(),
            worker: "w".into(),
            outcome: "retrying".into(),
            reason: None,
            steps: serde_json::to_string(steps).unwrap(),
            started_at: 0,
            finished_at: 0,
            superseded_at: None,
        }
    }

    #[test]
    fn accepted_steps_of_the_same_life_are_known() {
        use StepOutcome::{Accepted, Refused, Unavailable};
        let mut spoiled = row(1, 1, 1, &[]);
        spoiled.steps = "?".into();
        let rows = [
            row(1, 1, 1, &[report(Step::Stock, Accepted), report(Step::Payment, Unavailable)]),
            row(1, 3, 2, &[report(Step::Stock, Accepted), report(Step::Payment, Accepted)]),
            spoiled,
            // Placed again by a person after it had failed with version 3: another life.
            row(2, 1, 1, &[report(Step::Stock, Accepted), report(Step::Payment, Refused)]),
            row(2, 4, 1, &[report(Step::Payment, Accepted)]),
            row(3, 1, 1, &[report(Step::Stock, Accepted)]),
        ];
        let order = |number| OrderId::from_uuid(Uuid::from_u128(number));
        let asked = [(order(1), Life::new(5, 3)), (order(2), Life::new(6, 2)), (order(4), Life::new(1, 1))];
        let known = accepted(&rows, asked.into_iter());
        let both = vec![report(Step::Stock, Accepted), report(Step::Payment, Accepted)];
        assert_eq!(known.get(&order(1)), Some(&both));
        assert_eq!(known.get(&order(2)), Some(&vec![report(Step::Payment, Accepted)]));
        assert_eq!((known.get(&order(3)), known.get(&order(4))), (None, None));
    }
}
