//! A Redis, a folder, and workers; and short words for what the tests do.

use std::{ops::RangeInclusive, path::Path};

use contract::{Command, Event, EventData, OrderContent, OrderId, ProcessOrder, Timestamp};
use fred::{
    interfaces::{ClientLike, StreamsInterface},
    types::{ClusterHash, CustomCommand, FromValue},
};
use order_processor::{App, Config, entities::attempt};
use runtime::{Service, clock::Clock, db, lifecycle::Shutdown};
use sea_orm::{EntityTrait, QueryOrder};
use streams::{Producer, Publication, Redis, RedisOptions, groups, keys::ORDER_PROCESSOR};
use system_tests::{DEADLINE, eventually, redis::PrivateRedis};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) struct World {
    pub(crate) server: PrivateRedis,
    pub(crate) redis: Redis,
    folder: TempDir,
    partitions: u16,
}

/// A worker that runs in this process.
pub(crate) struct Worker {
    pub(crate) url: String,
    pub(crate) shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
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

    /// Publishes commands and `order.placed` for these orders, as order-api does.
    pub(crate) async fn place(&self, numbers: impl IntoIterator<Item = u32>) {
        let numbers: Vec<u32> = numbers.into_iter().collect();
        for partition in self.redis.keys().partitions() {
            let here = numbers
                .iter()
                .filter(|number| self.redis.keys().partition_of(order_id(**number)) == partition);
            let batch: Vec<Publication> = here.map(|number| publication(*number)).collect();
            Producer::new(&self.redis).publish(partition, "api", &batch).await.unwrap();
        }
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

    /// The same, once the order is final.
    pub(crate) async fn finished(&self, number: u32) -> Vec<Event> {
        eventually(&format!("order {number} is final"), async || {
            let history = self.history(number).await?;
            match history.last().map(|event| &event.data) {
                Some(EventData::Completed(_) | EventData::Failed(_)) => Ok(history),
                _ => Err(format!("{:?}", words(&history))),
            }
        })
        .await
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

impl Worker {
    pub(crate) async fn start(config: Config) -> Self {
        let app = App::build(config, Clock::system()).await.unwrap();
        let (url, shutdown) = (format!("http://{}", app.addr()), Shutdown::manual());
        let running = tokio::spawn(app.run(shutdown.clone()));
        Self { url, shutdown, running }
    }

    /// Drops everything, as a crash would.
    pub(crate) async fn abort(self) {
        self.shutdown.abort();
        self.ended().await;
    }

    /// Finishes what is in hand.
    pub(crate) async fn drain(self) {
        self.shutdown.drain();
        self.ended().await;
    }

    pub(crate) async fn ended(self) {
        tokio::time::timeout(DEADLINE, self.running).await.expect("it ends").unwrap().unwrap();
    }

    /// The answer to a GET: status and text.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, String), String> {
        let url = format!("{}{path}", self.url);
        // Its constructor sees to the TLS provider that the client library wants.
        let answer = system_tests::Client::new(0, 0).http.get(url).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), answer.text().await.map_err(|error| error.to_string())?))
    }

    /// The value of a metric, with its labels.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics").await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }
}

pub(crate) fn order_id(number: u32) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x019a_1b2c_3d4e_7f50_8a6b_0000_0000_0000 + u128::from(number)))
}

pub(crate) fn content(number: u32) -> OrderContent {
    let json =
        format!(r#"{{"user_id":"user-{number}","item_ids":["sku-{number}","sku-1"],"total_amount":99.99}}"#);
    serde_json::from_str(&json).unwrap()
}

pub(crate) fn command(number: u32) -> Command {
    let placed_at = Timestamp::from_micros(1_764_000_000_000_000);
    let data = ProcessOrder { version: 1, attempt: 1, placed_at, order: content(number) };
    Command::process("/order-api", order_id(number), placed_at, Some(TRACEPARENT.to_owned()), data)
}

fn publication(number: u32) -> Publication {
    let command = command(number);
    let time = command.envelope.time;
    let event = Event::placed("/order-api", order_id(number), time, None, 1, content(number));
    Publication { seq: i64::from(number), command: command.to_fields(), event: event.to_fields() }
}

/// Events as their types' last words, with versions.
pub(crate) fn words(events: &[Event]) -> Vec<String> {
    let word =
        |event: &Event| format!("{} {}", event.kind().as_str().trim_start_matches("order."), event.version());
    events.iter().map(word).collect()
}

pub(crate) fn is_completed(event: &Event) -> bool {
    matches!(event.data, EventData::Completed(_))
}
