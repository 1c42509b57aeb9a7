//! What a page is sent, as it is written in JSON. Times are milliseconds since the Unix epoch.

use std::time::Duration;

use contract::{StatusCounts, Timestamp};
use serde::Serialize;

use super::{diagnosis, diagnosis::Finding, recent::Failure, sight::Look};

#[derive(Serialize)]
pub(super) struct Snapshot {
    pub(super) at: i64,
    pub(super) version: &'static str,
    pub(super) findings: Vec<Finding>,
    /// Null until they are loaded.
    pub(super) counts: Option<StatusCounts>,
    pub(super) rates: PerSecond,
    /// As Redis showed it last; null: never yet.
    pub(super) queue: Option<Queue>,
    pub(super) workers: Vec<Worker>,
    pub(super) failures: Vec<FailureView>,
    /// Whether somebody with the key may do more than look.
    pub(super) can_redrive: bool,
}

#[derive(Serialize)]
pub(super) struct PerSecond {
    pub(super) accepted: f64,
    pub(super) completed: f64,
    pub(super) failed: f64,
}

#[derive(Serialize)]
pub(super) struct Queue {
    pub(super) seen_at: i64,
    pub(super) fresh: bool,
    pub(super) waiting: u64,
    pub(super) waiting_exact: bool,
    pub(super) in_progress: u64,
    pub(super) delayed: u64,
    pub(super) dead: u64,
    pub(super) oldest_waiting_ms: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) state: WorkerState,
    pub(super) in_hand: u64,
    pub(super) idle_ms: u64,
    pub(super) per_second: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkerState {
    Working,
    /// It asks for orders, and there are none.
    Waiting,
    /// It has orders in hand, and is not heard of.
    Silent,
    /// It has none, and is not heard of.
    Gone,
}

#[derive(Serialize)]
pub(super) struct FailureView {
    pub(super) order_id: String,
    pub(super) at: i64,
    pub(super) worker: String,
    pub(super) attempt: u32,
    pub(super) code: String,
    pub(super) message: String,
    /// Null: it is not tried again.
    pub(super) due_at: Option<i64>,
}

impl Queue {
    /// The newest look.
    pub(super) fn of(look: &Look, fresh: bool) -> Option<Self> {
        let (queue, seen_at) = look.queue.as_ref().zip(look.seen_at)?;
        let millis = |age: Duration| age.as_millis().try_into().unwrap_or(u64::MAX);
        Some(Self {
            seen_at: seen_at.as_millis(),
            fresh,
            waiting: queue.queue_length,
            waiting_exact: queue.queue_length_exact,
            in_progress: queue.in_progress,
            delayed: queue.delayed,
            dead: queue.dead,
            oldest_waiting_ms: queue.oldest_waiting_age.map(millis),
        })
    }
}

impl WorkerState {
    pub(super) const fn of(in_hand: u64, is_heard_of: bool) -> Self {
        match (in_hand, is_heard_of) {
            (0, true) => Self::Waiting,
            (_, true) => Self::Working,
            (0, false) => Self::Gone,
            (_, false) => Self::Silent,
        }
    }
}

impl Worker {
    pub(super) fn for_diagnosis(&self) -> diagnosis::Worker {
        let silent = Duration::from_millis(self.idle_ms);
        diagnosis::Worker { name: self.name.clone(), in_hand: self.in_hand, silent }
    }
}

impl FailureView {
    pub(super) fn of(failure: Failure) -> Self {
        Self {
            order_id: failure.order_id.to_string(),
            at: failure.at.as_millis(),
            worker: failure.worker,
            attempt: failure.attempt,
            code: failure.reason.code,
            message: failure.reason.message,
            due_at: failure.due_at.map(Timestamp::as_millis),
        }
    }
}
