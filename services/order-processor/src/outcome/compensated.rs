//! What follows from an attempt to undo what was done for a failed order.
//!
//! | left to undo | decision |
//! |---|---|
//! | nothing | compensated |
//! | something | another attempt at what is left, after a pause; however often |

use contract::{Command, CompensateOrder, Event, EventData, Step, Timestamp, event::OrderCompensated};
use streams::{Effect, Finish};

use super::Outcome;
use crate::{
    finish::{Ending, Finished},
    ledger::Attempt,
    pipeline::{NotUndone, Undoing},
    queue::Compensation,
    worker::{SOURCE, Worker},
};

/// Turns an attempt to undo into what has to be written and reported.
pub(crate) fn conclude_compensation(
    worker: &Worker,
    compensation: Compensation,
    undoing: Undoing,
) -> Finished {
    let finished_at = worker.clock.now();
    let CompensateOrder { version, attempt, life, .. } = compensation.command;
    let why = undoing.left.first().map(|(step, NotUndone(reason))| move || format!("{step}: {reason}"));
    compensation.note(decide(&undoing.left), why);
    let attempt = Attempt {
        order_id: compensation.id,
        life,
        version,
        number: attempt,
        entry: compensation.entry,
        worker: worker.name.clone(),
        outcome: decide(&undoing.left),
        reason: undoing.left.first().map(|(step, _)| format!("{step}_not_undone")),
        steps: serde_json::to_string(&undoing.undone).expect("plain structs always serialize"),
        started_at: compensation.started_at,
        finished_at,
    };
    let (partition, entry, order) = (compensation.partition, compensation.entry, Some(compensation.id));
    let traceparent = compensation.trace();
    let effect = effect(worker, compensation, undoing, finished_at);
    let finish = Finish { entry, order, effects: vec![effect] };
    Finished::new(partition, finish, Ending::Attempt(attempt), traceparent)
}

const fn decide(left: &[(Step, NotUndone)]) -> Outcome {
    if left.is_empty() { Outcome::Compensated } else { Outcome::Compensating }
}

fn effect(worker: &Worker, compensation: Compensation, undoing: Undoing, now: Timestamp) -> Effect {
    let Compensation { id, command, traceparent, .. } = compensation;
    let Undoing { undone, left } = undoing;
    let Some((step, NotUndone(reason))) = left.first() else {
        let version = command.outcome_version();
        let (worker, placed_at) = (worker.name.to_string(), command.placed_at);
        let data = OrderCompensated { version, worker, placed_at, steps: undone };
        return Effect::Event(
            Event::new(SOURCE, id, now, traceparent, EventData::Compensated(data)).to_fields(),
        );
    };
    let mut backoff = worker.backoff_after(command.attempt);
    if backoff.is_at_cap() {
        let attempt = command.attempt;
        tracing::warn!(order.id = %id, attempt, %step, reason, "a failed order is still not compensated; trying again");
    }
    let delay_ms = backoff.next_delay().as_millis() as u64;
    let steps = left.into_iter().map(|(step, _)| step).collect();
    let command = Command::compensate(SOURCE, id, now, traceparent, command.next_attempt(steps));
    Effect::Delay { delay_ms, command: command.to_fields() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every set of steps that may be left.
    #[test]
    fn the_whole_matrix() {
        for bits in 0..8 {
            let left: Vec<_> = Step::ALL
                .into_iter()
                .filter(|step| bits & (1 << *step as usize) != 0)
                .map(|step| (step, NotUndone(String::new())))
                .collect();
            let expected = if bits == 0 { Outcome::Compensated } else { Outcome::Compensating };
            assert_eq!(decide(&left), expected);
        }
    }
}
