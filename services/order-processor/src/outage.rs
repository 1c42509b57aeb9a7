//! The log of an outage that many tasks meet at once: one line for all of them instead of one each.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use runtime::outage::Outage;

/// Clones share the outage.
#[derive(Clone, Debug)]
pub(crate) struct SharedOutage(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    outage: Outage,
    quiet: Duration,
    last_failure: Option<Instant>,
}

impl SharedOutage {
    /// Over with the first success.
    pub(crate) fn new(dependency: &'static str) -> Self {
        Self::over_after(dependency, Duration::ZERO)
    }

    /// Over with the first success after a time without failures: for a service that fails now and then, whose log
    /// would otherwise have two lines for each failure.
    pub(crate) fn over_after(dependency: &'static str, quiet: Duration) -> Self {
        let state = State { outage: Outage::new(dependency), quiet, last_failure: None };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn failed(&self, error: &dyn fmt::Display) {
        let mut state = self.lock();
        state.last_failure = Some(Instant::now());
        state.outage.failed(error);
    }

    pub(crate) fn recovered(&self) {
        let mut state = self.lock();
        if state.last_failure.is_some_and(|last| last.elapsed() >= state.quiet) {
            state.last_failure = None;
            state.outage.recovered();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Log lines only: whatever a panic left is good enough.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SharedOutage {
        fn is_active(&self) -> bool {
            self.lock().outage.is_active()
        }
    }

    #[test]
    fn an_outage_is_over_for_all_or_goes_on_while_failures_come_between() {
        let outage = SharedOutage::new("redis");
        outage.clone().failed(&"refused");
        assert!(outage.is_active());
        outage.recovered();
        assert!(!outage.is_active());

        let flapping = SharedOutage::over_after("payment service", Duration::from_hours(1));
        flapping.failed(&"answered 503");
        flapping.recovered();
        assert!(flapping.is_active());
    }
}
