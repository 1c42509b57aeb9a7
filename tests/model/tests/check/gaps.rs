//! Where the protocol as it is built breaks a promise, and what mends it.
//!
//! Each is shown twice: as it is built, and with every other guard. With all of them the same faults break nothing. Once a
//! guard is built, it becomes part of [`Protocol::as_built`] and its test one of the guards'.

use protocol_model::{Change, Faults, Protocol, properties};

use crate::checks::{accepted, breaks, holds, mended, one_order};

fn gap(mend: Change, faults: Faults, property: &'static str) {
    breaks(one_order(Protocol::as_built(), faults), property);
    breaks(one_order(mended().without(&[mend]), faults), property);
    holds(one_order(mended(), faults));
}

/// A worker takes the order and the payment, and Redis comes back as it was just before: the queue ends where it ended, so
/// that nobody sees a loss. The order is cancelled, and stays paid.
#[test]
fn a_loss_that_does_not_show_in_the_queue() {
    let faults = Faults { cancellations: 1, losses: 1, ..Faults::default() };
    gap(Change::RestartsAreLosses, faults, properties::ALL_REFUNDED);
}

/// The same, where Redis and order-api go down together before order-api has stored how far Redis was.
#[test]
fn a_loss_that_a_crash_of_order_api_hides() {
    let faults = Faults { cancellations: 1, flushes: 1, api_crashes: 1, ..Faults::default() };
    breaks(accepted(Protocol::as_built(), faults), properties::ALL_REFUNDED);
    holds(accepted(mended(), faults));
}

/// Redis forgets a cancellation, and a worker is faster than the sweep: it takes the payment, and a later step refuses. What
/// it lists to be undone nobody undoes, since the order has not failed but is cancelled.
#[test]
fn a_cancelled_order_that_a_worker_fails() {
    let faults = Faults { cancellations: 1, losses: 1, ..Faults::default() };
    gap(Change::FailedOverrunsAreUndone, faults, properties::ALL_REFUNDED);
}

/// Redis forgets a cancellation after a worker was given the order, which asks only now, and begins. The sweep cancels it once
/// more, and its event is applied before anybody notes the loss. The worker pays, and its report has no effect.
#[test]
fn a_cancellation_that_is_repeated_while_a_worker_has_the_order() {
    let faults = Faults { cancellations: 1, losses: 1, ..Faults::default() };
    gap(Change::ForgottenCancellationsAreLosses, faults, properties::ALL_REFUNDED);
}

/// Redis forgets a cancellation after a worker was given the order, which begins and pays; then Redis loses everything, also
/// the message that the sweep would have cancelled once more. What mends one loss does not mend two.
#[test]
fn a_cancelled_order_that_is_worked_on_between_two_losses() {
    let faults = Faults { cancellations: 1, losses: 1, flushes: 1, ..Faults::default() };
    breaks(accepted(Protocol::as_built(), faults), properties::ALL_REFUNDED);
    breaks(accepted(mended(), faults), properties::ALL_REFUNDED);
}

/// One mend in place of three: every cancelled order is compensated.
#[test]
fn no_single_loss_if_every_cancelled_order_is_compensated() {
    let undone = || Protocol::as_built().with(&[Change::CancelledAreUndone]);
    holds(one_order(undone(), Faults { cancellations: 1, losses: 1, ..Faults::default() }));
    let crash = Faults { cancellations: 1, flushes: 1, api_crashes: 1, ..Faults::default() };
    holds(accepted(undone(), crash));
}
