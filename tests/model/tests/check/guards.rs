//! Each guard is needed: with it the property holds, without it the checker finds a way to break it.

use protocol_model::{Change, Faults, Protocol, properties};

use crate::checks::{breaks, holds, mended, one_order, two_orders};

/// A worker stalls, and a step does not answer often enough for the order to fail.
const STALL: Faults = Faults { stalls: 1, absences: 2, ..NONE };
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
    let protocol = mended().without(&[Change::CompensationByApi]);
    needed(Change::NoFence, protocol, STALL, properties::PAID);
    needed(Change::NoFence, mended(), STALL, properties::ONE_MESSAGE);
}

/// Without it the second order hides that the first is gone, where no sweep looks for it.
#[test]
fn the_comparison_before_publishing() {
    let unswept = mended().with(&[Change::NoSweep]);
    let faults = Faults { flushes: 1, ..NONE };
    holds(two_orders(unswept.clone(), faults));
    breaks(two_orders(unswept.with(&[Change::NoCompare]), faults), properties::ALL_END);
}

/// A worker that decides that the order failed, and refunds it at once, refunds what another one completes.
#[test]
fn compensation_inside_the_fence() {
    let protocol = mended().without(&[Change::CompensationByApi]);
    needed(Change::CompensationOutsideFence, protocol, STALL, properties::PAID);
}

/// The order is worked on, and only what follows on its completion takes the payment back.
#[test]
fn the_question_after_delivery() {
    let faults = Faults { cancellations: 1, ..NONE };
    needed(Change::NoQuestion, mended(), faults, properties::UNTOUCHED);
}

/// A completed order whose end has not been heard of is published once more, fails this time, and is refunded.
#[test]
fn healing_that_waits_for_its_events() {
    let faults = Faults { absences: 2, ..NONE };
    needed(Change::NoWait, Protocol::as_built(), faults, properties::PAID);
}

/// A row that is sent again after a loss doubles an order that healing has published by then.
#[test]
fn one_live_message() {
    for faults in [Faults { losses: 1, ..NONE }, Faults { flushes: 1, ..NONE }] {
        needed(Change::NoLiveGuard, mended(), faults, properties::ONE_MESSAGE);
    }
}

/// What the other side has to see to: a payment that arrives after it was undone is refused.
#[test]
fn keys_that_an_undo_closes() {
    needed(Change::KeysStayOpen, mended(), STALL, properties::ALL_REFUNDED);
}
