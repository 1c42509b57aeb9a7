//! Where the protocol as it is built breaks a promise, and what mends it.
//!
//! Each is shown twice: as it is built, and with every other guard. With all of them the same faults break nothing. Once a
//! guard is built, it becomes part of [`Protocol::as_built`] and its test one of the guards'.

use protocol_model::{Change, Faults, Protocol, properties};

use crate::checks::{breaks, holds, mended, one_order};

fn gap(mend: Change, faults: Faults, property: &'static str) {
    breaks(one_order(Protocol::as_built(), faults), property);
    breaks(one_order(mended().without(&[mend]), faults), property);
    holds(one_order(mended(), faults));
}

/// The last attempt fails before the payment, so that there is nothing to undo; a worker that took it over meanwhile, and is
/// not told that it is finished, pays.
#[test]
fn a_step_that_the_last_attempt_did_not_call_is_not_undone() {
    let faults = Faults { stalls: 1, absences: 2, ..Faults::default() };
    gap(Change::UndoEverything, faults, properties::ALL_REFUNDED);
}

/// Redis loses the end of an order that order-api has taken for completed; its message, which is there again, fails this
/// time, and the compensation in the same step refunds it.
#[test]
fn an_order_whose_completion_redis_forgets_is_refunded() {
    let faults = Faults { losses: 1, absences: 2, ..Faults::default() };
    gap(Change::CompensationByApi, faults, properties::PAID);
}

/// Redis forgets that the order was worked on: it can be cancelled, and what was paid for it stays paid.
#[test]
fn a_cancelled_order_that_was_worked_on_before_a_loss_is_not_refunded() {
    for faults in [
        Faults { cancellations: 1, losses: 1, ..Faults::default() },
        Faults { cancellations: 1, flushes: 1, ..Faults::default() },
    ] {
        gap(Change::CancelledAreUndone, faults, properties::ALL_REFUNDED);
    }
}

/// order-api has not heard of the first attempt, and cancels the second.
#[test]
fn a_second_attempt_is_cancelled() {
    let faults = Faults { cancellations: 1, absences: 1, ..Faults::default() };
    gap(Change::CancelNamesMessage, faults, properties::UNTOUCHED);
}

/// order-api has not heard that the order failed, and cancels its compensation. Without any fault.
#[test]
fn a_compensation_is_cancelled_instead_of_the_order() {
    let faults = Faults { cancellations: 1, ..Faults::default() };
    breaks(one_order(Protocol::as_built(), faults), properties::UNDO_STAYS);
    breaks(one_order(Protocol::as_built(), faults), properties::ALL_REFUNDED);
    let named = Protocol::as_built().with(&[Change::CancelNamesMessage]);
    holds(one_order(named, faults));
}

/// The sweep cancels once more what has a message and is cancelled: also where that message is its compensation.
#[test]
fn the_sweep_cancels_the_compensation_of_a_cancelled_order() {
    let faults = Faults { cancellations: 1, losses: 1, ..Faults::default() };
    gap(Change::CompensationsStay, faults, properties::UNDO_STAYS);
}

/// Two workers were given it, one of them after a stall. The first lays it aside, and the second is not told.
#[test]
fn a_cancelled_order_is_worked_on_by_the_second_worker_that_has_it() {
    let faults = Faults { cancellations: 1, stalls: 1, ..Faults::default() };
    gap(Change::OnlyLiveIsWorkedOn, faults, properties::UNTOUCHED);
}
