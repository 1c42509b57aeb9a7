//! What the tests share: checking a family to its end, or until one property is broken.

use std::collections::BTreeSet;

use protocol_model::{Action, Change, Check, Faults, Nature, Protocol};
use stateright::{Checker, HasDiscoveries, Model};

const ANY_NATURE: &[Nature] = &[Nature::Accepted, Nature::PaymentRefused, Nature::RefusedLater];

/// One order, however it is answered.
pub(crate) fn one_order(protocol: Protocol, faults: Faults) -> Check {
    Check { protocol, natures: vec![ANY_NATURE], faults }
}

/// One order that is accepted.
pub(crate) fn accepted(protocol: Protocol, faults: Faults) -> Check {
    Check { protocol, natures: vec![&[Nature::Accepted]], faults }
}

/// Two orders that are accepted.
pub(crate) fn two_orders(protocol: Protocol, faults: Faults) -> Check {
    Check { protocol, natures: vec![&[Nature::Accepted]; 2], faults }
}

/// With every guard that the protocol as it is built lacks.
pub(crate) fn mended() -> Protocol {
    Protocol::as_built().with(&[
        Change::RestartsAreLosses,
        Change::FailedOverrunsAreUndone,
        Change::ForgottenCancellationsAreLosses,
    ])
}

/// Every property holds in every state.
pub(crate) fn holds(check: Check) {
    let (faults, checker) = (check.faults, check.checker().spawn_bfs().join());
    println!("{} states under {faults:?}", checker.unique_state_count());
    let broken = checker.discoveries().into_iter().next();
    if let Some((property, path)) = broken {
        panic!("not so: {property}\n{}", listed(&path.into_actions()));
    }
}

/// One property is broken, by the way that is printed.
pub(crate) fn breaks(check: Check, property: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = check.checker().finish_when(until).spawn_bfs().join();
    let states = checker.unique_state_count();
    let path =
        checker.discovery(property).unwrap_or_else(|| panic!("holds in all {states} states: {property}"));
    let way = path.into_actions();
    println!("not so after {} steps, in one of {states} states: {property}\n{}", way.len(), listed(&way));
}

pub(crate) fn listed(way: &[Action]) -> String {
    let steps: Vec<String> = way.iter().map(|action| format!("  {action:?}")).collect();
    steps.join("\n")
}
