//! The decision as what it leaves behind: an event, a command for what follows, a row of the ledger.

use contract::{
    Command, Event, EventData, FailureReason, ProcessOrder, StepReport, Timestamp,
    event::{OrderCompleted, OrderFailed, OrderRetrying},
};
use streams::{Effect, Finish};

use super::{
    Decision, decide,
    undo::{to_undo, touched},
};
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
    let decision = decide(failure, order.command.attempt, worker.max_attempts);
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
    let partition = order.partition;
    let (entry, id) = (order.entry, order.id);
    let effects = effects(worker, order, decision, steps, finished_at);
    let finish = Finish { entry, order: Some(id), effects };
    Finished { partition, finish, ending: Ending::Attempt(attempt) }
}

const fn reason(decision: &Decision) -> Option<&FailureReason> {
    match decision {
        Decision::Complete => None,
        Decision::Fail(reason) | Decision::Retry(reason) => Some(reason),
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
    let touched = touched(&steps, &order.command.touched, order.redelivered);
    let event =
        |traceparent, data| Effect::Event(Event::new(SOURCE, order.id, now, traceparent, data).to_fields());
    match decision {
        Decision::Complete => {
            let data = OrderCompleted { version, attempt, worker: worker_name, placed_at, started_at, steps };
            vec![event(order.traceparent, EventData::Completed(data))]
        }
        Decision::Fail(reason) => {
            let compensating = to_undo(&touched, |step| worker.pipeline.can_undo(step));
            let undo = order.command.compensation(compensating.clone());
            let data = OrderFailed {
                version,
                attempt,
                worker: worker_name,
                placed_at,
                started_at,
                reason,
                steps,
                compensating,
            };
            let undo = (!undo.steps.is_empty()).then(|| {
                let command = Command::compensate(SOURCE, order.id, now, order.traceparent.clone(), undo);
                Effect::Queue(command.to_fields())
            });
            [event(order.traceparent, EventData::Failed(data))].into_iter().chain(undo).collect()
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
            let next = order.command.next_attempt(touched);
            let command = Command::process(SOURCE, order.id, now, order.traceparent.clone(), next);
            vec![
                event(order.traceparent, EventData::Retrying(data)),
                Effect::Delay { delay_ms: delay.as_millis() as u64, command: command.to_fields() },
            ]
        }
    }
}
