//! What the protocol keeps, by the family of faults.

use protocol_model::{Check, Faults, Nature, Protocol};

use crate::checks::{accepted, holds, mended, one_order, two_orders};

#[test]
fn crashes_lost_answers_and_steps_that_do_not_answer() {
    let faults =
        Faults { worker_crashes: 1, api_crashes: 1, lost_answers: 1, absences: 2, ..Faults::default() };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn order_api_that_crashes_again_and_again() {
    holds(one_order(Protocol::as_built(), Faults { api_crashes: 2, lost_answers: 2, ..Faults::default() }));
}

#[test]
fn workers_that_stall_and_crash() {
    let faults = Faults { stalls: 2, worker_crashes: 1, lost_answers: 1, ..Faults::default() };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn a_redis_that_loses_its_last_moments_while_a_worker_stalls() {
    holds(one_order(Protocol::as_built(), Faults { losses: 1, stalls: 1, ..Faults::default() }));
}

#[test]
fn a_redis_that_loses_everything_while_a_worker_stalls() {
    holds(one_order(Protocol::as_built(), Faults { flushes: 1, stalls: 1, ..Faults::default() }));
}

#[test]
fn a_redis_that_loses_its_last_moments_while_order_api_crashes() {
    holds(one_order(Protocol::as_built(), Faults { losses: 1, api_crashes: 1, ..Faults::default() }));
}

#[test]
fn a_redis_that_loses_everything_while_order_api_crashes() {
    let faults = Faults { flushes: 1, api_crashes: 1, lost_answers: 1, ..Faults::default() };
    holds(accepted(Protocol::as_built(), faults));
}

#[test]
fn a_failed_order_that_is_tried_again() {
    let faults = Faults { retries: 1, losses: 1, ..Faults::default() };
    let natures: Vec<&[Nature]> = vec![&[Nature::RefusedLater]];
    holds(Check { protocol: Protocol::as_built(), natures, faults });
    let faults = Faults { retries: 1, stalls: 1, worker_crashes: 1, ..Faults::default() };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn two_orders_side_by_side() {
    for faults in [
        Faults { stalls: 1, worker_crashes: 1, ..Faults::default() },
        Faults { api_crashes: 1, lost_answers: 1, ..Faults::default() },
    ] {
        holds(two_orders(Protocol::as_built(), faults));
    }
}

#[test]
fn a_stall_while_steps_do_not_answer() {
    let faults = Faults { stalls: 1, absences: 2, worker_crashes: 1, ..Faults::default() };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn a_redis_that_loses_everything_while_steps_do_not_answer() {
    holds(accepted(Protocol::as_built(), Faults { flushes: 1, absences: 2, ..Faults::default() }));
}

#[test]
fn a_cancellation_in_the_midst_of_crashes() {
    let faults = Faults {
        cancellations: 1,
        stalls: 1,
        worker_crashes: 1,
        api_crashes: 1,
        lost_answers: 1,
        ..Faults::default()
    };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn a_cancellation_before_everything_is_lost() {
    let faults = Faults { cancellations: 1, flushes: 1, stalls: 1, ..Faults::default() };
    holds(one_order(Protocol::as_built(), faults));
}

#[test]
fn with_every_guard_a_cancellation_that_redis_forgets() {
    holds(accepted(mended(), Faults { cancellations: 1, losses: 1, absences: 1, ..Faults::default() }));
}
