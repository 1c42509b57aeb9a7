//! How everything stands at this moment: what a page is sent every second. Made from memory alone.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contract::{StatusCounts, Timestamp};

use super::{
    diagnosis::{Situation, diagnose, is_heard_of},
    recent::{RATE_WINDOW, Recent},
    sight::{Look, Sight},
    snapshot::{FailureView, PerSecond, Queue, Snapshot, Worker, WorkerState},
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
            .read(|numbers| (Some(numbers.counts), numbers.rates.over(RATE_WINDOW, now), numbers.rebuilding));
        let (counts, rates, rebuilding) = numbers.unwrap_or_default();
        let workers = self.workers(&look, now);
        let situation = self.situation(&look, &workers, counts, rates, rebuilding, now);
        Snapshot {
            at: now.as_millis(),
            version: env!("CARGO_PKG_VERSION"),
            findings: diagnose(&situation),
            counts,
            rates: PerSecond { accepted: rates.accepted, completed: rates.completed, failed: rates.failed },
            queue: Queue::of(&look, is_fresh(&look, now)),
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
            total_orders: counts.map(|counts| counts.total()),
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

/// Whether the look says how it is now.
pub(super) fn is_fresh(look: &Look, now: Timestamp) -> bool {
    look.seen_at.is_some_and(|seen_at| now.since(seen_at) < STALE)
}
