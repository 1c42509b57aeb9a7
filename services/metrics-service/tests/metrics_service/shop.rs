//! The rest of Orderflow, as far as the events tell: orders are placed, taken by a worker, and completed, all through
//! the real protocol.

use std::time::Duration;

use contract::{Command, EventKind, ProcessOrder, command::FIRST_VERSION, samples};
use metrics_service::{Config, projection::OrderRecord};
use serde_json::Value;
use streams::{
    Accept, Effect, Finish, Finisher, Producer, Publication, Redis, RedisOptions, Subscription,
    accept::accept,
    groups,
    keys::{ORDER_PROCESSOR, Stream},
    snapshot,
};
use system_tests::eventually;
use tokio_util::sync::CancellationToken;

use crate::{
    events::{History, START},
    world::Service,
};

const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Shop {
    pub(crate) redis: Redis,
    worker: Subscription,
    finisher: Finisher,
    orders: Vec<History>,
    taken: usize,
}

impl Shop {
    /// At the Redis of these settings, once it answers.
    pub(crate) async fn open(config: &Config) -> Self {
        let redis = Redis::new(&RedisOptions::new(config.redis.url.clone())).unwrap();
        assert!(redis.wait_until_ready(&CancellationToken::new()).await);
        groups::ensure(&redis).await.unwrap();
        let worker = Subscription::new(&redis, Stream::Queue, 0, ORDER_PROCESSOR, "worker-1").unwrap();
        let finisher = Finisher::new(&redis, 0, ORDER_PROCESSOR, "worker-1", 0);
        Self { redis, worker, finisher, orders: Vec::new(), taken: 0 }
    }

    /// Places this many orders.
    pub(crate) async fn place(&mut self, count: usize) {
        let publication = |number: usize| {
            let mut history = History::new(number as u128);
            let event = history.next(EventKind::Placed, PAUSE);
            let process = samples::command();
            let contract::CommandData::Process(data) = process.data else { unreachable!() };
            let data = ProcessOrder { version: FIRST_VERSION, placed_at: START, ..data };
            let command = Command::process("/test", event.order_id(), START, None, data);
            let seq = number as i64 + 1;
            let (order, event) = (event.order_id(), Some(event.to_fields()));
            (history, Publication { seq, order, command: command.to_fields(), event, known: false })
        };
        let first = self.orders.len();
        let (histories, batch): (Vec<_>, Vec<_>) = (first..first + count).map(publication).unzip();
        self.orders.extend(histories);
        eventually("orders are published", async || {
            let published = Producer::new(&self.redis, "").publish(0, "test", &batch).await;
            published.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Has a worker take the next orders and complete them.
    pub(crate) async fn complete(&mut self, count: usize) {
        let mut entries = Vec::new();
        while entries.len() < count {
            entries.extend(self.worker.next(count - entries.len()).await.unwrap());
        }
        let orders = &mut self.orders[self.taken..self.taken + count];
        self.taken += count;
        let take = |(order, entry): (&mut History, &streams::Entry)| {
            let event = order.next(EventKind::Processing, PAUSE);
            Accept { entry: entry.id, order: event.order_id(), event: Some(event.to_fields()) }
        };
        let taken: Vec<_> = orders.iter_mut().zip(&entries).map(take).collect();
        assert_eq!(accept(&self.redis, 0, &taken).await.unwrap(), []);
        let finish = |(order, entry): (&mut History, &streams::Entry)| {
            let event = order.next(EventKind::Completed, PAUSE);
            let order = Some(event.order_id());
            Finish { entry: entry.id, order, effects: vec![Effect::Event(event.to_fields())] }
        };
        let batch: Vec<_> = orders.iter_mut().zip(&entries).map(finish).collect();
        let won = self.finisher.finish(&self.finisher.call(), &batch).await.unwrap();
        assert!(won.into_iter().all(|won| won));
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        self.worker.done(&ids);
    }

    /// What order-api says of all orders.
    pub(crate) fn records(&self) -> Vec<OrderRecord> {
        self.orders.iter().map(History::record).collect()
    }

    /// The next orders are completed, and nobody ever hears of it.
    pub(crate) fn complete_unheard(&mut self, count: usize) {
        for order in &mut self.orders[self.taken..self.taken + count] {
            order.next(EventKind::Processing, PAUSE);
            order.next(EventKind::Completed, PAUSE);
        }
        self.taken += count;
    }

    /// Waits until the service shows so many orders and the same is in the snapshot.
    pub(crate) async fn shows(&self, service: &Service, pending: u64, completed: u64) -> Value {
        let stats = eventually(&format!("{pending} pending, {completed} completed"), async || {
            let stats = service.stats().await?;
            same_counts(&stats, pending, completed)?;
            Ok(stats)
        })
        .await;
        eventually("the snapshot shows the same", async || {
            let json = snapshot::get(&self.redis).await.map_err(|error| error.to_string())?;
            let snapshot: Value = serde_json::from_str(&json.ok_or("there is none")?).unwrap();
            same_counts(&snapshot, pending, completed)
        })
        .await;
        stats
    }
}

fn same_counts(shown: &Value, pending: u64, completed: u64) -> Result<(), String> {
    let counts = &shown["order_status_counts"];
    let wanted = [("pending", pending), ("processing", 0), ("completed", completed), ("failed", 0)];
    let same = wanted.iter().all(|(status, count)| counts[status] == *count);
    if same && shown["total_orders_processed"] == completed { Ok(()) } else { Err(shown.to_string()) }
}
