//! What follows from an attempt: pure.

use std::time::Duration;

use contract::Timestamp;
use runtime::backoff::Backoff;

/// The longest pause between two attempts, unless the receiver asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How an attempt ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    /// What the receiver answered.
    pub(super) status: Option<u16>,
    /// Why there was no answer.
    pub(super) error: Option<String>,
    /// What the receiver asked for.
    pub(super) retry_after: Option<Duration>,
}

/// What becomes of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    /// The receiver wants no more of it (410).
    Gone,
    /// Tried for as long as it was to be.
    GivenUp,
    Again(Timestamp),
}

/// When to try again, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) first_pause: Duration,
    pub(super) keep_trying: Duration,
}

impl Schedule {
    /// After so many attempts of a delivery that began then.
    pub(super) fn verdict(
        self,
        attempt: &Attempt,
        attempts: u32,
        began: Timestamp,
        now: Timestamp,
    ) -> Verdict {
        match attempt.status {
            Some(200..=299) => return Verdict::Delivered,
            Some(410) => return Verdict::Gone,
            _ => {}
        }
        let mut backoff = Backoff::new(self.first_pause, LONGEST_PAUSE).after(attempts.saturating_sub(1));
        let pause = backoff.next_delay().max(attempt.retry_after.unwrap_or_default());
        let next = now + pause;
        if next > began + self.keep_trying { Verdict::GivenUp } else { Verdict::Again(next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { first_pause: Duration::from_secs(5), keep_trying: Duration::from_hours(24) };

    fn verdict(status: u16, retry_after: Option<u64>, attempts: u32, after: Duration) -> Verdict {
        let began = Timestamp::from_micros(1_764_000_000_000_000);
        let retry_after = retry_after.map(Duration::from_secs);
        let attempt = Attempt { status: Some(status), error: None, retry_after };
        SCHEDULE.verdict(&attempt, attempts, began, began + after)
    }

    #[test]
    fn an_answer_decides() {
        let soon = Duration::from_secs(1);
        assert_eq!(verdict(204, None, 1, soon), Verdict::Delivered);
        assert_eq!(verdict(410, None, 1, soon), Verdict::Gone);
        for status in [301, 400, 404, 429, 500, 503] {
            assert!(matches!(verdict(status, None, 1, soon), Verdict::Again(_)), "{status}");
        }
    }

    #[test]
    fn pauses_grow_and_are_as_long_as_the_receiver_asks() {
        let began = Timestamp::from_micros(1_764_000_000_000_000);
        for attempts in 1..=40 {
            let Verdict::Again(next) = verdict(500, None, attempts, Duration::ZERO) else {
                panic!("given up")
            };
            let longest =
                Duration::from_secs(5).saturating_mul(1 << (attempts - 1).min(20)).min(LONGEST_PAUSE);
            assert!(next > began && next.since(began) <= longest, "{attempts}");
        }
        let Verdict::Again(next) = verdict(503, Some(7_200), 1, Duration::ZERO) else { panic!("given up") };
        assert_eq!(next.since(began), Duration::from_hours(2));
    }

    #[test]
    fn after_a_day_it_is_given_up() {
        assert_eq!(verdict(500, None, 40, Duration::from_hours(24)), Verdict::GivenUp);
        assert_eq!(verdict(503, Some(90_000), 1, Duration::ZERO), Verdict::GivenUp);
        // Even then an answer counts.
        assert_eq!(verdict(200, None, 40, Duration::from_hours(25)), Verdict::Delivered);
    }
}
