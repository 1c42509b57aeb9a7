//! One line when something outside stops answering, one every half minute, one when it is back: a log that
//! can be read after an outage, and no flood during it.

use std::{
    fmt,
    time::{Duration, Instant},
};

const REPEAT: Duration = Duration::from_secs(30);

/// The log of one dependency's outages, owned by the loop that uses it.
#[derive(Debug)]
pub struct Outage {
    dependency: &'static str,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    since: Instant,
    last_line: Instant,
    failures: u64,
}

impl Outage {
    /// `dependency` is what the log lines call it: `redis`, `database`, `payment service`.
    pub const fn new(dependency: &'static str) -> Self {
        Self { dependency, current: None }
    }

    /// Notes a failure; logs it if it is the first, or the first in half a minute.
    pub fn failed(&mut self, error: &dyn fmt::Display) {
        self.failed_at(Instant::now(), error);
    }

    /// Notes a success; logs the end of the outage if there was one.
    pub fn recovered(&mut self) {
        if let Some(outage) = self.current.take() {
            let seconds = outage.since.elapsed().as_secs_f64();
            tracing::info!(
                dependency = self.dependency,
                failures = outage.failures,
                "{} is back after {seconds:.1} s",
                self.dependency
            );
        }
    }

    pub const fn is_active(&self) -> bool {
        self.current.is_some()
    }

    fn failed_at(&mut self, now: Instant, error: &dyn fmt::Display) -> bool {
        let dependency = self.dependency;
        let Some(outage) = &mut self.current else {
            self.current = Some(Current { since: now, last_line: now, failures: 1 });
            tracing::warn!(dependency, %error, "{dependency} does not answer; trying again until it does");
            return true;
        };
        outage.failures += 1;
        let due = now.duration_since(outage.last_line) >= REPEAT;
        if due {
            outage.last_line = now;
            let seconds = now.duration_since(outage.since).as_secs();
            let failures = outage.failures;
            tracing::warn!(dependency, failures, %error, "{dependency} has not answered for {seconds} s");
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_is_a_line_at_the_start_and_one_each_half_minute() {
        let mut outage = Outage::new("redis");
        let start = Instant::now();
        let lines = (0..6_000)
            .filter(|tenth| outage.failed_at(start + Duration::from_millis(tenth * 10), &"refused"))
            .count();
        assert_eq!(lines, 2);
        assert!(outage.is_active());
        outage.recovered();
        assert!(!outage.is_active());
    }
}
