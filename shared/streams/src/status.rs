//! The queue as it stands now, over all partitions: one round trip, and nothing is written.

use std::{collections::BTreeMap, time::Duration};

use contract::OrderId;
use fred::types::Value;
use futures_util::future::try_join_all;

use crate::{
    connection::Redis,
    decode,
    entry::EntryId,
    error::StreamError,
    keys::ORDER_PROCESSOR,
    script::{Args, Script, script},
};

static STATUS: Script = script!("status");

/// Where Redis lost count of the undelivered messages, this many are counted one by one.
const COUNT_LIMIT: usize = 1_000;

/// How much waits, how much is in work, and who works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueStatus {
    /// Messages that no worker has been given yet.
    pub queue_length: u64,
    /// False: Redis lost count (something deleted undelivered messages) and `queue_length` is an upper bound.
    pub queue_length_exact: bool,
    /// Messages that a worker was given and has not finished.
    pub in_progress: u64,
    /// Commands that wait for their time.
    pub delayed: u64,
    /// Messages that nobody could process.
    pub dead: u64,
    /// The next orders to be delivered, the oldest first.
    pub pending_orders: Vec<OrderId>,
    /// How long the oldest undelivered message has waited, by the clock of Redis. `None`: nothing waits.
    pub oldest_waiting_age: Option<Duration>,
    /// By name.
    pub workers: Vec<WorkerStatus>,
}

/// One consumer of the queue; it stays listed after it went away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerStatus {
    pub name: String,
    /// Messages that it was given and has not finished.
    pub pending: u64,
    /// Time since it last asked for messages; a worker that lives asks every few seconds. Redis 7.0 notes only what it was given,
    /// and that it reads its own pending list, every quarter of a minute.
    pub idle_ms: u64,
}

/// One partition's part.
struct Part {
    now_ms: u64,
    length: u64,
    exact: bool,
    pending: u64,
    delayed: u64,
    dead: u64,
    orders: Vec<(EntryId, String)>,
    oldest: Option<EntryId>,
    workers: Vec<WorkerStatus>,
}

/// Reads the status; `limit_pending_ids` is the most orders that are named.
pub async fn queue_status(redis: &Redis, limit_pending_ids: usize) -> Result<QueueStatus, StreamError> {
    let parts = redis.keys().partitions().map(|partition| async move {
        let keys = redis.keys();
        let keys = vec![keys.queue(partition), keys.delayed(partition), keys.dead(partition)];
        let mut args = Args::default();
        args.push(ORDER_PROCESSOR);
        args.show(limit_pending_ids);
        args.show(COUNT_LIMIT);
        read(STATUS.call(redis, keys, args).await?)
    });
    Ok(merge(try_join_all(parts).await?, limit_pending_ids))
}

fn read(reply: Value) -> Result<Part, StreamError> {
    let [now, length, exact, pending, delayed, dead, orders, oldest, workers] = decode::array(reply)?;
    Ok(Part {
        now_ms: decode::number(now)?,
        length: decode::number(length)?,
        exact: decode::number::<u8>(exact)? == 1,
        pending: decode::number(pending)?,
        delayed: decode::number(delayed)?,
        dead: decode::number(dead)?,
        orders: chunks(orders, |[id, subject]| Ok((decode::id(id)?, decode::text(subject)?)))?,
        oldest: decode::text(oldest)?.parse().ok(),
        workers: chunks(workers, |[name, pending, idle]| {
            Ok(WorkerStatus {
                name: decode::text(name)?,
                pending: decode::number(pending)?,
                idle_ms: decode::number(idle)?,
            })
        })?,
    })
}

/// A flat list of groups of `N`.
fn chunks<const N: usize, T>(
    list: Value,
    read: impl Fn([Value; N]) -> Result<T, StreamError>,
) -> Result<Vec<T>, StreamError> {
    let mut values = decode::items(list)?.into_iter();
    let mut chunks = Vec::with_capacity(values.len() / N);
    while values.len() >= N {
        chunks.push(read(std::array::from_fn(|_| values.next().unwrap_or(Value::Null)))?);
    }
    Ok(chunks)
}

fn merge(parts: Vec<Part>, limit: usize) -> QueueStatus {
    let mut status = QueueStatus { queue_length_exact: true, ..QueueStatus::default() };
    let mut orders = Vec::new();
    let mut workers: BTreeMap<String, WorkerStatus> = BTreeMap::new();
    for part in parts {
        status.queue_length += part.length;
        status.queue_length_exact &= part.exact;
        status.in_progress += part.pending;
        status.delayed += part.delayed;
        status.dead += part.dead;
        orders.extend(part.orders);
        let age = part.oldest.map(|id| Duration::from_millis(part.now_ms.saturating_sub(id.ms)));
        status.oldest_waiting_age = status.oldest_waiting_age.max(age);
        for worker in part.workers {
            workers
                .entry(worker.name.clone())
                .and_modify(|known| {
                    known.pending += worker.pending;
                    known.idle_ms = known.idle_ms.min(worker.idle_ms);
                })
                .or_insert(worker);
        }
    }
    orders.sort_unstable();
    // A malformed message names no order; it waits all the same, and is counted.
    status.pending_orders =
        orders.into_iter().filter_map(|(_, subject)| subject.parse().ok()).take(limit).collect();
    status.workers = workers.into_values().collect();
    status
}
