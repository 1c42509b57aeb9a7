//! How much happens per second: counts of each ten seconds by the time of the events, and the mean over the last
//! minutes.

use std::{collections::BTreeMap, time::Duration};

use contract::Timestamp;

pub(crate) const BUCKET_S: i64 = 10;

/// Ten seconds; named by their first, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket(pub(super) i64);

/// Orders that were accepted, completed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub accepted: u64,
    pub completed: u64,
    pub failed: u64,
}

/// The same, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    pub accepted: f64,
    pub completed: f64,
    pub failed: f64,
}

/// The counts that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(BTreeMap<Bucket, Flow>);

impl Bucket {
    pub fn of(time: Timestamp) -> Self {
        let seconds = time.as_micros().div_euclid(1_000_000);
        Self(seconds - seconds.rem_euclid(BUCKET_S))
    }

    pub(crate) fn earlier(self, by: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(by.as_secs()))
    }

    /// Its first second since the Unix epoch.
    pub(crate) const fn starts_at_s(self) -> i64 {
        self.0
    }
}

impl Flow {
    pub(crate) const fn add(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.completed += more.completed;
        self.failed += more.failed;
    }
}

impl Rates {
    pub(crate) fn add(&mut self, bucket: Bucket, flow: Flow) {
        self.0.entry(bucket).or_default().add(flow);
    }

    /// What happened from one ten seconds on, up to another, without those in which nothing did.
    pub(crate) fn between(&self, from: Bucket, until: Bucket) -> impl Iterator<Item = (Bucket, Flow)> {
        self.0.range(from..until).map(|(bucket, flow)| (*bucket, *flow))
    }

    pub(crate) fn forget_before(&mut self, bucket: Bucket) {
        self.0 = self.0.split_off(&bucket);
    }

    /// The mean over the window that ends now. Of the ten seconds that it begins in, as large a part is counted as lies
    /// within: what happened then is taken to have been spread evenly.
    pub fn over(&self, window: Duration, now: Timestamp) -> Rate {
        let current = Bucket::of(now);
        let oldest = current.earlier(window);
        let begun = now.as_micros().saturating_sub(current.0.saturating_mul(1_000_000)) as f64 / 1e6;
        let still_inside = (BUCKET_S as f64 - begun) / BUCKET_S as f64;
        let mut rate = Rate::default();
        for (bucket, flow) in self.0.range(oldest..=current) {
            let share = if *bucket == oldest { still_inside } else { 1.0 };
            rate.accepted += flow.accepted as f64 * share;
            rate.completed += flow.completed as f64 * share;
            rate.failed += flow.failed as f64 * share;
        }
        let per_second = |count: f64| count / window.as_secs_f64();
        Rate {
            accepted: per_second(rate.accepted),
            completed: per_second(rate.completed),
            failed: per_second(rate.failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::clock::Clock;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn clock() -> Clock {
        // The first second of a bucket.
        Clock::manual(Timestamp::from_micros(1_764_000_000_000_000))
    }

    fn accept(rates: &mut Rates, clock: &Clock, accepted: u64) {
        rates.add(Bucket::of(clock.now()), Flow { accepted, ..Flow::default() });
    }

    fn is(shown: f64, expected: f64) {
        assert!((shown - expected).abs() < 1e-9, "{shown}, not {expected}");
    }

    #[test]
    fn a_burst_is_seen_at_once_and_leaves_the_window_in_time() {
        let (mut rates, clock) = (Rates::default(), clock());
        accept(&mut rates, &clock, 600);
        is(rates.over(MINUTE, clock.now()).accepted, 10.0);
        clock.advance(MINUTE);
        is(rates.over(MINUTE, clock.now()).accepted, 10.0);
        clock.advance(Duration::from_secs(5));
        is(rates.over(MINUTE, clock.now()).accepted, 5.0);
        clock.advance(Duration::from_secs(5));
        is(rates.over(MINUTE, clock.now()).accepted, 0.0);
        is(rates.over(15 * MINUTE, clock.now()).accepted, 600.0 / 900.0);
    }

    #[test]
    fn a_steady_flow_has_its_rate_in_every_window() {
        let (mut rates, clock) = (Rates::default(), clock());
        for _ in 0..1_800 {
            let flow = Flow { accepted: 7, completed: 5, failed: 2 };
            rates.add(Bucket::of(clock.now()), flow);
            clock.advance(Duration::from_secs(1));
        }
        for minutes in [1, 5, 15] {
            let rate = rates.over(minutes * MINUTE, clock.now());
            is(rate.accepted, 7.0);
            is(rate.completed, 5.0);
            is(rate.failed, 2.0);
        }
    }

    #[test]
    fn what_is_forgotten_is_gone_and_what_lies_ahead_is_not_counted_yet() {
        let (mut rates, clock) = (Rates::default(), clock());
        accept(&mut rates, &clock, 60);
        let start = clock.now();
        clock.advance(Duration::from_secs(20));
        accept(&mut rates, &clock, 60);
        is(rates.over(MINUTE, start).accepted, 1.0);
        rates.forget_before(Bucket::of(clock.now()));
        is(rates.over(MINUTE, clock.now()).accepted, 1.0);
    }

    #[test]
    fn times_before_1970_have_their_bucket_too() {
        assert_eq!(Bucket::of(Timestamp::from_micros(-1)), Bucket(-10));
    }
}
