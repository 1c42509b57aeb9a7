//! Services that are not there: each step waits a while and is accepted, refused or unavailable by a seed and the
//! order's id. The same order always meets the same fate, on whichever worker. What is undone waits as long, and may be
//! unavailable too, but is never refused.

use std::time::Duration;

use contract::{OrderId, Step};

use super::port::{NotUndone, StepFailure, Work};
use crate::config::SimulatedConfig;

/// What a number is drawn for: each has a draw of its own.
#[derive(Clone, Copy, Debug)]
enum Draw {
    Refused,
    RefusedAt,
    /// In this attempt.
    Unavailable(u32),
    /// The same for all attempts: a later attempt must not slip through because its step was done before.
    UnavailableAt,
    /// That this step is not undone in this attempt.
    NotUndone(Step, u32),
}

#[derive(Clone, Debug)]
pub(crate) struct Simulated {
    latency: Duration,
    failure_rate: f64,
    unavailable_rate: f64,
    seed: u64,
}

impl Simulated {
    pub(crate) const fn new(config: &SimulatedConfig) -> Self {
        Self {
            latency: Duration::from_millis(config.latency_ms),
            failure_rate: config.failure_rate,
            unavailable_rate: config.unavailable_rate,
            seed: config.seed.cast_unsigned(),
        }
    }

    pub(super) async fn call(&self, step: Step, work: &Work<'_>) -> Result<(), StepFailure> {
        self.wait().await;
        self.decide(step, work.order_id, work.attempt)
    }

    pub(super) async fn undo(&self, step: Step, work: &Work<'_>) -> Result<(), NotUndone> {
        self.wait().await;
        if self.draw(work.order_id, Draw::NotUndone(step, work.attempt)) < self.unavailable_rate {
            return Err(NotUndone(unanswered(step)));
        }
        Ok(())
    }

    async fn wait(&self) {
        // Even a sleep of no time takes its turn at the timer.
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    fn decide(&self, step: Step, order: OrderId, attempt: u32) -> Result<(), StepFailure> {
        if self.happens(self.unavailable_rate, order, Draw::Unavailable(attempt), Draw::UnavailableAt, step) {
            return Err(StepFailure::Unavailable(unanswered(step)));
        }
        if self.happens(self.failure_rate, order, Draw::Refused, Draw::RefusedAt, step) {
            let message = match step {
                Step::Stock => "an item is sold out (simulated)",
                Step::Payment => "the card was declined (simulated)",
                Step::Fulfilment => "no carrier delivers there (simulated)",
            };
            return Err(StepFailure::Refused(message.to_owned()));
        }
        Ok(())
    }

    /// Whether it happens to this order, and at this step.
    fn happens(&self, rate: f64, order: OrderId, whether: Draw, at: Draw, step: Step) -> bool {
        // Most installations never draw.
        rate > 0.0
            && self.draw(order, whether) < rate
            && (self.draw(order, at) * Step::ALL.len() as f64) as usize == step as usize
    }

    /// From 0.0 up to and without 1.0.
    fn draw(&self, order: OrderId, draw: Draw) -> f64 {
        let salt = match draw {
            Draw::Refused => 1,
            Draw::RefusedAt => 2,
            Draw::UnavailableAt => 3,
            Draw::Unavailable(attempt) => (1 << 32) | u64::from(attempt),
            Draw::NotUndone(step, attempt) => ((2 + step as u64) << 32) | u64::from(attempt),
        };
        let (high, low) = order.as_uuid().as_u64_pair();
        let bits = mix(mix(mix(self.seed) ^ salt) ^ high) ^ low;
        // 53 bits are what a float holds exactly.
        (mix(bits) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn unanswered(step: Step) -> String {
    format!("the simulated {step} service does not answer")
}

/// The finaliser of SplitMix64: each bit of the input changes half of the output.
const fn mix(input: u64) -> u64 {
    let mut bits = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn simulated(failure_rate: f64, unavailable_rate: f64, seed: i64) -> Simulated {
        Simulated::new(&SimulatedConfig { latency_ms: 0, failure_rate, unavailable_rate, seed })
    }

    fn order(number: u128) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(number))
    }

    /// The first step that is not accepted.
    fn end(simulated: &Simulated, order: OrderId, attempt: u32) -> Option<(Step, StepFailure)> {
        Step::ALL.into_iter().find_map(|step| {
            let failure = simulated.decide(step, order, attempt).err()?;
            Some((step, failure))
        })
    }

    /// Golden: workers of different versions must agree.
    #[test]
    fn the_fate_of_an_order_never_changes() {
        let draws = [Draw::Refused, Draw::RefusedAt, Draw::UnavailableAt, Draw::Unavailable(1)]
            .map(|draw| (simulated(0.0, 0.0, 1).draw(order(7), draw) * 1e6) as u32);
        assert_eq!(draws, [259_030, 482_703, 658_834, 38_474]);
    }

    #[tokio::test]
    async fn without_latency_a_step_is_done_at_once() {
        let sample = super::super::port::sample(1);
        let simulated = simulated(0.0, 0.0, 1);
        let work = sample.work();
        let call = std::pin::pin!(simulated.call(Step::Stock, &work));
        assert_eq!(futures_util::FutureExt::now_or_never(call), Some(Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn latency_is_waited_for_in_each_step() {
        let started = tokio::time::Instant::now();
        let config = SimulatedConfig { latency_ms: 2_000, failure_rate: 0.0, unavailable_rate: 0.0, seed: 1 };
        let sample = super::super::port::sample(1);
        Simulated::new(&config).call(Step::Stock, &sample.work()).await.unwrap();
        // The timer counts whole milliseconds.
        let passed = started.elapsed().as_millis();
        assert!((2_000..2_010).contains(&passed), "{passed}");
    }

    #[tokio::test]
    async fn an_undoing_is_repeated_until_it_gets_through() {
        let sample = super::super::port::sample(1);
        let busy = simulated(1.0, 0.5, 1);
        for step in Step::ALL {
            let mut answers = Vec::new();
            for attempt in 1..=64 {
                answers.push(busy.undo(step, &Work { attempt, ..sample.work() }).await.is_ok());
            }
            assert!(answers.contains(&true) && answers.contains(&false), "{step}");
        }
    }

    #[test]
    fn the_shares_are_those_that_were_asked_for_and_spread_over_the_steps() {
        let orders = 30_000;
        let (refusing, busy) = (simulated(0.1, 0.0, 3), simulated(0.0, 0.3, 3));
        let mut refused = [0; 3];
        let mut unavailable = 0;
        for number in 0..orders {
            if let Some((step, StepFailure::Refused(_))) = end(&refusing, order(number), 1) {
                refused[step as usize] += 1;
            }
            let attempt = number as u32 % 5 + 1;
            if let Some((_, StepFailure::Unavailable(_))) = end(&busy, order(number), attempt) {
                unavailable += 1;
            }
        }
        // A third of a tenth, and three tenths; five standard deviations around them.
        assert!(refused.iter().all(|count| (850..1_150).contains(count)), "{refused:?}");
        assert!((8_600..9_400).contains(&unavailable), "{unavailable}");
    }

    proptest! {
        #[test]
        fn an_order_always_meets_the_same_fate(number: u128, seed: i64, attempt in 1_u32..100, rate in 0.0..1.0) {
            let again = || end(&simulated(rate, rate, seed), order(number), attempt);
            prop_assert_eq!(again(), again());
            // Refusals do not depend on the attempt.
            let refused = |attempt| end(&simulated(rate, 0.0, seed), order(number), attempt);
            prop_assert_eq!(refused(attempt), refused(attempt + 1));
        }

        #[test]
        fn nothing_happens_at_0_and_everything_at_1(number: u128, seed: i64, attempt in 1_u32..100) {
            prop_assert_eq!(end(&simulated(0.0, 0.0, seed), order(number), attempt), None);
            let refused = end(&simulated(1.0, 0.0, seed), order(number), attempt);
            prop_assert!(matches!(refused, Some((_, StepFailure::Refused(_)))));
            let step = |attempt| match end(&simulated(1.0, 1.0, seed), order(number), attempt) {
                Some((step, _)) => step,
                None => panic!("accepted"),
            };
            // An order that is unavailable again is so at the same step: what was accepted before it stays accepted.
            let busy = |attempt| end(&simulated(0.0, 1.0, seed), order(number), attempt).unwrap().0;
            prop_assert_eq!(busy(attempt), busy(attempt + 1));
            prop_assert_eq!(step(attempt), step(attempt + 1));
        }
    }
}
