//! What goes and what stays, with a real Redis and both databases. Time is moved by hand.

use contract::{Command, Fields, OrderContent, OrderId, ProcessOrder};
use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db,
    ids::new_order_id,
    metrics::Metrics,
};
use sea_orm::{ActiveModelTrait, EntityTrait, NotSet, QueryOrder, Set};
use streams::{Producer, Publication, RedisOptions};
use system_tests::{plans::Plans, postgres::PrivatePostgres, redis::PrivateRedis};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{entities::attempt, migrations::Migrations};

const DAY: Duration = Duration::from_hours(24);
const NOON: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);

struct World {
    retention: Retention,
    _redis: PrivateRedis,
    _folder: TempDir,
}

impl World {
    /// Attempts are kept for thirty days.
    async fn start(postgres: Option<&PrivatePostgres>) -> Self {
        let (server, folder) = (PrivateRedis::start().await, tempfile::tempdir().unwrap());
        let file = || format!("sqlite://{}", folder.path().join("ledger.db").display());
        let config = DatabaseConfig {
            url: postgres.map_or_else(file, PrivatePostgres::url),
            readers: 2,
            synchronous: Synchronous::Full,
            busy_timeout_ms: 1_000,
            connect_timeout_ms: 30_000,
        };
        let database = db::connect(&config, Service::OrderProcessor).await.unwrap();
        database.migrate::<Migrations>().await.unwrap();
        let redis = Redis::new(&RedisOptions { partitions: 2, ..RedisOptions::new(server.url()) }).unwrap();
        assert!(redis.wait_until_ready(&CancellationToken::new()).await);
        let deleted = Metrics::new(Service::OrderProcessor).counter("deleted", "Deleted");
        let clock = Clock::manual(NOON);
        let retention = Retention { database, redis, clock, keep: 30 * DAY, every: DAY, deleted };
        Self { retention, _redis: server, _folder: folder }
    }

    /// An attempt at the order that ends now.
    async fn attempt(&self, order: OrderId) {
        let now = self.retention.clock.now().as_micros();
        let row = attempt::ActiveModel {
            id: NotSet,
            order_id: Set(order.as_uuid()),
            life: Set(1),
            version: Set(1),
            attempt: Set(1),
            entry: Set("1-0".to_owned()),
            worker: Set("w".to_owned()),
            outcome: Set("retrying".to_owned()),
            reason: Set(None),
            steps: Set("[]".to_owned()),
            started_at: Set(now),
            finished_at: Set(now),
            superseded_at: Set(None),
        };
        row.insert(&self.retention.database.writer).await.unwrap();
    }

    fn order(&self) -> OrderId {
        new_order_id(&self.retention.clock)
    }

    /// The order waits in the queue.
    async fn publish(&self, order: OrderId) {
        let content: OrderContent =
            serde_json::from_str(r#"{"user_id": "u", "item_ids": ["i"], "total_amount": 1}"#).unwrap();
        let data = ProcessOrder { version: 1, attempt: 1, placed_at: NOON, life: 1, order: content };
        let command: Fields = Command::process("/order-api", order, NOON, None, data).to_fields();
        let redis = &self.retention.redis;
        let publication = Publication { seq: 1, order, command, event: None, known: false };
        let partition = redis.keys().partition_of(order);
        Producer::new(redis, "").publish(partition, &order.to_string(), &[publication]).await.unwrap();
    }

    async fn left(&self) -> Vec<OrderId> {
        let rows = attempt::Entity::find().order_by_asc(attempt::Column::Id);
        let rows = rows.all(&self.retention.database.reader).await.unwrap();
        rows.into_iter().map(|row| OrderId::from_uuid(row.order_id)).collect()
    }
}

async fn only_what_ended_long_ago_goes(world: &World) {
    let Retention { clock, .. } = &world.retention;
    let (waits, goes_on) = (world.order(), world.order());
    for order in [waits, goes_on] {
        world.attempt(order).await;
    }
    world.publish(waits).await;
    // More than one step.
    for _ in 0..410 {
        world.attempt(world.order()).await;
    }
    clock.advance(DAY);
    let later = world.order();
    for order in [goes_on, later] {
        world.attempt(order).await;
    }
    clock.advance(29 * DAY);
    world.retention.prune().await.unwrap();
    assert_eq!(world.left().await.len(), 414, "thirty days are not over");
    clock.advance(Duration::from_secs(1));
    world.retention.prune().await.unwrap();
    assert_eq!(world.left().await, [waits, goes_on, goes_on, later]);
    clock.advance(DAY);
    world.retention.prune().await.unwrap();
    assert_eq!(world.left().await, [waits], "its message is in the queue");
    assert_eq!(world.retention.deleted.get(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_orders_that_ended_long_ago_go_and_no_other_is_looked_at() {
    let (mut world, plans) = (World::start(None).await, Plans::default());
    plans.watch(&mut world.retention.database.reader);
    plans.watch(&mut world.retention.database.writer);
    only_what_ended_long_ago_goes(&world).await;
    assert!(plans.missing(&[r#"DELETE FROM "attempts""#]).is_empty());
    let scans = plans.scans(&world.retention.database.reader, &[]).await;
    // That one is this test's, to see what is left.
    let scans: Vec<_> = scans.iter().filter(|scan| scan.contains(" WHERE ")).collect();
    assert!(scans.is_empty(), "{scans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_go_on_postgresql_too() {
    let postgres = PrivatePostgres::start().await;
    only_what_ended_long_ago_goes(&World::start(Some(&postgres)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_while_redis_cannot_be_asked() {
    let mut world = World::start(None).await;
    world.attempt(world.order()).await;
    world.retention.clock.advance(31 * DAY);
    world.retention.redis = Redis::new(&RedisOptions::new("redis://127.0.0.1:1")).unwrap();
    assert!(matches!(world.retention.prune().await, Err(Trouble::Redis(_))));
    assert_eq!(world.left().await.len(), 1);
}

/// Two workers with one ledger.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_delete_at_once_delete_everything_once() {
    let postgres = PrivatePostgres::start().await;
    let (one, other) = (World::start(Some(&postgres)).await, World::start(Some(&postgres)).await);
    for _ in 0..500 {
        one.attempt(one.order()).await;
    }
    for world in [&one, &other] {
        world.retention.clock.advance(31 * DAY);
    }
    let (a, b) = tokio::join!(one.retention.prune(), other.retention.prune());
    a.unwrap();
    b.unwrap();
    // What one passed over because the other had it, the other has deleted.
    assert!(one.left().await.is_empty());
    assert_eq!(one.retention.deleted.get() + other.retention.deleted.get(), 500);
}
