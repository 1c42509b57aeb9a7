//! How long to wait before the next try: exponential with full jitter and a cap, the same for every
//! reconnect loop, so that many instances that lost the same server don't return in step.

use std::time::Duration;

/// The state of one retry loop.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempt: u32,
}

impl Backoff {
    /// Waits between 1 ms and `base` at first; the upper end doubles with each failure up to `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, attempt: 0 }
    }

    /// For servers that this process can't work without: 100 ms doubling to 5 s.
    pub const fn reconnect() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }

    /// The same loop after this many failures: for one whose failures are counted elsewhere, such as the attempts
    /// that a message carries.
    pub const fn after(mut self, failures: u32) -> Self {
        self.attempt = failures;
        self
    }

    /// The next delay, and counts the failure.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempt = self.attempt.saturating_add(1);
        let ceiling_micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX).max(1_000);
        // Never nothing: a loop that is unlucky with its dice must not spin.
        Duration::from_micros(fastrand::u64(1_000..=ceiling_micros))
    }

    /// Sleeps for the next delay.
    pub async fn wait(&mut self) {
        let delay = self.next_delay();
        tokio::time::sleep(delay).await;
    }

    /// After a success: the next failure starts small again.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// Whether the upper end of the next delay grows no more.
    pub fn is_at_cap(&self) -> bool {
        self.ceiling() == self.cap
    }

    /// Failures since the last success.
    pub const fn attempts(&self) -> u32 {
        self.attempt
    }

    fn ceiling(&self) -> Duration {
        self.base.saturating_mul(1 << self.attempt.min(30)).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(80));
        for ceiling_ms in [10, 20, 40, 80, 80, 80] {
            let delay = backoff.next_delay();
            assert!(delay >= Duration::from_millis(1) && delay <= Duration::from_millis(ceiling_ms));
        }
        for _ in 0..100 {
            backoff.next_delay();
        }
        assert!(backoff.next_delay() <= Duration::from_millis(80));
        assert!(backoff.is_at_cap());
        backoff.reset();
        assert!(!backoff.is_at_cap() && backoff.clone().after(3).is_at_cap());
        assert!(backoff.next_delay() <= Duration::from_millis(10));
    }

    #[test]
    fn failures_that_were_counted_elsewhere_count_as_much() {
        let fresh = Backoff::new(Duration::from_millis(10), Duration::from_millis(80));
        let longest =
            |failures| (0..500).map(|_| fresh.clone().after(failures).next_delay()).max().unwrap_or_default();
        assert!(longest(0) <= Duration::from_millis(10));
        for failures in [3, 4, u32::MAX] {
            let longest = longest(failures);
            assert!(
                longest > Duration::from_millis(10) && longest <= Duration::from_millis(80),
                "{longest:?}"
            );
        }
    }
}
