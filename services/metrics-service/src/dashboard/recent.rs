//! What the events of the last minutes tell beyond the numbers: what each worker finished, which attempts failed and why.
//!
//! In memory only, and bounded; a restart begins with none of it. Of several replicas each tells of the events that it
//! projected. A redelivered event may be counted twice here: these are for people to look at, not to reckon with.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contract::{Event, EventData, FailureReason, OrderId, StepReport, Timestamp};
use streams::Delivered;

use super::diagnosis::Failing;
use crate::projection::rates::{Bucket, Flow, Rates};

/// Failures that are remembered.
const MOST_FAILURES: usize = 20;
/// Workers, and kinds of failures: more than anybody has.
const MOST_NAMES: usize = 256;
/// How far back anything is remembered.
const MEMORY: Duration = Duration::from_mins(15);
/// Over which rates are means.
pub(super) const RATE_WINDOW: Duration = Duration::from_mins(1);

/// Clones share what they remember.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    failures: VecDeque<Failure>,
    workers: BTreeMap<String, Attempts>,
    /// By the reason's code.
    unavailable: BTreeMap<String, Unavailable>,
    all: Attempts,
}

/// Attempts that ended.
#[derive(Debug, Default)]
struct Attempts {
    rates: Rates,
    last: Option<Timestamp>,
}

/// Attempts that ended because a service gave no answer.
#[derive(Debug, Default)]
struct Unavailable {
    attempts: Attempts,
    message: String,
}

/// An attempt that did not complete its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) order_id: OrderId,
    pub(super) at: Timestamp,
    pub(super) worker: String,
    pub(super) attempt: u32,
    pub(super) reason: FailureReason,
    /// When it is tried again; `None`: it is not.
    pub(super) due_at: Option<Timestamp>,
}

impl Recent {
    /// Notes what a batch tells. One lock, and one look at each event.
    pub(crate) fn note(&self, batch: &[Delivered]) {
        let mut memory = self.lock();
        for Delivered { event, .. } in batch {
            memory.note(event);
        }
    }

    /// The newest first.
    pub(super) fn failures(&self) -> Vec<Failure> {
        self.lock().failures.iter().rev().cloned().collect()
    }

    /// What the worker finished per second, completed or not, and when it did last.
    pub(super) fn worker(&self, name: &str, now: Timestamp) -> (f64, Option<Timestamp>) {
        self.lock()
            .workers
            .get(name)
            .map_or((0.0, None), |worker| (worker.per_second(RATE_WINDOW, now), worker.last))
    }

    /// When any worker finished an attempt.
    pub(super) fn last_end(&self) -> Option<Timestamp> {
        self.lock().all.last
    }

    /// Attempts that ended, per second.
    pub(super) fn per_second(&self, now: Timestamp) -> f64 {
        self.lock().all.per_second(RATE_WINDOW, now)
    }

    /// The service that gave no answer most often within the window, and at what share of the attempts.
    pub(super) fn failing(&self, window: Duration, now: Timestamp) -> Option<Failing> {
        let memory = self.lock();
        let all = memory.all.per_second(window, now);
        let share = |unavailable: &Unavailable| unavailable.attempts.per_second(window, now) / all;
        let failing = memory.unavailable.iter().map(|(code, unavailable)| Failing {
            code: code.clone(),
            message: unavailable.message.clone(),
            share: if all > 0.0 { share(unavailable) } else { 0.0 },
        });
        failing.filter(|failing| failing.share > 0.0).max_by(|one, other| one.share.total_cmp(&other.share))
    }

    /// Forgets what is too old, and whoever has not been heard of since.
    pub(super) fn forget(&self, now: Timestamp) {
        let before = Bucket::of(now).earlier(MEMORY);
        let mut memory = self.lock();
        let Memory { workers, unavailable, all, .. } = &mut *memory;
        all.rates.forget_before(before);
        let is_recent = |attempts: &mut Attempts| {
            attempts.rates.forget_before(before);
            attempts.last.is_some_and(|last| Bucket::of(last) >= before)
        };
        workers.retain(|_, attempts| is_recent(attempts));
        unavailable.retain(|_, unavailable| is_recent(&mut unavailable.attempts));
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn note(&mut self, event: &Event) {
        let at = event.envelope.time;
        let (worker, failure) = match &event.data {
            EventData::Completed(data) => (&data.worker, None),
            EventData::Failed(data) => (&data.worker, Some((data.attempt, &data.reason, None, &data.steps))),
            EventData::Retrying(data) => {
                (&data.worker, Some((data.attempt, &data.reason, Some(data.due_at), &data.steps)))
            }
            _ => return,
        };
        self.all.end(at, failure.is_none());
        of(&mut self.workers, worker).end(at, failure.is_none());
        if let Some((attempt, reason, due_at, steps)) = failure {
            if is_unavailable(steps) {
                let unavailable = of(&mut self.unavailable, &reason.code);
                unavailable.attempts.end(at, false);
                unavailable.message.clone_from(&reason.message);
            }
            self.fails(Failure {
                order_id: event.order_id(),
                at,
                worker: worker.clone(),
                attempt,
                reason: reason.clone(),
                due_at,
            });
        }
    }

    fn fails(&mut self, failure: Failure) {
        if self.failures.contains(&failure) {
            return;
        }
        if self.failures.len() == MOST_FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back(failure);
    }
}

impl Attempts {
    fn end(&mut self, at: Timestamp, completed: bool) {
        let flow = Flow { accepted: 0, completed: completed.into(), failed: (!completed).into() };
        self.rates.add(Bucket::of(at), flow);
        self.last = self.last.max(Some(at));
    }

    fn per_second(&self, window: Duration, now: Timestamp) -> f64 {
        let rate = self.rates.over(window, now);
        rate.completed + rate.failed
    }
}

/// The one of this name; where there are too many, the one that comes first makes room.
fn of<'a, T: Default>(all: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    // A name is only copied when it is a new one: this is asked for every event.
    if !all.contains_key(name) {
        if all.len() >= MOST_NAMES {
            all.pop_first();
        }
        all.insert(name.to_owned(), T::default());
    }
    all.get_mut(name).expect("it is there, or was put there")
}

fn is_unavailable(steps: &[StepReport]) -> bool {
    steps.last().is_some_and(|step| step.outcome == contract::StepOutcome::Unavailable)
}

#[cfg(test)]
mod tests {
    use contract::{
        Step, StepOutcome,
        event::{OrderCompleted, OrderRetrying},
    };
    use streams::EntryId;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);

    fn delivered(order: u128, data: EventData) -> Delivered {
        let event =
            Event::new("/order-processor", OrderId::from_uuid(Uuid::from_u128(order)), NOW, None, data);
        let json = event.data.to_json();
        Delivered { id: EntryId::new(1, 0), event, json, redelivered: false }
    }

    fn completed(order: u128, worker: &str) -> Delivered {
        let (worker, steps) = (worker.to_owned(), vec![]);
        let data = OrderCompleted { version: 3, attempt: 1, worker, placed_at: NOW, started_at: NOW, steps };
        delivered(order, EventData::Completed(data))
    }

    fn payment_away(order: u128) -> Delivered {
        let outcome = StepOutcome::Unavailable;
        let steps = vec![StepReport { step: Step::Payment, outcome, started_at: NOW, duration_us: 5 }];
        let reason = FailureReason { code: "payment_unavailable".to_owned(), message: "away".to_owned() };
        let worker = "worker-1".to_owned();
        let data =
            OrderRetrying { version: 3, attempt: 1, worker, placed_at: NOW, due_at: NOW, reason, steps };
        delivered(order, EventData::Retrying(data))
    }

    #[test]
    fn what_each_worker_did_and_what_fails_is_told_while_it_is_recent() {
        let recent = Recent::default();
        recent.note(&[
            payment_away(1),
            completed(2, "worker-1"),
            completed(3, "worker-2"),
            completed(4, "worker-2"),
        ]);
        let per_second = |worker| recent.worker(worker, NOW).0 * RATE_WINDOW.as_secs_f64();
        assert_eq!(
            ["worker-1", "worker-2", "worker-3"].map(|name| per_second(name).round() as u64),
            [2, 2, 0]
        );
        let failing = recent.failing(RATE_WINDOW, NOW).unwrap();
        assert_eq!((failing.code.as_str(), failing.message.as_str()), ("payment_unavailable", "away"));
        assert!((failing.share - 0.25).abs() < 1e-9, "{failing:?}");
        assert_eq!(recent.last_end(), Some(NOW));

        let later = NOW + 2 * MEMORY;
        assert_eq!(recent.failing(RATE_WINDOW, later), None);
        recent.forget(later);
        assert_eq!(recent.worker("worker-1", NOW), (0.0, None));
    }

    #[test]
    fn a_redelivered_failure_is_listed_once_and_the_list_is_bounded() {
        let recent = Recent::default();
        recent.note(&[payment_away(1), payment_away(1)]);
        assert_eq!(recent.failures().len(), 1);
        let many: Vec<_> = (2..).take(2 * MOST_FAILURES).map(payment_away).collect();
        recent.note(&many);
        let failures = recent.failures();
        assert_eq!(failures.len(), MOST_FAILURES);
        assert_eq!(failures[0].order_id, many.last().unwrap().event.order_id());
    }

    #[test]
    fn names_are_bounded() {
        let recent = Recent::default();
        for number in 0..2 * MOST_NAMES {
            recent.note(&[completed(1, &format!("worker-{number}"))]);
        }
        assert_eq!(recent.lock().workers.len(), MOST_NAMES);
    }
}
