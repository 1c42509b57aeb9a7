//! How everything stands at this moment: what a page is sent every second. Made from memory alone.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contract::{StatusCounts, Timestamp};
use serde::Serialize;

use super::{
    diagnosis::{self, Finding, Situation, diagnose, is_heard_of},
    recent::{Failure, RATE_WINDOW, Recent},
    sight::{Look, Sight},
};
use crate::{
    projection::{Projection, rates::Rate},
    upkeep::backlog::Backlog,
};

/// A look at Redis that is older than this says nothing about now; there is one every two seconds.
const STALE: Duration = Duration::from_secs(6);
/// A worker that left in good order is shown for so long.
const GONE: Duration = Duration::from_mins(2);
/// Longer than the longest pause between two tries of an order, unless somebody made it longer.
const RETRY_WINDOW: Duration = Duration::from_mins(5);
/// More are not looked at one by one.
const MOST_WORKERS: usize = 100;

/// Where it comes from. Clones look at the same.
#[derive(Clone)]
pub(crate) struct Live {
    projection: Arc<Projection>,
    backlog: Backlog,
    sight: Sight,
    recent: Recent,
    started_at: Timestamp,
    can_redrive: bool,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Serialize)]
struct Snapshot {
    at: i64,
    version: &'static str,
    findings: Vec<Finding>,
    /// Null until they are loaded.
    counts: Option<StatusCounts>,
    rates: PerSecond,
    /// As Redis showed it last; null: never yet.
    queue: Option<Queue>,
    workers: Vec<Worker>,
    failures: Vec<FailureView>,
    /// Whether somebody with the key may do more than look.
    can_redrive: bool,
}

#[derive(Serialize)]
struct PerSecond {
    accepted: f64,
    completed: f64,
    failed: f64,
}

#[derive(Serialize)]
struct Queue {
    seen_at: i64,
    fresh: bool,
    waiting: u64,
    waiting_exact: bool,
    in_progress: u64,
    delayed: u64,
    dead: u64,
    oldest_waiting_ms: Option<u64>,
}

#[derive(Serialize)]
struct Worker {
    name: String,
    state: WorkerState,
    in_hand: u64,
    idle_ms: u64,
    per_second: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum WorkerState {
    Working,
    /// It asks for orders, and there are none.
    Waiting,
    /// It has orders in hand, and is not heard of.
    Silent,
    /// It has none, and is not heard of.
    Gone,
}

#[derive(Serialize)]
struct FailureView {
    order_id: String,
    at: i64,
    worker: String,
    attempt: u32,
    code: String,
    message: String,
    /// Null: it is not tried again.
    due_at: Option<i64>,
}

impl Live {
    pub(crate) fn new(
        projection: Arc<Projection>,
        backlog: Backlog,
        sight: Sight,
        recent: Recent,
        can_redrive: bool,
    ) -> Self {
        let started_at = projection.now();
        Self { projection, backlog, sight, recent, started_at, can_redrive }
    }

    /// As one event of a stream.
    pub(super) fn event(&self) -> Bytes {
        let json = serde_json::to_string(&self.snapshot()).expect("texts and numbers always serialize");
        // JSON has no line breaks of its own.
        format!("data: {json}\n\n").into()
    }

    fn snapshot(&self) -> Snapshot {
        let now = self.projection.now();
        let look = self.sight.look();
        let numbers = self
            .projection
            .read(|numbers| (numbers.counts, numbers.rates.over(RATE_WINDOW, now), numbers.rebuilding));
        let (counts, rates, rebuilding) =
            numbers.map_or((None, Rate::default(), false), |numbers| (Some(numbers.0), numbers.1, numbers.2));
        let workers = self.workers(&look, now);
        let situation = self.situation(&look, &workers, counts, rates, rebuilding, now);
        Snapshot {
            at: now.as_millis(),
            version: env!("CARGO_PKG_VERSION"),
            findings: diagnose(&situation),
            counts,
            rates: PerSecond { accepted: rates.accepted, completed: rates.completed, failed: rates.failed },
            queue: queue(&look, now),
            workers,
            failures: self.recent.failures().into_iter().map(FailureView::of).collect(),
            can_redrive: self.can_redrive,
        }
    }

    fn situation(
        &self,
        look: &Look,
        workers: &[Worker],
        counts: Option<StatusCounts>,
        rates: Rate,
        rebuilding: bool,
        now: Timestamp,
    ) -> Situation {
        let queue = look.queue.clone().unwrap_or_default();
        let last_end = self.recent.last_end();
        let without_progress =
            look.busy_since.map(|since| now.since(last_end.map_or(since, |end| end.max(since))));
        let failing = self.recent.failing(RATE_WINDOW, now).or_else(|| {
            // Tries grow rare while a service is away.
            if queue.delayed > 0 { self.recent.failing(RETRY_WINDOW, now) } else { None }
        });
        Situation {
            redis_silent: now.since(look.seen_at.unwrap_or(self.started_at)),
            total_orders: counts.map_or(0, |counts| total(&counts)),
            waiting: queue.queue_length,
            in_progress: queue.in_progress,
            delayed: queue.delayed,
            dead: queue.dead,
            oldest_waiting: queue.oldest_waiting_age,
            workers: workers.iter().map(Worker::for_diagnosis).collect(),
            without_progress: without_progress.unwrap_or_default(),
            failing,
            accepted: rates.accepted,
            ended: self.recent.per_second(now),
            events_behind: self.backlog.all().values().filter_map(|lag| lag.undelivered).sum(),
            rebuilding,
        }
    }

    /// Those with something in hand first.
    fn workers(&self, look: &Look, now: Timestamp) -> Vec<Worker> {
        let oldest = look.queue.as_ref().and_then(|queue| queue.oldest_waiting_age);
        let consumers = look.queue.iter().flat_map(|queue| &queue.workers);
        // The look itself grows older.
        let since_look = look.seen_at.map(|seen_at| now.since(seen_at)).unwrap_or_default();
        let worker = |consumer: &streams::WorkerStatus| {
            let (per_second, last) = self.recent.worker(&consumer.name, now);
            let asked = Duration::from_millis(consumer.idle_ms) + since_look;
            let heard = last.map_or(asked, |last| asked.min(now.since(last)));
            Worker {
                name: consumer.name.clone(),
                state: WorkerState::of(consumer.pending, is_heard_of(consumer.pending, heard, oldest)),
                in_hand: consumer.pending,
                idle_ms: heard.as_millis().try_into().unwrap_or(u64::MAX),
                per_second,
            }
        };
        let is_shown = |worker: &Worker| {
            worker.state != WorkerState::Gone || Duration::from_millis(worker.idle_ms) < GONE
        };
        let mut workers: Vec<Worker> = consumers.map(worker).filter(is_shown).collect();
        workers.sort_by(|one, other| other.in_hand.cmp(&one.in_hand).then_with(|| one.name.cmp(&other.name)));
        workers.truncate(MOST_WORKERS);
        workers
    }
}

impl WorkerState {
    const fn of(in_hand: u64, is_heard_of: bool) -> Self {
        match (in_hand, is_heard_of) {
            (0, true) => Self::Waiting,
            (_, true) => Self::Working,
            (0, false) => Self::Gone,
            (_, false) => Self::Silent,
        }
    }
}

impl Worker {
    fn for_diagnosis(&self) -> diagnosis::Worker {
        let silent = Duration::from_millis(self.idle_ms);
        diagnosis::Worker { name: self.name.clone(), in_hand: self.in_hand, silent }
    }
}

impl FailureView {
    fn of(failure: Failure) -> Self {
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

/// Whether the look says how it is now.
pub(super) fn is_fresh(look: &Look, now: Timestamp) -> bool {
    look.seen_at.is_some_and(|seen_at| now.since(seen_at) < STALE)
}

fn queue(look: &Look, now: Timestamp) -> Option<Queue> {
    let (queue, seen_at) = look.queue.as_ref().zip(look.seen_at)?;
    let millis = |age: Duration| age.as_millis().try_into().unwrap_or(u64::MAX);
    Some(Queue {
        seen_at: seen_at.as_millis(),
        fresh: is_fresh(look, now),
        waiting: queue.queue_length,
        waiting_exact: queue.queue_length_exact,
        in_progress: queue.in_progress,
        delayed: queue.delayed,
        dead: queue.dead,
        oldest_waiting_ms: queue.oldest_waiting_age.map(millis),
    })
}

fn total(counts: &StatusCounts) -> u64 {
    contract::Status::ALL.into_iter().map(|status| counts.of(status)).sum()
}
