//! The protocol does not go round in circles: it can come to rest from wherever faults have led it.

use protocol_model::{Check, Faults, Protocol, comes_to_rest};

use crate::checks::{accepted, listed, mended, one_order};

fn rests(check: &Check) {
    let rest = comes_to_rest(check);
    println!("{} states under {:?}", rest.states, check.faults);
    if let Some(way) = rest.never {
        panic!("never at rest again after\n{}", listed(&way));
    }
}

#[test]
fn after_a_stall_and_a_crash() {
    let faults = Faults { stalls: 1, absences: 1, api_crashes: 1, lost_answers: 1, ..Faults::default() };
    rests(&one_order(Protocol::as_built(), faults));
}

#[test]
fn after_a_loss() {
    rests(&one_order(Protocol::as_built(), Faults { losses: 1, absences: 1, ..Faults::default() }));
}

#[test]
fn after_a_cancellation_that_redis_forgets() {
    rests(&accepted(mended(), Faults { cancellations: 1, losses: 1, stalls: 1, ..Faults::default() }));
    rests(&one_order(mended(), Faults { cancellations: 1, flushes: 1, ..Faults::default() }));
}
