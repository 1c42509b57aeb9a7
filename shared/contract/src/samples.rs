//! One message of each kind: the examples of the AsyncAPI document and the golden files that hold the
//! wire format still.

use crate::{
    command::{Command, FIRST_VERSION, ProcessOrder},
    event::{
        Event, EventData, OrderCancelled, OrderCompensated, OrderCompleted, OrderFailed, OrderProcessing,
        OrderRetrying,
    },
    order::OrderContent,
    order_id::OrderId,
    step::{FailureReason, Step, StepOutcome, StepReport},
    timestamp::Timestamp,
};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const WORKER: &str = "order-processor-0";
const API: &str = "/order-api";
const PROCESSOR: &str = "/order-processor";

fn order_id() -> OrderId {
    "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().expect("a valid id")
}

/// `micros` after the moment at which the sample order was placed.
fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_764_000_000_000_000 + micros)
}

fn content() -> OrderContent {
    OrderContent {
        user_id: "user-1".parse().expect("a valid id"),
        item_ids: ["sku-1", "sku-2"]
            .map(|item| item.parse().expect("a valid id"))
            .to_vec()
            .try_into()
            .expect("two items"),
        total_amount: "99.99".parse().expect("a valid amount"),
    }
}

fn report(step: Step, outcome: StepOutcome, started_after: i64) -> StepReport {
    StepReport { step, outcome, started_at: at(started_after), duration_us: 1_200 }
}

fn reason(code: &str, message: &str) -> FailureReason {
    FailureReason { code: code.to_owned(), message: message.to_owned() }
}

/// `order.process` of a new order.
pub fn command() -> Command {
    Command::process(API, order_id(), at(0), Some(TRACEPARENT.to_owned()), process())
}

/// `order.process` of a later attempt in a later life: with everything that the first one leaves out.
pub fn retry() -> Command {
    let data = ProcessOrder { version: 7, attempt: 2, life: 5, ..process() };
    Command::process(PROCESSOR, order_id(), at(9_000), Some(TRACEPARENT.to_owned()), data)
}

/// `order.compensate` of an order whose payment was refused.
pub fn compensation() -> Command {
    let data = process().compensation(vec![Step::Stock]);
    Command::compensate(API, order_id(), at(6_500), Some(TRACEPARENT.to_owned()), data)
}

fn process() -> ProcessOrder {
    ProcessOrder {
        version: FIRST_VERSION,
        attempt: 1,
        placed_at: at(0),
        life: FIRST_VERSION,
        order: content(),
    }
}

/// One event of each kind, in the order of [`crate::EventKind::ALL`].
pub fn events() -> Vec<Event> {
    let event =
        |source, after, data| Event::new(source, order_id(), at(after), Some(TRACEPARENT.to_owned()), data);
    let (worker, placed_at, started_at) = (WORKER.to_owned(), at(0), at(2_000));
    let accepted = [(Step::Stock, 2_100), (Step::Payment, 3_400), (Step::Fulfilment, 4_700)]
        .map(|(step, after)| report(step, StepOutcome::Accepted, after));
    let ended = |outcome| {
        vec![report(Step::Stock, StepOutcome::Accepted, 2_100), report(Step::Payment, outcome, 3_400)]
    };
    vec![
        Event::placed(API, order_id(), at(0), Some(TRACEPARENT.to_owned()), FIRST_VERSION, content()),
        event(
            PROCESSOR,
            2_000,
            EventData::Processing(OrderProcessing {
                version: 2,
                attempt: 1,
                worker: worker.clone(),
                placed_at,
                published_at: Some(at(1_000)),
                trace_id: Some(TRACE_ID.to_owned()),
            }),
        ),
        event(
            PROCESSOR,
            6_000,
            EventData::Completed(OrderCompleted {
                version: 3,
                attempt: 1,
                worker: worker.clone(),
                placed_at,
                started_at,
                steps: accepted.to_vec(),
            }),
        ),
        event(
            PROCESSOR,
            6_000,
            EventData::Failed(OrderFailed {
                version: 3,
                attempt: 1,
                worker: worker.clone(),
                placed_at,
                started_at,
                reason: reason("payment_refused", "the card was declined"),
                steps: ended(StepOutcome::Refused),
                compensating: vec![Step::Stock],
            }),
        ),
        event(
            PROCESSOR,
            6_000,
            EventData::Retrying(OrderRetrying {
                version: 3,
                attempt: 1,
                worker: worker.clone(),
                placed_at,
                due_at: at(506_000),
                reason: reason("payment_unavailable", "no answer within 5 s"),
                steps: ended(StepOutcome::Unavailable),
            }),
        ),
        event(API, 1_000, EventData::Cancelled(OrderCancelled { version: 2, placed_at })),
        event(
            PROCESSOR,
            9_000,
            EventData::Compensated(OrderCompensated {
                version: 4,
                worker,
                placed_at,
                steps: vec![report(Step::Stock, StepOutcome::Accepted, 7_000)],
            }),
        ),
    ]
}
