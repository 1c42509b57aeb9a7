//! Each guard is needed: with it the property holds, without it the checker finds a way to break it.

use protocol_model::{Change, Faults, Protocol, properties};

use crate::checks::{accepted, breaks, holds, mended, one_order, two_orders};

/// A worker stalls, and a step does not answer often enough for the order to fail.
const STALL: Faults = Faults { stalls: 1, absences: 2, ..NONE };
const CANCELLED: Faults = Faults { cancellations: 1, ..NONE };
const NONE: Faults = Faults {
    losses: 0,
    flushes: 0,
    api_crashes: 0,
    worker_crashes: 0,
    stalls: 0,
    lost_answers: 0,
    absences: 0,
    cancellations: 0,
    retries: 0,
};

fn needed(guard: Change, protocol: Protocol, faults: Faults, property: &'static str) {
    holds(one_order(protocol.clone(), faults));
    breaks(one_order(protocol.with(&[guard]), faults), property);
}

/// Of two workers that hold the order one completes it, the other fails it, and its compensation refunds it.
#[test]
fn the_fence() {
    let protocol = Protocol::as_built().with(&[Change::CompensationByFinish]);
    needed(Change::NoFence, protocol, STALL, properties::PAID);
    needed(Change::NoFence, Protocol::as_built(), STALL, properties::ONE_MESSAGE);
}

/// Without it the second order hides that the first is gone, where no sweep looks for it.
#[test]
fn the_comparison_before_publishing() {
    let unswept = Protocol::as_built().with(&[Change::NoSweep]);
    let faults = Faults { flushes: 1, ..NONE };
    holds(two_orders(unswept.clone(), faults));
    breaks(two_orders(unswept.with(&[Change::NoCompare]), faults), properties::ALL_END);
}

/// Redis loses the message once more while it is being healed, and no sweep looks for it.
#[test]
fn a_loss_that_outlasts_the_healing_of_another() {
    let unswept = Protocol::as_built().with(&[Change::NoSweep]);
    let faults = Faults { flushes: 2, ..NONE };
    holds(accepted(unswept.clone(), faults));
    breaks(accepted(unswept.with(&[Change::LaterLossesAreHealed]), faults), properties::ALL_END);
}

/// A worker that decides that the order failed, and refunds it at once, refunds what another one completes.
#[test]
fn compensation_after_the_fence() {
    needed(Change::CompensationOutsideFence, Protocol::as_built(), STALL, properties::PAID);
}

/// Redis loses the end of an order that order-api has taken for completed; its message, which is there again, fails this
/// time, and a compensation in the same step refunds it.
#[test]
fn compensation_of_what_the_database_takes_for_failed() {
    let faults = Faults { losses: 1, absences: 2, ..NONE };
    holds(accepted(Protocol::as_built(), faults));
    let by_finish = Protocol::as_built().with(&[Change::CompensationByFinish]);
    breaks(accepted(by_finish, faults), properties::PAID);
}

/// The first attempt pays, and the last one does not come that far; or a worker that is not told of its end pays after it.
#[test]
fn undoing_all_steps_after_one_that_is_unavailable() {
    needed(Change::UndoOnlyCalled, Protocol::as_built(), STALL, properties::ALL_REFUNDED);
}

/// The order is worked on, and only what follows on its completion takes the payment back.
#[test]
fn the_question_after_delivery() {
    needed(Change::NoQuestion, Protocol::as_built(), CANCELLED, properties::UNTOUCHED);
}

/// Two workers were given the cancelled order, one of them after a stall. The first lays it aside, and the second is not
/// told.
#[test]
fn laying_aside_what_is_not_live() {
    let faults = Faults { stalls: 1, ..CANCELLED };
    needed(Change::AnyIsWorkedOn, Protocol::as_built(), faults, properties::UNTOUCHED);
}

/// order-api has not heard of the first attempt, and cancels the second.
#[test]
fn a_cancellation_that_names_its_message() {
    let faults = Faults { absences: 1, ..CANCELLED };
    needed(Change::CancelsAnyMessage, Protocol::as_built(), faults, properties::UNTOUCHED);
}

/// order-api has not heard that the order failed, and cancels its compensation.
#[test]
fn a_cancellation_that_spares_the_compensation() {
    let protocol = Protocol::as_built().with(&[Change::CompensationByFinish]);
    needed(Change::CancelsAnyMessage, protocol, CANCELLED, properties::UNDO_STAYS);
}

/// A cancelled order has a message: its compensation.
#[test]
fn a_sweep_that_spares_the_compensation() {
    let faults = Faults { losses: 1, ..CANCELLED };
    needed(Change::SweepCancelsAny, mended(), faults, properties::UNDO_STAYS);
}

/// Redis forgets that the order was worked on, and it is cancelled before anybody else notices.
#[test]
fn the_comparison_before_cancelling() {
    let faults = Faults { losses: 1, ..CANCELLED };
    needed(Change::CancelComparesNothing, mended(), faults, properties::ALL_REFUNDED);
}

/// Redis forgets that the order was worked on; it is published again, cancelled, and stays paid.
#[test]
fn remembering_the_last_loss() {
    let faults = Faults { flushes: 1, ..CANCELLED };
    needed(Change::LossesAreForgotten, Protocol::as_built(), faults, properties::ALL_REFUNDED);
}

/// Redis forgets a cancellation, and a worker that is faster than the sweep completes the order.
#[test]
fn compensation_of_a_cancelled_order_that_is_completed() {
    let faults = Faults { losses: 1, ..CANCELLED };
    needed(Change::OverrunsStay, mended(), faults, properties::ALL_REFUNDED);
}

/// A completed order whose end has not been heard of is published once more, fails this time, and is refunded.
#[test]
fn healing_that_waits_for_its_events() {
    let faults = Faults { absences: 2, ..NONE };
    let protocol = Protocol::as_built().with(&[Change::CompensationByFinish]);
    needed(Change::NoWait, protocol, faults, properties::PAID);
}

/// A row that is sent again after a loss doubles an order that healing has published by then.
#[test]
fn one_live_message() {
    for faults in [Faults { losses: 1, ..NONE }, Faults { flushes: 1, ..NONE }] {
        needed(Change::NoLiveGuard, Protocol::as_built(), faults, properties::ONE_MESSAGE);
    }
}

/// What the other side has to see to: a payment that arrives after it was undone is refused.
#[test]
fn keys_that_an_undo_closes() {
    needed(Change::KeysStayOpen, Protocol::as_built(), STALL, properties::ALL_REFUNDED);
}
