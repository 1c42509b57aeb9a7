//! apalis as Orderflow's benchmark runs it; docs/PERFORMANCE.md says what it is compared with.
//!
//! `peer-apalis fill <redis url> <jobs>` adds the jobs, and says how many a second.
//! `peer-apalis work <redis url> <batch size> <name>` works on them until it is told to end.

use std::{
    env,
    time::{Duration, Instant},
};

use apalis::prelude::{BoxDynError, TaskSink, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use mimalloc::MiMalloc;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

// As the services of Orderflow have it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const QUEUE: &str = "orders";
const PUSHED_AT_ONCE: usize = 1_000;

/// As large as an order of the other measurements.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    user_id: String,
    item_ids: Vec<String>,
    total_amount: f64,
}

impl Order {
    fn new(number: usize) -> Self {
        Self {
            user_id: format!("user-{:03}", number * 7_919 % 1_000),
            item_ids: vec![format!("sku-{number:010}"), "sku-1".to_owned()],
            total_amount: 99.99,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxDynError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["fill", redis, jobs] => fill(redis, jobs.parse()?).await,
        ["work", redis, batch, name] => work(redis, batch.parse()?, name).await,
        _ => Err("expected: fill <redis url> <jobs>, or work <redis url> <batch size> <name>".into()),
    }
}

async fn fill(redis: &str, jobs: usize) -> Result<(), BoxDynError> {
    let mut storage = storage(redis, PUSHED_AT_ONCE).await?;
    let mut pushing = Duration::ZERO;
    for first in (0..jobs).step_by(PUSHED_AT_ONCE) {
        let orders = (first..jobs.min(first + PUSHED_AT_ONCE)).map(Order::new).collect();
        let begun = Instant::now();
        storage.push_bulk(orders).await?;
        pushing += begun.elapsed();
        promote(&mut storage).await?;
    }
    println!("{}", serde_json::json!({ "per_second": jobs as f64 / pushing.as_secs_f64() }));
    Ok(())
}

/// This version adds every job to the scheduled ones, due at once. A worker moves all that are due in one script, which fails
/// when there are more than about 8,000. So they are moved here, in the same way and before anything is measured.
async fn promote(storage: &mut RedisStorage<Order>) -> Result<(), BoxDynError> {
    let (scheduled, active) =
        (storage.get_config().scheduled_jobs_set(), storage.get_config().active_jobs_list());
    let connection = storage.get_connection();
    let due: Vec<String> =
        redis::cmd("ZRANGE").arg(&scheduled).arg(0).arg(-1).query_async(connection).await?;
    if !due.is_empty() {
        let mut both = redis::pipe();
        both.atomic().cmd("RPUSH").arg(&active).arg(&due).cmd("ZREM").arg(&scheduled).arg(&due);
        both.exec_async(connection).await?;
    }
    Ok(())
}

async fn work(redis: &str, batch: usize, name: &str) -> Result<(), BoxDynError> {
    let worker = WorkerBuilder::new(name).backend(storage(redis, batch).await?);
    let running = worker.build(handle).run();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        ended = running => Ok(ended?),
    }
}

async fn handle(_: Order) -> Result<(), BoxDynError> {
    Ok(())
}

/// Without what jobs that last shorter than a heartbeat can do without (leases), and what nobody listens to (events).
async fn storage(redis: &str, batch: usize) -> Result<RedisStorage<Order>, BoxDynError> {
    let config = Config::default().queue(QUEUE).batch_size(batch).lock_tasks(false).emit_events(false);
    Ok(RedisStorage::new(apalis_redis::connect(redis).await?).with_config(config))
}
