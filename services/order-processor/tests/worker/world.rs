//! A Redis with what it holds, and a folder for the ledgers.

use std::{ops::RangeInclusive, path::Path};

use contract::{Event, EventData};
use fred::{
    interfaces::{ClientLike, StreamsInterface},
    types::{ClusterHash, CustomCommand, FromValue},
};
use order_processor::{Config, entities::attempt};
use runtime::{Service, db};
use sea_orm::{EntityTrait, QueryOrder};
use streams::{Redis, RedisOptions, groups, keys::ORDER_PROCESSOR};
use system_tests::{eventually, redis::PrivateRedis};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    orders::{is_completed, order_id, words},
    worker::Worker,
};

pub(crate) struct World {
    pub(crate) server: PrivateRedis,
    pub(crate) redis: Redis,
    folder: TempDir,
    partitions: u16,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_partitions(1).await
    }

    pub(crate) async fn with_partitions(partitions: u16) -> Self {
        let server = PrivateRedis::start().await;
        let redis = Redis::new(&RedisOptions { partitions, ..RedisOptions::new(server.url()) }).unwrap();
        let world = Self { server, redis, folder: TempDir::new().unwrap(), partitions };
        world.connected().await;
        groups::ensure(&world.redis).await.unwrap();
        world
    }

    /// Waits until the tests' own connection is there (again).
    pub(crate) async fn connected(&self) {
        assert!(self.redis.wait_until_ready(&CancellationToken::new()).await);
    }

    /// The settings of a worker: the defaults, no latency, retries that come soon, a ledger of its own.
    pub(crate) fn config(&self, worker: &str) -> Config {
        let mut config = Config::load(None).unwrap();
        worker.clone_into(&mut config.instance);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        config.redis.url = self.server.url();
        config.redis.partitions = self.partitions;
        config.database.url = self.ledger_url(worker);
        config.pipeline.simulated.latency_ms = 0;
        config.processor.retry_base_ms = 1;
        config.processor.retry_cap_ms = 10;
        config.processor.promote_interval_ms = 10;
        config
    }

    /// The defaults of [`config`](Self::config), changed.
    pub(crate) async fn worker(&self, name: &str, change: impl FnOnce(&mut Config)) -> Worker {
        let mut config = self.config(name);
        change(&mut config);
        Worker::start(config).await
    }

    /// Any command.
    pub(crate) async fn run<R: FromValue>(&self, command: &str) -> R {
        let mut words = command.split(' ').map(str::to_owned);
        let name = words.next().unwrap();
        let command = CustomCommand::new(name, ClusterHash::FirstKey, false);
        Box::pin(self.redis.client().custom(command, words.collect::<Vec<_>>())).await.unwrap()
    }

    /// All events so far.
    pub(crate) async fn events(&self) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        for partition in self.redis.keys().partitions() {
            for texts in self.entries(&self.redis.keys().events(partition)).await? {
                events.push(Event::from_fields(texts).map_err(|error| error.to_string())?);
            }
        }
        Ok(events)
    }

    /// What happened to one order, `order.placed` excepted.
    pub(crate) async fn history(&self, number: u32) -> Result<Vec<Event>, String> {
        let mut events = self.events().await?;
        events.retain(|event| {
            event.order_id() == order_id(number) && !matches!(event.data, EventData::Placed(_))
        });
        Ok(events)
    }

    /// The same up to the order's end, once it has come.
    pub(crate) async fn finished(&self, number: u32) -> Vec<Event> {
        let is_end = |data: &EventData| matches!(data, EventData::Completed(_) | EventData::Failed(_));
        eventually(&format!("order {number} is finished"), async || self.up_to(number, is_end).await).await
    }

    /// The same up to its compensation, which is asked for as soon as it has failed.
    pub(crate) async fn compensated(&self, number: u32) -> Vec<Event> {
        let is_end = |data: &EventData| matches!(data, EventData::Compensated(_));
        eventually(&format!("order {number} is compensated"), async || {
            self.ask_for_compensations().await?;
            self.up_to(number, is_end).await
        })
        .await
    }

    async fn up_to(&self, number: u32, is_end: impl Fn(&EventData) -> bool) -> Result<Vec<Event>, String> {
        let mut history = self.history(number).await?;
        let Some(end) = history.iter().position(|event| is_end(&event.data)) else {
            return Err(format!("{:?}", words(&history)));
        };
        history.truncate(end + 1);
        Ok(history)
    }

    /// Gives waiting messages to a worker that is not there, as if it had crashed right after. The first one's id.
    pub(crate) async fn deliver(&self, worker: &str, count: usize) -> String {
        let queue = self.redis.keys().queue(0);
        let read = format!("XREADGROUP GROUP {ORDER_PROCESSOR} {worker} COUNT {count} STREAMS {queue} >");
        self.run::<fred::types::Value>(&read).await;
        let listed = format!("XPENDING {queue} {ORDER_PROCESSOR} - + {count} {worker}");
        let listed: Vec<(String, String, i64, i64)> = self.run(&listed).await;
        assert_eq!(listed.len(), count);
        listed[0].0.clone()
    }

    /// Waits until nobody has anything in hand.
    pub(crate) async fn nothing_is_pending(&self) {
        eventually("nothing is pending", async || match self.pending().await? {
            0 => Ok(()),
            pending => Err(pending.to_string()),
        })
        .await;
    }

    /// Waits until these orders are completed and nothing is pending; checks that each was completed once.
    pub(crate) async fn all_complete(&self, numbers: RangeInclusive<u32>) -> Vec<Event> {
        let count = numbers.clone().count();
        let events = eventually(&format!("{count} orders are completed"), async || {
            let events = self.events().await?;
            let completed = events.iter().filter(|event| is_completed(event)).count();
            let pending = self.pending().await?;
            if completed >= count && pending == 0 {
                Ok(events)
            } else {
                Err(format!("{completed} are, {pending} are pending"))
            }
        })
        .await;
        for number in numbers {
            let ends = events
                .iter()
                .filter(|event| event.order_id() == order_id(number) && is_completed(event))
                .count();
            assert_eq!(ends, 1, "order {number} was completed {ends} times");
        }
        events
    }

    /// How many messages somebody was given and has not finished.
    pub(crate) async fn pending(&self) -> Result<usize, String> {
        let mut pending = 0;
        for partition in self.redis.keys().partitions() {
            let queue = self.redis.keys().queue(partition);
            let command = CustomCommand::new("XPENDING", ClusterHash::FirstKey, false);
            let arguments = [queue.as_str(), ORDER_PROCESSOR, "-", "+", "100000"].map(str::to_owned).to_vec();
            let listed: Vec<fred::types::Value> = Box::pin(self.redis.client().custom(command, arguments))
                .await
                .map_err(|error| error.to_string())?;
            pending += listed.len();
        }
        Ok(pending)
    }

    pub(crate) async fn dead(&self) -> Result<Vec<Vec<(String, String)>>, String> {
        self.entries(&self.redis.keys().dead(0)).await
    }

    /// Adds any entry to the queue.
    pub(crate) async fn add(&self, fields: &[(&str, &str)]) -> String {
        let fields: Vec<(&str, &str)> = fields.to_vec();
        let queue = self.redis.keys().queue(0);
        Box::pin(self.redis.client().xadd(queue, false, None, "*", fields)).await.unwrap()
    }

    /// The rows of a worker's ledger, oldest first.
    pub(crate) async fn ledger(&self, worker: &str) -> Vec<attempt::Model> {
        let mut config = self.config(worker).database;
        config.url = self.ledger_url(worker);
        let database = db::connect(&config, Service::OrderProcessor).await.unwrap();
        attempt::Entity::find().order_by_asc(attempt::Column::Id).all(&database.reader).await.unwrap()
    }

    fn ledger_url(&self, worker: &str) -> String {
        format!("sqlite://{}", self.path().join(format!("{worker}.db")).display())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn entries(&self, stream: &str) -> Result<Vec<Vec<(String, String)>>, String> {
        let entries: Vec<(String, Vec<String>)> =
            Box::pin(self.redis.client().xrange(stream, "-", "+", None))
                .await
                .map_err(|error: fred::error::Error| error.to_string())?;
        let pairs = |texts: Vec<String>| {
            texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
        };
        Ok(entries.into_iter().map(|(_, texts)| pairs(texts)).collect())
    }
}
