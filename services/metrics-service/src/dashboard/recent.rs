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

/// A service that gives no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failing {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) per_second: f64,
    pub(super) last: Timestamp,
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
        self.lock().workers.get(name).map_or((0.0, None), |worker| (worker.per_second(now), worker.last))
    }

    /// When any worker finished an attempt.
    pub(super) fn last_end(&self) -> Option<Timestamp> {
        self.lock().all.last
    }

    /// Attempts that ended, per second.
    pub(super) fn per_second(&self, now: Timestamp) -> f64 {
        self.lock().all.per_second(now)
    }

    /// The service that gave no answer most often in the last minute.
    pub(super) fn failing(&self, now: Timestamp) -> Option<Failing> {
        let memory = self.lock();
        let failing = memory.unavailable.iter().filter_map(|(code, unavailable)| {
            let per_second = unavailable.attempts.per_second(now);
            let last = unavailable.attempts.last.filter(|_| per_second > 0.0)?;
            Some(Failing { code: code.clone(), message: unavailable.message.clone(), per_second, last })
        });
        failing.max_by(|one, other| one.per_second.total_cmp(&other.per_second))
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

    fn per_second(&self, now: Timestamp) -> f64 {
        let rate = self.rates.over(RATE_WINDOW, now);
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
