//! The decision as what it leaves behind: an event, the command for a further attempt, a row of the ledger.

use contract::{
    Command, Event, EventData, FailureReason, ProcessOrder, StepReport, Timestamp,
    event::{OrderCompleted, OrderFailed, OrderRetrying},
};
use streams::{Effect, Finish};

use super::{Decision, decide};
use crate::{
    finish::{Ending, Finished},
    ledger::Attempt,
    pipeline::Run,
    queue::Order,
    worker::{SOURCE, Worker},
};

/// Turns the run of an order into what has to be written and reported.
pub(crate) fn conclude(worker: &Worker, order: Order, run: Run) -> Finished {
    let Run { steps, failure } = run;
    let finished_at = worker.clock.now();
    let can_undo = |step| worker.pipeline.can_undo(step);
    let decision = decide(failure, order.command.attempt, worker.max_attempts, can_undo);
    let why = reason(&decision).map(|reason| || format!("{}: {}", reason.code, reason.message));
    order.note(decision.outcome(), why);
    let attempt = Attempt {
        order_id: order.id,
        life: order.command.life,
        version: order.command.version,
        number: order.command.attempt,
        entry: order.entry,
        worker: worker.name.clone(),
        outcome: decision.outcome(),
        reason: reason(&decision).map(|reason| reason.code.clone()),
        steps: serde_json::to_string(&steps).expect("plain structs always serialize"),
        started_at: order.started_at,
        finished_at,
    };
    let (partition, traceparent) = (order.partition, order.trace());
    let (entry, id) = (order.entry, order.id);
    let effects = effects(worker, order, decision, steps, finished_at);
    let finish = Finish { entry, order: Some(id), effects };
    Finished::new(partition, finish, Ending::Attempt(attempt), traceparent)
}

const fn reason(decision: &Decision) -> Option<&FailureReason> {
    match decision {
        Decision::Complete => None,
        Decision::Fail { reason, .. } | Decision::Retry(reason) => Some(reason),
    }
}

fn effects(
    worker: &Worker,
    order: Order,
    decision: Decision,
    steps: Vec<StepReport>,
    now: Timestamp,
) -> Vec<Effect> {
    let version = order.command.outcome_version();
    let ProcessOrder { attempt, placed_at, .. } = order.command;
    let (started_at, worker_name) = (order.started_at, worker.name.to_string());
    let event =
        |traceparent, data| Effect::Event(Event::new(SOURCE, order.id, now, traceparent, data).to_fields());
    match decision {
        Decision::Complete => {
            let data = OrderCompleted { version, attempt, worker: worker_name, placed_at, started_at, steps };
            vec![event(order.traceparent, EventData::Completed(data))]
        }
        Decision::Fail { reason, undo } => {
            let data = OrderFailed {
                version,
                attempt,
                worker: worker_name,
                placed_at,
                started_at,
                reason,
                steps,
                compensating: undo,
            };
            vec![event(order.traceparent, EventData::Failed(data))]
        }
        Decision::Retry(reason) => {
            let delay = worker.backoff_after(attempt).next_delay();
            let data = OrderRetrying {
                version,
                attempt,
                worker: worker_name,
                placed_at,
                due_at: now + delay,
                reason,
                steps,
            };
            let next = order.command.next_attempt();
            let command = Command::process(SOURCE, order.id, now, order.traceparent.clone(), next);
            vec![
                event(order.traceparent, EventData::Retrying(data)),
                Effect::Delay { delay_ms: delay.as_millis() as u64, command: command.to_fields() },
            ]
        }
    }
}
